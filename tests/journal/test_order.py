"""Why positions come from a counter row: three other ways, shown to lose events.

The reader remembers the last position it saw and asks for what is after it. Each history is played
with two writers on connections of their own, step by step.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from tests.databases import SERVER, expect_postgresql

_SEQUENCE: LiteralString = "INSERT INTO events (seq, name) VALUES (nextval('plain'), %s)"
_COUNTER: LiteralString = (
    "WITH next AS (UPDATE counter SET last = last + 1 RETURNING last)"
    " INSERT INTO events (seq, name) SELECT last, %s FROM next"
)
_AFTER: LiteralString = "SELECT seq, name FROM events WHERE seq > %s ORDER BY seq"
_AFTER_SETTLED: LiteralString = (
    "SELECT seq, name FROM events WHERE seq > %s"
    " AND xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY seq"
)


@dataclass
class Place:
    """A schema of its own, with a table of events; and a reader of it."""

    insert: LiteralString = _COUNTER
    select: LiteralString = _AFTER
    seen: list[str] = field(default_factory=list)
    at: int = 0
    schema: str = field(default_factory=lambda: f"esign_order_{secrets.token_hex(8)}")
    lines: list[Any] = field(default_factory=list)

    def line(self, *, autocommit: bool = False) -> psycopg.Connection[Any]:
        opened = psycopg.connect(
            SERVER, autocommit=autocommit, options=f"-csearch_path={self.schema}"
        )
        self.lines.append(opened)
        return opened

    def read(self) -> None:
        for seq, name in self.line(autocommit=True).execute(self.select, (self.at,)).fetchall():
            self.at = seq
            self.seen.append(name)

    def add_and_commit(self, line: psycopg.Connection[Any], name: str) -> None:
        self.add(line, name)
        line.commit()

    def forget(self) -> None:
        """Play again from the start."""
        self.line(autocommit=True).execute("DELETE FROM events")
        self.leave()
        self.seen, self.at = [], 0

    def leave(self) -> None:
        """Close every line: the server has a hundred, for everybody."""
        while self.lines:
            self.lines.pop().close()

    def add(self, line: psycopg.Connection[Any], name: str) -> None:
        line.execute(self.insert, (name,))


@pytest.fixture
def place() -> Iterator[Place]:
    """An empty one."""
    expect_postgresql()
    made = Place()
    name = Identifier(made.schema)
    with psycopg.connect(SERVER, autocommit=True) as admin:
        admin.execute(SQL("CREATE SCHEMA {}").format(name))
        admin.execute(SQL("SET search_path = {}").format(name))
        admin.execute(
            "CREATE TABLE events (seq bigint PRIMARY KEY, name text,"
            " xid xid8 NOT NULL DEFAULT pg_current_xact_id())"
        )
        admin.execute("CREATE SEQUENCE plain")
        admin.execute("CREATE TABLE counter (last bigint NOT NULL)")
        admin.execute("INSERT INTO counter VALUES (0)")
        yield made
        made.leave()
        admin.execute("SET client_min_messages = warning")
        admin.execute(SQL("DROP SCHEMA {} CASCADE").format(name))


def _slow_writer(place: Place) -> list[str]:
    """A has its position first, and commits last."""
    a, b = place.line(), place.line()
    place.add(a, "A")
    other = threading.Thread(target=place.add_and_commit, args=(b, "B"))
    other.start()
    other.join(0.3)  # with a counter row it waits for A
    place.read()
    a.commit()
    other.join()
    place.read()
    return place.seen


def _number_against_age(place: Place) -> list[str]:
    """B began later than A, has its position before A, and commits after A."""
    a, b = place.line(), place.line()
    a.execute("SELECT pg_current_xact_id()")
    b.execute("SELECT pg_current_xact_id()")
    place.add(b, "B")
    other = threading.Thread(target=place.add_and_commit, args=(a, "A"))
    other.start()
    other.join(0.3)
    place.read()
    b.commit()
    other.join()
    place.read()
    return place.seen


def _stranger(place: Place) -> list[str]:
    """Somebody with whom we have nothing to do has a transaction open, and keeps it."""
    stranger = place.line()
    stranger.execute("SELECT pg_current_xact_id()")
    a = place.line()
    place.add(a, "A")
    a.commit()
    place.read()
    return place.seen


@pytest.mark.promise("R2")
@pytest.mark.parametrize("history", [_slow_writer, _number_against_age])
def test_counter_row_shows_every_event_in_order(place: Place, history: Any) -> None:
    """Whoever commits when: a reader gets every event."""
    assert sorted(history(place)) == ["A", "B"]


@pytest.mark.promise("R2")
def test_counter_row_waits_for_no_stranger(place: Place) -> None:
    """What is committed is seen at once."""
    assert _stranger(place) == ["A"]


@pytest.mark.negative_control("R2")
def test_plain_sequence_skips_events(place: Place) -> None:
    """The first other way: positions of a sequence are not in the order of commits."""
    place.insert = _SEQUENCE
    assert _slow_writer(place) == ["B"]


@pytest.mark.negative_control("R2")
def test_visibility_by_transaction_skips_events(place: Place) -> None:
    """The second: to wait until all older transactions have ended, with a position as cursor."""
    place.insert, place.select = _SEQUENCE, _AFTER_SETTLED
    for _ in range(300):  # a stranger on the same server can make it wait, and so save it
        if _number_against_age(place) == ["A"]:
            return
        place.forget()
        time.sleep(0.2)
    pytest.fail("it never skipped an event")


@pytest.mark.negative_control("R2")
def test_visibility_by_transaction_is_stalled_by_a_stranger(place: Place) -> None:
    """The third thing wrong with it: anybody's open transaction keeps all events back."""
    place.insert, place.select = _SEQUENCE, _AFTER_SETTLED
    assert _stranger(place) == []
