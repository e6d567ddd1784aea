from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from esign_core.model import Authenticity, EnvelopeStatus, Event, EventType, SignerStatus, Source

EVENT = Event(
    seq=7,
    id="evt_1",
    type=EventType.SIGNER_DECLINED,
    envelope_id="env_1",
    connection="acme-eu",
    provider="acme",
    remote_id="remote_1",
    signer_id="s1",
    round="1",
    occurred_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
    received_at=datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC),
    source=Source.WEBHOOK,
    authenticity=Authenticity.SIGNED,
    inferred=False,
    data={"reason": "Too dear"},
    raw={"email": "ann@example.com"},
)


def test_an_event_is_json() -> None:
    """All of it, with times as RFC 3339."""
    assert json.loads(json.dumps(EVENT.to_json())) == {
        "seq": 7,
        "id": "evt_1",
        "type": "signer.declined",
        "envelope_id": "env_1",
        "connection": "acme-eu",
        "provider": "acme",
        "remote_id": "remote_1",
        "signer_id": "s1",
        "round": "1",
        "occurred_at": "2026-03-01T12:00:00+00:00",
        "received_at": "2026-03-01T12:00:05+00:00",
        "source": "webhook",
        "authenticity": "signed",
        "inferred": False,
        "data": {"reason": "Too dear"},
        "raw": {"email": "ann@example.com"},
    }


def test_an_event_is_a_cloudevent() -> None:
    """The required attributes of CloudEvents 1.0, the time, and the event as data."""
    event = EVENT.to_cloudevent()
    assert event["specversion"] == "1.0"
    assert (event["id"], event["type"]) == ("evt_1", "esign.signer.declined")
    assert (event["source"], event["subject"]) == ("/esign/acme-eu", "env_1")
    assert event["time"] == "2026-03-01T12:00:00+00:00"
    assert event["datacontenttype"] == "application/json"
    assert event["data"] == EVENT.to_json()


def test_a_time_that_nobody_told_is_none() -> None:
    """As JSON it is null; a CloudEvent has the time at which it became known."""
    timeless = replace(EVENT, occurred_at=None)
    assert timeless.to_json()["occurred_at"] is None
    assert timeless.to_cloudevent()["time"] == "2026-03-01T12:00:05+00:00"


def test_an_event_does_not_show_the_vendors_words() -> None:
    """They may have anybody's address in them."""
    assert "example.com" not in repr(EVENT)


def test_only_reminders_and_files_happen_again_and_again() -> None:
    """Every other fact is known once and for all."""
    repeatable = {type_ for type_ in EventType if type_.is_repeatable}
    assert repeatable == {EventType.SIGNER_REMINDED, EventType.ENVELOPE_ARCHIVED}


@pytest.mark.parametrize("status", [*EnvelopeStatus, *SignerStatus])
def test_every_status_has_its_event(status: EnvelopeStatus | SignerStatus) -> None:
    """Whatever can be reached is told; a beginning and an unknown word are not."""
    subject = "envelope" if isinstance(status, EnvelopeStatus) else "signer"
    has_event = f"{subject}.{status}" in set(EventType)
    assert has_event is (status not in {"draft", "waiting", "unknown"})


def test_what_we_read_ourselves_and_what_is_signed_is_proof() -> None:
    """A shared word proves who sends, not what is said."""
    proofs = {each for each in Authenticity if each.is_proof}
    assert proofs == {"signed_fresh", "signed", "fetched", "decided"}
