"""What is known of the accounts themselves: whether their deliveries arrive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, case, func, select
from sqlalchemy.dialects import postgresql, sqlite

from esign_core.journal import codec
from esign_core.journal.schema import connections, envelopes, work
from esign_core.journal.sql import POSTGRESQL, Compiled, greatest_of
from esign_core.model import WorkKind

_GET = Compiled(
    select(connections.c.heard_at, connections.c.missed_at, connections.c.listed_at).where(
        connections.c.name == bindparam("account")
    )
)
_AWAITING = [
    kind.value
    for kind in (WorkKind.REFRESH, WorkKind.POLL_JOB, WorkKind.DISPATCH, WorkKind.LOOK_UP)
]


@dataclass(frozen=True)
class Hearing:
    """How far an account is heard of."""

    heard_at: datetime | None = None
    """When a proven delivery about an envelope came last, to the minute."""
    missed_at: datetime | None = None
    """When a look last found news that a delivery should have brought."""
    listed_at: datetime | None = None
    """When the listing of its envelopes began that went well last."""


class Connections:
    """The table, inside one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> Hearing:
        """What is known of an account."""
        row = _GET.run(self._connection, account=name).fetchone()
        if row is None:
            return Hearing()
        return Hearing(*(codec.load_time(at) if at is not None else None for at in row))

    def open_since(self, name: str) -> datetime | None:
        """When the oldest of an account's envelopes was made of which news are awaited."""
        query = (
            select(func.min(envelopes.c.created_at))
            .join(work, work.c.subject == envelopes.c.id)
            .where((work.c.connection == name) & work.c.kind.in_(_AWAITING))
        )
        at = self._connection.execute(query).scalar()
        return codec.load_time(at) if at is not None else None

    def hear(self, name: str, at: datetime) -> None:
        """A proven delivery came."""
        self._set(name, "heard_at", at)

    def miss(self, name: str, at: datetime) -> None:
        """News were found that no delivery had brought."""
        self._set(name, "missed_at", at)

    def list(self, name: str, at: datetime) -> None:
        """All of its envelopes were listed as they were then, or later."""
        self._set(name, "listed_at", at)

    def _set(self, name: str, column: str, at: datetime) -> None:
        """Times never go back, whoever writes last."""
        statement = _moving(self._connection.dialect.name, column)
        _ = statement.run(self._connection, account=name, told=codec.dump_time(at))


@cache
def _moving(dialect: str, column: str) -> Compiled:
    insert = postgresql.insert if dialect == POSTGRESQL else sqlite.insert
    known: ColumnElement[Any] = connections.c[column]
    told: ColumnElement[Any] = bindparam("told")
    statement = insert(connections).values({"name": bindparam("account"), column: told})
    later = case((known.is_(None), told), else_=greatest_of(dialect)(known, told))
    return Compiled(statement.on_conflict_do_update(index_elements=["name"], set_={column: later}))
