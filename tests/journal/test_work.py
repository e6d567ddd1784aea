from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import psycopg
import pytest
from sqlalchemy import func, select

from esign_core.journal import Journal, WorkItem, WorkKind, schema
from tests.databases import fresh

if TYPE_CHECKING:
    from tests.journal.conftest import Shelf

LEASE = timedelta(seconds=600)


@pytest.fixture
def postgresql(tmp_path: Path) -> Iterator[str]:
    """The address of an empty journal there."""
    with fresh("postgresql", tmp_path) as url:
        yield url


def _plan(
    journal: Journal,
    shelf: Shelf,
    seconds: float,
    subject: str = "env_a",
    *,
    connection: str = "acme",
    pause_seconds: int = 0,
) -> None:
    journal.write(
        lambda tx: tx.work.plan(
            WorkKind.REFRESH,
            subject,
            connection=connection,
            due_at=shelf.at(seconds),
            pause_seconds=pause_seconds,
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


# leases


def test_renewed_work_stays_with_who_has_it(journal: Journal, shelf: Shelf) -> None:
    """What takes longer than a lease is nobody else's as long as somebody goes on with it."""
    _plan(journal, shelf, 0)
    item = _claimed(journal, shelf, 1)
    renewed = journal.aside(lambda tx: tx.work.renew(item, shelf.at(2000)))
    assert renewed is not None
    assert _claim(journal, shelf, 700) is None
    journal.aside(lambda tx: tx.work.done(renewed))
    assert _left(journal, shelf) == []


def test_lost_lease_cannot_be_renewed(journal: Journal, shelf: Shelf) -> None:
    """Who comes back too late learns that it is somebody else's by now."""
    _plan(journal, shelf, 0)
    late = _claimed(journal, shelf, 1)
    current = _claimed(journal, shelf, 700)
    assert journal.aside(lambda tx: tx.work.renew(late, shelf.at(5000))) is None
    assert journal.aside(lambda tx: tx.work.renew(current, shelf.at(5000))) is not None


def test_renewing_keeps_what_was_planned_meanwhile(journal: Journal, shelf: Shelf) -> None:
    """News that came before the renewal are looked at after it all the same."""
    _plan(journal, shelf, 0)
    item = _claimed(journal, shelf, 1)
    _plan(journal, shelf, 2)
    renewed = journal.aside(lambda tx: tx.work.renew(item, shelf.at(2000)))
    assert renewed is not None
    journal.aside(lambda tx: tx.work.done(renewed))
    assert _left(journal, shelf) == [2]


@pytest.mark.promise("S6")
def test_many_workers_share_work_and_nobody_gets_what_another_has(
    journal: Journal, shelf: Shelf
) -> None:
    """Forty things, eight workers at once: each thing is claimed once, and all are."""
    for i in range(40):
        _plan(journal, shelf, 0, f"env_{i}")
    claimed: list[str] = []

    def work() -> None:
        while (item := journal.aside(lambda tx: tx.work.claim(shelf.at(1), LEASE))) is not None:
            claimed.append(item.subject)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(f"env_{i}" for i in range(40))


@pytest.mark.parametrize("skips", [True, False])
def test_claiming_does_not_wait_for_who_is_claiming(
    postgresql: str, shelf: Shelf, *, skips: bool
) -> None:
    """A row that another worker is about to claim is passed over; the naive way waits for it."""
    with closing(Journal(postgresql)) as journal:
        for name in ("env_1", "env_2"):
            _plan(journal, shelf, 0, name)
        with psycopg.connect(postgresql) as other:
            other.execute("SELECT * FROM esign_work WHERE subject = 'env_1' FOR UPDATE")
            if skips:
                assert _claimed(journal, shelf, 1).subject == "env_2"
                return
            with psycopg.connect(postgresql) as naive:
                naive.execute("SET lock_timeout = '50ms'")
                with pytest.raises(psycopg.errors.LockNotAvailable):
                    naive.execute("SELECT * FROM esign_work ORDER BY due_at FOR UPDATE")


# whose turn it is


def test_accounts_that_must_wait_are_passed_over(journal: Journal, shelf: Shelf) -> None:
    """Their work stays where it is, and says nothing of when there is something to do."""
    _plan(journal, shelf, 0, "env_a")
    _plan(journal, shelf, 5, "env_b", connection="other")

    def claim(*without: str, rather_not: str = "") -> str | None:
        item = journal.aside(
            lambda tx: tx.work.claim(
                shelf.at(9), LEASE, without=without, rather_not=[rather_not] if rather_not else []
            )
        )
        if item is not None:
            journal.aside(lambda tx: tx.work.again(item, item.due_at, 1))
        return item.subject if item else None

    assert claim("acme") == "env_b"
    assert claim("acme", "other") is None
    assert claim(rather_not="acme") == "env_b"
    assert claim("other", rather_not="acme") == "env_a", "there is nothing for anybody else"
    due = journal.read(lambda tx: tx.work.next_due_at(shelf.at(0), without=["acme"]))
    assert due == shelf.at(5)


def test_what_is_asked_for_in_short_intervals_can_come_first(
    journal: Journal, shelf: Shelf
) -> None:
    """So that what has just begun need not wait for everything that is old.

    Nor for everything that has just begun too: of the same short intervals the newest comes first.
    """
    for subject, seconds, pause in (("env_old", 0, 3600), ("env_new", 8, 2), ("env_next", 9, 2)):
        _plan(journal, shelf, seconds, subject, pause_seconds=pause)

    def claim(*, quick: bool) -> str | None:
        item = journal.aside(lambda tx: tx.work.claim(shelf.at(9), LEASE, quickest_first=quick))
        return item.subject if item else None

    order = [claim(quick=quick) for quick in (True, False, True)]
    assert order == ["env_next", "env_old", "env_new"]


# what fails


def test_only_failures_in_a_row_count(journal: Journal, shelf: Shelf) -> None:
    """What goes well begins anew, and what an account did is not held against the thing."""
    _plan(journal, shelf, 0)

    def try_it(error: str | None, *, counts: bool = True) -> int:
        item = _claimed(journal, shelf, 10_000)
        journal.aside(lambda tx: tx.work.again(item, shelf.at(1), 1, error, counts=counts))
        return journal.read(lambda tx: tx.work.list())[0].attempts

    tries = [("Refused", True), ("Unavailable", False), ("Refused", True), (None, True)]
    assert [try_it(error, counts=counts) for error, counts in tries] == [1, 1, 2, 0]


def test_given_up_work_waits_for_a_person_or_for_news(journal: Journal, shelf: Shelf) -> None:
    """Nobody claims it; who plans it has news of it, and then it is as new."""
    _plan(journal, shelf, 0)
    _give_up(journal, shelf)
    assert _claim(journal, shelf, 10**9) is None
    assert journal.read(lambda tx: tx.work.next_due_at(shelf.at(0))) is None
    assert journal.read(lambda tx: tx.work.is_planned(WorkKind.REFRESH, "env_a")) is False
    (dead,) = journal.read(lambda tx: tx.work.list(dead=True))
    assert (dead.dead_at, dead.error, dead.attempts) == (shelf.at(3), "Refused: no", 1)
    assert journal.read(lambda tx: tx.work.list(dead=False)) == []
    _plan(journal, shelf, 20)
    item = _claimed(journal, shelf, 20)
    assert (item.attempts, item.error, item.dead_at) == (0, None, None)


def test_work_with_news_is_not_given_up(journal: Journal, shelf: Shelf) -> None:
    """What is planned while the last try fails gets one more."""
    _plan(journal, shelf, 0)
    item = _claimed(journal, shelf, 1)
    _plan(journal, shelf, 2)
    assert journal.write(lambda tx: tx.work.give_up(item, shelf.at(3), "Refused: no")) is False
    assert journal.read(lambda tx: tx.work.list(dead=True)) == []


def test_person_tries_again_or_leaves_it(journal: Journal, shelf: Shelf) -> None:
    """By its number; what is not there is answered with nothing."""
    _plan(journal, shelf, 0)
    number = _give_up(journal, shelf)
    again = journal.write(lambda tx: tx.work.retry(number, shelf.at(50)))
    assert again is not None
    assert (again.due_at, again.attempts, again.dead_at) == (shelf.at(50), 0, None)
    assert again.error == "Refused: no", "the reason is kept until it goes well"
    assert _claimed(journal, shelf, 50).id == number
    assert journal.write(lambda tx: tx.work.remove(number)) is not None
    assert journal.write(lambda tx: tx.work.remove(number)) is None
    assert journal.write(lambda tx: tx.work.retry(number, shelf.at(60))) is None


def test_retry_ends_a_lease_of_a_clock_that_went_wrong(journal: Journal, shelf: Shelf) -> None:
    """It would lock everybody out for years; one that somebody can have taken goes on."""
    years = 10 * 365 * 86400
    _plan(journal, shelf, 0)
    item = _claimed(journal, shelf, years)
    assert _claim(journal, shelf, years - 1) is None
    _ = journal.write(lambda tx: tx.work.retry(item.id, shelf.at(50)))
    assert _claimed(journal, shelf, 50).id == item.id
    _ = journal.write(lambda tx: tx.work.retry(item.id, shelf.at(51)))
    assert _claim(journal, shelf, 52) is None


def _give_up(journal: Journal, shelf: Shelf) -> int:
    item = _claimed(journal, shelf, 1)
    assert journal.write(lambda tx: tx.work.give_up(item, shelf.at(3), "Refused: no"))
    return item.id


def test_hurried_work_is_done_sooner_and_never_later(journal: Journal, shelf: Shelf) -> None:
    """Of one kind and one account; what was given up stays so."""
    for i, seconds in enumerate((1, 5000)):
        _plan(journal, shelf, seconds, f"env_{i}")
    _plan(journal, shelf, 6000, "env_other", connection="other")
    journal.write(lambda tx: tx.work.hurry(WorkKind.REFRESH, "acme", shelf.at(60)))
    assert _left(journal, shelf) == [1, 60, 6000]
    _give_up(journal, shelf)
    journal.write(lambda tx: tx.work.hurry(WorkKind.REFRESH, "acme", shelf.at(2)))
    assert len(journal.read(lambda tx: tx.work.list(dead=True))) == 1


def test_work_of_a_newer_version_is_left_to_it(journal: Journal, shelf: Shelf) -> None:
    """After a step back to this version its own work goes on, and what it cannot do is kept."""
    _plan(journal, shelf, 0)
    newer = cast("WorkKind", SimpleNamespace(value="fold"))
    journal.write(lambda tx: tx.work.plan(newer, "env_a", connection="acme", due_at=shelf.at(-5)))
    assert _claimed(journal, shelf, 1).kind is WorkKind.REFRESH
    assert _claim(journal, shelf, 1) is None
    assert [item.kind for item in journal.read(lambda tx: tx.work.list())] == [WorkKind.REFRESH]
    assert _counted(journal) == 2


def _counted(journal: Journal) -> int:
    with journal._database._processes.get().store.view() as connection:
        return connection.execute(select(func.count()).select_from(schema.work)).scalar_one()
