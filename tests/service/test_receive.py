from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.engine import SyncDriver, Task, sleep
from esign_core.engine.simulate import SimulatedDriver
from esign_core.errors import (
    NotSupported,
    UnknownConnection,
    WebhookRejected,
)
from esign_core.journal import DeliveryState
from esign_core.model import Authenticity, EnvelopeStatus, Source, Verified, WebhookRequest
from esign_core.service.chores import work_once
from esign_core.service.receive import receive
from esign_core.testing.fake_webhooks import FakeWebhooks, signed

if TYPE_CHECKING:
    from tests.service.conftest import World


# what a proven delivery does


def test_proven_delivery_moves_the_envelope(world: World) -> None:
    """What the vendor signed is in inbox, state and stream when the receiver answers."""
    envelope = world.send()
    world.vendor.sign("1", 0)
    receipt = world.tell("1", "e1")
    assert (receipt.state, receipt.is_new) == (DeliveryState.OBSERVED, True)
    assert receipt.envelope_ids == (envelope.id,)
    assert world.types() == ["envelope.sent", "signer.signed s1", "envelope.in_progress"]
    assert {event.source for event in world.events()[1:]} == {Source.WEBHOOK}
    assert {event.authenticity for event in world.events()[1:]} == {Authenticity.SIGNED_FRESH}
    assert world.inbox()[0].request.body


@pytest.mark.promise("A5", "R2")
@pytest.mark.parametrize("key", ["e1", None])
def test_repeated_delivery_adds_nothing(world: World, key: str | None) -> None:
    """Recognised by the vendor's id of the event, or by every byte of the body."""
    world.send()
    world.vendor.sign("1", 0)
    request = world.vendor.delivery(world.vendor.event("1", key))
    assert world.receive(request).is_new
    before = (world.events(), world.inbox(), world.todo())
    assert not world.receive(request).is_new
    assert (world.events(), world.inbox(), world.todo()) == before


@pytest.mark.promise("A5")
def test_old_delivery_sent_again_is_a_hint_at_the_most(world: World) -> None:
    """A recorded delivery, replayed months later, neither moves state nor is looked into."""
    world.send()
    request = world.vendor.delivery(world.vendor.event("1", "e1"))
    world.receive(request)
    world.clock.pass_time(90 * 86400)
    before = (world.events(), world.todo())
    assert not world.receive(request).is_new
    assert (world.events(), world.todo()) == before


@pytest.mark.promise("R9")
def test_every_notice_of_one_delivery_counts(world: World) -> None:
    """Two events about one envelope in one body are two, with and without ids of their own."""
    envelope = world.send()
    world.vendor.sign("1", 0)
    first = world.vendor.event("1")
    world.vendor.sign("1", 1)
    second = world.vendor.event("1")
    first["envelope"]["signers"][1]["status"] = "viewed"
    receipt = world.receive(world.vendor.delivery(first, second))
    assert receipt.envelope_ids == (envelope.id,)
    assert "signer.viewed s2" in world.types()
    assert "signer.signed s2" in world.types()


@pytest.mark.promise("A1")
def test_forged_delivery_leaves_nothing_but_a_count(world: World) -> None:
    """A flipped byte is refused, and no table has grown."""
    world.send()
    good = world.vendor.delivery(world.vendor.event("1", status="completed"))
    bad = replace(good, body=good.body.replace(b"completed", b"cancelled"))
    before = (world.get(world.all()[0].id), world.events(), world.inbox(), world.todo())
    for _ in range(3):
        assert isinstance(world.refused(bad), WebhookRejected)
    assert (world.get(world.all()[0].id), world.events(), world.inbox(), world.todo()) == before
    assert world.workspace.rejected == {("acme", "wrong_signature"): 3}


def test_count_of_forged_deliveries_is_right_for_many_threads(world: World) -> None:
    """No refusal is forgotten."""
    world.send()
    request = world.vendor.delivery(world.vendor.event("1"), secret="wrong")
    driver = SyncDriver()

    def forge(_: int) -> None:
        with pytest.raises(WebhookRejected):
            driver.run(receive(world.workspace, "acme", request))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(forge, range(400)))
    assert world.workspace.rejected == {("acme", "wrong_signature"): 400}


