from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from esign_core.errors import WebhookRejected
from esign_core.model import Authenticity, EnvelopeStatus, WebhookRequest
from esign_penneo.signature import Signature
from esign_penneo.webhooks import PenneoWebhooks

SECRET = b"webhook-secret-canary"
SENT_AT = 1739970116
NOW = datetime.fromtimestamp(SENT_AT + 2, UTC)
BODY = (
    b'{"topic":"casefile","eventType":"completed","eventTime":{"date":"2025-02-19 '
    b'13:01:55.517791","timezone_type":3,"timezone":"UTC"},"payload":{"id":531,"status":2}}'
)
"""The vendor's own sample."""

Delivery = Callable[..., WebhookRequest]


def test_a_good_signature_is_proof(webhooks: PenneoWebhooks, delivery: Delivery) -> None:
    """It covers body, time and headers."""
    found = webhooks.verify(delivery(), [SECRET], NOW)
    assert found.authenticity is Authenticity.SIGNED_FRESH
    assert not found.is_late


def test_the_construction_is_the_documented_one(webhooks: PenneoWebhooks) -> None:
    """A digest made once with another tool, so that test and code cannot be wrong together."""
    digest = "100bed3bb12e112f454fce1de23267e7e85a1f45b35c92ac0006a80278dfff62"
    headers = {
        "X-Event-Id": "0194-ab",
        "X-Event-Type": "sign.casefile.completed",
        "X-Event-Signature": f"t=1739970116,h=x-event-id x-event-type,v1={digest}",
    }
    request = WebhookRequest.of(headers, BODY)
    assert webhooks.verify(request, [b"secret"], NOW).authenticity is Authenticity.SIGNED_FRESH


@pytest.mark.promise("A3")
def test_any_of_several_secrets_verifies(webhooks: PenneoWebhooks, delivery: Delivery) -> None:
    """Secrets can be changed while deliveries come in; one that is taken out is refused."""
    assert not webhooks.verify(delivery(), [b"new", SECRET], NOW).is_late
    with pytest.raises(WebhookRejected) as caught:
        webhooks.verify(delivery(), [b"new"], NOW)
    assert caught.value.reason == "wrong_signature"


@pytest.mark.promise("A5")
@pytest.mark.parametrize(
    ("seconds", "is_late"), [(300, False), (-300, False), (301, True), (-301, True)]
)
def test_a_signature_out_of_time_is_late(
    webhooks: PenneoWebhooks, delivery: Delivery, seconds: int, *, is_late: bool
) -> None:
    """Past or future by more than five minutes: a hint and no more."""
    now = datetime.fromtimestamp(SENT_AT, UTC) + timedelta(seconds=seconds)
    assert webhooks.verify(delivery(), [SECRET], now).is_late is is_late


def test_a_signature_does_not_show_its_digest(delivery: Delivery) -> None:
    """It may be written to a log by accident."""
    signature = Signature.of(delivery())
    assert signature is not None
    assert f"{SENT_AT}" in repr(signature)
    assert signature.digest not in f"{signature} {signature!r}"


def test_an_unsigned_delivery_proves_nothing(webhooks: PenneoWebhooks) -> None:
    """The legacy service signs nothing; whether such are taken is not decided here."""
    found = webhooks.verify(WebhookRequest.of({}, BODY), [SECRET], NOW)
    assert found.authenticity is Authenticity.NONE


def test_a_signature_without_a_secret_to_check_it_is_refused(
    webhooks: PenneoWebhooks, delivery: Delivery
) -> None:
    """It may be forged, and nobody can tell."""
    with pytest.raises(WebhookRejected) as caught:
        webhooks.verify(delivery(), [], NOW)
    assert caught.value.reason == "no_secret"


@pytest.mark.promise("A4")
def test_any_flipped_bit_of_what_is_signed_is_refused(
    webhooks: PenneoWebhooks, delivery: Delivery
) -> None:
    """Body, event id, event type and signature: every bit of them."""
    good = delivery()
    for i in range(len(good.body) * 8):
        body = bytearray(good.body)
        body[i // 8] ^= 1 << i % 8
        with pytest.raises(WebhookRejected):
            webhooks.verify(WebhookRequest(good.headers, bytes(body)), [SECRET], NOW)
    for name, value in good.headers.items():
        for i in range(len(value) * 8):
            text = bytearray(value.encode())
            text[i // 8] ^= 1 << i % 8
            headers = {**good.headers, name: text.decode("latin-1")}
            with pytest.raises(WebhookRejected):
                webhooks.verify(WebhookRequest(headers, good.body), [SECRET], NOW)


@pytest.mark.promise("A1")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "t",
        "v1=",
        "t=1,v1=" + "a" * 63,
        "t=1,v1=" + "A" * 64,
        "t=1,v1=" + "é" * 64,
        "t=x,h=,v1=" + "a" * 64,
        "t=-1,h=,v1=" + "a" * 64,
        "t=\u0661,h=,v1=" + "a" * 64,
        "t=" + "9" * 13 + ",h=,v1=" + "a" * 64,
        "h=,v1=" + "a" * 64,
        "t=1,t=2,v1=" + "a" * 64,
        "t=1,h=a  b,v1=" + "a" * 64,
        "t=1,h=a.b,v1=" + "a" * 64,
        "t=1,v0=" + "a" * 64,
    ],
)
def test_a_malformed_signature_has_its_own_reason(webhooks: PenneoWebhooks, text: str) -> None:
    """Whatever it is, it is refused and nothing crashes."""
    request = WebhookRequest.of({"x-event-signature": text}, BODY)
    with pytest.raises(WebhookRejected) as caught:
        webhooks.verify(request, [SECRET], NOW)
    assert caught.value.reason == "malformed_signature"


def test_a_missing_header_that_is_signed_is_refused(
    webhooks: PenneoWebhooks, delivery: Delivery
) -> None:
    """What was signed must be there."""
    good = delivery()
    headers = {k: v for k, v in good.headers.items() if k != "x-event-id"}
    with pytest.raises(WebhookRejected) as caught:
        webhooks.verify(WebhookRequest(headers, good.body), [SECRET], NOW)
    assert caught.value.reason == "missing_header"


def test_a_signature_of_the_body_alone_is_taken_for_what_it_covers(
    webhooks: PenneoWebhooks, delivery: Delivery
) -> None:
    """Headers that are not signed decide nothing: the body's own words do."""
    request = delivery(names="", event="sign.casefile.failed")
    assert webhooks.verify(request, [SECRET], NOW).authenticity is Authenticity.SIGNED_FRESH
    (notice,) = webhooks.parse(request)
    assert (notice.status, notice.key) == (EnvelopeStatus.COMPLETED, None)


@pytest.mark.parametrize("value", ["smørrebrød", "日本"])
def test_a_header_with_other_letters_is_checked_as_it_was_sent(
    webhooks: PenneoWebhooks, value: str
) -> None:
    """Latin-1 as HTTP has it, or UTF-8 where a framework has decoded it."""
    sent = value.encode("latin-1" if value.isascii() or value[0] == "s" else "utf-8")
    digest = hmac.new(SECRET, b"1.x-a." + sent + b"." + BODY, hashlib.sha256).hexdigest()
    headers = {"x-a": value, "x-event-signature": f"t=1,h=x-a,v1={digest}"}
    assert webhooks.verify(WebhookRequest(headers, BODY), [SECRET], NOW).is_late
