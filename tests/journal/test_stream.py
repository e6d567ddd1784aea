from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from esign_core.journal import Journal, Transaction
from esign_core.model import Envelope, Event, EventType, Observation

if TYPE_CHECKING:
    from tests.journal.conftest import Shelf


class Interrupted(Exception):
    """Something went wrong in the middle of a step."""


def _begin(journal: Journal, shelf: Shelf, name: str) -> Envelope:
    journal.write(lambda tx: tx.envelopes.add_intent(shelf.intent(name)))
    return shelf.envelope(name)


def _record(journal: Journal, envelope: Envelope, news: Observation) -> None:
    journal.write(lambda tx: tx.record(envelope, news))


def _seqs(journal: Journal) -> list[int]:
    return [event.seq for event in journal.read(lambda tx: tx.stream.read(limit=1000))]


@pytest.mark.promise("R2")
def test_positions_have_no_gap_after_a_rollback(journal: Journal, shelf: Shelf) -> None:
    """A step that fails takes no position with it."""
    first, second = (_begin(journal, shelf, name) for name in "ab")

    def fails(tx: Transaction) -> None:
        _, events = tx.record(first, shelf.observation(EventType.ENVELOPE_COMPLETED))
        assert len(events) == 6
        raise Interrupted

    with pytest.raises(Interrupted):
        journal.write(fails)
    journal.write(lambda tx: tx.record(second, shelf.observation(EventType.ENVELOPE_SENT)))
    journal.write(lambda tx: tx.record(first, shelf.observation(EventType.ENVELOPE_SENT)))
    assert _seqs(journal) == [1, 2]


@pytest.mark.negative_control("R2")
def test_positions_drawn_outside_of_the_step_have_gaps(journal: Journal) -> None:
    """The control: a plain sequence, which remembers what was rolled back, fails that test."""

    def draw(tx: Transaction) -> int:
        connection = tx.stream._rows.connection
        statement = "UPDATE esign_counters SET value = value + 1 RETURNING value"
        drawn: int = connection.execute(text(statement)).scalar_one()
        return drawn

    kept = []
    for fails in (False, True, False):
        seq = journal.write(draw)
        if not fails:
            kept.append(seq)
    assert kept == [1, 3]


@pytest.mark.promise("R2")
def test_positions_are_in_commit_order_whoever_writes(journal: Journal, shelf: Shelf) -> None:
    """A reader that has seen a position never sees an earlier one appear, with eight writers."""
    envelopes = [_begin(journal, shelf, f"{i}") for i in range(40)]
    observation = shelf.observation(EventType.SIGNER_SIGNED, signer="s1")
    seen: list[list[int]] = []
    with ThreadPoolExecutor(9) as pool:
        writing = [pool.submit(_record, journal, each, observation) for each in envelopes]
        while not all(each.done() for each in writing):
            seen.append(_seqs(journal))
    everything = _seqs(journal)
    assert everything == list(range(1, 121))
    assert all(each == everything[: len(each)] for each in seen)


@pytest.mark.promise("R2")
def test_what_adds_nothing_is_not_stored(journal: Journal, shelf: Shelf) -> None:
    """The same news again makes no event, no position and no observation."""
    envelope = _begin(journal, shelf, "a")
    news = shelf.observation(EventType.ENVELOPE_SENT, remote_id="17")
    after, events = journal.write(lambda tx: tx.record(envelope, news))
    again, none = journal.write(lambda tx: tx.record(after, news))
    assert (again, len(events), none) == (after, 1, [])
    assert len(journal.read(lambda tx: tx.stream.observations("env_a"))) == 1


def test_events_are_read_after_a_position_and_by_envelope(journal: Journal, shelf: Shelf) -> None:
    """A page of the stream begins where the last one ended."""
    news = shelf.observation(EventType.ENVELOPE_CANCELLED)
    for envelope in [_begin(journal, shelf, name) for name in "ab"]:
        _record(journal, envelope, news)

    def read(**options: object) -> list[tuple[int, str, EventType]]:
        found: list[Event] = journal.read(lambda tx: tx.stream.read(**options))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        return [(event.seq, event.envelope_id, event.type) for event in found]

    sent, cancelled = EventType.ENVELOPE_SENT, EventType.ENVELOPE_CANCELLED
    assert read(after=1, limit=2) == [(2, "env_a", cancelled), (3, "env_b", sent)]
    assert read(envelope_id="env_b") == [(3, "env_b", sent), (4, "env_b", cancelled)]
    assert journal.read(lambda tx: tx.stream.last()) == 4


@pytest.mark.promise("R5")
def test_cursor_never_goes_back(journal: Journal) -> None:
    """Two readers under one name do not undo each other's progress."""
    assert journal.read(lambda tx: tx.stream.cursor("billing")) == 0
    journal.write(lambda tx: tx.stream.move_cursor("billing", 5))
    journal.write(lambda tx: tx.stream.move_cursor("billing", 3))
    assert journal.read(lambda tx: tx.stream.cursor("billing")) == 5
    assert journal.read(lambda tx: tx.stream.cursor("archive")) == 0
