from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from esign_core.model import EnvelopeStatus, EventType, Notice, WebhookRequest
from esign_core.provider import BadJson
from esign_penneo.webhooks import PenneoWebhooks

BODY = (
    b'{"topic":"casefile","eventType":"completed","eventTime":{"date":"2025-02-19 '
    b'13:01:55.517791","timezone_type":3,"timezone":"UTC"},"payload":{"id":531,"status":2}}'
)
"""The vendor's own sample."""

Delivery = Callable[..., WebhookRequest]


def test_the_vendors_sample_means_completed(webhooks: PenneoWebhooks, delivery: Delivery) -> None:
    """Its body pairs "completed" with the status of a rejected case file: the word counts."""
    assert webhooks.parse(delivery()) == [
        Notice(
            remote_id="531",
            key="0194-ab",
            status=EnvelopeStatus.COMPLETED,
            occurred_at=datetime(2025, 2, 19, 13, 1, 55, 517791, tzinfo=UTC),
            raw=json.loads(BODY),
        )
    ]


@pytest.mark.parametrize(
    ("event", "status", "needs_fetch"),
    [
        ("completed", EnvelopeStatus.COMPLETED, False),
        ("failed", EnvelopeStatus.FAILED, False),
        ("expired", EnvelopeStatus.EXPIRED, True),
        ("rejected", EnvelopeStatus.DECLINED, True),
        ("archived", None, True),
    ],
)
@pytest.mark.parametrize("is_signed", [True, False])
def test_a_case_files_event_is_its_status(
    webhooks: PenneoWebhooks,
    delivery: Delivery,
    event: str,
    status: EnvelopeStatus | None,
    *,
    needs_fetch: bool,
    is_signed: bool,
) -> None:
    """By header or by body, the same; who was late or said no is in the logs."""
    body = {"topic": "casefile", "eventType": event, "payload": {"id": 531, "status": 1}}
    request = (
        delivery(body, event=f"sign.casefile.{event}")
        if is_signed
        else WebhookRequest.of({}, json.dumps(body).encode())
    )
    (notice,) = webhooks.parse(request)
    assert (notice.remote_id, notice.status, notice.needs_fetch) == ("531", status, needs_fetch)


@pytest.mark.parametrize(
    ("event", "type_", "status", "needs_fetch"),
    [
        ("requestSent", EventType.SIGNER_NOTIFIED, None, False),
        ("requestOpened", EventType.SIGNER_NOTIFIED, None, False),
        ("opened", EventType.SIGNER_VIEWED, None, False),
        ("signed", EventType.SIGNER_SIGNED, None, False),
        ("rejected", EventType.SIGNER_DECLINED, None, False),
        ("reminderSent", EventType.SIGNER_REMINDED, None, False),
        ("undeliverable", EventType.SIGNER_UNDELIVERABLE, None, False),
        ("requestActivated", None, EnvelopeStatus.SENT, False),
        ("finalized", None, None, True),
        ("deleted", None, None, True),
        ("signedWithImageUploadAndNAP", None, None, True),
        ("transientBounce", None, None, False),
        ("danced", None, None, True),
    ],
)
def test_a_signers_event_is_about_one_signer(
    webhooks: PenneoWebhooks,
    delivery: Delivery,
    event: str,
    type_: EventType | None,
    status: EnvelopeStatus | None,
    *,
    needs_fetch: bool,
) -> None:
    """The payload's id is the signer's; the case file's is inside."""
    body = {
        "topic": "signer",
        "eventType": event,
        "eventTime": "2026-01-16T10:24:20Z",
        "payload": {"id": 71, "name": "Jane Doe", "caseFile": {"id": 531}},
    }
    (notice,) = webhooks.parse(delivery(body, event=f"sign.signer.{event}"))
    assert (notice.remote_id, notice.status, notice.needs_fetch) == ("531", status, needs_fetch)
    assert notice.occurred_at is None
    assert [signer.type for signer in notice.signers] == ([type_] if type_ else [])
    for signer in notice.signers:
        assert (signer.remote_id, signer.name, signer.email) == ("71", "Jane Doe", None)
        assert signer.occurred_at == datetime(2026, 1, 16, 10, 24, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    "payload",
    [
        {"caseFile": {"id": 531}},
        {"casefile": {"id": "531"}},
        {"caseFileId": 531},
        {"casefileId": 531},
        {"case_file_id": 531},
        {"caseFile": 531},
        {"casefile": "531"},
    ],
)
def test_the_case_file_of_a_signer_is_found_leniently(
    webhooks: PenneoWebhooks, delivery: Delivery, payload: dict[str, Any]
) -> None:
    """No document says where it is."""
    body = {"topic": "signer", "eventType": "signed", "payload": {"id": 71, **payload}}
    (notice,) = webhooks.parse(delivery(body, event="sign.signer.signed"))
    assert (notice.remote_id, notice.needs_fetch) == ("531", False)


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("sign.casefile.completed", {"status": 5}),
        ("sign.casefile.completed", {"id": True}),
        ("sign.casefile.completed", {"id": "../1"}),
        ("sign.casefile.completed", None),
        ("sign.signer.signed", {"id": 71}),
        ("sign.signer.signed", {"id": None, "caseFile": {"id": 531}}),
        ("sign.signer.signed", "text"),
        ("sign.novelty.came", {"id": 1}),
    ],
)
def test_what_lacks_an_id_is_asked_about(
    webhooks: PenneoWebhooks, delivery: Delivery, event: str, payload: Any
) -> None:
    """Nothing is guessed."""
    (notice,) = webhooks.parse(delivery({"topic": "x", "payload": payload}, event=event))
    assert notice.needs_fetch
    assert notice.remote_id in {None, "531"}


