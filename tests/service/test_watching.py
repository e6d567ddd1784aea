"""Deliveries and work in logs and traces: what became of them, and nothing of what they say."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from esign_core.engine import records
from esign_core.engine.logs import Record
from esign_core.errors import JournalUnusable, WebhookRejected
from esign_core.model import Event, Notice, Snapshot, Verified, WebhookRequest
from esign_core.provider import Flow, hookimpl
from esign_core.testing import Fault
from esign_core.testing.fake_provider import FakeProvider
from esign_core.testing.fake_webhooks import FakeWebhooks
from tests.logged import HOSTILE, Heard, fields_of
from tests.spans import Spans

if TYPE_CHECKING:
    from tests.service.conftest import World


def _only(heard: Heard, record: Record) -> dict[str, Any]:
    """The fields of the only delivery that was logged, without what differs from run to run."""
    (fields,) = heard.told(record)
    logged = [each for each in heard.ours if each.name == record.logger]
    assert [each.levelno for each in logged] == [record.level]
    assert fields.pop("esign_duration_seconds") >= 0
    return fields


def _unusable(*_: object, **__: object) -> Any:
    raise JournalUnusable("the disk is full")


# --- deliveries ---------------------------------------------------------------------------------


def test_a_delivery_that_is_kept_is_logged(world: World, heard: Heard, spans: Spans) -> None:
    """For which envelope, how far proven, and what was made of it; and so in its span."""
    envelope = world.send()
    world.tell("1")
    assert _only(heard, records.DELIVERY_KEPT) == {
        "esign_connection": "acme",
        "esign_provider": "fake",
        "esign_envelope_id": envelope.id,
        "esign_authenticity": "signed_fresh",
        "esign_state": "observed",
    }
    assert spans.told("esign.receive") == {
        "esign.connection": "acme",
        "esign.provider": "fake",
        "esign.envelope_id": envelope.id,
        "esign.authenticity": "signed_fresh",
        "esign.state": "observed",
    }
    assert spans.one("esign.receive").kind is SpanKind.CONSUMER


def test_a_repeated_delivery_is_logged_quietly(world: World, heard: Heard) -> None:
    """Vendors repeat themselves: that is no news."""
    world.send()
    request = world.vendor.delivery(world.vendor.event("1"))
    world.receive(request)
    heard.records.clear()
    world.receive(request)
    assert _only(heard, records.DELIVERY_REPEATED)["esign_state"] == "observed"


def test_an_unreadable_delivery_is_a_warning(world: World, heard: Heard) -> None:
    """It is kept; somebody should know that nothing was made of it."""

    class Unreadable(FakeWebhooks):
        def parse(self, request: WebhookRequest) -> Sequence[Notice]:
            raise KeyError("canary")

    world.with_webhooks(Unreadable)
    world.receive(world.vendor.delivery({"canary": "canary"}))
    assert _only(heard, records.DELIVERY_UNREADABLE)["esign_state"] == "unreadable"
    assert "canary" not in heard.text


@pytest.mark.promise("A1", "D1")
def test_a_forged_delivery_is_a_warning_with_its_reason(
    world: World, heard: Heard, spans: Spans
) -> None:
    """A stable code, and nothing of the delivery; for a trace it is no error of ours."""
    world.refused(world.vendor.delivery({"canary": "canary"}, secret="canary"))
    assert _only(heard, records.DELIVERY_REJECTED) == {
        "esign_connection": "acme",
        "esign_provider": "fake",
        "esign_reason": "wrong_signature",
    }
    assert spans.told("esign.receive")["esign.reason"] == "wrong_signature"
    assert spans.one("esign.receive").status.status_code is StatusCode.UNSET
    assert "canary" not in heard.text + spans.text


@pytest.mark.promise("A1")
def test_a_flood_of_refused_deliveries_fills_no_log(
    world: World, heard: Heard, spans: Spans
) -> None:
    """Strangers and a broken disk alike: one record of each kind; all are counted, and traced."""
    for _ in range(50):
        world.refused(world.vendor.delivery(secret="canary"))
        world.refused(world.vendor.delivery(), "nobody")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.workspace.journal, "write", _unusable)
        for _ in range(50):
            world.refused(world.vendor.delivery())
    kinds = (records.DELIVERY_REJECTED, records.DELIVERY_ASTRAY, records.DELIVERY_LOST)
    assert [len(heard.told(kind)) for kind in kinds] == [1, 1, 1]
    assert world.workspace.rejected["acme", "wrong_signature"] == 50
    assert len(spans.named("esign.receive")) == 150
    world.receive(world.vendor.delivery(world.vendor.event(world.send().remote_id or "")))
    assert len(heard.told(records.DELIVERY_KEPT)) == 1


@pytest.mark.promise("D1", "D8")
def test_an_unknown_endpoint_is_not_told(world: World, heard: Heard, spans: Spans) -> None:
    """It is whatever somebody typed, or a secret address with a slip in it."""
    world.refused(world.vendor.delivery(), f"canary{HOSTILE}")
    assert _only(heard, records.DELIVERY_ASTRAY) == {}
    assert spans.told("esign.receive") == {"esign.reason": "unknown_endpoint"}
    assert "canary" not in heard.text + spans.text


@pytest.mark.promise("D8")
@pytest.mark.parametrize("reason", [HOSTILE, "Canary Words", "x" * 41, ""])
def test_a_reason_that_is_no_code_is_not_told(world: World, heard: Heard, reason: str) -> None:
    """It is the adapter's word, and might quote the delivery."""

    class Talkative(FakeWebhooks):
        def verify(self, request: WebhookRequest, secrets: Sequence[bytes], now: datetime) -> Any:
            raise WebhookRejected(reason, f"canary {HOSTILE}")

    world.with_webhooks(Talkative)
    world.refused(world.vendor.delivery())
    assert _only(heard, records.DELIVERY_REJECTED)["esign_reason"] == "other"
    assert all(line.isprintable() for line in heard.lines)


