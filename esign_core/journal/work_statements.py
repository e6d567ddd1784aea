"""What workers ask of the table of work all the time: compiled once, a third of the cost."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from esign_core.journal.schema import work
from esign_core.journal.sql import POSTGRESQL, Compiled, least_of
from esign_core.model import WorkKind

ALIVE = work.c.dead_at.is_(None)
KNOWN = work.c.kind.in_([literal_column(f"'{kind.value}'") for kind in WorkKind])
"""A newer version may have planned what this one cannot do; it is left to that one."""
AS_CLAIMED = work.c.due_at == work.c.leased_until
"""Nobody has planned it anew since it was claimed."""
COLUMNS = tuple(work.c.keys())

_OURS = (work.c.id == bindparam("item")) & (work.c.leased_until == bindparam("lease"))
"""Still leased to who has claimed it."""


_THIS = (work.c.kind == bindparam("what")) & (work.c.subject == bindparam("whose"))


@cache
def next_due(count: int) -> Compiled:
    """When something is due next that nobody is at; without `count` connections, `c0`, `c1` ..."""
    return Compiled(
        select(work.c.due_at).where(_free(count)).order_by(work.c.due_at).limit(bindparam("most"))
    )


@cache
def next_free(count: int, *, quickest_first: bool) -> Compiled:
    """What is due by `at` and nobody is at; without `count` connections, `c0`, `c1` ...

    Of what is paused for equally short the newest comes first, or one that has just begun would
    wait for a thousand that have just begun too. Every other turn is for the oldest.
    """
    soonest = work.c.due_at
    order = (work.c.pause_seconds, soonest.desc()) if quickest_first else (soonest,)
    query = select(work).where((work.c.due_at <= bindparam("at")) & _free(count)).order_by(*order)
    return Compiled(query.limit(bindparam("most")).with_for_update(skip_locked=True))


IS_THERE = Compiled(select(work.c.id).where(_THIS))
IS_PLANNED = Compiled(select(work.c.id).where(_THIS & ALIVE))
DROP = Compiled(delete(work).where(_THIS))
CLAIM = Compiled(
    update(work)
    .where(work.c.id == bindparam("item"))
    .values(
        due_at=bindparam("until"),  # whoever plans it anew meanwhile moves this
        leased_until=bindparam("until"),
        attempts=work.c.attempts + 1,
    )
)
DONE = Compiled(delete(work).where(_OURS & AS_CLAIMED))
DONE_FOR_NOW = Compiled(
    update(work).where(_OURS).values(leased_until=null(), attempts=0, error=null())
)
RETRY = Compiled(
    update(work)
    .where(work.c.id == bindparam("item"))
    .values(
        due_at=bindparam("due"),
        attempts=0,
        pause_seconds=0,
        leased_until=case(
            (work.c.leased_until > bindparam("absurd"), null()), else_=work.c.leased_until
        ),
        dead_at=null(),
    )
)


def _planning(inserted: sqlite.Insert | postgresql.Insert, earlier: Any) -> Compiled:
    """What was given up lives again; what lives keeps its count of failures."""
    statement = inserted.values(
        kind=bindparam("kind"),
        subject=bindparam("subject"),
        connection=bindparam("connection"),
        due_at=bindparam("due_at"),
        attempts=0,
        pause_seconds=bindparam("pause_seconds"),
    )
    told = statement.excluded
    return Compiled(
        statement.on_conflict_do_update(
            index_elements=["kind", "subject"],
            set_={
                "due_at": earlier(work.c.due_at, told.due_at),
                "pause_seconds": told.pause_seconds,
                "attempts": case((ALIVE, work.c.attempts), else_=0),
                "error": case((ALIVE, work.c.error), else_=null()),
                "dead_at": null(),
            },
            # else nothing would change, as with most deliveries, and would be written all the same
            where=(told.due_at < work.c.due_at)
            | (told.pause_seconds != work.c.pause_seconds)
            | ~ALIVE,
        )
    )


PLAN = {
    "sqlite": _planning(sqlite.insert(work), func.min),
    POSTGRESQL: _planning(postgresql.insert(work), func.least),
}


@cache
def again(dialect: str, *, keeps_attempts: bool) -> Compiled:
    """It is to be done again at `due`, or sooner if it was planned so meanwhile."""
    planned_anew = least_of(dialect)(work.c.due_at, bindparam("due"))
    attempts = work.c.attempts if keeps_attempts else bindparam("tries")
    return Compiled(
        update(work)
        .where(_OURS)
        .values(
            pause_seconds=case((AS_CLAIMED, bindparam("pause")), else_=work.c.pause_seconds),
            due_at=case((AS_CLAIMED, bindparam("due")), else_=planned_anew),
            leased_until=null(),
            attempts=attempts,
            error=bindparam("why"),
        )
    )


def _free(count: int) -> ColumnElement[bool]:
    free = or_(work.c.leased_until.is_(None), work.c.leased_until <= bindparam("at"))
    free = free & ALIVE & KNOWN
    if not count:
        return free
    return free & work.c.connection.not_in([bindparam(f"c{i}") for i in range(count)])
