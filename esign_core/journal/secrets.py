"""The table of secrets: tokens of vendors, sealed; and who is asking for the next one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, select, update

from esign_core.journal import codec
from esign_core.journal.schema import secrets
from esign_core.journal.sql import upsert
from esign_core.journal.vault import Vault


@dataclass(frozen=True)
class Kept:
    """What is kept under one name."""

    secret: bytes | None
    """The secret, opened; None while there is none yet."""
    leased_until: datetime | None = None
    leased_by: str | None = None

    def is_leased_by_another(self, holder: str, now: datetime) -> bool:
        """Whether somebody else may change it, and nobody but them."""
        is_leased = self.leased_until is not None and self.leased_until > now
        return is_leased and self.leased_by != holder


class Secrets:
    """The table, inside one transaction."""

    def __init__(self, connection: Connection, vault: Vault) -> None:
        self._connection = connection
        self._vault = vault

    def get(self, name: str) -> Kept | None:
        """What is kept under a name.

        Raises:
            SecretsLocked: It is sealed, and no key opens it.
        """
        row = self._connection.execute(select(secrets).where(secrets.c.name == name)).first()
        return self._kept(row) if row is not None else None

    def put(self, name: str, secret: bytes, at: datetime) -> None:
        """Keep a secret in the place of any other.

        Raises:
            SecretsLocked: There is no key to seal it with.
        """
        row = {"value": self._vault.seal(name, secret), "updated_at": codec.dump_time(at)}
        statement = upsert(self._connection, secrets).values(name=name, **row)
        _ = self._connection.execute(
            statement.on_conflict_do_update(index_elements=["name"], set_=row)
        )

    def hold(self, name: str, at: datetime) -> Kept:
        """What is kept under a name; nobody else changes it before this transaction ends.

        Raises:
            SecretsLocked: It is sealed, and no key opens it.
        """
        statement = upsert(self._connection, secrets).values(
            name=name, updated_at=codec.dump_time(at)
        )
        _ = self._connection.execute(statement.on_conflict_do_nothing(index_elements=["name"]))
        query = select(secrets).where(secrets.c.name == name).with_for_update()
        return self._kept(self._connection.execute(query).one())

    def lease(self, name: str, holder: str | None, until: datetime | None) -> None:
        """Say who changes it next, and for how long they may take; or that nobody does."""
        _ = self._connection.execute(
            update(secrets)
            .where(secrets.c.name == name)
            .values(
                leased_by=holder,
                leased_until=codec.dump_time(until) if until is not None else None,
            )
        )

    def _kept(self, row: Row[tuple[object, ...]]) -> Kept:
        return Kept(
            self._vault.open(row.name, row.value) if row.value is not None else None,
            codec.load_time(row.leased_until) if row.leased_until is not None else None,
            row.leased_by,
        )
