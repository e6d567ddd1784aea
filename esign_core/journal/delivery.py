"""One delivery as the inbox keeps it, and what makes two deliveries the same."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row

from esign_core.journal import codec
from esign_core.model import Authenticity, WebhookRequest


class DeliveryState(StrEnum):
    """What was made of a delivery."""

    OBSERVED = "observed"
    """It was read, and moved an envelope if it had news."""
    HINT = "hint"
    """It proves nothing; the vendor is asked."""
    WAITING = "waiting"
    """It is about an envelope that is not known here, or not yet."""
    FOREIGN = "foreign"
    """It is about an envelope that is none of ours."""
    UNREADABLE = "unreadable"
    """It is authentic, and this version cannot read it."""
    EMPTY = "empty"
    """It is about no envelope: a test, a confirmation."""


@dataclass(frozen=True)
class InboxEntry:
    """One delivery, as it was kept."""

    id: int
    connection: str
    remote_id: str | None
    state: DeliveryState
    authenticity: Authenticity
    request: WebhookRequest
    received_at: datetime
    error: str | None = None
    """What kind of fault made it unreadable."""
    envelope_id: str | None = None
    """Our id of the envelope that it is about."""
    sha256: str | None = None
    """Of its body, as hex; None for what was kept by an earlier version."""
    dropped_at: datetime | None = None
    """When its headers and body were dropped; None while they are here."""

    def to_json(self) -> dict[str, Any]:
        """Everything about it but its headers and body, which tell of people."""
        return {
            "id": self.id,
            "connection": self.connection,
            "remote_id": self.remote_id,
            "envelope_id": self.envelope_id,
            "state": self.state.value,
            "authenticity": self.authenticity.value,
            "received_at": self.received_at.isoformat(),
            "error": self.error,
            "size": len(self.request.body),
            "sha256": self.sha256,
            "dropped_at": self.dropped_at.isoformat() if self.dropped_at is not None else None,
        }


def digest_of(
    connection: str, remote_id: str | None, key: str | None, body: bytes, *, place: int = 0
) -> str:
    """What makes two deliveries the same: the vendor's event id, or every byte of the body.

    Args:
        connection: The connection's name.
        remote_id: The vendor's id of the envelope.
        key: The vendor's id of the event.
        body: The delivery's body.
        place: How many with the same ids were before it in one delivery.
    """
    kind, told = (b"body", body) if key is None else (b"id", key.encode())
    parts = (connection.encode(), (remote_id or "").encode(), kind, b"%d" % place, told)
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def entry_of(row: Row[tuple[object, ...]]) -> InboxEntry:
    """A delivery from its row, with the envelope's id beside it."""
    return InboxEntry(
        id=row.id,
        connection=row.connection,
        remote_id=row.remote_id,
        state=DeliveryState(row.state),
        authenticity=Authenticity(row.authenticity),
        request=WebhookRequest(json.loads(row.headers), row.body),
        received_at=codec.load_time(row.received_at),
        error=row.error,
        envelope_id=row.envelope_id,
        sha256=row.sha256,
        dropped_at=codec.load_time(row.dropped_at) if row.dropped_at is not None else None,
    )
