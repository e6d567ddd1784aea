"""Everything in the journal that is sealed, or should be: job handles and secrets."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from sqlalchemy import Connection, Table, delete, select, update

from esign_core.journal import codec
from esign_core.journal.schema import envelopes, secrets
from esign_core.journal.vault import Vault
from esign_core.model import Job
from esign_core.model.fingerprint import SLOW

_SEALED = "sealed:"
_HIDDEN = '"***"'  # how a stored draft shows its secrets

Key: TypeAlias = int | str
"""Where the next page begins: behind this row."""


class Seal(StrEnum):
    """How a value is stored."""

    CURRENT = "current"
    """Under the first key."""
    OLDER = "older"
    """Under another key that is known."""
    CLEAR = "clear"
    """Whoever reads the journal reads it."""
    LOCKED = "locked"
    """No key opens it."""


@dataclass(frozen=True)
class Entry:
    """One value as it is stored."""

    key: Key
    """The row's own."""
    place: str
    """What it is bound to: `job/env_...`, `token/acme`."""
    stored: str | bytes = field(repr=False)

    @property
    def is_token(self) -> bool:
        """Whether it is in the table of secrets, and can be asked for anew."""
        return isinstance(self.stored, bytes)

    @property
    def sealed(self) -> bytes | None:
        """What a vault opens; None if it is in clear."""
        if isinstance(self.stored, bytes):
            return self.stored
        prefix, found, rest = self.stored.partition(_SEALED)
        return rest.encode() if found and not prefix else None

    def seal(self, vault: Vault) -> Seal:
        """How it is stored."""
        if self.sealed is None:
            return Seal.CLEAR
        if vault.is_current(self.place, self.sealed):
            return Seal.CURRENT
        return Seal.OLDER if vault.opens(self.place, self.sealed) else Seal.LOCKED

    def sealed_anew(self, vault: Vault) -> bytes:
        """The same under the first key.

        Raises:
            SecretsLocked: No key opens it, or there is none.
        """
        if isinstance(self.stored, str) and self.sealed is None:
            return vault.seal(self.place, self.stored.encode())
        return vault.seal(self.place, vault.open(self.place, self.sealed or b""))

    def as_stored(self, sealed: bytes) -> str | bytes:
        """A sealed value as it is stored in the place of this one."""
        return sealed if isinstance(self.stored, bytes) else f"{_SEALED}{sealed.decode()}"


@dataclass(frozen=True)
class Searchable:
    """The fingerprint of a draft with secrets, as earlier versions stored it."""

    key: int
    envelope_id: str
    fingerprint: str = field(repr=False)


def dump_job(vault: Vault, envelope_id: str, job: Job) -> str:
    """A job's handle: sealed where there is a key, else in clear. It is always kept."""
    text = codec.dump_job(job)
    if not vault.has_key:
        return text
    return f"{_SEALED}{vault.seal(job_place(envelope_id), text.encode()).decode()}"


def load_job(vault: Vault, envelope_id: str, stored: str) -> Job:
    """`dump_job` read back.

    Raises:
        SecretsLocked: It is sealed, and no key opens it.
    """
    place = job_place(envelope_id)
    sealed = Entry(0, place, stored).sealed
    return codec.load_job(stored if sealed is None else vault.open(place, sealed).decode())


def job_place(envelope_id: str) -> str:
    """What the handle of an envelope is bound to."""
    return f"job/{envelope_id}"


class Sealed:
    """What is sealed, or should be, inside one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def jobs(self, after: Key | None, limit: int) -> list[Entry]:
        """Handles of jobs that the vendors are still at, in the order of their envelopes."""
        query = (
            select(envelopes.c.n, envelopes.c.id, envelopes.c.job)
            .where(envelopes.c.job.is_not(None) & (envelopes.c.n > (after or 0)))
            .order_by(envelopes.c.n)
            .limit(limit)
        )
        rows = self._connection.execute(query)
        return [Entry(row.n, job_place(row.id), row.job) for row in rows]

    def secrets(self, after: Key | None, limit: int) -> list[Entry]:
        """Secrets, by their names."""
        query = (
            select(secrets.c.name, secrets.c.value)
            .where(secrets.c.value.is_not(None) & (secrets.c.name > (after or "")))
            .order_by(secrets.c.name)
            .limit(limit)
        )
        return [Entry(row.name, row.name, row.value) for row in self._connection.execute(query)]

    def replace(self, entry: Entry, sealed: bytes) -> bool:
        """Store a value anew; False if it was changed meanwhile, and nothing is done."""
        table, key, value = _columns(entry)
        done = self._connection.execute(
            update(table)
            .where((key == entry.key) & (value == entry.stored))
            .values({value: entry.as_stored(sealed)})
        )
        return done.rowcount == 1

    def forget(self, entry: Entry) -> bool:
        """Remove a secret; False if it was changed meanwhile. Handles of jobs stay."""
        if not isinstance(entry.stored, bytes):
            return False
        is_it = (secrets.c.name == entry.key) & (secrets.c.value == entry.stored)
        return self._connection.execute(delete(secrets).where(is_it)).rowcount == 1

    def fingerprints(self, after: Key | None, limit: int) -> list[Searchable]:
        """Fingerprints against which numbers can be tried quickly."""
        print_, intent = envelopes.c.fingerprint, envelopes.c.intent
        query = (
            select(envelopes.c.n, envelopes.c.id, print_)
            .where(envelopes.c.n > (after or 0))
            .where(print_.is_not(None) & ~print_.startswith(SLOW, autoescape=True))
            .where(intent.contains(_HIDDEN, autoescape=True))
            .order_by(envelopes.c.n)
            .limit(limit)
        )
        rows = self._connection.execute(query)
        return [Searchable(row.n, row.id, row.fingerprint) for row in rows]

    def slow_down(self, found: Searchable, fingerprint: str) -> bool:
        """Store a fingerprint in its slow form; False if it was changed meanwhile."""
        is_it = (envelopes.c.n == found.key) & (envelopes.c.fingerprint == found.fingerprint)
        done = self._connection.execute(
            update(envelopes).where(is_it).values(fingerprint=fingerprint)
        )
        return done.rowcount == 1


def _columns(entry: Entry) -> tuple[Table, Any, Any]:
    if isinstance(entry.stored, bytes):
        return secrets, secrets.c.name, secrets.c.value
    return envelopes, envelopes.c.n, envelopes.c.job
