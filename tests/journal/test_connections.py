from __future__ import annotations

from typing import TYPE_CHECKING

from esign_core.journal import Hearing, Journal, Transaction, WorkKind

if TYPE_CHECKING:
    from tests.journal.conftest import Shelf


def test_unknown_account_was_never_heard_of(journal: Journal) -> None:
    """Nothing is known before anything has happened."""
    assert journal.read(lambda tx: tx.connections.get("acme")) == Hearing()


def test_times_of_an_account_never_go_back(journal: Journal, shelf: Shelf) -> None:
    """Whoever writes last, of several processes, the latest time is what is known."""

    def write(tx: Transaction) -> None:
        for seconds in (60, 20):
            tx.connections.hear("acme", shelf.at(seconds))
            tx.connections.miss("acme", shelf.at(seconds + 1))
            tx.connections.list("acme", shelf.at(seconds + 2))

    journal.write(write)
    journal.write(lambda tx: tx.connections.hear("other", shelf.at(0)))
    known = journal.read(lambda tx: tx.connections.get("acme"))
    assert known == Hearing(shelf.at(60), shelf.at(61), shelf.at(62))


def test_account_is_open_since_its_oldest_envelope_with_work_left(
    journal: Journal, shelf: Shelf
) -> None:
    """What has ended, and what belongs to another account, makes nobody list further back."""
    assert journal.read(lambda tx: tx.connections.open_since("acme")) is None
    journal.write(lambda tx: tx.envelopes.add_intent(shelf.intent("a")))
    journal.write(lambda tx: tx.envelopes.add_intent(shelf.intent("b")))
    journal.write(
        lambda tx: tx.work.plan(WorkKind.IDENTIFY, "env_a", connection="acme", due_at=shelf.at(0))
    )
    assert journal.read(lambda tx: tx.connections.open_since("acme")) is None
    journal.write(
        lambda tx: tx.work.plan(WorkKind.REFRESH, "env_b", connection="acme", due_at=shelf.at(0))
    )
    assert journal.read(lambda tx: tx.connections.open_since("acme")) == shelf.noon
    assert journal.read(lambda tx: tx.connections.open_since("other")) is None
