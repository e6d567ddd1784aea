"""What is still to do, when, and who is at it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    case,
    delete,
    select,
    update,
)

from esign_core.journal import codec, work_statements
from esign_core.journal.rows import Rows
from esign_core.journal.schema import work
from esign_core.journal.work_statements import ALIVE, AS_CLAIMED, IS_THERE, KNOWN, PLAN
from esign_core.model import WorkItem, WorkKind

_LONGEST_LEASE = timedelta(days=1)
_NEVER = codec.dump_time(datetime(9999, 12, 31, tzinfo=UTC))
"""When what was given up is due: out of the way of what is looked through for work."""


class Work:
    """The table, inside one transaction."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.has_planned = False
        """Whether this transaction has planned something."""

    @property
    def _connection(self) -> Connection:
        return self._rows.connection

    def plan(
        self,
        kind: WorkKind,
        subject: str,
        *,
        connection: str,
        due_at: datetime,
        pause_seconds: int = 0,
    ) -> None:
        """See that something is done at `due_at` at the latest; what is planned sooner stays.

        What was given up is taken up again: to plan it is to have news of it. A time after the end
        of a lease that somebody has just now is not kept: whoever is at it says when it is due
        again, or that nothing is left.
        """
        self.has_planned = True
        row = {
            "kind": kind.value,
            "subject": subject,
            "connection": connection,
            "due_at": codec.dump_time(due_at),
            "pause_seconds": pause_seconds,
        }
        self._rows.put_off(PLAN[self._rows.dialect], row)

    def hurry(self, kind: WorkKind, connection: str, due_at: datetime) -> None:
        """See that everything of a kind is done at `due_at` at the latest, if it is to be done."""
        due = codec.dump_time(due_at)
        later = (work.c.kind == kind) & (work.c.connection == connection) & (work.c.due_at > due)
        _ = self._connection.execute(update(work).where(later & ALIVE).values(due_at=due))

    def is_planned(self, kind: WorkKind, subject: str) -> bool:
        """Whether it is to be done, or being done, already."""
        planned = work_statements.IS_PLANNED
        found = planned.run(self._connection, what=kind.value, whose=subject)
        return found.fetchone() is not None

    def is_there(self, kind: WorkKind, subject: str) -> bool:
        """Whether it is to be done, or was given up."""
        return IS_THERE.run(self._connection, what=kind.value, whose=subject).fetchone() is not None

    def subjects(self, kind: WorkKind) -> Sequence[str]:
        """What everything of a kind is about, what was given up included."""
        query = select(work.c.subject).where(work.c.kind == kind)
        return self._connection.execute(query).scalars().all()

    def is_untried(self, kind: WorkKind, *, connection: str, due_by: datetime) -> bool:
        """Whether there is something of a kind that nobody has tried, and that was due by then."""
        query = select(work.c.id).where(
            (work.c.kind == kind)
            & (work.c.connection == connection)
            & (work.c.attempts == 0)
            & work.c.error.is_(None)
            & (work.c.due_at <= codec.dump_time(due_by))
        )
        return self._connection.execute(query.limit(1)).first() is not None

    def claim(
        self,
        now: datetime,
        lease: timedelta,
        *,
        without: Collection[str] = (),
        rather_not: Collection[str] = (),
        quickest_first: bool = False,
    ) -> WorkItem | None:
        """Something that is due and that nobody is at; it is ours until the lease ends.

        Args:
            now: The time.
            lease: For how long.
            without: Connections that must wait.
            rather_not: Connections that had their turn; only if there is nothing for others.
            quickest_first: What was paused for the shortest time comes first, and not what has
                waited longest.
        """
        row = None
        if rather_not:
            row = self._next(now, {*without, *rather_not}, quickest_first=quickest_first)
        if row is None:
            row = self._next(now, without, quickest_first=quickest_first)
        if row is None:
            return None
        until = codec.dump_time(now + lease)
        _ = work_statements.CLAIM.run(self._connection, item=row["id"], until=until)
        return replace(_item(row), leased_until=now + lease)

    def renew(self, item: WorkItem, until: datetime) -> WorkItem | None:
        """The same item, ours until then; None if it is ours no longer."""
        due = codec.dump_time(until)
        renewed = self._connection.execute(
            update(work)
            .where(_ours(item))
            .values(due_at=case((AS_CLAIMED, due), else_=work.c.due_at), leased_until=due)
        )
        return replace(item, leased_until=until) if renewed.rowcount == 1 else None

    def done(self, item: WorkItem) -> None:
        """It is done; unless it was planned anew while we were at it, nothing is left to do."""
        ours = _keys(item)
        if work_statements.DONE.run(self._connection, **ours).rowcount == 0:
            _ = work_statements.DONE_FOR_NOW.run(self._connection, **ours)

    def again(
        self,
        item: WorkItem,
        due_at: datetime,
        pause_seconds: int,
        error: str | None = None,
        *,
        counts: bool = True,
    ) -> None:
        """It is to be done again at `due_at`, or sooner if it was planned so meanwhile.

        Args:
            item: What was claimed.
            due_at: When.
            pause_seconds: How long the pause is, for the next one to be computed from.
            error: What went wrong; without it, it went well.
            counts: Whether this try counts; else it has as many failures as before.
        """
        keeps = error is not None and counts
        tries = {} if keeps else {"tries": 0 if counts else item.attempts}
        _ = work_statements.again(self._connection.dialect.name, keeps_attempts=keeps).run(
            self._connection,
            **_keys(item),
            **tries,
            due=codec.dump_time(due_at),
            pause=pause_seconds,
            why=error,
        )

    def give_up(self, item: WorkItem, at: datetime, error: str) -> bool:
        """Nobody tries it any more, until there is news of it; False if there is news already."""
        given_up = self._connection.execute(
            update(work)
            .where(_ours(item) & AS_CLAIMED)
            .values(due_at=_NEVER, leased_until=None, error=error, dead_at=codec.dump_time(at))
        )
        return given_up.rowcount == 1

    def retry(self, id_: int, now: datetime) -> WorkItem | None:
        """What is done now, as if it had never failed; None if there is no such thing.

        A lease that nobody takes for so long was taken by a clock that went wrong; it ends.
        """
        told = {"due": codec.dump_time(now), "absurd": codec.dump_time(now + _LONGEST_LEASE)}
        _ = work_statements.RETRY.run(self._connection, item=id_, **told)
        return self.find(id_)

    def remove(self, id_: int) -> WorkItem | None:
        """What was to be done and is not any more; None if there is no such thing."""
        found = self.find(id_)
        _ = self._connection.execute(delete(work).where(work.c.id == id_))
        return found

    def drop(self, kind: WorkKind, subject: str) -> None:
        """There is nothing to do any more."""
        _ = work_statements.DROP.run(self._connection, what=kind.value, whose=subject)

    def next_due_at(self, now: datetime, *, without: Collection[str] = ()) -> datetime | None:
        """When there is something to do next that nobody is at; None for never."""
        statement = work_statements.next_due(len(without))
        at = codec.dump_time(now)
        row = statement.run(self._connection, at=at, **_numbered(without), most=1).fetchone()
        return codec.load_time(row[0]) if row is not None else None

    def find(self, id_: int) -> WorkItem | None:
        """One thing to do, by its number."""
        query = select(work).where((work.c.id == id_) & KNOWN)
        row = self._connection.execute(query).mappings().first()
        return _item(dict(row)) if row is not None else None

    def list(
        self, *, dead: bool | None = None, subject: str | None = None, limit: int = 100
    ) -> list[WorkItem]:
        """What is to do, the soonest first; what was given up at the end, or alone if asked."""
        query = select(work).where(KNOWN).order_by(work.c.due_at, work.c.id).limit(limit)
        if dead is not None:
            query = query.where(work.c.dead_at.is_not(None) if dead else ALIVE)
        if subject is not None:
            query = query.where(work.c.subject == subject)
        return [_item(dict(row)) for row in self._connection.execute(query).mappings()]

    def _next(
        self, now: datetime, without: Collection[str], *, quickest_first: bool
    ) -> dict[str, Any] | None:
        statement = work_statements.next_free(len(without), quickest_first=quickest_first)
        at = codec.dump_time(now)
        row = statement.run(self._connection, at=at, **_numbered(without), most=1).fetchone()
        return dict(zip(work_statements.COLUMNS, row, strict=True)) if row is not None else None


def _numbered(names: Collection[str]) -> dict[str, str]:
    return {f"c{i}": name for i, name in enumerate(sorted(names))}


def _keys(item: WorkItem) -> dict[str, Any]:
    """What says that it is still leased to who has claimed it."""
    assert item.leased_until is not None  # noqa: S101 - `claim` has set it
    return {"item": item.id, "lease": codec.dump_time(item.leased_until)}


def _ours(item: WorkItem) -> ColumnElement[bool]:
    """Still leased to who has claimed it."""
    assert item.leased_until is not None  # noqa: S101 - `claim` has set it
    return (work.c.id == item.id) & (work.c.leased_until == codec.dump_time(item.leased_until))


def _item(row: Mapping[str, Any]) -> WorkItem:
    return WorkItem(
        id=row["id"],
        kind=WorkKind(row["kind"]),
        subject=row["subject"],
        connection=row["connection"],
        due_at=codec.load_time(row["due_at"]),
        attempts=row["attempts"],
        pause_seconds=row["pause_seconds"],
        error=row["error"],
        leased_until=codec.load_time(row["leased_until"]) if row["leased_until"] else None,
        dead_at=codec.load_time(row["dead_at"]) if row["dead_at"] else None,
    )