def test_a_test_delivery_is_about_nothing(webhooks: PenneoWebhooks, delivery: Delivery) -> None:
    """It may carry a sample of a case file, which is none."""
    request = delivery(BODY, event="webhook.subscription.test")
    (notice,) = webhooks.parse(request)
    assert (notice.remote_id, notice.status, notice.needs_fetch) == (None, None, False)
    assert notice.signers == ()


def test_a_body_may_name_its_event_with_dots(webhooks: PenneoWebhooks) -> None:
    """Where the short name has become the long one, it is the same event."""
    body = b'{"eventType":"sign.casefile.failed","payload":{"id":531}}'
    (notice,) = webhooks.parse(WebhookRequest.of({}, body))
    assert notice.status is EnvelopeStatus.FAILED


@pytest.mark.parametrize(
    ("time", "moment"),
    [
        ({"date": "2018-10-30 12:59:13.000000", "timezone": "UTC"}, "2018-10-30T12:59:13+00:00"),
        ({"date": "2018-10-30 12:59:13"}, "2018-10-30T12:59:13+00:00"),
        ({"date": "2018-10-30 12:59:13", "timezone": "+02:00"}, "2018-10-30T10:59:13+00:00"),
        ({"date": "2018-10-30 12:59:13", "timezone": "-0330"}, None),
        ({"date": "2018-10-30 12:59:13", "timezone": "-03:30"}, "2018-10-30T16:29:13+00:00"),
        (
            {"date": "2018-10-30 12:59:13", "timezone": "Europe/Copenhagen"},
            "2018-10-30T11:59:13+00:00",
        ),
        ({"date": "2018-10-30 12:59:13", "timezone": "Moon/Crater"}, None),
        ({"date": "yesterday", "timezone": "UTC"}, None),
        ({"timezone": "UTC"}, None),
        ("2018-10-30T12:59:13Z", "2018-10-30T12:59:13+00:00"),
        ("2018-10-30 12:59:13", "2018-10-30T12:59:13+00:00"),
        ("1540904353", "2018-10-30T12:59:13+00:00"),
        (1540904353, "2018-10-30T12:59:13+00:00"),
        (1e300, None),
        (0, None),
        (True, None),
        (None, None),
        ([1], None),
        ("soon", None),
    ],
)
def test_a_time_in_any_spelling_is_utc(
    webhooks: PenneoWebhooks, delivery: Delivery, time: Any, moment: str | None
) -> None:
    """What is no time spoils nothing else."""
    body = {"topic": "casefile", "eventType": "failed", "eventTime": time, "payload": {"id": 531}}
    (notice,) = webhooks.parse(delivery(body, event="sign.casefile.failed"))
    assert notice.occurred_at == (datetime.fromisoformat(moment) if moment else None)
    assert notice.remote_id == "531"


@pytest.mark.parametrize("body", [b"", b"[]", b"text", b"\xff", b'{"a":1,"a":2}'])
def test_an_unreadable_body_is_told(webhooks: PenneoWebhooks, body: bytes) -> None:
    """It is kept by the core if it is authentic."""
    with pytest.raises(BadJson):
        webhooks.parse(WebhookRequest.of({}, body))
    assert webhooks.confirmation_token(WebhookRequest.of({}, body)) is None


@pytest.mark.parametrize(
    ("body", "token"),
    [
        ({"Type": "SubscriptionConfirmation", "Token": "token-canary"}, "token-canary"),
        ({"confirmationToken": "token-canary"}, "token-canary"),
        ({"Type": "SubscriptionConfirmation", "Token": 7}, None),
        ({"Token": ""}, None),
        ({"topic": "casefile", "eventType": "completed", "token": "x"}, None),
    ],
)
def test_a_request_for_confirmation_is_known_by_its_token(
    webhooks: PenneoWebhooks, body: dict[str, Any], token: str | None
) -> None:
    """Both spellings, whatever the Content-Type; no event is taken for one."""
    request = WebhookRequest.of({"content-type": "text/plain"}, json.dumps(body).encode())
    assert webhooks.confirmation_token(request) == token


def test_a_request_for_confirmation_says_nothing_else(webhooks: PenneoWebhooks) -> None:
    """Its token is not kept."""
    body = b'{"Type":"SubscriptionConfirmation","Token":"token-canary"}'
    (notice,) = webhooks.parse(WebhookRequest.of({}, body))
    assert notice == Notice(remote_id=None, raw={"Type": "SubscriptionConfirmation"})


def test_a_notice_keeps_no_link_and_shows_no_address(
    webhooks: PenneoWebhooks, delivery: Delivery
) -> None:
    """Signing links and tokens are taken out; e-mails are in no repr."""
    body = {
        "topic": "signer",
        "eventType": "signed",
        "payload": {"id": 71, "email": "jane@example.com", "signingLink": "canary"},
    }
    (notice,) = webhooks.parse(delivery(body, event="sign.signer.signed"))
    assert notice.signers[0].email == "jane@example.com"
    assert "canary" not in str(notice.raw)
    assert "jane@" not in repr(notice)
