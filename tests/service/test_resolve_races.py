"""Senders, workers and other people, at the moment of a decision."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.engine import Task
from esign_core.engine.simulate import SimulatedDriver
from esign_core.errors import EnvelopeClosed, Outcome
from esign_core.journal import Transaction
from esign_core.service.chores import work_once
from esign_core.service.resolve import resolve
from esign_core.testing import Fault
from tests.service.deciding import (
    ABANDON,
    DECISIONS,
    DELAY,
    DISPATCH,
    LONG,
    RESEND,
    STYLES,
    Blind,
    between,
    decide,
    doubt,
    make_elsewhere,
    refused,
)

if TYPE_CHECKING:
    from esign_core.model import Envelope
    from tests.service.conftest import World

MakeWorld = Callable[..., "World"]
Decision = dict[str, Any]
WITHOUT_ID = (RESEND, ABANDON)


def _decided_late(world: World, decision: Decision) -> Callable[[], Envelope]:
    """A person decides about the only envelope, when the vendor's longest delay is over."""

    def act() -> Envelope:
        world.clock.pass_time(DELAY + 1)
        return decide(world, world.all()[0], **decision)

    return act


# the sender


@pytest.mark.promise("S2")
@pytest.mark.parametrize("when", ["there", "back"])
@pytest.mark.parametrize("decision", WITHOUT_ID)
def test_sender_that_is_slower_than_a_decision_is_believed(
    make_world: MakeWorld, decision: Decision, when: str
) -> None:
    """What has gone out is written down, with the contradiction."""
    world = make_world("direct")
    world.with_provider(Blind)
    between(world, _decided_late(world, decision), when=when)
    sent = world.send()
    assert (sent.outcome, sent.remote_id) == (Outcome.DONE, "1")
    assert "after all" in str(sent.failure)


@pytest.mark.promise("S1")
@pytest.mark.parametrize("when", ["there", "back"])
@pytest.mark.parametrize("decision", WITHOUT_ID)
def test_draft_that_is_stored_after_a_decision_is_not_sent(
    make_world: MakeWorld, decision: Decision, when: str
) -> None:
    """Its sender finds the decision in the journal, and stops."""
    world = make_world("draft")
    world.with_provider(Blind)
    between(world, _decided_late(world, decision), when=when)
    assert world.send().remote_id == "1"
    world.work(LONG)
    assert world.vendor.asked("Lease 14") == []


@pytest.mark.promise("S2")
@pytest.mark.parametrize("decision", WITHOUT_ID)
def test_job_that_is_accepted_after_a_decision_is_followed(
    make_world: MakeWorld, decision: Decision
) -> None:
    """The vendor is making it, whatever a person thought."""
    world = make_world("job")
    world.with_provider(Blind)
    between(world, _decided_late(world, decision), when="back")
    sent = world.send()
    assert sent.outcome is Outcome.DONE
    assert "after all" in str(sent.failure)
    world.work(100)
    assert world.get(sent.id).remote_id == "1"


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.REQUEST_LOST])
@pytest.mark.parametrize(
    ("decision", "outcome"), [(RESEND, Outcome.NOT_DONE), (ABANDON, Outcome.UNCERTAIN)]
)
def test_sender_that_fails_after_a_decision_undoes_nothing(
    make_world: MakeWorld, decision: Decision, outcome: Outcome, fault: Fault
) -> None:
    """What a person has decided stays decided, and nobody begins to look anew."""
    world = make_world()
    world.vendor.fail(fault, on="POST /envelopes")
    between(world, _decided_late(world, decision), when="there")
    error = world.failed()
    (envelope,) = world.all()
    assert (error.outcome, envelope.outcome) == (outcome, outcome)
    assert "A person" in str(envelope.failure)
    assert not any("being looked for" in note for note in getattr(error, "__notes__", ()))
    assert world.todo() == []


# the worker


@pytest.mark.promise("S1")
@pytest.mark.parametrize("style", ["direct", "draft"])
def test_key_is_not_freed_under_what_a_worker_has_found(make_world: MakeWorld, style: str) -> None:
    """A look that came back empty does not undo one that did not."""
    world = make_world(style)
    envelope = doubt(world, Fault.ANSWER_LOST, seconds=0)
    world.clock.pass_time(DELAY + 1)
    world.vendor.envelopes, made = {}, world.vendor.envelopes

    def found() -> None:
        world.vendor.envelopes = made
        world.run(work_once(world.workspace))

    between(world, found, when="back")
    after = decide(world, envelope, resend=True)
    assert (after.remote_id, after.key) == ("1", "lease-14")
    world.work(100)
    assert world.get(envelope.id).outcome is Outcome.DONE
    assert len(world.vendor.asked("Lease 14")) == 1


@pytest.mark.promise("S1", "S2")
@pytest.mark.parametrize("style", ["direct", "draft"])
@pytest.mark.parametrize("decision", WITHOUT_ID)
def test_worker_that_finds_it_after_a_decision_sends_nothing(
    make_world: MakeWorld, decision: Decision, style: str
) -> None:
    """A search that was under way tells what is there; a stored draft stays unsent."""
    world = make_world(style)
    envelope = doubt(world, Fault.ANSWER_LOST, seconds=0)
    world.clock.pass_time(DELAY + 1)

    def decided() -> None:
        world.vendor.envelopes, made = {}, world.vendor.envelopes
        _ = decide(world, envelope, **decision)
        world.vendor.envelopes = made

    between(world, decided, when="there")
    world.run(work_once(world.workspace))
    world.work(LONG)
    after = world.get(envelope.id)
    assert after.remote_id == "1"
    if style == "direct":
        assert after.outcome is Outcome.DONE
        assert "after all" in str(after.failure)
    else:
        assert world.vendor.asked("Lease 14") == []


