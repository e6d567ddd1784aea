from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.errors import Outcome, Uncertain
from esign_core.journal import WorkKind
from esign_core.model import EnvelopeStatus, Snapshot, Source
from esign_core.provider import Provider
from esign_core.service.chores import work_once
from esign_core.service.record import record_snapshot
from esign_core.testing import Fault
from esign_core.testing.fake_provider import FakeProvider

if TYPE_CHECKING:
    from tests.service.conftest import World


@pytest.mark.promise("S2")
@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.LATE])
@pytest.mark.parametrize("style", ["direct", "job", "draft"])
def test_unanswered_envelope_is_found_by_its_mark(
    make_world: Callable[[str], World], style: str, fault: Fault
) -> None:
    """What was done without an answer is found, however late it was done, and never done again."""
    world = make_world(style)
    world.vendor.fail(fault)
    assert world.failed().outcome is Outcome.UNCERTAIN
    world.work(1000)
    (envelope,) = world.all()
    assert (envelope.outcome, envelope.remote_id) == (Outcome.DONE, "1")
    assert envelope.status is EnvelopeStatus.SENT
    assert envelope.failure is None
    assert len(world.vendor.asked("Lease 14")) == 1
    assert world.kinds() == [WorkKind.REFRESH]


@pytest.mark.promise("S2")
def test_empty_search_proves_nothing(world: World) -> None:
    """After the vendor's longest delay the doubt is left to a person, and the key stays taken."""
    world.vendor.fail(Fault.REQUEST_LOST)
    world.failed()
    world.work(5000)
    (envelope,) = world.all()
    assert envelope.outcome is Outcome.UNCERTAIN
    assert "a person has to look" in str(envelope.failure)
    assert "no answer" in str(envelope.failure)
    assert world.todo() == []
    assert world.send().id == envelope.id
    assert [r for r in world.vendor.requests if r.startswith("POST")] == ["POST /envelopes"]
    assert world.vendor.requests.count("GET /envelopes") > 3


def test_vendor_that_cannot_search_leaves_the_doubt_to_a_person(world: World) -> None:
    """It is told at once, and not tried for ever."""

    class Blind(FakeProvider):
        find = Provider.find

    world.with_provider(Blind)
    world.vendor.fail(Fault.ANSWER_LOST)
    world.failed()
    world.work(5000)
    (envelope,) = world.all()
    assert envelope.outcome is Outcome.UNCERTAIN
    assert "no way to look for it" in str(envelope.failure)
    assert world.todo() == []


def test_search_that_fails_is_repeated_with_longer_pauses(world: World) -> None:
    """An outage of the vendor does not end the search."""
    world.vendor.fail(Fault.ANSWER_LOST)
    world.failed()
    for _ in range(20):
        world.vendor.fail(Fault.BROKEN, on="GET /envelopes")
    world.work(0)
    (item,) = world.todo()
    assert item.kind is WorkKind.LOOK_UP
    assert str(item.error).startswith("Unavailable: acme did not find")
    world.work(100)
    assert world.all()[0].outcome is Outcome.DONE


def test_answer_that_comes_after_the_search_gave_up_counts(world: World) -> None:
    """A worker that looks while the sender is still sending takes nothing from it."""
    exchange = world.vendor.exchange

    def slow(request: Any, **options: bool) -> Any:
        world.vendor.exchange = exchange  # type: ignore[method-assign]
        world.clock.pass_time(2000)
        world.work(100)
        (envelope,) = world.all()
        assert "a person has to look" in str(envelope.failure)
        return exchange(request, **options)

    world.vendor.exchange = slow  # type: ignore[method-assign]
    envelope = world.send()
    assert (envelope.outcome, envelope.failure) == (Outcome.DONE, None)
    assert world.types() == ["envelope.sent"]


def test_search_that_ends_in_vain_while_the_answer_comes_undoes_nothing(world: World) -> None:
    """What the sender has just learned is not put in doubt by an older search."""
    world.vendor.fail(Fault.REQUEST_LOST)
    world.failed()
    (envelope,) = world.all()
    world.clock.pass_time(1000)
    exchange = world.vendor.exchange

    def answered_meanwhile(request: Any, **options: bool) -> Any:
        nothing = exchange(request, **options)
        made = Snapshot("77", EnvelopeStatus.SENT)
        world.workspace.journal.write(
            lambda tx: record_snapshot(world.workspace, tx, envelope.id, made, Source.REPLY)
        )
        return nothing

    world.vendor.exchange = answered_meanwhile  # type: ignore[method-assign]
    world.run(work_once(world.workspace))
    after = world.get(envelope.id)
    assert (after.outcome, after.failure, after.remote_id) == (Outcome.DONE, None, "77")


def test_answer_that_is_lost_after_the_envelope_was_found_is_no_doubt(world: World) -> None:
    """The worker knows more than the sender: the error says that it was sent."""
    exchange = world.vendor.exchange

    def slow(request: Any, **options: bool) -> Any:
        world.vendor.exchange = exchange  # type: ignore[method-assign]
        _ = exchange(request, **options)
        world.clock.pass_time(100)
        world.work(0)
        raise Uncertain("no answer.")

    world.vendor.exchange = slow  # type: ignore[method-assign]
    assert world.failed().outcome is Outcome.DONE
    (envelope,) = world.all()
    assert (envelope.outcome, envelope.failure) == (Outcome.DONE, None)
    assert world.kinds() == [WorkKind.REFRESH]


@pytest.mark.promise("R2")
@pytest.mark.parametrize("style", ["direct", "job", "draft"])
def test_envelope_that_is_found_while_it_is_sent_has_one_history(
    make_world: Callable[[str], World], style: str
) -> None:
    """The sender's answer and the worker's discovery tell each fact once."""
    world = make_world(style)
    exchange = world.vendor.exchange

    def slow(request: Any, **options: bool) -> Any:
        world.vendor.exchange = exchange  # type: ignore[method-assign]
        answer = exchange(request, **options)
        world.clock.pass_time(100)
        world.work(0)
        world.vendor.sign("1", 0)
        world.tell("1")
        return answer

    world.vendor.exchange = slow  # type: ignore[method-assign]
    envelope = world.send(wait_seconds=10)
    assert envelope.outcome is Outcome.DONE
    assert sorted(world.types()) == sorted(set(world.types()))
    assert "signer.signed s1" in world.types()
    assert "envelope.queued" not in world.types(), "it was sent by then"
    assert world.get(envelope.id).status is EnvelopeStatus.IN_PROGRESS
    assert world.kinds() == [WorkKind.REFRESH]
    assert len(world.vendor.asked("Lease 14")) == 1
