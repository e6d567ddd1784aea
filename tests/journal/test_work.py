from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from esign_core.journal import Journal, WorkItem, WorkKind

if TYPE_CHECKING:
    from tests.journal.conftest import Shelf

LEASE = timedelta(seconds=600)


def _plan(journal: Journal, shelf: Shelf, seconds: float, subject: str = "env_a") -> None:
    journal.write(
        lambda tx: tx.work.plan(
            WorkKind.REFRESH, subject, connection="acme", due_at=shelf.at(seconds)
        )
    )


def _claim(journal: Journal, shelf: Shelf, seconds: float) -> WorkItem | None:
    return journal.write(lambda tx: tx.work.claim(shelf.at(seconds), LEASE))


def _claimed(journal: Journal, shelf: Shelf, seconds: float) -> WorkItem:
    item = _claim(journal, shelf, seconds)
    assert item is not None
    return item


def _left(journal: Journal, shelf: Shelf) -> list[float]:
    """When what is left to do is due, in seconds after noon."""
    items = journal.read(lambda tx: tx.work.list())
    return [(item.due_at - shelf.noon).total_seconds() for item in items]


def test_what_is_planned_sooner_stays(journal: Journal, shelf: Shelf) -> None:
    """There is one thing of a kind for a subject, due at the earliest time that was wished."""
    for seconds in (60, 20, 40):
        _plan(journal, shelf, seconds)
    assert _left(journal, shelf) == [20]


def test_nothing_is_claimed_before_it_is_due(journal: Journal, shelf: Shelf) -> None:
    """A worker that asks too early gets nothing, and learns when to come back."""
    _plan(journal, shelf, 60)
    assert _claim(journal, shelf, 59) is None
    assert journal.read(lambda tx: tx.work.next_due_at(shelf.at(59))) == shelf.at(60)


def test_most_overdue_comes_first(journal: Journal, shelf: Shelf) -> None:
    """Nothing starves: what has waited longest is next."""
    for i, seconds in enumerate((30, 10, 20)):
        _plan(journal, shelf, seconds, f"env_{i}")
    order = [_claimed(journal, shelf, 40).subject for _ in range(3)]
    assert order == ["env_1", "env_2", "env_0"]


def test_claimed_work_is_nobody_elses_until_its_lease_ends(journal: Journal, shelf: Shelf) -> None:
    """Two workers never do the same thing at once; one that died is replaced."""
    _plan(journal, shelf, 0)
    _claimed(journal, shelf, 1)
    assert _claim(journal, shelf, 2) is None
    assert journal.read(lambda tx: tx.work.next_due_at(shelf.at(2))) is None
    assert _claimed(journal, shelf, 601).attempts == 1


def test_done_work_is_gone(journal: Journal, shelf: Shelf) -> None:
    """What is done is not done again."""
    _plan(journal, shelf, 0)
    item = _claimed(journal, shelf, 1)
    journal.write(lambda tx: tx.work.done(item))
    assert _left(journal, shelf) == []


def test_work_planned_anew_while_it_is_done_is_done_again(journal: Journal, shelf: Shelf) -> None:
    """News that arrive while somebody is looking are not lost: the look may have been too early."""
    _plan(journal, shelf, 0)
    item = _claimed(journal, shelf, 1)
    _plan(journal, shelf, 2)
    assert _claim(journal, shelf, 2) is None, "it is still leased"
    journal.write(lambda tx: tx.work.done(item))
    assert _claimed(journal, shelf, 2).attempts == 0


def test_again_pauses_and_tells_why(journal: Journal, shelf: Shelf) -> None:
    """What went wrong is on the item, with the pause that a longer one is computed from."""
    _plan(journal, shelf, 0)
    item = _claimed(journal, shelf, 1)
    journal.write(lambda tx: tx.work.again(item, shelf.at(5000), 4000, "Unavailable: down"))
    (left,) = journal.read(lambda tx: tx.work.list())
    assert (left.due_at, left.pause_seconds, left.error) == (
        shelf.at(5000),
        4000,
        "Unavailable: down",
    )
    assert left.leased_until is None


def test_again_obeys_a_sooner_plan(journal: Journal, shelf: Shelf) -> None:
    """A pause of hours does not delay what somebody wants looked at now."""
    _plan(journal, shelf, 0)
    item = _claimed(journal, shelf, 1)
    _plan(journal, shelf, 2)
    journal.write(lambda tx: tx.work.again(item, shelf.at(5000), 4000))
    assert _left(journal, shelf) == [2]


def test_worker_whose_lease_ended_changes_nothing(journal: Journal, shelf: Shelf) -> None:
    """A worker that comes back from the dead cannot end what another one is doing."""
    _plan(journal, shelf, 0)
    late = _claimed(journal, shelf, 1)
    current = _claimed(journal, shelf, 700)
    journal.write(lambda tx: tx.work.done(late))
    journal.write(lambda tx: tx.work.again(late, shelf.at(1), 1))
    assert _left(journal, shelf) == [1300], "it is leased until then"
    assert _claim(journal, shelf, 701) is None
    journal.write(lambda tx: tx.work.done(current))
    assert _left(journal, shelf) == []


def test_dropped_work_is_gone_even_while_it_is_done(journal: Journal, shelf: Shelf) -> None:
    """What became needless does not come back when its worker is through."""
    _plan(journal, shelf, 0)
    item = _claimed(journal, shelf, 1)
    journal.write(lambda tx: tx.work.drop(WorkKind.REFRESH, "env_a"))
    journal.write(lambda tx: tx.work.again(item, shelf.at(10), 10))
    assert _left(journal, shelf) == []
