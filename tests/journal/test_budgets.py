"""Budgets in the journal: the same rules as in memory, for all processes that share it."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from esign_core.engine import MemoryBudgets, Ticket, Told
from esign_core.engine.budget import Budget, Claim, Out, Word
from esign_core.engine.limits import AT_VENDOR_SECONDS, START_SECONDS, UPLOAD_SECONDS
from esign_core.engine.transport import Transport
from esign_core.errors import JournalUnusable
from esign_core.journal import Journal, JournalBudgets, Transaction, budgets_of
from esign_core.journal.schema import budgets as table
from esign_core.journal.slots import StoredBudget
from esign_core.provider import Limit
from tests.engine.arrivals import arrivals, most_in_a_window, used

LIMIT = Limit("acme/all", 10, 60.0)
LAPSE = Ticket(()).arrives_in_seconds + LIMIT.seconds


@pytest.fixture
def budgets(journal: Journal) -> JournalBudgets:
    """Budgets by the clock of the test."""
    return JournalBudgets(journal, callers_clock=True)


@pytest.fixture
def other(journal_url: str) -> Iterator[JournalBudgets]:
    """The same budgets, as another process has them."""
    opened = Journal(journal_url)
    yield JournalBudgets(opened, callers_clock=True)
    opened.close()


def rows(journal: Journal) -> list[str]:
    """The names of the budgets that are remembered."""
    return journal.read(
        lambda tx: list(tx.budgets._connection.execute(select(table.c.name)).scalars())
    )


@pytest.mark.promise("S5")
@pytest.mark.parametrize("seed", range(2))
def test_no_sliding_window_holds_more_than_the_limit(budgets: JournalBudgets, seed: int) -> None:
    """Whatever the latency; and nine tenths of it are used."""
    came = arrivals(budgets, (LIMIT,), seed=seed, slowest=2.0, seconds=600)
    assert most_in_a_window(came, LIMIT.seconds) <= LIMIT.count
    assert used(came, LIMIT) >= 0.9


@pytest.mark.promise("S5")
def test_it_decides_as_memory_does(budgets: JournalBudgets) -> None:
    """To the moment: the rules are written once."""
    limits = (LIMIT, Limit("acme/job", 3, 20.0))
    theirs = arrivals(budgets, limits, seed=3, slowest=5.0, seconds=300)
    assert theirs == arrivals(MemoryBudgets(), limits, seed=3, slowest=5.0, seconds=300)


@pytest.mark.promise("S5")
def test_processes_share_a_budget(budgets: JournalBudgets, other: JournalBudgets) -> None:
    """What one has taken is not there for the other, nor when it has just given it back."""
    mine = [Ticket((LIMIT,)) for _ in range(6)]
    theirs = [Ticket((LIMIT,)) for _ in range(6)]
    assert [budgets.take(ticket, 0.0) for ticket in mine] == [0] * 6
    assert [other.take(ticket, 0.0) == 0 for ticket in theirs] == [True] * 4 + [False] * 2
    for ticket in mine:
        budgets.give_back(ticket, 10.0)
    for ticket in theirs[:4]:
        other.give_back(ticket, 10.0)
    assert 59 < other.take(theirs[-2], 11.0) < 60


@pytest.mark.promise("S5")
def test_a_budget_survives_a_restart(budgets: JournalBudgets, other: JournalBudgets) -> None:
    """A process that starts anew finds the slots that the one before it has used."""
    for _ in range(10):
        ticket = Ticket((LIMIT,))
        budgets.take(ticket, 0.0)
        budgets.give_back(ticket, 1.0)
    budgets.journal.close()
    assert 60 < other.take(Ticket((LIMIT,)), 1.0) < 60.1


def test_threads_do_not_wait_for_each_other_for_ever(budgets: JournalBudgets) -> None:
    """Requests with the same two limits the other way round lock them in one order."""
    both = (LIMIT, Limit("acme/another", 10, 60.0))

    def take(number: int) -> float:
        return budgets.take(Ticket(both if number % 2 else both[::-1]), 0.0)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(take, range(40))).count(0.0) == 10


@pytest.mark.promise("S5")
def test_slots_of_a_process_that_died_come_free(
    budgets: JournalBudgets, other: JournalBudgets
) -> None:
    """A window after its requests must have arrived: not before, and not never."""
    for _ in range(10):
        assert budgets.take(Ticket((LIMIT,)), 0.0) == 0
    assert other.take(Ticket((LIMIT,)), LAPSE - 0.1) > 0
    assert other.take(Ticket((LIMIT,)), LAPSE + 0.1) == 0


def test_a_slot_lapses_after_the_request_can_arrive() -> None:
    """What the transport waits for at the longest, and what a request waits for before that."""
    line = Transport()
    assert line.timeout_seconds * 3 + 10 <= AT_VENDOR_SECONDS  # connection, silence, silence
    assert Ticket(()).arrives_in_seconds == START_SECONDS + AT_VENDOR_SECONDS
    assert UPLOAD_SECONDS >= 900


def test_a_request_that_waited_too_long_does_not_begin(budgets: JournalBudgets) -> None:
    """It has to begin while its slots are sure to be held when it arrives."""
    ticket = Ticket((LIMIT,))
    assert ticket.starts_by == math.inf
    budgets.take(ticket, 100.0)
    assert ticket.starts_by == 100.0 + START_SECONDS


def test_what_the_vendor_says_is_shared(budgets: JournalBudgets, other: JournalBudgets) -> None:
    """One process hears that nothing is left; the others hold back too."""
    ticket = Ticket((LIMIT,))
    budgets.take(ticket, 0.0)
    budgets.give_back(ticket, 1.0, Told(LIMIT.name, 0, 30.0))
    assert other.take(Ticket((LIMIT,)), 1.0) == pytest.approx(30.0)
    assert other.take(Ticket((LIMIT,)), 31.1) == 0


@pytest.mark.promise("S6")
def test_processes_stand_in_one_line(budgets: JournalBudgets, other: JournalBudgets) -> None:
    """Who came first goes first, wherever it is."""
    limit = Limit("acme/narrow", 1, 10.0)
    first = Ticket((limit,))
    budgets.take(first, 0.0)
    budgets.give_back(first, 0.0)
    waiting = [(store, Ticket((limit,))) for store in (budgets, other, budgets, other)]
    waits = [store.take(ticket, 1.0) for store, ticket in waiting]
    assert waits == sorted(waits)
    assert waits[-1] - waits[0] == pytest.approx(30.0)
    other.give_back(waiting[1][1], 2.0)  # it has changed its mind
    assert other.take(waiting[3][1], 2.0) == pytest.approx(waits[2] - 1.0)


def test_a_clock_that_was_set_back_blocks_nothing(budgets: JournalBudgets) -> None:
    """The machine was started anew: what was held is held for as long as was left of it."""
    for _ in range(10):
        ticket = Ticket((LIMIT,))
        budgets.take(ticket, 5e6)
        budgets.give_back(ticket, 5e6 + 1)
    assert 60 < budgets.take(Ticket((LIMIT,), until=20.0), 3.0) < 60.1
    assert budgets.take(Ticket((LIMIT,)), 64.0) == 0


def test_who_asked_before_it_was_its_turn_does_not_turn_back_time(budgets: JournalBudgets) -> None:
    """It waited for the database while others wrote: its time is a little old, no other clock's."""
    limit = Limit("acme/narrow", 1, 10.0)
    budgets.take(ticket := Ticket((limit,)), 100.0)
    budgets.give_back(ticket, 101.0)
    wait = budgets.take(late := Ticket((limit,)), 99.0)
    assert 12.0 < wait < 12.1
    assert budgets.take(late, 99.0 + wait) == 0


