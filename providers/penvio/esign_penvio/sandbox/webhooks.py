"""Webhooks, in both shapes that Penvio documents.

| | seed: the API page | page: the webhooks page |
|---|---|---|
| body | `event timestamp data` | `id type createdAt data` |
| signature | hex; only if the caller gave a secret | `sha256=` and hex; always |
| events | seven | the same without cancelled |

Which one is true nobody knows (X).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime
from enum import StrEnum
from typing import Any

from esign_core.sandbox import Delivery
from esign_penvio.sandbox.records import Envelope, Signer, stamp


class Shape(StrEnum):
    """Which of the two documents is followed."""

    SEED = "seed"
    PAGE = "page"


class EventName(StrEnum):
    """What Penvio tells. Source: E-Sign API v1, "Events" (V)."""

    SENT = "envelope.sent"
    VIEWED = "envelope.viewed"
    SIGNED = "envelope.signed"
    COMPLETED = "envelope.completed"
    DECLINED = "envelope.declined"
    EXPIRED = "envelope.expired"
    CANCELLED = "envelope.cancelled"


def to_delivery(
    event: EventName,
    envelope: Envelope,
    signer: Signer | None,
    now: datetime,
    *,
    shape: Shape,
    delivery_id: str,
    account_secret: str,
) -> Delivery | None:
    """The webhook about an event; None if nobody asked, or this shape does not know the event.

    `account_secret` signs where the caller gave no secret and the shape signs all the same.
    """
    if envelope.webhook_url is None:
        return None
    headers = {"content-type": "application/json", "user-agent": "Penvio-Webhooks/1.0"}
    if shape is Shape.SEED:
        body = _encoded(_seed(event, envelope, signer, now))
        if envelope.webhook_secret is not None:
            headers["X-Penvio-Signature"] = _digest(body, envelope.webhook_secret)
    elif event is EventName.CANCELLED:
        return None
    else:
        body = _encoded(_page(event, envelope, now, delivery_id))
        secret = envelope.webhook_secret or account_secret
        headers["X-Penvio-Signature"] = f"sha256={_digest(body, secret)}"
    return Delivery(envelope.webhook_url, headers, body, event, envelope.id)


def _seed(
    event: EventName, envelope: Envelope, signer: Signer | None, now: datetime
) -> dict[str, Any]:
    data: dict[str, Any] = {"envelopeId": envelope.id, "status": envelope.status}
    if signer is not None:
        data["signer"] = {
            "id": signer.id,
            "email": signer.email,
            "name": signer.name,
            "signedAt": stamp(signer.signed_at),
        }
    return {"event": event, "timestamp": stamp(now), "data": data}


def _page(event: EventName, envelope: Envelope, now: datetime, delivery_id: str) -> dict[str, Any]:
    signers = [
        {"id": s.id, "email": s.email, "status": s.status, "signedAt": stamp(s.signed_at)}
        for s in envelope.signers
    ]
    # that page calls the signed file `documentStorageKey`, which is the original elsewhere (X)
    document = envelope.key("signed.pdf" if envelope.has_files else "document.pdf")
    return {
        "id": delivery_id,
        "type": event,
        "createdAt": stamp(now),
        "data": {
            "envelopeId": envelope.id,
            "status": envelope.status,
            "completedAt": stamp(envelope.completed_at),
            "signers": signers,
            "documentStorageKey": document,
            "certificateStorageKey": (
                envelope.key("certificate.pdf") if envelope.has_files else None
            ),
        },
    }


def _encoded(data: dict[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def _digest(body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
