from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.engine import call
from esign_core.errors import (
    Outcome,
)
from esign_core.journal import DeliveryState, Transaction, WorkKind
from esign_core.model import EnvelopeStatus, Notice
from esign_core.service.jobs import poll_job
from esign_core.testing import Fault
from esign_core.testing.fake_webhooks import FakeWebhooks

if TYPE_CHECKING:
    from tests.service.conftest import World


@pytest.mark.promise("R2")
@pytest.mark.parametrize("style", ["direct", "job", "draft"])
def test_delivery_that_overtakes_the_answer_is_read_when_the_id_is_known(
    make_world: Callable[[str], World], style: str
) -> None:
    """A vendor may tell of an envelope before it has answered the call that makes it."""
    world = make_world(style)
    exchange = world.vendor.exchange

    def overtaken(request: Any, **options: bool) -> Any:
        answer = exchange(request, **options)
        if "1" in world.vendor.envelopes and not world.inbox():
            event = world.vendor.event("1", "early", status="in_progress")
            event["envelope"]["signers"][0]["status"] = "signed"
            assert world.receive(world.vendor.delivery(event)).state is DeliveryState.WAITING
        return answer

    world.vendor.exchange = overtaken  # type: ignore[method-assign]
    envelope = world.send(wait_seconds=20)
    assert envelope.status is EnvelopeStatus.IN_PROGRESS
    assert "signer.signed s1" in world.types()
    assert [entry.state for entry in world.inbox()] == [DeliveryState.OBSERVED]
    assert WorkKind.IDENTIFY not in world.kinds()


def test_early_hint_causes_a_look_when_the_id_is_known(make_world: Callable[..., World]) -> None:
    """What proves nothing is not read late either, but looked into."""
    world = make_world("job", accept_unsigned=True)
    world.send()
    world.clock.pass_time(10)
    world.vendor.asked("")
    world.vendor.sign("1", 0)
    world.tell("1", secret=None)
    world.run(poll_job(world.workspace, world.all()[0].id))
    assert [entry.state for entry in world.inbox()] == [DeliveryState.HINT]
    assert next(i for i in world.todo() if i.kind == "refresh").due_at <= world.clock.now()


@pytest.mark.promise("R8")
def test_early_delivery_with_an_unknown_word_causes_a_look(
    make_world: Callable[..., World],
) -> None:
    """What needed a look then needs it now: the answer may be older than the delivery."""
    world = make_world("job")
    world.send()
    world.clock.pass_time(10)
    world.vendor.asked("")
    world.receive(world.vendor.delivery(world.vendor.event("1", status="paused")))
    world.run(poll_job(world.workspace, world.all()[0].id))
    assert [entry.state for entry in world.inbox()] == [DeliveryState.OBSERVED]
    assert next(i for i in world.todo() if i.kind == "refresh").due_at <= world.clock.now()


@pytest.mark.promise("R9")
def test_early_delivery_that_cannot_be_read_later_spoils_nothing(
    make_world: Callable[[str], World],
) -> None:
    """A delivery that turns out to be poison does not keep the vendor's id from being stored."""
    world = make_world("job")
    world.send()
    world.clock.pass_time(10)
    world.vendor.asked("")
    world.tell("1", "early")

    class Later(FakeWebhooks):
        def parse(self, request: object) -> list[Notice]:
            bad = datetime(2026, 1, 1)  # noqa: DTZ001
            at = world.clock.now()
            good = Notice("1", status=EnvelopeStatus.SENT, occurred_at=at)
            return [good, Notice("1", status=EnvelopeStatus.SENT, occurred_at=bad)]

    world.with_webhooks(Later)
    world.work(20)
    (envelope,) = world.all()
    assert envelope.remote_id == "1"
    assert world.inbox()[0].state is DeliveryState.UNREADABLE


# whose envelope it is


def test_strangers_envelope_is_looked_at_once_and_remembered(world: World) -> None:
    """A delivery about what the customer sent in the vendor's own app costs one request."""
    _make_elsewhere(world, mark=None)
    assert world.tell("1", "e1").state is DeliveryState.WAITING
    world.work(60)
    assert world.fetches("1") == 1
    assert world.tell("1", "e2").state is DeliveryState.FOREIGN
    world.work(600)
    assert world.fetches("1") == 1
    assert {entry.state for entry in world.inbox()} == {DeliveryState.FOREIGN}
    assert world.todo() == []