def test_budgets_that_nobody_uses_are_forgotten(budgets: JournalBudgets, journal: Journal) -> None:
    """There may be one for each id at the vendor."""
    for number in range(20):
        ticket = Ticket((Limit(f"acme/job/{number}", 2, 60.0),))
        budgets.take(ticket, 0.0)
        budgets.give_back(ticket, 1.0)
    assert len(rows(journal)) == 20
    ticket = Ticket((LIMIT,))
    budgets.take(ticket, 1000.0)
    budgets.give_back(ticket, 1000.0)
    assert rows(journal) == [LIMIT.name]


def test_a_large_budget_is_a_small_row() -> None:
    """Ten thousand in a quarter of an hour: slots that come free together are written together."""
    wide = Limit("acme/wide", 10_000, 900.0)
    stored = StoredBudget("{}")
    for number in range(10_000):
        now = number * 0.09
        stored.budget.take(wide, str(number), now, now + 100)
        stored.budget.give_back(wide, str(number), now)
    text = stored.changed(900.0)
    assert text is not None
    assert len(text) < 6000
    assert StoredBudget(text).budget.held == 10_000


def test_a_refusal_writes_nothing_but_a_place_in_line(
    budgets: JournalBudgets, journal: Journal
) -> None:
    """Who cannot wait long enough leaves no trace."""
    for _ in range(10):
        budgets.take(Ticket((LIMIT,)), 0.0)

    def slots(tx: Transaction) -> str:
        text: str = tx.budgets._connection.execute(select(table.c.slots)).scalar_one()
        return text

    before = journal.read(slots)
    assert budgets.take(Ticket((LIMIT,), until=2.0), 1.0) > 0
    assert journal.read(slots) == before
    assert budgets.take(Ticket((LIMIT,)), 1.0) > 0
    assert journal.read(slots) != before


