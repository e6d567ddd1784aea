"""The deliveries of the vendor in memory: made, signed, checked and read."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from esign_core.errors import WebhookRejected
from esign_core.model import (
    Authenticity,
    EnvelopeStatus,
    EventType,
    Notice,
    SignerNotice,
    SignerStatus,
    Verified,
    WebhookRequest,
)
from esign_core.provider import Webhooks, read_json

SECRET = "fake-webhook-secret"  # noqa: S105 - of a vendor that does not exist
_BOUNDS = timedelta(minutes=5)
_SIGNER_EVENTS = {
    SignerStatus.VIEWED: EventType.SIGNER_VIEWED,
    SignerStatus.SIGNED: EventType.SIGNER_SIGNED,
    SignerStatus.DECLINED: EventType.SIGNER_DECLINED,
}


def signed(body: bytes, secret: str | None, at: datetime) -> WebhookRequest:
    """A delivery with a signature over its time and body; without a secret, with none."""
    headers = {"content-type": "application/json"}
    if secret is not None:
        headers["x-fake-time"] = at.isoformat()
        headers["x-fake-signature"] = _signature(secret.encode(), headers["x-fake-time"], body)
    return WebhookRequest(headers, body)


class FakeWebhooks(Webhooks):
    """Deliveries, signed over time and body."""

    def verify(self, request: WebhookRequest, secrets: Sequence[bytes], now: datetime) -> Verified:
        """How far it is proven."""
        given, at = request.header("x-fake-signature"), request.header("x-fake-time") or ""
        if given is None:
            return Verified(Authenticity.NONE)
        expected = [_signature(secret, at, request.body) for secret in secrets]
        if not any(hmac.compare_digest(given.encode(), each.encode()) for each in expected):
            raise WebhookRejected("wrong_signature", "the signature is wrong.")
        is_late = abs(now - datetime.fromisoformat(at)) > _BOUNDS
        return Verified(Authenticity.SIGNED_FRESH, is_late)

    def parse(self, request: WebhookRequest) -> Sequence[Notice]:
        """Each event as a notice."""
        return [_notice(event) for event in read_json(request.body)["events"]]


def _notice(event: Mapping[str, Any]) -> Notice:
    shown, at = event["envelope"], datetime.fromisoformat(event["at"])
    status = status_of(shown["status"])
    signers = [
        SignerNotice(
            _SIGNER_EVENTS[SignerStatus(each["status"])],
            remote_id=each["id"],
            name=each["name"],
            role=each["role"],
            occurred_at=at,
        )
        for each in shown["signers"]
        if each["status"] in _SIGNER_EVENTS
    ]
    return Notice(
        shown["id"],
        key=event["key"],
        status=status,
        signers=tuple(signers),
        occurred_at=at,
        needs_fetch=status is EnvelopeStatus.UNKNOWN,
        raw=event,
    )


def status_of(word: str) -> EnvelopeStatus:
    """The vendor's word, which is ours, or one that nobody knows."""
    try:
        return EnvelopeStatus(word)
    except ValueError:
        return EnvelopeStatus.UNKNOWN


def _signature(secret: bytes, at: str, body: bytes) -> str:
    return hmac.digest(secret, at.encode() + b"." + body, "sha256").hex()
