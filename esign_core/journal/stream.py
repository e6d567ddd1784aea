"""The stream of events, the observations it came from, and how far each consumer has read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from esign_core.journal import codec
from esign_core.journal.schema import counters, cursors, envelopes, events, observations
from esign_core.model import Event, Observation


class Stream:
    """The tables, inside one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, envelope: int, observation: Observation, new: Sequence[Event]) -> list[Event]:
        """Store an observation and the events that came of it; answers them with positions.

        Positions come from one counter row, changed in the writing transaction: commit order is
        position order, without gaps even after a rollback.
        """
        _ = self._connection.execute(
            insert(observations).values(envelope=envelope, body=codec.dump_observation(observation))
        )
        if not new:
            return []
        last: int = self._connection.execute(
            update(counters)
            .where(counters.c.name == "seq")
            .values(value=counters.c.value + len(new))
            .returning(counters.c.value)
        ).scalar_one()
        placed = [replace(event, seq=last - len(new) + i) for i, event in enumerate(new, start=1)]
        _ = self._connection.execute(
            insert(events),
            [
                {
                    "seq": event.seq,
                    "id": event.id,
                    "envelope": envelope,
                    "body": codec.dump_event(event),
                }
                for event in placed
            ],
        )
        return placed

    def read(
        self, *, after: int = 0, limit: int = 100, envelope_id: str | None = None
    ) -> list[Event]:
        """Events after a position, in order."""
        query = select(events.c.body).where(events.c.seq > after).order_by(events.c.seq)
        if envelope_id is not None:
            query = query.join(envelopes, envelopes.c.n == events.c.envelope)
            query = query.where(envelopes.c.id == envelope_id)
        rows = self._connection.execute(query.limit(limit)).scalars()
        return [codec.load_event(body) for body in rows]

    def last(self) -> int:
        """The position of the last event; 0 if there is none."""
        query = select(counters.c.value).where(counters.c.name == "seq")
        value: int = self._connection.execute(query).scalar_one()
        return value

    def observations(self, envelope_id: str) -> list[Observation]:
        """Everything that moved an envelope, in order."""
        query = (
            select(observations.c.body)
            .join(envelopes, envelopes.c.n == observations.c.envelope)
            .where(envelopes.c.id == envelope_id)
            .order_by(observations.c.id)
        )
        return [codec.load_observation(body) for body in self._connection.execute(query).scalars()]

    def cursor(self, consumer: str) -> int:
        """The position up to which a consumer has everything."""
        query = select(cursors.c.seq).where(cursors.c.consumer == consumer)
        return self._connection.execute(query).scalar_one_or_none() or 0

    def move_cursor(self, consumer: str, seq: int) -> None:
        """A consumer has everything up to a position. Cursors never go back."""
        statement = upsert(cursors).values(consumer=consumer, seq=seq)
        _ = self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["consumer"], set_={"seq": func.max(cursors.c.seq, seq)}
            )
        )
