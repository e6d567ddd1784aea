"""What is known of the accounts themselves: whether their deliveries arrive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, func, select

from esign_core.journal import codec
from esign_core.journal.schema import connections, envelopes, work
from esign_core.journal.sql import greatest, upsert
from esign_core.model import WorkKind

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
        query = select(connections).where(connections.c.name == name)
        row = self._connection.execute(query).first()
        if row is None:
            return Hearing()
        times = (row.heard_at, row.missed_at, row.listed_at)
        return Hearing(*(codec.load_time(at) if at is not None else None for at in times))

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
        told = codec.dump_time(at)
        latest = greatest(self._connection, connections.c[column], told)
        known = connections.c[column].is_(None)
        statement = upsert(self._connection, connections).values(**{"name": name, column: told})
        _ = self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["name"], set_={column: case((known, told), else_=latest)}
            )
        )
