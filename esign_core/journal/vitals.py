"""What there is to know of a journal at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, literal_column, select, update

from esign_core.errors import Outcome
from esign_core.journal import codec
from esign_core.journal.rows import Rows
from esign_core.journal.schema import counters, envelopes, work

_MOST_DOUBTS = 1000
_SEQ = counters.c.name == "seq"


@dataclass(frozen=True)
class WorkCount:
    """How much there is to do."""

    due: int
    """Now, and nobody is at it."""
    overdue: int
    """Of that, for so long that nobody seems to work."""
    dead: int
    """Given up; a person has to look."""


class Vitals:
    """The tables, inside one transaction."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def prove_writable(self) -> None:
        """Write something that changes nothing: a full disk lets everything pass but that."""
        same = counters.c.value + 0
        _ = self._rows.connection.execute(update(counters).where(_SEQ).values(value=same))

    def work(self, now: datetime, late_before: datetime) -> WorkCount:
        """How much there is to do; overdue is what was due before `late_before`."""
        at = codec.dump_time(now)
        is_alive = work.c.dead_at.is_(None)
        is_free = work.c.leased_until.is_(None) | (work.c.leased_until <= at)
        is_due = is_alive & is_free & (work.c.due_at <= at)
        is_late = is_due & (work.c.due_at < codec.dump_time(late_before))
        query = select(_count(is_due), _count(is_late), _count(~is_alive))
        due, overdue, dead = self._rows.connection.execute(query).one()
        return WorkCount(due, overdue, dead)

    def doubts(self, before: datetime) -> int:
        """How many envelopes may have been sent, begun before that moment, and nobody knows.

        Of those that a person has given up none is counted, and at most a thousand are looked at.
        """
        is_uncertain = envelopes.c.outcome == literal_column(f"'{Outcome.UNCERTAIN.value}'")
        is_old = envelopes.c.created_at < codec.dump_time(before)
        query = select(envelopes).where(is_uncertain & is_old)
        query = query.order_by(envelopes.c.created_at.desc()).limit(_MOST_DOUBTS)
        rows = self._rows.connection.execute(query).mappings()
        return sum(codec.load_envelope(dict(row)).is_in_doubt for row in rows)


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)
