from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from esign_core.errors import Outcome
from esign_core.journal import Journal, Transaction, WorkKind
from esign_core.journal.vitals import WorkCount
from esign_core.model import EventType

if TYPE_CHECKING:
    from tests.journal.conftest import Shelf

LATE = timedelta(minutes=1)


def _work(journal: Journal, shelf: Shelf, seconds: float) -> WorkCount:
    now = shelf.at(seconds)
    return journal.read(lambda tx: tx.vitals.work(now, late_before=now - LATE))


def _add(journal: Journal, shelf: Shelf, name: str) -> None:
    journal.write(lambda tx: tx.envelopes.add_intent(shelf.intent(name)))


def test_work_is_due_then_overdue_and_neither_while_somebody_is_at_it(
    journal: Journal, shelf: Shelf
) -> None:
    """What nobody does for a minute shows that nobody works."""
    journal.write(
        lambda tx: tx.work.plan(WorkKind.REFRESH, "env_a", connection="acme", due_at=shelf.at(10))
    )
    assert _work(journal, shelf, 9) == WorkCount(due=0, overdue=0, dead=0)
    assert _work(journal, shelf, 10) == WorkCount(due=1, overdue=0, dead=0)
    assert _work(journal, shelf, 71) == WorkCount(due=1, overdue=1, dead=0)
    journal.write(lambda tx: tx.work.claim(shelf.at(72), timedelta(minutes=5)))
    assert _work(journal, shelf, 73) == WorkCount(due=0, overdue=0, dead=0)


def test_doubts_are_counted_once_they_are_old_and_until_they_are_settled(
    journal: Journal, shelf: Shelf
) -> None:
    """A request that is on its way is no doubt yet; what was settled or given up is none."""

    def doubts(seconds: float) -> int:
        return journal.read(lambda tx: tx.vitals.doubts(before=shelf.at(seconds) - LATE))

    for name in ("a", "b", "c"):
        _add(journal, shelf, name)
    assert doubts(60) == 0
    assert doubts(61) == 3
    journal.write(lambda tx: tx.envelopes.settle(shelf.envelope("a"), Outcome.DONE))
    failed = shelf.observation(EventType.ENVELOPE_FAILED)
    journal.write(lambda tx: tx.record(tx.envelopes.get("env_b"), failed))
    assert doubts(61) == 1


def test_counting_doubts_does_not_read_every_envelope(journal: Journal, shelf: Shelf) -> None:
    """A million settled envelopes cost a probe nothing: the few others have an index."""
    told = text(
        "SELECT * FROM esign_envelopes WHERE outcome = 'uncertain' AND created_at < '2030'"
        " ORDER BY created_at DESC"
    )
    command = "EXPLAIN QUERY PLAN" if journal.url.startswith("sqlite") else "EXPLAIN"

    def plan(tx: Transaction) -> str:
        connection = tx.vitals._rows.connection
        if command == "EXPLAIN":
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        rows = connection.execute(text(f"{command} {told}")).all()
        return " ".join(str(row) for row in rows)

    assert "esign_envelopes_uncertain" in journal.read(plan)


def test_proof_that_it_can_be_written_changes_nothing(journal: Journal, shelf: Shelf) -> None:
    """Positions go on as if nobody had asked, also in the same transaction as an event."""
    _add(journal, shelf, "a")

    def both(tx: Transaction) -> None:
        sent = shelf.observation(EventType.ENVELOPE_SENT)
        _ = tx.record(tx.envelopes.get("env_a"), sent)
        tx.vitals.prove_writable()

    journal.write(both)
    journal.write(lambda tx: tx.vitals.prove_writable())
    events = journal.read(lambda tx: tx.stream.read())
    assert journal.read(lambda tx: tx.stream.last()) == len(events) == events[-1].seq
