from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.errors import (
    BrokenProvider,
    JournalUnusable,
)
from esign_core.journal import DeliveryState, Journal
from esign_core.model import EnvelopeStatus, Notice, WebhookRequest
from esign_core.service.record import record_notice
from esign_core.testing.fake_webhooks import FakeWebhooks, signed

if TYPE_CHECKING:
    from tests.service.conftest import World


@pytest.mark.promise("R8", "R9")
@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"", "BadJson"),
        (b"\xff\xfe", "BadJson"),
        (b"[]", "TypeError"),
        (b'{"events": [1]}', "TypeError"),
        (b'{"eventz": []}', "KeyError"),
    ],
)
def test_authentic_delivery_that_cannot_be_read_is_kept(
    world: World, body: bytes, fault: str
) -> None:
    """It is answered 2xx, raw, with the kind of fault and none of its words."""
    receipt = world.receive(signed(body, "fake-webhook-secret", world.clock.now()))
    assert receipt.state is DeliveryState.UNREADABLE
    (entry,) = world.inbox()
    assert (entry.request.body, entry.error) == (body, fault)
    assert not world.receive(signed(body, "fake-webhook-secret", world.clock.now())).is_new


@pytest.mark.promise("R8")
def test_delivery_that_was_being_kept_when_a_time_limit_struck_is_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job queue's limit strikes once, wherever it is: that is no fault of the delivery."""
    envelope = world.send()
    world.vendor.complete("1")
    limits = [TimeoutError("the job's time is over")]

    def struck(*arguments: Any, **options: Any) -> Any:
        if limits:
            raise limits.pop()
        return record_notice(*arguments, **options)

    monkeypatch.setattr("esign_core.service.receive.record_notice", struck)
    assert world.tell("1").state is DeliveryState.OBSERVED
    assert world.get(envelope.id).status is EnvelopeStatus.COMPLETED
    assert limits == []


class _Nonsense(FakeWebhooks):
    """Reads things that no notice can be."""

    nonsense: Notice

    def parse(self, request: object) -> list[Notice]:
        return [self.nonsense]


@pytest.mark.promise("R9", "D10")
@pytest.mark.parametrize(
    "nonsense",
    [
        Notice({"id": 1}, None),  # type: ignore[arg-type]
        Notice("1", key=5),  # type: ignore[arg-type]
        Notice("\ud800"),
        Notice("1", status=EnvelopeStatus.COMPLETED, occurred_at=datetime(2026, 1, 1)),  # noqa: DTZ001
        Notice("1", signers=None),  # type: ignore[arg-type]
        "not a notice at all",
    ],
)
def test_delivery_that_is_read_as_nonsense_is_kept_unread(world: World, nonsense: Any) -> None:
    """An adapter's mistake costs the reading of that delivery, not the delivery."""
    world.send()
    world.vendor.complete("1")
    world.tell("1", "e1")
    world.with_webhooks(type("Nonsense", (_Nonsense,), {"nonsense": nonsense}))
    before = world.events()
    receipt = world.receive(signed(b"poison", "fake-webhook-secret", world.clock.now()))
    assert receipt.state is DeliveryState.UNREADABLE
    assert world.inbox()[0].error is not None
    assert world.events() == before


@pytest.mark.promise("D10")
@pytest.mark.parametrize("verified", [None, "yes", ZeroDivisionError()])
def test_broken_check_is_no_proof(world: World, verified: object) -> None:
    """An adapter that cannot check has the vendor deliver again, and nothing is taken."""

    class Broken(FakeWebhooks):
        def verify(self, request: WebhookRequest, secrets: Sequence[bytes], now: datetime) -> Any:
            if isinstance(verified, Exception):
                raise verified
            return verified

    world.with_webhooks(Broken)
    assert isinstance(world.refused(signed(b"{}", "x", world.ago(0))), BrokenProvider)
    assert world.inbox() == []


def test_delivery_about_nothing_is_kept(world: World) -> None:
    """A vendor's test delivery is answered like any other."""
    assert world.receive(world.vendor.delivery()).state is DeliveryState.EMPTY

    class AboutNobody(FakeWebhooks):
        def parse(self, request: object) -> list[Notice]:
            return [Notice(None)]

    world.with_webhooks(AboutNobody)
    receipt = world.receive(signed(b"ping", "fake-webhook-secret", world.clock.now()))
    assert receipt.state is DeliveryState.EMPTY
    assert world.todo() == []


@pytest.mark.promise("R8")
def test_unknown_status_is_looked_into(world: World) -> None:
    """A word that no version knows moves nothing and causes a look."""
    world.send()
    receipt = world.receive(world.vendor.delivery(world.vendor.event("1", status="paused")))
    assert receipt.state is DeliveryState.OBSERVED
    assert world.types() == ["envelope.sent"]
    world.work(0)
    assert world.fetches("1") == 1


@pytest.mark.promise("D9")
def test_delivery_that_cannot_be_kept_is_not_acknowledged(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The vendor hears an error and delivers it again."""
    world.send()

    def full(*_: object) -> None:
        raise JournalUnusable("the disk is full")

    monkeypatch.setattr(Journal, "write", full)
    request = world.vendor.delivery(world.vendor.event("1", "e1", status="completed"))
    assert isinstance(world.refused(request), JournalUnusable)
    monkeypatch.undo()
    assert world.receive(request).is_new
