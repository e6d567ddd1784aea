"""The inbox: each authentic delivery, raw, before anything is made of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Row, bindparam, insert, select, update

from esign_core.journal import codec
from esign_core.journal.rows import Rows
from esign_core.journal.schema import inbox
from esign_core.journal.sql import Compiled
from esign_core.model import Authenticity, WebhookRequest

_NEVER_KEPT = {"authorization", "cookie", "proxy-authorization"}
_HAS = Compiled(
    select(inbox.c.id).where(
        (inbox.c.envelope == bindparam("envelope")) & (inbox.c.digest == bindparam("digest"))
    )
)
_KEEP = Compiled(
    insert(inbox).inline(),
    *(column.name for column in inbox.c if column.name not in {"id", "dropped_at"}),
)


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


class Inbox:
    """The table, inside one transaction."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._kept: set[tuple[int, str]] = set()
        """What this transaction has kept, written or put off."""

    def keep(
        self,
        request: WebhookRequest,
        *,
        envelope: int,
        digest: str,
        connection: str,
        remote_id: str | None,
        state: DeliveryState,
        authenticity: Authenticity,
        received_at: datetime,
        error: str | None = None,
    ) -> bool:
        """Keep a delivery as it came, for the envelope in that row; False if it is here already.

        What proves nothing never takes the place of what does: somebody could send a guess first.
        """
        if self._has(envelope, digest):
            return False
        if not authenticity.is_proof:
            digest = f"hint:{digest}"
            if self._has(envelope, digest):
                return False
        headers = {k: v for k, v in request.headers.items() if k not in _NEVER_KEPT}
        row = {
            "envelope": envelope,
            "digest": digest,
            "connection": connection,
            "remote_id": remote_id,
            "state": state.value,
            "authenticity": authenticity.value,
            "headers": codec.dump_json(headers),
            "body": request.body,
            "received_at": codec.dump_time(received_at),
            "error": error,
            "sha256": hashlib.sha256(request.body).hexdigest(),
        }
        self._rows.put_off(_KEEP, row)
        self._kept.add((envelope, digest))
        return True

    def waiting(self, connection: str, remote_id: str) -> list[InboxEntry]:
        """Deliveries about an envelope that was not known when they came, oldest first."""
        query = select(inbox).where(_unclaimed(connection, remote_id)).order_by(inbox.c.id)
        return [_entry(row) for row in self._rows.connection.execute(query)]

    def claim(
        self, entry: InboxEntry, envelope: int, state: DeliveryState, error: str | None = None
    ) -> None:
        """A delivery turns out to be about an envelope of ours."""
        self._kept.clear()  # it is about no other one any more
        _ = self._rows.connection.execute(
            update(inbox)
            .where(inbox.c.id == entry.id)
            .values(envelope=envelope, state=state, error=error)
        )

    def disown(self, connection: str, remote_id: str) -> None:
        """Deliveries turn out to be about an envelope that is none of ours."""
        _ = self._rows.connection.execute(
            update(inbox)
            .where(_unclaimed(connection, remote_id))
            .values(state=DeliveryState.FOREIGN)
        )

    def is_foreign(self, connection: str, remote_id: str) -> bool:
        """Whether it is known that an envelope is none of ours."""
        query = select(inbox.c.id).where(
            _unclaimed(connection, remote_id) & (inbox.c.state == DeliveryState.FOREIGN)
        )
        return self._rows.connection.execute(query.limit(1)).first() is not None

    def list(self, *, limit: int = 100) -> list[InboxEntry]:
        """What was kept, the newest first."""
        query = select(inbox).order_by(inbox.c.id.desc()).limit(limit)
        return [_entry(row) for row in self._rows.connection.execute(query)]

    def _has(self, envelope: int, digest: str) -> bool:
        if (envelope, digest) in self._kept:
            return True
        return self._rows.ask(_HAS, envelope=envelope, digest=digest).fetchone() is not None


def _unclaimed(connection: str, remote_id: str) -> ColumnElement[bool]:
    return (
        (inbox.c.envelope == 0)
        & (inbox.c.connection == connection)
        & (inbox.c.remote_id == remote_id)
    )


def _entry(row: Row[tuple[object, ...]]) -> InboxEntry:
    return InboxEntry(
        id=row.id,
        connection=row.connection,
        remote_id=row.remote_id,
        state=DeliveryState(row.state),
        authenticity=Authenticity(row.authenticity),
        request=WebhookRequest(json.loads(row.headers), row.body),
        received_at=codec.load_time(row.received_at),
        error=row.error,
    )
