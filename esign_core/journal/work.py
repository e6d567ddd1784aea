"""What is still to do, when, and who is at it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, Row, delete, func, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from esign_core.journal import codec
from esign_core.journal.schema import work


class WorkKind(StrEnum):
    """What there can be to do."""

    POLL_JOB = "poll_job"
    """Ask what has become of an envelope that the vendor is making."""
    DISPATCH = "dispatch"
    """Send a draft that is stored at the vendor."""
    LOOK_UP = "look_up"
    """Look for an envelope of which nobody knows whether it was sent."""
    REFRESH = "refresh"
    """Look how an envelope stands."""
    IDENTIFY = "identify"
    """Look whose envelope a delivery was about."""


@dataclass(frozen=True)
class WorkItem:
    """One thing to do. There is at most one of a kind for a subject."""

    id: int
    kind: WorkKind
    subject: str
    """Our id of an envelope; for `identify`, the vendor's."""
    connection: str
    due_at: datetime
    attempts: int
    """How often it was begun, this time not counted."""
    pause_seconds: int
    """How long the last pause was."""
    error: str | None
    """What went wrong the last time."""
    leased_until: datetime | None = None
    """Until when it belongs to who has claimed it."""


_AS_CLAIMED = work.c.due_at == work.c.leased_until
"""Nobody has planned it anew since it was claimed."""


class Work:
    """The table, inside one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def plan(
        self,
        kind: WorkKind,
        subject: str,
        *,
        connection: str,
        due_at: datetime,
        pause_seconds: int = 0,
    ) -> None:
        """See that something is done at `due_at` at the latest; what is planned sooner stays."""
        due = codec.dump_time(due_at)
        statement = insert(work).values(
            kind=kind,
            subject=subject,
            connection=connection,
            due_at=due,
            attempts=0,
            pause_seconds=pause_seconds,
        )
        _ = self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["kind", "subject"],
                set_={"due_at": func.min(work.c.due_at, due), "pause_seconds": pause_seconds},
            )
        )

    def is_planned(self, kind: WorkKind, subject: str) -> bool:
        """Whether it is to be done, or being done, already."""
        query = select(work.c.id).where((work.c.kind == kind) & (work.c.subject == subject))
        return self._connection.execute(query).first() is not None

    def is_untried(self, kind: WorkKind, *, connection: str, due_by: datetime) -> bool:
        """Whether there is something of a kind that nobody has begun, and that was due by then."""
        query = select(work.c.id).where(
            (work.c.kind == kind)
            & (work.c.connection == connection)
            & (work.c.attempts == 0)
            & (work.c.due_at <= codec.dump_time(due_by))
        )
        return self._connection.execute(query.limit(1)).first() is not None

    def claim(self, now: datetime, lease: timedelta) -> WorkItem | None:
        """The most overdue thing that nobody is at; it is ours until the lease ends."""
        at = codec.dump_time(now)
        row = self._connection.execute(
            select(work).where((work.c.due_at <= at) & _free(at)).order_by(work.c.due_at).limit(1)
        ).first()
        if row is None:
            return None
        until = now + lease
        _ = self._connection.execute(
            update(work)
            .where(work.c.id == row.id)
            .values(
                due_at=codec.dump_time(until),  # whoever plans it anew meanwhile moves this
                leased_until=codec.dump_time(until),
                attempts=work.c.attempts + 1,
            )
        )
        return replace(_item(row), leased_until=until)

    def done(self, item: WorkItem) -> None:
        """It is done; unless it was planned anew while we were at it, nothing is left to do."""
        _ = self._connection.execute(delete(work).where(_ours(item) & _AS_CLAIMED))
        _ = self._connection.execute(
            update(work).where(_ours(item)).values(leased_until=None, attempts=0, error=None)
        )

    def again(
        self, item: WorkItem, due_at: datetime, pause_seconds: int, error: str | None = None
    ) -> None:
        """It is to be done again at `due_at`, or sooner if it was planned so meanwhile."""
        due = codec.dump_time(due_at)
        _ = self._connection.execute(
            update(work)
            .where(_ours(item) & _AS_CLAIMED)
            .values(due_at=due, pause_seconds=pause_seconds)
        )
        _ = self._connection.execute(
            update(work)
            .where(_ours(item))
            .values(due_at=func.min(work.c.due_at, due), leased_until=None, error=error)
        )

    def drop(self, kind: WorkKind, subject: str) -> None:
        """There is nothing to do any more."""
        _ = self._connection.execute(
            delete(work).where((work.c.kind == kind) & (work.c.subject == subject))
        )

    def next_due_at(self, now: datetime) -> datetime | None:
        """When there is something to do next that nobody is at; None for never."""
        query = select(func.min(work.c.due_at)).where(_free(codec.dump_time(now)))
        due = self._connection.execute(query).scalar()
        return codec.load_time(due) if due is not None else None

    def list(self, *, limit: int = 100) -> list[WorkItem]:
        """What is to do, the soonest first."""
        query = select(work).order_by(work.c.due_at).limit(limit)
        return [_item(row) for row in self._connection.execute(query)]


def _free(at: str) -> ColumnElement[bool]:
    return or_(work.c.leased_until.is_(None), work.c.leased_until <= at)


def _ours(item: WorkItem) -> ColumnElement[bool]:
    """Still leased to who has claimed it."""
    assert item.leased_until is not None  # noqa: S101 - `claim` has set it
    return (work.c.id == item.id) & (work.c.leased_until == codec.dump_time(item.leased_until))


def _item(row: Row[tuple[object, ...]]) -> WorkItem:
    return WorkItem(
        id=row.id,
        kind=WorkKind(row.kind),
        subject=row.subject,
        connection=row.connection,
        due_at=codec.load_time(row.due_at),
        attempts=row.attempts,
        pause_seconds=row.pause_seconds,
        error=row.error,
        leased_until=codec.load_time(row.leased_until) if row.leased_until else None,
    )