@pytest.mark.promise("S1")
@pytest.mark.parametrize("fault", [None, Fault.REFUSED, Fault.BROKEN])
def test_draft_that_is_given_up_while_it_is_sent(
    make_world: MakeWorld, fault: Fault | None
) -> None:
    """If it went out, that is told; if not, it never does, and no refusal frees the key."""
    world = make_world("draft")
    world.vendor.fail(Fault.BROKEN, on=DISPATCH)
    world.failed()
    (envelope,) = world.all()
    world.workspace.journal.write(_patient)
    world.clock.pass_time(DELAY * 3)
    if fault is not None:
        world.vendor.fail(fault, on=DISPATCH)
    between(world, lambda: decide(world, envelope, abandon=True), when="there")
    world.run(work_once(world.workspace))
    world.work(LONG)
    after = world.get(envelope.id)
    assert after.key == "lease-14"
    assert after.outcome is (Outcome.DONE if fault is None else Outcome.UNCERTAIN)
    assert len(world.vendor.asked("Lease 14")) == (1 if fault is None else 0)
    assert ("after all" if fault is None else "A person gave it up") in str(after.failure)


def _patient(tx: Transaction) -> None:
    """The last try to send is so long ago that a refusal now is the end."""
    (item,) = [each for each in tx.work.list() if each.kind == "dispatch"]
    tx.work.plan(
        item.kind,
        item.subject,
        connection=item.connection,
        due_at=item.due_at,
        pause_seconds=int(DELAY * 2),
    )


@pytest.mark.promise("S1")
@pytest.mark.parametrize(("fault", "on"), [(Fault.BROKEN, DISPATCH), (Fault.ANSWER_LOST, "POST")])
def test_work_that_has_begun_is_given_up_in_time(
    make_world: MakeWorld, fault: Fault, on: str
) -> None:
    """A worker looks into the journal once more before it sends, or searches."""
    world = make_world("draft")
    world.vendor.fail(fault, on=on)
    world.failed()
    (envelope,) = world.all()
    world.clock.pass_time(100)
    requests = list(world.vendor.requests)
    journal = world.workspace.journal
    aside = journal.aside

    def claimed(work: Callable[[Transaction], Any]) -> Any:
        answer = aside(work)
        journal.aside = aside  # type: ignore[method-assign]
        _ = decide(world, envelope, abandon=True)
        return answer

    journal.aside = claimed  # type: ignore[method-assign]
    world.run(work_once(world.workspace))
    assert world.vendor.requests == requests
    assert world.todo() == []


def test_another_one_is_not_adopted_over_what_a_worker_has_found(make_world: MakeWorld) -> None:
    """A person who has mistaken another envelope for it is told."""
    world = make_world()
    envelope = doubt(world, Fault.ANSWER_LOST, seconds=0)
    make_elsewhere(world, mark=None)
    between(world, lambda: world.run(work_once(world.workspace)), when="back")
    with pytest.raises(EnvelopeClosed, match='It is "1" at the vendor'):
        _ = decide(world, envelope, adopt="2")
    assert (world.get(envelope.id).remote_id, world.get(envelope.id).failure) == ("1", None)


@pytest.mark.promise("S1")
@pytest.mark.parametrize("style", STYLES)
def test_worker_and_person_take_turns(make_world: MakeWorld, style: str) -> None:
    """In whatever order their steps fall, one is out at the most, and it is known."""
    for seed in range(8):
        for decision in DECISIONS:
            world = make_world(style)
            envelope = doubt(world, Fault.ANSWER_LOST, seconds=0)
            world.clock.pass_time(DELAY + 1)
            world.driver = SimulatedDriver(seed=seed, clock=world.clock)
            with suppress(EnvelopeClosed):  # the worker was quicker
                world.driver.run_together(
                    [_person(world, envelope, decision), work_once(world.workspace)]
                )
            world.work(LONG)
            asked, after = world.vendor.asked("Lease 14"), world.get(envelope.id)
            assert after.key == "lease-14"
            assert len(asked) == 1 or (decision is ABANDON and not asked)
            assert {each.id for each in asked} <= {after.remote_id} or decision is ABANDON


def _person(world: World, envelope: Envelope, decision: Decision) -> Task[float]:
    _ = yield from resolve(world.workspace, envelope.id, **decision)
    return 0.0


# other people


def test_two_people_who_decide_at_the_same_moment(make_world: MakeWorld) -> None:
    """The first one's decision stands; the other one is told."""
    world = make_world()
    envelope = doubt(world)
    between(world, lambda: decide(world, envelope, abandon=True), when="back")
    with pytest.raises(EnvelopeClosed, match="given up"):
        _ = decide(world, envelope, resend=True)
    assert world.get(envelope.id).key == "lease-14"


def test_second_person_is_told_that_the_key_is_free(make_world: MakeWorld) -> None:
    """There is nothing left to give up."""
    world = make_world()
    envelope = doubt(world)
    _ = decide(world, envelope, resend=True)
    assert "Its key is free" in str(refused(world, envelope, abandon=True))
