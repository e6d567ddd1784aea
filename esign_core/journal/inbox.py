"""The inbox: each authentic delivery, raw, before anything is made of it."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, insert, literal_column, select, update

from esign_core.journal import codec
from esign_core.journal.delivery import DeliveryState, InboxEntry, entry_of
from esign_core.journal.rows import Rows
from esign_core.journal.schema import envelopes, inbox
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

_ENTRIES = select(inbox, envelopes.c.id.label("envelope_id")).outerjoin(
    envelopes, envelopes.c.n == inbox.c.envelope
)


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
        query = _ENTRIES.where(_unclaimed(connection, remote_id)).order_by(inbox.c.id)
        return [entry_of(row) for row in self._rows.connection.execute(query)]

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

    def list(
        self,
        *,
        connection: str | None = None,
        state: DeliveryState | None = None,
        envelope_id: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[InboxEntry]:
        """What was kept, the newest first; before an id, if one is given."""
        query = _ENTRIES.order_by(inbox.c.id.desc()).limit(limit)
        if connection is not None:
            query = query.where(inbox.c.connection == connection)
        if state is not None:
            query = query.where(inbox.c.state == state)
        if envelope_id is not None:
            query = query.where(envelopes.c.id == envelope_id)
        if before is not None:
            query = query.where(inbox.c.id < before)
        return [entry_of(row) for row in self._rows.connection.execute(query)]

    def get(self, delivery_id: int) -> InboxEntry | None:
        """A delivery by its id, if there is one."""
        row = self._rows.connection.execute(_ENTRIES.where(inbox.c.id == delivery_id)).first()
        return entry_of(row) if row is not None else None

    def mark(self, delivery_id: int, state: DeliveryState, error: str | None = None) -> None:
        """Something else was made of a delivery than before."""
        _ = self._rows.connection.execute(
            update(inbox).where(inbox.c.id == delivery_id).values(state=state, error=error)
        )

    def is_about(self, delivery_id: int, remote_id: str) -> None:
        """It turns out which envelope a delivery is about, by the vendor's id."""
        _ = self._rows.connection.execute(
            update(inbox).where(inbox.c.id == delivery_id).values(remote_id=remote_id)
        )

    def drop_raw(self, before: datetime, at: datetime, *, limit: int) -> int:
        """Drop headers and bodies of what came before a time; answers how many there were.

        What identifies a delivery stays, so that it is still known if it comes again.
        """
        old = (inbox.c.received_at < codec.dump_time(before)) & inbox.c.dropped_at.is_(None)
        chosen = select(inbox.c.id).where(old).order_by(inbox.c.received_at).limit(limit)
        return self.empty(inbox.c.id.in_(chosen.scalar_subquery()), at)

    def empty(self, which: ColumnElement[bool], at: datetime) -> int:
        """Drop headers and bodies; answers of how many deliveries."""
        done = self._rows.connection.execute(
            update(inbox)
            .where(which)
            .values(headers="{}", body=b"", dropped_at=codec.dump_time(at))
        )
        return done.rowcount

    def _has(self, envelope: int, digest: str) -> bool:
        if (envelope, digest) in self._kept:
            return True
        return self._rows.ask(_HAS, envelope=envelope, digest=digest).fetchone() is not None


def _unclaimed(connection: str, remote_id: str) -> ColumnElement[bool]:
    return (
        (inbox.c.envelope == literal_column("0"))  # as the index has it, which a value is not
        & (inbox.c.connection == connection)
        & (inbox.c.remote_id == remote_id)
    )
