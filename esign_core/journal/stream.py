"""The stream of events, the observations it came from, and how far each consumer has read."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, insert, select, update

from esign_core.journal import codec
from esign_core.journal.rows import Rows
from esign_core.journal.schema import counters, cursors, envelopes, events, observations
from esign_core.journal.sql import POSTGRESQL, Compiled, greatest, upsert
from esign_core.model import Event, Observation
from esign_core.model.making import changer

_at_place = changer(Event, "seq")
_LAST = Compiled(select(counters.c.value).where(counters.c.name == "seq"))
_READ = Compiled(
    select(events.c.body)
    .where(events.c.seq > bindparam("after"))
    .order_by(events.c.seq)
    .limit(bindparam("most"))
)
_READ_OF = Compiled(
    select(events.c.body)
    .join(envelopes, envelopes.c.n == events.c.envelope)
    .where((events.c.seq > bindparam("after")) & (envelopes.c.id == bindparam("whose")))
    .order_by(events.c.seq)
    .limit(bindparam("most"))
)
_CURSOR = Compiled(select(cursors.c.seq).where(cursors.c.consumer == bindparam("who")))
_MOVE_LAST = Compiled(
    update(counters).where(counters.c.name == "seq").values(value=bindparam("last"))
)
_OBSERVED = Compiled(insert(observations).inline(), "envelope", "body")
_HAPPENED = Compiled(insert(events).inline(), "seq", "id", "envelope", "body")


class Stream:
    """The tables, inside one transaction."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._last: int | None = None
        self._moved = False
        self.has_grown = False
        """Whether this transaction has added events."""
        rows.before_flush(self._put_off)

    def append(self, envelope: int, observation: Observation, new: Sequence[Event]) -> list[Event]:
        """Store an observation and the events that came of it; answers them with positions.

        Positions come from one counter row, which only one transaction at a time can have: commit
        order is position order, without gaps even after a rollback.
        """
        raw = codec.dump_json(observation.raw)  # what the vendor said is in each of its events
        body = codec.dump_observation(observation, raw)
        self._rows.put_off(_OBSERVED, {"envelope": envelope, "body": body})
        if not new:
            return []
        last = self.last()
        placed = [_at_place(event, seq) for seq, event in enumerate(new, start=last + 1)]
        for event in placed:
            row = {
                "seq": event.seq,
                "id": event.id,
                "envelope": envelope,
                "body": codec.dump_event(event, raw if event.raw is observation.raw else None),
            }
            self._rows.put_off(_HAPPENED, row)
        self._last = last + len(placed)
        self._moved = self.has_grown = True
        return placed

    def _put_off(self) -> None:
        if self._moved:
            self._rows.put_off(_MOVE_LAST, {"last": self._last})
            self._moved = False

    def read(
        self, *, after: int = 0, limit: int = 100, envelope_id: str | None = None
    ) -> list[Event]:
        """Events after a position, in order."""
        self._rows.flush()
        if envelope_id is None:
            rows = self._rows.ask(_READ, after=after, most=limit)
        else:
            rows = self._rows.ask(_READ_OF, after=after, most=limit, whose=envelope_id)
        return [codec.load_event(body) for (body,) in rows.fetchall()]

    def last(self) -> int:
        """The position of the last event; 0 if there is none."""
        if self._last is None:
            self._last = self._rows.ask(_LAST).fetchone()[0]
        assert self._last is not None  # noqa: S101 - the row is made with the tables
        return self._last

    def observations(self, envelope_id: str) -> list[Observation]:
        """Everything that moved an envelope, in order."""
        query = (
            select(observations.c.body)
            .join(envelopes, envelopes.c.n == observations.c.envelope)
            .where(envelopes.c.id == envelope_id)
            .order_by(observations.c.id)
        )
        bodies = self._rows.connection.execute(query).scalars()
        return [codec.load_observation(body) for body in bodies]

    def cursor(self, consumer: str) -> int:
        """The position up to which a consumer has everything."""
        self._rows.flush()
        row = self._rows.ask(_CURSOR, who=consumer).fetchone()
        return row[0] if row is not None else 0

    def cursors_in_sql(self) -> str:
        """The table of positions as any connection to this database can name it."""
        if self._rows.connection.dialect.name != POSTGRESQL:
            return cursors.name
        schema: str = self._rows.connection.exec_driver_sql(
            "SELECT quote_ident(current_schema())"
        ).scalar_one()
        return f"{schema}.{cursors.name}"

    def move_cursor(self, consumer: str, seq: int) -> None:
        """A consumer has everything up to a position. Cursors never go back."""
        statement = upsert(self._rows.connection, cursors).values(consumer=consumer, seq=seq)
        _ = self._rows.connection.execute(
            statement.on_conflict_do_update(
                index_elements=["consumer"],
                set_={"seq": greatest(self._rows.connection, cursors.c.seq, seq)},
            )
        )
