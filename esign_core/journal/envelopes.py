"""The table of envelopes: what was meant, what became of it, what is known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, select, update

from esign_core.errors import Outcome, UnknownEnvelope
from esign_core.journal import codec
from esign_core.journal.schema import envelopes
from esign_core.model import Envelope, EnvelopeStatus, Job


@dataclass(frozen=True)
class Intent:
    """What was meant to be sent, as it was written down before the request."""

    envelope: Envelope
    fingerprint: str
    draft: Mapping[str, Any]
    """The draft in canonical form, without documents and secrets."""


class Envelopes:
    """The table, inside one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_intent(self, intent: Intent) -> None:
        """Write down what is about to be sent."""
        envelope = intent.envelope
        assert envelope.created_at is not None  # noqa: S101 - every envelope that is sent has it
        created_at = codec.dump_time(envelope.created_at)
        _ = self._connection.execute(
            insert(envelopes).values(
                id=envelope.id,
                tenant=envelope.tenant,
                connection=envelope.connection,
                provider=envelope.provider,
                title=envelope.title,
                key=envelope.key,
                fingerprint=intent.fingerprint,
                intent=codec.dump_json(intent.draft),
                remote_id=envelope.remote_id,
                outcome=envelope.outcome,
                seats=codec.dump_seats(envelope),
                facts=codec.dump_facts(envelope),
                created_at=created_at,
                updated_at=created_at,
            )
        )

    def get(self, envelope_id: str) -> Envelope:
        """An envelope by our id.

        Raises:
            UnknownEnvelope: There is none.
        """
        envelope = self.find(envelope_id)
        if envelope is None:
            raise UnknownEnvelope(
                f'the journal has no envelope "{envelope_id}". `esign list` shows those it has.'
            )
        return envelope

    def find(self, envelope_id: str) -> Envelope | None:
        """An envelope by our id, if there is one."""
        row = self._row(envelopes.c.id == envelope_id)
        return codec.load_envelope(row) if row is not None else None

    def by_remote_id(self, connection: str, remote_id: str) -> Envelope | None:
        """An envelope by the vendor's id."""
        row = self._row(
            (envelopes.c.connection == connection) & (envelopes.c.remote_id == remote_id)
        )
        return codec.load_envelope(row) if row is not None else None

    def intent(self, tenant: str, key: str) -> Intent | None:
        """What was meant to be sent under a key."""
        row = self._row((envelopes.c.tenant == tenant) & (envelopes.c.key == key))
        if row is None:
            return None
        return Intent(codec.load_envelope(row), row["fingerprint"], json.loads(row["intent"]))

    def list(
        self,
        *,
        tenant: str | None = None,
        connection: str | None = None,
        status: EnvelopeStatus | None = None,
        outcome: Outcome | None = None,
        limit: int = 100,
    ) -> list[Envelope]:
        """Envelopes, the newest first."""
        query = select(envelopes).order_by(envelopes.c.n.desc())
        if tenant is not None:
            query = query.where(envelopes.c.tenant == tenant)
        if connection is not None:
            query = query.where(envelopes.c.connection == connection)
        if outcome is not None:
            query = query.where(envelopes.c.outcome == outcome)
        found: list[Envelope] = []
        for row in self._connection.execute(query).mappings():
            if len(found) >= limit:
                break
            envelope = codec.load_envelope(dict(row))
            if status is None or envelope.status is status:  # computed from facts, not a column
                found.append(envelope)
        return found

    def settle(self, envelope: Envelope, outcome: Outcome, failure: str | None = None) -> Envelope:
        """Write down whether sending happened. What was not done frees its key."""
        key = None if outcome is Outcome.NOT_DONE else envelope.key
        _ = self._update(envelope.id, outcome=outcome, failure=failure, key=key)
        return replace(envelope, outcome=outcome, failure=failure, key=key)

    def store(self, envelope: Envelope, at: datetime) -> int:
        """Store what is known now; answers the row's number."""
        return self._update(
            envelope.id,
            remote_id=envelope.remote_id,
            seats=codec.dump_seats(envelope),
            facts=codec.dump_facts(envelope),
            updated_at=codec.dump_time(at),
        )

    def set_job(self, envelope_id: str, job: Job | None) -> None:
        """Keep, or forget, the handle of an envelope that the vendor is still making."""
        _ = self._update(envelope_id, job=codec.dump_job(job) if job is not None else None)

    def job(self, envelope_id: str) -> Job | None:
        """The handle of an envelope that the vendor is still making."""
        query = select(envelopes.c.job).where(envelopes.c.id == envelope_id)
        text = self._connection.execute(query).scalar_one_or_none()
        return codec.load_job(text) if text is not None else None

    def number(self, envelope: Envelope | None) -> int:
        """The row's number; 0 for no envelope."""
        if envelope is None:
            return 0
        query = select(envelopes.c.n).where(envelopes.c.id == envelope.id)
        n: int = self._connection.execute(query).scalar_one()
        return n

    def _update(self, envelope_id: str, **values: Any) -> int:
        n: int = self._connection.execute(
            update(envelopes)
            .where(envelopes.c.id == envelope_id)
            .values(**values)
            .returning(envelopes.c.n)
        ).scalar_one()
        return n

    def _row(self, condition: ColumnElement[bool]) -> dict[str, Any] | None:
        found = self._connection.execute(select(envelopes).where(condition)).mappings().first()
        return dict(found) if found is not None else None