@pytest.mark.promise("A8")
def test_delivery_of_one_account_cannot_touch_anothers_envelope(world: World) -> None:
    """A valid signature counts for the connection whose secret made it, and for no other."""
    envelope = world.send(via="acme")
    world.vendor.complete("1")
    event = world.vendor.event("1", "e1")
    receipt = world.receive(world.vendor.delivery(event, secret="secret-two"), "other")
    assert (receipt.state, receipt.envelope_ids) == (DeliveryState.WAITING, ())
    assert isinstance(
        world.refused(world.vendor.delivery(event, secret="secret-two")), WebhookRejected
    )
    world.work(59)  # identified through the other account, where the mark says it is not theirs
    assert world.get(envelope.id).status is EnvelopeStatus.SENT
    assert {entry.state for entry in world.inbox()} == {DeliveryState.FOREIGN}
    assert world.tell("1", "e1").is_new


def test_unknown_endpoint_is_told(world: World) -> None:
    """Nothing is looked for under a name that somebody tries."""
    assert isinstance(world.refused(signed(b"{}", "x", world.ago(0)), "acm"), UnknownConnection)
    assert world.workspace.rejected == {}


def test_opaque_endpoint_replaces_the_name(make_world: Callable[..., World]) -> None:
    """An account with an address of its own is not reached under its name."""
    world = make_world(endpoint="x7")
    world.send()
    request = world.vendor.delivery(world.vendor.event("1"))
    assert world.receive(request, "x7").connection == "acme"
    assert isinstance(world.refused(request, "acme"), UnknownConnection)


def test_vendor_without_deliveries_takes_none(world: World) -> None:
    """Its endpoint does not exist."""
    world.with_webhooks(None)
    assert isinstance(world.refused(signed(b"{}", "x", world.ago(0))), NotSupported)


@pytest.mark.promise("R7")
def test_webhook_and_poll_that_race_give_one_event(make_world: Callable[[], World]) -> None:
    """Whoever is first tells; the other adds nothing. Both win some of these races."""
    winners: set[Source] = set()
    for seed in range(12):
        world = make_world()
        world.send()
        world.vendor.complete("1")
        request = world.vendor.delivery(world.vendor.event("1", "e1"))
        world.clock.pass_time(60)
        driver = SimulatedDriver(seed=seed, clock=world.clock)
        driver.run_together([_delivered(world, request, seed * 0.05), work_once(world.workspace)])
        assert world.types() == [
            "envelope.sent",
            "signer.signed s1",
            "signer.signed s2",
            "envelope.in_progress",
            "envelope.finalizing",
            "envelope.completed",
        ]
        assert [event.seq for event in world.events()] == [1, 2, 3, 4, 5, 6]
        winners.add(world.events()[-1].source)
    assert winners == {Source.WEBHOOK, Source.POLL}


def _delivered(world: World, request: WebhookRequest, after_seconds: float) -> Task[Any]:
    yield from sleep(after_seconds)
    return (yield from receive(world.workspace, "acme", request))


@pytest.mark.promise("R3")
def test_conflicting_ends_are_marked_and_looked_into(world: World) -> None:
    """The end that precedence chooses stays, the other is told, and the vendor is asked once."""
    envelope = world.send()
    world.vendor.complete("1")
    world.tell("1", "e1")
    assert world.todo() == []
    world.receive(world.vendor.delivery(world.vendor.event("1", "e2", status="expired")))
    after = world.get(envelope.id)
    assert (after.status, after.has_conflict) == (EnvelopeStatus.COMPLETED, True)
    world.work(100)
    assert world.fetches("1") == 1
    assert world.todo() == []


def test_secret_word_is_no_proof(world: World) -> None:
    """Whoever knows the word may be the vendor; the body may still be anybody's."""

    class Word(FakeWebhooks):
        def verify(
            self, request: WebhookRequest, secrets: Sequence[bytes], now: datetime
        ) -> Verified:
            return Verified(Authenticity.SECRET)

    world.send()
    world.with_webhooks(Word)
    event = world.vendor.event("1", "e1", status="completed")
    assert world.receive(world.vendor.delivery(event)).state is DeliveryState.HINT
    assert world.types() == ["envelope.sent"]
