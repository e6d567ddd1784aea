"""The table of envelopes: what was meant, what became of it, what is known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from esign_core.errors import Outcome, UnknownEnvelope
from esign_core.journal import codec
from esign_core.journal.rows import Rows
from esign_core.journal.schema import envelopes
from esign_core.journal.sealed import dump_job, load_job
from esign_core.journal.sql import Compiled
from esign_core.journal.vault import Vault
from esign_core.model import Envelope, EnvelopeStatus, Job

_NOT_READ = {"fingerprint", "intent", "job", "updated_at", "erased_at"}
_READ = [column for column in envelopes.c if column.name not in _NOT_READ]  # drafts can be long
_BY_ID = Compiled(select(*_READ).where(envelopes.c.id == bindparam("id")))
_BY_REMOTE_ID = Compiled(
    select(*_READ).where(
        (envelopes.c.connection == bindparam("connection"))
        & (envelopes.c.remote_id == bindparam("remote_id"))
    )
)
_BY_KEY = Compiled(
    select(*_READ, envelopes.c.fingerprint, envelopes.c.intent).where(
        (envelopes.c.tenant == bindparam("tenant")) & (envelopes.c.key == bindparam("key"))
    )
)
_FACTS = ("facts", "updated_at")
_IDENTITY = ("remote_id", "seats")
_THIS = update(envelopes).where(envelopes.c.n == bindparam("row"))
# A column that is set to what it is has its index written all the same.
_STORE_FACTS = Compiled(_THIS.values({name: bindparam(name) for name in _FACTS}))
_STORE = Compiled(_THIS.values({name: bindparam(name) for name in (*_FACTS, *_IDENTITY)}))
_JOB = Compiled(select(envelopes.c.job).where(envelopes.c.id == bindparam("id")))
_COLUMNS = (*(column.name for column in _READ), "fingerprint", "intent")


@cache
def _updating(columns: tuple[str, ...]) -> Compiled:
    told: dict[str, Any] = {column: bindparam(column) for column in columns}
    return Compiled(update(envelopes).where(envelopes.c.id == bindparam("which")).values(told))


@dataclass(frozen=True)
class Intent:
    """What was meant to be sent, as it was written down before the request."""

    envelope: Envelope
    fingerprint: str
    draft: Mapping[str, Any]
    """The draft in canonical form, without documents and secrets."""


@dataclass(slots=True)
class _Known:
    """An envelope that this transaction has seen."""

    number: int
    envelope: Envelope
    written: Envelope
    """As the table has it."""
    changed_at: datetime | None = None
    """When it was changed, if that is not written yet."""

    @property
    def has_new_facts_only(self) -> bool:
        """Whether all the rest is as the table has it, as nearly always."""
        there, here = self.written, self.envelope
        return here.seats is there.seats and here.remote_id == there.remote_id


class Envelopes:
    """The table, inside one transaction.

    What is read once is kept, and what is known of an envelope is written once, at the end: a
    transaction is shared by many deliveries, often about the same few envelopes.
    """

    def __init__(self, rows: Rows, vault: Vault) -> None:
        self._rows = rows
        self._vault = vault
        self._known: dict[str, _Known] = {}
        self._by_remote_id: dict[tuple[str, str], _Known] = {}
        rows.before_flush(self._put_off)

    def add_intent(self, intent: Intent) -> None:
        """Write down what is about to be sent."""
        envelope = intent.envelope
        assert envelope.created_at is not None  # noqa: S101 - every envelope that is sent has it
        created_at = codec.dump_time(envelope.created_at)
        _ = self._rows.connection.execute(
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
        known = self._find(envelope_id)
        return known.envelope if known is not None else None

    def by_remote_id(self, connection: str, remote_id: str) -> Envelope | None:
        """An envelope by the vendor's id."""
        known = self._by_remote_id.get((connection, remote_id))
        if known is None:
            known = self._read(_BY_REMOTE_ID, connection=connection, remote_id=remote_id)
        return known.envelope if known is not None else None

    def intent(self, tenant: str, key: str) -> Intent | None:
        """What was meant to be sent under a key."""
        self._rows.flush()
        row = self._row(_BY_KEY, tenant=tenant, key=key)
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
        for row in self._rows.connection.execute(query).mappings():
            if len(found) >= limit:
                break
            envelope = codec.load_envelope(dict(row))
            if status is None or envelope.status is status:  # computed from facts, not a column
                found.append(envelope)
        return found

    def settle(self, envelope: Envelope, outcome: Outcome, failure: str | None = None) -> Envelope:
        """Write down whether sending happened. What was not done frees its key."""
        key = None if outcome is Outcome.NOT_DONE else envelope.key
        self._update(envelope.id, outcome=outcome.value, failure=failure, key=key)
        return replace(envelope, outcome=outcome, failure=failure, key=key)

    def store(self, envelope: Envelope, at: datetime) -> int:
        """Store what is known now; answers the row's number."""
        known = self._find(envelope.id)
        assert known is not None  # noqa: S101 - what is stored was read from here
        known.envelope = envelope
        known.changed_at = at
        if envelope.remote_id is not None:
            self._by_remote_id[envelope.connection, envelope.remote_id] = known
        return known.number

    def set_job(self, envelope_id: str, job: Job | None) -> None:
        """Keep, or forget, the handle of an envelope that the vendor is still making."""
        told = dump_job(self._vault, envelope_id, job) if job is not None else None
        self._update(envelope_id, job=told)

    def job(self, envelope_id: str) -> Job | None:
        """The handle of an envelope that the vendor is still making.

        Raises:
            SecretsLocked: It is sealed, and no key opens it.
        """
        row = self._rows.ask(_JOB, id=envelope_id).fetchone()
        text = row[0] if row is not None else None
        return load_job(self._vault, envelope_id, text) if text is not None else None

    def number(self, envelope: Envelope | None) -> int:
        """The row's number; 0 for no envelope."""
        if envelope is None:
            return 0
        known = self._find(envelope.id)
        assert known is not None  # noqa: S101 - as in `store`
        return known.number

    def forget(self, envelope_id: str) -> None:
        """Read an envelope anew when it is asked for: its row is being changed."""
        known = self._known.pop(envelope_id, None)
        if known is not None and known.envelope.remote_id is not None:
            _ = self._by_remote_id.pop((known.envelope.connection, known.envelope.remote_id), None)

    def _update(self, envelope_id: str, **values: Any) -> None:
        self._rows.flush()
        self.forget(envelope_id)
        done = self._rows.ask(_updating(tuple(values)), which=envelope_id, **values)
        assert done.rowcount == 1  # noqa: S101 - envelopes are never deleted

    def _find(self, envelope_id: str) -> _Known | None:
        return self._known.get(envelope_id) or self._read(_BY_ID, id=envelope_id)

    def _read(self, statement: Compiled, **values: Any) -> _Known | None:
        row = self._row(statement, **values)
        if row is None:
            return None
        known = self._known.get(row["id"])
        if known is None:
            envelope = codec.load_envelope(row)
            known = self._known[envelope.id] = _Known(row["n"], envelope, envelope)
            if envelope.remote_id is not None:
                self._by_remote_id[envelope.connection, envelope.remote_id] = known
        return known

    def _row(self, statement: Compiled, **values: Any) -> dict[str, Any] | None:
        found = self._rows.ask(statement, **values).fetchone()
        return dict(zip(_COLUMNS, found, strict=False)) if found is not None else None

    def _put_off(self) -> None:
        for known in self._known.values():
            if known.changed_at is None:
                continue
            row: dict[str, Any] = {
                "row": known.number,
                "facts": codec.dump_facts(known.envelope),
                "updated_at": codec.dump_time(known.changed_at),
            }
            if known.has_new_facts_only:
                self._rows.put_off(_STORE_FACTS, row)
            else:
                row["remote_id"] = known.envelope.remote_id
                row["seats"] = codec.dump_seats(known.envelope)
                self._rows.put_off(_STORE, row)
            known.written, known.changed_at = known.envelope, None
