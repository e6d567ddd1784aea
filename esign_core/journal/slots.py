"""The table of budgets: for each, its slots and its line as JSON, and the clock they are told by.

A clock may be set back, and `time.monotonic` starts anew when the machine does: what was written
then keeps its distance from when it was written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, extract, func, literal, select, update

from esign_core.engine.budget import Budget, Claim, Out, Word
from esign_core.journal import schema
from esign_core.journal.sql import Compiled, upsert

_STALE_SECONDS = 60.0
"""A time that lies further ahead than this was written by another clock: no writer waits so long
for its turn."""

_budgets = schema.budgets
_LOCKED = select(_budgets.c.slots).where(_budgets.c.name == bindparam("named")).with_for_update()
_SERVER_TIME = extract("epoch", func.clock_timestamp())
_FIND = Compiled(_LOCKED)
_FIND_WITH_TIME = Compiled(_LOCKED.add_columns(_SERVER_TIME))
_KEEP = Compiled(
    update(_budgets)
    .where(_budgets.c.name == bindparam("named"))
    .values(slots=bindparam("told"), over_at=bindparam("over"))
)


class Budgets:
    """The table, inside one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def locked(
        self, names: Iterable[str], now: float | None
    ) -> tuple[Mapping[str, StoredBudget], float]:
        """Some budgets by name, which nobody else can read until the transaction ends.

        Args:
            names: Which. Rows are locked in their order, so that nobody waits in a circle.
            now: The time; None for that of the server.

        Returns:
            The budgets, and the time in all of them.
        """
        found: dict[str, StoredBudget] = {}
        times = [] if now is None else [now]
        for name in sorted(names):
            row = self._locked(name, with_time=now is None)
            found[name] = StoredBudget(row[0])
            times += map(float, row[1:])
        at = max(times)
        for stored in found.values():
            at = max(at, stored.catch_up(at))
        return found, at

    def keep(self, found: Mapping[str, StoredBudget], now: float) -> None:
        """Write down those that are not as they were read."""
        for name, stored in found.items():
            told = stored.changed(now)
            if told is not None:
                over_at = max(now, stored.budget.over_at())
                _ = _KEEP.run(self._connection, named=name, told=told, over=over_at)

    def sweep(self, now: float | None) -> None:
        """Forget budgets that nobody uses any more; there may be one for each id at the vendor."""
        time_now = _SERVER_TIME if now is None else literal(now)
        over = select(_budgets.c.name).where(_budgets.c.over_at <= time_now)
        over = over.order_by(_budgets.c.name).with_for_update(skip_locked=True)
        names = self._connection.execute(over).scalars().all()
        if names:
            _ = self._connection.execute(delete(_budgets).where(_budgets.c.name.in_(names)))

    def _locked(self, name: str, *, with_time: bool) -> Sequence[Any]:
        find = _FIND_WITH_TIME if with_time else _FIND
        while True:
            row: Sequence[Any] | None = find.run(self._connection, named=name).fetchone()
            if row is not None:
                return row
            new = upsert(self._connection, _budgets).values(name=name, slots="{}", over_at=0.0)
            _ = self._connection.execute(new.on_conflict_do_nothing())


class StoredBudget:
    """A budget as it is stored."""

    def __init__(self, text: str) -> None:
        told: dict[str, Any] = json.loads(text)
        self._written_at: float | None = told.pop("at", None)
        self._before = told
        self.budget = Budget(
            out={ticket: Out(*slot) for ticket, slot in told.get("out", {}).items()},
            back=dict(told.get("back", ())),
            line={ticket: Claim(*claim) for ticket, claim in told.get("line", {}).items()},
            word=Word(*told["word"]) if "word" in told else None,
        )

    def catch_up(self, now: float) -> float:
        """The time, which does not go back; unless its clock is another one than before."""
        if self._written_at is None or self._written_at <= now:
            return now
        if self._written_at <= now + _STALE_SECONDS:  # who wrote it had asked after us
            return self._written_at
        back = self._written_at - now
        self.budget.shift(-back)
        return now

    def changed(self, now: float) -> str | None:
        """The text to store; None if it is as it was."""
        budget = self.budget
        told: dict[str, Any] = {
            "out": {ticket: list(slot) for ticket, slot in budget.out.items()},
            "back": [[free_at, count] for free_at, count in budget.back.items()],
            "line": {ticket: list(claim) for ticket, claim in budget.line.items()},
            "word": list(budget.word) if budget.word is not None else None,
        }
        told = {name: value for name, value in told.items() if value}
        if told == self._before:
            return None
        return json.dumps({"at": now, **told}, separators=(",", ":"))
