from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esign_core.model import (
    EnvelopeStatus,
    EventType,
    Notice,
    WebhookRequest,
)
from esign_core.provider import BadJson
from esign_penvio.webhooks import PenvioWebhooks


def parsed(body: Any) -> Notice:
    """What a delivery says."""
    (notice,) = PenvioWebhooks().parse(WebhookRequest({}, json.dumps(body).encode()))
    return notice


def test_the_published_delivery_is_read(delivery: dict[str, Any]) -> None:
    """One signer signed, at a time that the vendor tells; the envelope is in progress."""
    notice = parsed(delivery)
    assert notice.remote_id == "env_def456"
    assert notice.key is None
    assert notice.status is EnvelopeStatus.IN_PROGRESS
    assert notice.occurred_at == datetime(2024, 1, 25, 14, 30, tzinfo=UTC)
    assert not notice.needs_fetch
    (john,) = notice.signers
    assert (john.type, john.remote_id, john.name, john.email) == (
        EventType.SIGNER_SIGNED,
        "signer_xyz789",
        "John Doe",
        "john@example.com",
    )
    assert john.occurred_at == datetime(2024, 1, 25, 14, 30, tzinfo=UTC)
    assert notice.raw == delivery
    assert "john" not in repr(notice).replace("John Doe", "")


def test_the_other_shape_says_of_each_signer_what_is_theirs(
    other_delivery: dict[str, Any],
) -> None:
    """All signers are listed; only who signed by their own words has signed, at their own time."""
    notice = parsed(other_delivery)
    assert notice.key == "evt_1"
    assert notice.status is EnvelopeStatus.IN_PROGRESS
    assert notice.occurred_at == datetime(2024, 1, 25, 14, 30, 2, tzinfo=UTC)
    assert not notice.needs_fetch
    assert [(each.type, each.remote_id, each.occurred_at) for each in notice.signers] == [
        (EventType.SIGNER_SIGNED, "signer_xyz789", datetime(2024, 1, 25, 14, 30, tzinfo=UTC))
    ]


def test_a_listed_signer_without_a_time_gets_none(other_delivery: dict[str, Any]) -> None:
    """The time of the event may be another signer's."""
    for signer in other_delivery["data"]["signers"]:
        signer |= {"status": "SIGNED", "signedAt": None}
    assert [each.occurred_at for each in parsed(other_delivery).signers] == [None, None]


@pytest.mark.parametrize(
    ("event", "act"),
    [
        ("envelope.viewed", EventType.SIGNER_VIEWED),
        ("envelope.signed", EventType.SIGNER_SIGNED),
        ("envelope.declined", EventType.SIGNER_DECLINED),
    ],
)
def test_the_signer_of_an_event_did_what_it_says(
    delivery: dict[str, Any], event: str, act: EventType
) -> None:
    """Where nothing else tells, the event is the signer's act, at the event's time."""
    delivery["event"] = event
    delivery["data"] |= {"status": None, "signer": {"id": "signer_xyz789"}}
    notice = parsed(delivery)
    (signer,) = notice.signers
    assert (signer.type, signer.remote_id) == (act, "signer_xyz789")
    assert signer.occurred_at == datetime(2024, 1, 25, 14, 30, tzinfo=UTC)
    assert not notice.needs_fetch


@pytest.mark.parametrize("event", ["envelope.viewed", "envelope.signed", "envelope.declined"])
def test_an_act_of_nobody_causes_a_look(delivery: dict[str, Any], event: str) -> None:
    """Somebody did it; only the envelope itself can tell who."""
    delivery["event"] = event
    del delivery["data"]["signer"]
    notice = parsed(delivery)
    assert notice.signers == ()
    assert notice.needs_fetch


def test_a_signer_may_have_done_more_than_the_event_tells(delivery: dict[str, Any]) -> None:
    """Viewed, told late: by then the signer had signed. Both are known from it."""
    delivery["event"] = "envelope.viewed"
    notice = parsed(delivery)
    assert [each.type for each in notice.signers] == ["signer.viewed", "signer.signed"]


def test_declined_has_its_signer_and_reason(delivery: dict[str, Any]) -> None:
    """One signer's no ends the envelope."""
    delivery["event"] = "envelope.declined"
    delivery["data"] |= {
        "status": "DECLINED",
        "signer": {"id": "s", "declinedAt": "2024-01-25T14:29:59Z", "declineReason": "Too dear"},
    }
    notice = parsed(delivery)
    assert notice.status is EnvelopeStatus.DECLINED
    (signer,) = notice.signers
    assert (signer.type, signer.reason) == (EventType.SIGNER_DECLINED, "Too dear")
    assert signer.occurred_at == datetime(2024, 1, 25, 14, 29, 59, tzinfo=UTC)
    assert not notice.needs_fetch


