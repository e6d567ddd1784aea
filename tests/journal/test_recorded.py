"""Journals as earlier versions wrote them: each is the dump of a whole demo, by table version."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from esign_core.journal import Journal, Transaction
from esign_core.journal.migrations import VERSION
from esign_core.model import Envelope, Event, Observation, observe

RECORDED = sorted(Path(__file__).with_name("recorded").glob("*.sql"))


def _loaded(dump: Path, folder: Path) -> Path:
    file = folder / "esign.db"
    with sqlite3.connect(file) as connection:
        connection.executescript(dump.read_text(encoding="utf-8"))
    connection.close()
    return file


def _shape(file: Path) -> dict[str, object]:
    """Tables with their columns, and indexes with theirs."""
    with sqlite3.connect(file) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master")]
        shape: dict[str, object] = {}
        for name in tables:
            columns = connection.execute(f"PRAGMA table_info({name})").fetchall()
            parts = connection.execute(f"PRAGMA index_info({name})").fetchall()
            shape[name] = sorted(row[1:4] for row in columns) or [row[2] for row in parts]
    connection.close()
    return shape


def _observations(tx: Transaction, envelope_id: str) -> list[Observation]:
    return tx.stream.observations(envelope_id)


def _events(tx: Transaction, envelope_id: str) -> list[Event]:
    return tx.stream.read(envelope_id=envelope_id, limit=1000)


def _before(envelope: Envelope) -> Envelope:
    """As it was when nothing had been heard of it."""
    seats = tuple(replace(seat, remote_id=None) for seat in envelope.seats)
    return replace(envelope, facts={}, remote_id=None, seats=seats)


def _replayed(envelope: Envelope, observations: list[Observation]) -> tuple[Envelope, list[Event]]:
    known, events = _before(envelope), list[Event]()
    for observation in observations:
        known, new = observe(known, observation)
        events += new
    return known, events


@pytest.mark.parametrize("dump", RECORDED, ids=lambda dump: f"tables {dump.stem}")
@pytest.mark.promise("R4")
def test_stored_observations_give_the_same_state_and_events(dump: Path, tmp_path: Path) -> None:
    """What an earlier version made of what it learned, this one makes of it too."""
    journal = Journal(f"sqlite:///{_loaded(dump, tmp_path)}")
    envelopes = journal.read(lambda tx: tx.envelopes.list())
    assert len(envelopes) >= 4
    for envelope in envelopes:
        id_ = envelope.id
        observations = journal.read(partial(_observations, envelope_id=id_))
        stored = journal.read(partial(_events, envelope_id=id_))
        assert stored
        known, events = _replayed(envelope, observations)
        assert known == envelope
        assert [replace(event, seq=0) for event in stored] == events
    journal.close()


@pytest.mark.parametrize("dump", RECORDED, ids=lambda dump: f"tables {dump.stem}")
def test_tables_are_brought_up_to_what_they_are_now(dump: Path, tmp_path: Path) -> None:
    """A journal that was migrated has the tables of one that is new; nothing in it is lost."""
    file = _loaded(dump, tmp_path)
    with sqlite3.connect(file) as connection:
        before = connection.execute("SELECT count(*) FROM esign_events").fetchone()
    connection.close()
    for each in (file, tmp_path / "new.db"):
        journal = Journal(f"sqlite:///{each}")
        journal.read(lambda tx: tx.stream.last())
        journal.close()
    assert _shape(file) == _shape(tmp_path / "new.db")
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT count(*) FROM esign_events").fetchone() == before
        versions = connection.execute("SELECT version FROM esign_versions ORDER BY version")
        assert [row[0] for row in versions] == list(range(1, VERSION + 1))
    connection.close()


def test_every_version_of_the_tables_has_a_recorded_journal() -> None:
    """Who adds a step keeps a journal of the tables before it."""
    assert {int(dump.stem) for dump in RECORDED} >= set(range(1, VERSION))