def test_a_budget_is_stored_whole() -> None:
    """All of it comes back, and a time is a time."""
    budget = Budget(
        out={"a": Out(1.5, 100.0)},
        back={60.25: 2, 61.0: 1},
        line={"c": Claim(70.5, 72.5), "b": Claim(71.0, 73.0)},
        word=Word(3, 40.0),
    )
    stored = StoredBudget("{}")
    stored.budget = budget
    text = stored.changed(2.0)
    assert text is not None
    again = StoredBudget(text)
    assert again.budget == budget
    assert list(again.budget.line) == ["c", "b"]
    assert again.changed(9.0) is None
    assert json.loads(text)["at"] == 2.0


@pytest.mark.promise("D9")
def test_nothing_is_asked_while_nobody_can_count(tmp_path: Path) -> None:
    """A journal that cannot be used lets no request go, and gives back nothing in silence."""
    budgets = JournalBudgets(Journal(f"sqlite:///{tmp_path / 'not-there' / 'esign.db'}"))
    with pytest.raises(JournalUnusable):
        budgets.take(Ticket((LIMIT,)), 0.0)


def test_an_answer_is_not_lost_over_a_slot(
    budgets: JournalBudgets, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A slot that cannot be given back lapses later: the vendor's answer counts more."""
    ticket = Ticket((LIMIT,))
    budgets.take(ticket, 0.0)

    def refuse(_work: object) -> None:
        raise JournalUnusable("the disk is full")

    monkeypatch.setattr(budgets.journal, "aside", refuse)
    with caplog.at_level(logging.WARNING, logger="esign.requests"):
        budgets.give_back(ticket, 1.0)
    assert "the disk is full" in caplog.text


def test_a_journal_that_lasts_counts_for_all_who_share_it(journal: Journal) -> None:
    """One in memory is shared by nobody: its budgets are in memory as well, and cost less."""
    assert isinstance(budgets_of(journal), JournalBudgets)
    assert isinstance(budgets_of(Journal("sqlite://")), MemoryBudgets)


def test_the_time_is_one_that_all_share(journal: Journal, journal_url: str) -> None:
    """PostgreSQL's own, for machines may differ; on one machine the callers'."""
    budgets = JournalBudgets(journal)
    for _ in range(10):
        ticket = Ticket((LIMIT,))
        assert budgets.take(ticket, 0.0) == 0
        budgets.give_back(ticket, 0.0)
    wait = budgets.take(Ticket((LIMIT,), until=2e9), 1e9)
    assert (wait == 0) is journal_url.startswith("sqlite")
    assert wait < 61