@pytest.mark.parametrize(
    ("event", "status", "needs_fetch"),
    [
        ("envelope.sent", EnvelopeStatus.SENT, False),
        ("envelope.expired", EnvelopeStatus.EXPIRED, False),
        ("envelope.cancelled", EnvelopeStatus.CANCELLED, False),
        ("envelope.completed", EnvelopeStatus.FINALIZING, True),
        ("envelope.archived", None, True),
        ("", None, True),
    ],
)
def test_events_of_the_envelope(
    event: str, status: EnvelopeStatus | None, *, needs_fetch: bool
) -> None:
    """Completed is finalizing until a look finds the file; an unknown event causes a look."""
    for name, time in (("event", "timestamp"), ("type", "createdAt")):
        body = {name: event, time: "2024-01-25T14:30:00Z", "data": {"envelopeId": "env_1"}}
        notice = parsed(body)
        assert (notice.status, notice.needs_fetch) == (status, needs_fetch)
        assert notice.occurred_at == datetime(2024, 1, 25, 14, 30, tzinfo=UTC)


def test_a_files_key_in_a_delivery_is_not_trusted(other_delivery: dict[str, Any]) -> None:
    """One page calls the signed file documentStorageKey: only the fetched envelope can tell."""
    other_delivery["type"] = "envelope.completed"
    other_delivery["data"] |= {
        "status": "COMPLETED",
        "completedAt": "2024-01-25T14:30:01Z",
        "documentStorageKey": "signed.pdf",
        "signedDocumentStorageKey": "signed.pdf",
    }
    notice = parsed(other_delivery)
    assert (notice.status, notice.needs_fetch) == (EnvelopeStatus.FINALIZING, True)
    assert notice.occurred_at == datetime(2024, 1, 25, 14, 30, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("event", "word", "needs_fetch"),
    [
        ("envelope.signed", "COMPLETED", True),
        ("envelope.signed", "CANCELLED", True),
        ("envelope.signed", "ARCHIVED", True),
        ("envelope.signed", "SENT", False),
        ("envelope.declined", "DECLINED", False),
        ("envelope.declined", "CANCELLED", True),
        ("envelope.sent", "IN_PROGRESS", False),
    ],
)
def test_a_status_beside_the_event_only_causes_a_look(
    delivery: dict[str, Any], event: str, word: str, *, needs_fetch: bool
) -> None:
    """The event moves state by itself; more than it tells has to be seen."""
    delivery["event"] = event
    delivery["data"]["status"] = word
    assert parsed(delivery).needs_fetch is needs_fetch


@pytest.mark.parametrize("body", [{}, {"data": {}}, {"event": "envelope.completed"}])
def test_a_delivery_about_no_envelope_causes_no_look(body: dict[str, Any]) -> None:
    """There would be nothing to look at."""
    notice = parsed(body)
    assert notice.remote_id is None
    assert not notice.needs_fetch


def test_a_secret_in_a_delivery_is_taken_out(delivery: dict[str, Any]) -> None:
    """No delivery is known to have it; if one has, `raw` has not."""
    delivery["data"]["webhookSecret"] = "canary"
    assert "canary" not in str(parsed(delivery).raw)


@pytest.mark.promise("R8")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"1",
        b"\xff",
        b"{",
        b'{"event": 1}',
        b'{"data": []}',
        b'{"data": null}',
        b'{"data": {"envelopeId": 5}}',
        b'{"data": {"signer": "x"}}',
        b'{"data": {"signers": {}}}',
        b'{"data": {"signers": [1]}}',
        b'{"id": {}}',
        b'{"event": "a", "event": "b"}',
        b"[" * 100,
        b'{"event": NaN}',
    ],
)
def test_what_cannot_be_read_has_one_error(body: bytes) -> None:
    """It is kept as it came, never a crash; the reason has no value of the body in it."""
    with pytest.raises(BadJson):
        PenvioWebhooks().parse(WebhookRequest({}, body))


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text()
        | st.sampled_from(["envelope.signed"]),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "event",
                        "type",
                        "id",
                        "timestamp",
                        "createdAt",
                        "data",
                        "signer",
                        "signers",
                        "status",
                        "envelopeId",
                        "signedAt",
                    ]
                ),
                inner,
            )
        ),
    )
)
def test_any_json_is_read_or_refused(body: Any) -> None:
    """Whatever comes, it is a notice or `BadJson`."""
    try:
        notice = parsed(body)
    except BadJson:
        return
    assert notice.raw == body