def test_envelope_that_is_gone_is_foreign(world: World) -> None:
    """What the vendor no longer knows is asked for once."""
    world.send()
    world.receive(world.vendor.delivery(world.vendor.event("1", id="999")))
    world.work(3000)
    assert world.fetches("999") == 1


def test_uncertain_envelope_is_adopted_by_its_mark(world: World) -> None:
    """A delivery about an envelope whose sending was never answered brings it home."""
    world.vendor.fail(Fault.ANSWER_LOST)
    world.failed()
    for _ in range(200):
        world.vendor.fail(Fault.BROKEN, on="GET /envelopes?")
        world.vendor.fail(Fault.BROKEN, on="GET /envelopes/1/nothing")
    world.workspace.journal.write(
        lambda tx: tx.work.drop(WorkKind.LOOK_UP, world.all()[0].id)  # so that nobody looks
    )
    world.vendor.sign("1", 0)
    world.tell("1", "e1")
    world.work(40)
    (envelope,) = world.all()
    assert (envelope.remote_id, envelope.outcome) == ("1", Outcome.DONE)
    assert envelope.failure is None
    assert envelope.status is EnvelopeStatus.IN_PROGRESS
    assert [entry.state for entry in world.inbox()] == [DeliveryState.OBSERVED]


def test_adopted_draft_is_dispatched(make_world: Callable[[str], World]) -> None:
    """What is found by its mark and was never sent is sent: the wish stands."""
    world = make_world("draft")
    world.vendor.fail(Fault.ANSWER_LOST)
    world.failed()
    world.workspace.journal.write(lambda tx: tx.work.drop(WorkKind.LOOK_UP, world.all()[0].id))
    world.tell("1", "e1")
    world.work(100)
    assert world.all()[0].status is EnvelopeStatus.SENT
    assert len(world.vendor.asked("Lease 14")) == 1


def test_adopted_draft_of_a_freed_key_is_not_dispatched(make_world: Callable[[str], World]) -> None:
    """Where the caller was told that nothing was sent, nothing is sent later."""
    world = make_world("draft")
    world.vendor.fail(Fault.ANSWER_LOST)
    world.failed()
    (doubtful,) = world.all()

    def free(tx: Transaction) -> None:
        tx.work.drop(WorkKind.LOOK_UP, doubtful.id)
        tx.envelopes.settle(doubtful, Outcome.NOT_DONE)

    world.workspace.journal.write(free)
    world.tell("1", "e1")
    world.work(3000)
    assert world.vendor.asked("Lease 14") == []
    assert world.todo() == []


@pytest.mark.promise("A8")
def test_mark_in_another_account_adopts_nothing(world: World) -> None:
    """Whoever writes our mark into an envelope of their account does not get ours moved."""
    world.vendor.fail(Fault.REQUEST_LOST)
    world.failed()
    (doubtful,) = world.all()
    world.workspace.journal.write(lambda tx: tx.work.drop(WorkKind.LOOK_UP, doubtful.id))
    _make_elsewhere(world, mark=f"esign:{doubtful.id}")
    world.receive(world.vendor.delivery(world.vendor.event("1"), secret="secret-two"), "other")
    world.work(100)
    assert world.fetches("1") == 1
    assert world.get(doubtful.id).remote_id is None
    assert world.inbox()[0].state is DeliveryState.FOREIGN


def test_copy_that_carries_our_mark_is_foreign(world: World) -> None:
    """Somebody who duplicates an envelope at the vendor does not make it ours twice."""
    envelope = world.send()
    _make_elsewhere(world, mark=world.vendor.envelopes["1"].mark)
    world.tell("2", "e1")
    world.work(50)
    assert world.fetches("2") == 1
    assert world.inbox()[0].state is DeliveryState.FOREIGN
    assert world.get(envelope.id).remote_id == "1"


def _make_elsewhere(world: World, mark: str | None) -> None:
    """Somebody sends an envelope in the vendor's own app."""
    session = world.workspace.session("acme")
    draft = world.draft().model_copy(update={"mark": mark})
    world.run(call(session, session.provider.send(draft), operation="send"))