def test_a_delivery_that_cannot_be_kept_is_an_error(
    world: World, heard: Heard, spans: Spans, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what the database says, which is what has to be mended."""
    monkeypatch.setattr(world.workspace.journal, "write", _unusable)
    world.refused(world.vendor.delivery())
    told = _only(heard, records.DELIVERY_LOST)
    assert (told["esign_error"], told["esign_reason"]) == ("JournalUnusable", "the disk is full")
    assert spans.one("esign.receive").status.status_code is StatusCode.ERROR


def test_an_adapter_that_cannot_check_is_an_error_with_its_place(
    world: World, heard: Heard
) -> None:
    """Where it broke, and not what it said."""

    class Broken(FakeWebhooks):
        def verify(
            self, request: WebhookRequest, secrets: Sequence[bytes], now: datetime
        ) -> Verified:
            raise KeyError("canary")

    world.with_webhooks(Broken)
    world.refused(world.vendor.delivery())
    told = _only(heard, records.DELIVERY_LOST)
    assert told["esign_error"] == "BrokenProvider"
    assert "test_watching.py" in told["esign_place"]
    assert "canary" not in heard.text


# --- work ---------------------------------------------------------------------------------------


def test_work_is_logged_and_traced_with_what_it_asks(
    world: World, heard: Heard, spans: Spans
) -> None:
    """Which work, for which envelope; what the vendor is asked for it stands below it."""
    envelope = world.send()
    world.vendor.complete("1")
    world.work(61)
    (done,) = heard.told(records.WORK_DONE)
    assert (done["esign_work"], done["esign_envelope_id"]) == ("refresh", envelope.id)
    assert done["esign_connection"] == "acme"
    assert isinstance(done["esign_work_id"], int)
    assert spans.told("esign.work") == {
        "esign.connection": "acme",
        "esign.envelope_id": envelope.id,
        "esign.work": "refresh",
    }
    assert "esign.work > esign.fetch > GET" in spans.paths


def test_work_that_goes_on_or_fails_is_told_apart(world: World, heard: Heard) -> None:
    """Waiting is what work does; failing is for somebody to see who looks; a fault is an error."""
    world.send()
    world.work(61)
    (again,) = heard.told(records.WORK_AGAIN)
    assert again["esign_pause_seconds"] > 0
    world.vendor.fail(Fault.REFUSED, on="GET")
    world.work(3600)
    failed = heard.told(records.WORK_FAILED)
    assert failed[0]["esign_error"] == "Refused"

    class Moody(FakeProvider):
        def fetch(self, remote_id: str) -> Flow[Snapshot]:
            raise ZeroDivisionError("canary")

    world.with_provider(Moody)
    world.work(3 * 3600)
    broken = [each for each in heard.ours if each.levelno == logging.ERROR]
    assert {each.name for each in broken} <= {"esign.operations", "esign.worker"}
    assert {fields_of(each)["esign_operation"] for each in broken if "operations" in each.name}
    assert "canary" not in heard.text


class Deaf:
    """A plugin that fails on every event."""

    @hookimpl
    def esign_event(self, event: Event) -> None:
        raise ZeroDivisionError("canary")


def test_a_plugin_that_fails_is_an_error_with_the_event(world: World, heard: Heard) -> None:
    """Which plugin, on which event of the stream, and where in its code."""
    world.registry.add_plugin(Deaf(), name="deaf")
    envelope = world.send()
    world.work()
    first = heard.told(records.PLUGIN_FAILED)[0]
    assert "test_watching.py" in first.pop("esign_place")
    assert first == {
        "esign_plugin": "deaf",
        "esign_error": "ZeroDivisionError",
        "esign_event_id": world.events()[0].id,
        "esign_seq": 1,
        "esign_envelope_id": envelope.id,
        "esign_connection": "acme",
    }
    assert "canary" not in heard.text
