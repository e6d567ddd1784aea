from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.errors import NotInJournal, NotReady
from esign_core.journal import DeliveryState, WorkKind
from esign_core.model import Notice, WebhookRequest
from esign_core.service.deliveries import drop_raw, listed
from esign_core.service.replay import delivery, replay, replay_all
from esign_core.testing.fake_webhooks import FakeWebhooks

if TYPE_CHECKING:
    from tests.service.conftest import World


class Older(FakeWebhooks):
    """A version of the adapter that does not know signers' events yet."""

    def parse(self, request: WebhookRequest) -> Sequence[Notice]:
        if b"signed" in request.body:
            raise ValueError("unknown event")
        return super().parse(request)


def _everything(world: World) -> tuple[Any, Any]:
    events = world.events()
    return world.all(), [(event.type, event.signer_id, event.envelope_id) for event in events]


@pytest.mark.promise("R8", "R4")
def test_what_could_not_be_read_is_read_after_an_upgrade(world: World) -> None:
    """A delivery that an older version kept unread tells its news to the newer one."""
    envelope = world.send()
    world.with_webhooks(Older)
    world.vendor.sign("1", 0)
    receipt = world.tell("1", "k1")
    assert receipt.state is DeliveryState.UNREADABLE
    world.with_webhooks(FakeWebhooks)
    [again] = world.run(replay_all(world.workspace, DeliveryState.UNREADABLE))
    assert (again.state, again.is_new) == (DeliveryState.OBSERVED, True)
    assert again.envelope_ids == (envelope.id,)
    assert "signer.signed s1" in world.types()
    [entry] = world.inbox()
    assert (entry.state, entry.envelope_id) == (DeliveryState.OBSERVED, envelope.id)
    assert world.run(replay_all(world.workspace, DeliveryState.UNREADABLE)) == ()


@pytest.mark.promise("R4")
def test_reading_everything_again_adds_nothing(world: World) -> None:
    """Under the same code, replaying the whole inbox changes neither state nor stream."""
    world.send()
    for place in (0, 1):
        world.vendor.sign("1", place)
        world.tell("1", f"k{place}")
    late = world.vendor.delivery(world.vendor.event("1", "late"))
    world.clock.pass_time(3600)
    world.receive(late)
    before = _everything(world)
    for entry in world.inbox():
        receipt = world.run(replay(world.workspace, entry.id))
        assert not receipt.is_new
        assert receipt.state is entry.state
    assert _everything(world) == before


def test_delivery_about_a_stranger_waits_once_it_can_be_read(world: World) -> None:
    """What turns out to be about an unknown envelope is looked into, as if it came now."""
    world.with_webhooks(Older)
    world.send()
    world.vendor.sign("1", 0)
    stranger = world.vendor.event("1")
    stranger["envelope"]["id"] = "999"
    world.receive(world.vendor.delivery(stranger))
    world.with_webhooks(FakeWebhooks)
    [receipt] = world.run(replay_all(world.workspace, DeliveryState.UNREADABLE))
    assert receipt.state is DeliveryState.WAITING
    [entry] = world.inbox()
    assert entry.remote_id == "999"
    assert WorkKind.IDENTIFY in world.kinds()


def test_still_unreadable_stays_so(world: World) -> None:
    """Reading again with the same version says the same again."""
    world.with_webhooks(Older)
    world.send()
    world.vendor.sign("1", 0)
    world.tell("1")
    [receipt] = world.run(replay_all(world.workspace, DeliveryState.UNREADABLE))
    assert receipt.state is DeliveryState.UNREADABLE
    [entry] = world.inbox()
    assert entry.error == "ValueError"


@pytest.mark.promise("A5")
def test_dropped_bodies_leave_their_hashes(world: World) -> None:
    """Old bodies go; what makes a delivery known stays, and nothing younger is touched."""
    world.send()
    world.vendor.sign("1", 0)
    old = world.vendor.delivery(world.vendor.event("1", "old"))
    world.receive(old)
    world.clock.pass_time(40 * 86400)
    world.vendor.sign("1", 1)
    world.tell("1", "young")
    before = {entry.id: entry.sha256 for entry in world.inbox()}
    assert world.run(drop_raw(world.workspace, timedelta(days=30))) == 1
    young, dropped = world.inbox()
    assert {entry.id: entry.sha256 for entry in (young, dropped)} == before
    assert (dropped.request.body, dict(dropped.request.headers)) == (b"", {})
    assert dropped.dropped_at is not None
    assert young.request.body
    assert young.dropped_at is None
    with pytest.raises(NotReady, match="its body was dropped at"):
        world.run(replay(world.workspace, dropped.id))
    seen = len(world.events())
    world.tell("1", "old")
    assert len(world.events()) == seen
    assert world.run(drop_raw(world.workspace, timedelta(days=30))) == 0


def test_unknown_delivery_is_told(world: World) -> None:
    """Who mistypes an id learns where the ids are."""
    with pytest.raises(NotInJournal, match="the inbox has no delivery 7"):
        world.run(delivery(world.workspace, 7))


def test_list_narrows(world: World) -> None:
    """By state, connection, envelope, and page by page."""
    envelope = world.send()
    for i in range(3):
        world.tell("1", f"k{i}")
    world.receive(world.vendor.delivery(world.vendor.event("1", "x"), secret="secret-two"), "other")

    def ids(**narrow: Any) -> list[int]:
        options: dict[str, Any] = {
            "connection": None,
            "state": None,
            "envelope_id": None,
            "before": None,
            "limit": 100,
        }
        found = world.run(listed(world.workspace, **{**options, **narrow}))
        return [entry.id for entry in found]

    everything = ids()
    assert everything == sorted(everything, reverse=True)
    assert len(everything) == 4
    assert ids(connection="other") == everything[:1]
    assert ids(envelope_id=envelope.id) == everything[1:]
    assert ids(state=DeliveryState.WAITING) == everything[:1]
    assert ids(before=everything[1], limit=1) == [everything[2]]
