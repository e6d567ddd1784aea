from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.errors import (
    WebhookRejected,
)
from esign_core.journal import DeliveryState
from esign_core.model import EnvelopeStatus, Source
from esign_core.provider import Limit
from esign_core.testing.fake_provider import FakeProvider

if TYPE_CHECKING:
    from tests.service.conftest import World


@pytest.mark.promise("A5")
@pytest.mark.parametrize("seconds", [-3600.0, 3600.0])
def test_delivery_out_of_its_time_is_a_hint(world: World, seconds: float) -> None:
    """A good signature of another time causes a look, and only the look moves state."""
    envelope = world.send()
    world.vendor.sign("1", 0)
    signed_at = world.ago(seconds)
    assert world.tell("1", "e1", signed_at=signed_at).state is DeliveryState.HINT
    assert world.types() == ["envelope.sent"]
    world.work(0)
    assert world.fetches("1") == 1
    assert world.get(envelope.id).status is EnvelopeStatus.IN_PROGRESS
    assert world.events()[-1].source is Source.POLL


@pytest.mark.promise("A6")
def test_unsigned_delivery_is_refused_unless_told_otherwise(
    make_world: Callable[..., World],
) -> None:
    """Without `accept_unsigned` it is 401; with it, a hint."""
    world = make_world()
    world.send()
    request = world.vendor.delivery(world.vendor.event("1"), secret=None)
    error = world.refused(request)
    assert isinstance(error, WebhookRejected)
    assert error.reason == "unsigned"
    trusting = make_world(accept_unsigned=True)
    trusting.send()
    trusting.vendor.complete("1")
    assert trusting.tell("1", secret=None).state is DeliveryState.HINT
    assert trusting.types() == ["envelope.sent"]


@pytest.mark.promise("A6")
def test_thousand_forged_hints_cost_one_look(make_world: Callable[..., World]) -> None:
    """Hints are coalesced, whatever they say, and none moves anything."""
    world = make_world(accept_unsigned=True)
    world.send()
    for i in range(1000):
        event = world.vendor.event("1", f"e{i}", status="completed")
        assert world.receive(world.vendor.delivery(event, secret=None)).is_new
    assert world.types() == ["envelope.sent"]
    world.work(0)
    assert world.fetches("1") == 1
    assert world.types() == ["envelope.sent"]


@pytest.mark.promise("A6")
def test_forged_hints_about_unknown_envelopes_cost_no_look(
    make_world: Callable[..., World],
) -> None:
    """Made-up ids cause no requests: nobody can make us ask the vendor for a list of names."""
    world = make_world(accept_unsigned=True)
    world.send()
    asked = len(world.vendor.requests)
    for i in range(20):
        event = world.vendor.event("1", id=f"made-up-{i}")
        assert world.receive(world.vendor.delivery(event, secret=None)).state == "waiting"
    world.work(50)
    assert len(world.vendor.requests) == asked


class _Limited(FakeProvider):
    """A vendor that may be asked ten times a minute."""

    limits = (Limit("requests", 10, 60.0),)


@pytest.mark.promise("A6")
@pytest.mark.parametrize("database", ["sqlite"])  # the other one counts by its own clock
def test_hints_without_end_cost_at_most_the_limit(make_world: Callable[..., World]) -> None:
    """However quick the worker is: in no minute is the vendor asked more often than it allows."""
    world = make_world(accept_unsigned=True)
    world.with_provider(_Limited)
    for key in "abc":
        world.send(key)
    asked_at: list[float] = []
    fetch = world.vendor.exchange

    def timed(request: Any, **options: bool) -> Any:
        asked_at.append(world.clock.seconds)
        return fetch(request, **options)

    world.vendor.exchange = timed  # type: ignore[method-assign]
    for i in range(200):
        event = world.vendor.event(str(i % 3 + 1), f"e{i}", status="completed")
        world.receive(world.vendor.delivery(event, secret=None))
        world.work(3)
    assert len(asked_at) > 50
    assert max(sum(at <= each < at + 60 for each in asked_at) for at in asked_at) <= 10
    assert {envelope.status for envelope in world.all()} == {EnvelopeStatus.SENT}


def test_hint_sent_ahead_does_not_swallow_the_real_delivery(
    make_world: Callable[..., World],
) -> None:
    """Who guesses an event's id cannot make the vendor's own delivery a repetition."""
    world = make_world(accept_unsigned=True)
    world.send()
    world.tell("1", "e1", secret=None)
    world.vendor.sign("1", 0)
    assert world.tell("1", "e1").state is DeliveryState.OBSERVED
    assert "signer.signed s1" in world.types()


def test_news_during_a_look_causes_another(world: World) -> None:
    """A hint that arrives while the vendor is asked is not answered by what it said before."""
    envelope = world.send()
    world.tell("1", "e1", signed_at=world.ago(3600))
    fetch = world.vendor.exchange

    def meanwhile(request: Any, **options: bool) -> Any:
        answer = fetch(request, **options)
        if world.fetches("1") == 1:
            world.vendor.sign("1", 0)
            world.tell("1", "e2", signed_at=world.ago(3600))
        return answer

    world.vendor.exchange = meanwhile  # type: ignore[method-assign]
    world.work(0)
    assert world.fetches("1") == 2
    assert world.get(envelope.id).status is EnvelopeStatus.IN_PROGRESS
