"""Staying inside a vendor's limits: in any window, at any latency, and without wasting them."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esign_core.engine import MemoryBudgets, Ticket, call
from esign_core.engine.budget import LATE_SECONDS, RECHECK_SECONDS, Budget
from esign_core.engine.limits import _Slots
from esign_core.errors import BrokenProvider, Outcome, RateLimited
from esign_core.provider import Flow, Limit, Request, Response
from tests.engine.arrivals import arrivals, most_in_a_window, used

if TYPE_CHECKING:
    from tests.engine.conftest import Vendor, Way

LIMIT = Limit("all", 10, 60.0)


@pytest.mark.promise("S5")
@settings(max_examples=50)
@given(
    seed=st.integers(),
    count=st.integers(1, 10),
    window=st.floats(0.5, 60),
    slowest=st.floats(0, 5),
)
def test_no_sliding_window_holds_more_than_the_limit(
    seed: int, count: int, window: float, slowest: float
) -> None:
    """Whatever the latency, on the way there and back."""
    limit = Limit("all", count, window)
    came = arrivals(MemoryBudgets(), (limit,), seed=seed, slowest=slowest, seconds=5 * window)
    assert most_in_a_window(came, window) <= count


@pytest.mark.promise("S5")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("count", [20, 100, 1000])
def test_nine_tenths_of_a_limit_can_be_used(seed: int, count: int) -> None:
    """The price of being sure is the latency, and no more."""
    limit = Limit("all", count, 60.0)
    came = arrivals(MemoryBudgets(), (limit,), seed=seed, slowest=0.2, seconds=1200)
    assert most_in_a_window(came, 60.0) <= count
    assert used(came, limit) >= 0.9


@pytest.mark.negative_control("S5")
def test_slots_that_are_freed_by_when_they_were_taken_let_too_many_arrive() -> None:
    """A window from *sending* on is not enough."""
    worsts = []
    for seed in range(5):
        budgets = MemoryBudgets()

        def stamp_when_sent(ticket: Ticket, left_at: float, _now: float) -> None:
            budgets.give_back(ticket, left_at)  # noqa: B023 - called before the next round

        came = arrivals(
            budgets, (LIMIT,), seed=seed, slowest=5.0, seconds=3000, give_back=stamp_when_sent
        )
        worsts.append(most_in_a_window(came, 60.0))
    assert max(worsts) > LIMIT.count


@pytest.mark.promise("S5")
def test_a_request_stays_inside_all_of_its_limits() -> None:
    """A slot in every budget, or in none."""
    narrow, wide = Limit("job", 3, 10.0), Limit("all", 10, 60.0)
    came = arrivals(MemoryBudgets(), (narrow, wide), seed=1, slowest=1.0, seconds=1000)
    assert most_in_a_window(came, 10.0) <= 3
    assert most_in_a_window(came, 60.0) <= 10
    budgets = MemoryBudgets()
    taken = [budgets.take(Ticket((narrow, wide)), 0.0) for _ in range(20)]
    assert taken.count(0.0) == 3
    assert [budgets.take(Ticket((wide,)), 0.0) for _ in range(20)].count(0.0) == 7


def test_who_has_no_limits_never_waits() -> None:
    """No budget, no wait."""
    budgets = MemoryBudgets()
    assert all(budgets.take(Ticket(()), 0.0) == 0 for _ in range(100))


@pytest.mark.promise("S5")
def test_threads_share_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty threads that ask at once, and get in each other's way, get what slots there are."""
    budgets = MemoryBudgets()
    ready = threading.Barrier(50)
    look = Budget.wait

    def look_slowly(budget: Budget, limit: Limit, ticket: str, now: float) -> float:
        wait = look(budget, limit, ticket, now)
        time.sleep(0.001)  # another thread's turn, between looking and taking
        return wait

    def take(_: int) -> list[bool]:
        ready.wait()
        return [budgets.take(Ticket((LIMIT,)), 0.0) == 0 for _ in range(4)]

    monkeypatch.setattr(Budget, "wait", look_slowly)
    with ThreadPoolExecutor(50) as pool:
        assert sum(map(sum, pool.map(take, range(50)))) == LIMIT.count


@given(steps=st.lists(st.tuples(st.integers(0, 300), st.floats(0, 40)), max_size=400))
def test_what_is_remembered_does_not_grow(steps: list[tuple[int, float]]) -> None:
    """A budget for each id at the vendor: those that nobody uses any more are forgotten."""
    budgets = MemoryBudgets()
    now = 0.0
    for number, pause in steps:
        ticket = Ticket((Limit(f"job/{number}", 2, 60.0),), until=now)
        if budgets.take(ticket, now) == 0:
            budgets.give_back(ticket, now)
        now += pause
    slots: _Slots = budgets._slots.get()
    assert all(budget.held <= 2 for budget in slots.budgets.values())
    recent = sum(pause for _, pause in steps)
    budgets.take(Ticket((Limit("last", 1, 60.0),)), recent + 121)
    assert list(slots.budgets) == ["last"]


def test_a_request_that_is_still_out_is_not_forgotten() -> None:
    """However long it takes: it may still arrive."""
    budgets = MemoryBudgets()
    limit = Limit("job", 1, 60.0)
    ticket, other = Ticket((limit,)), Ticket((limit,))
    assert budgets.take(ticket, 0.0) == 0
    assert 60 < budgets.take(other, 0.0) < 60.1
    assert budgets.take(other, 1e6) == pytest.approx(RECHECK_SECONDS)
    budgets.give_back(ticket, 1e6)
    assert 60 < budgets.take(other, 1e6) < 60.1
    assert budgets.take(other, 1e6 + 60.1) == 0


@pytest.mark.promise("S6")
def test_nobody_in_line_is_overtaken() -> None:
    """A hundred want ten slots a minute: each gets one in the order in which they came."""
    budgets = MemoryBudgets()
    tickets = {Ticket((LIMIT,)): 0.0 for _ in range(100)}
    order: list[Ticket] = []
    asked = 0
    while waiting := {t: at for t, at in tickets.items() if t not in order}:
        ticket, now = min(waiting.items(), key=lambda each: each[1])
        wait = budgets.take(ticket, now)
        asked += 1
        if wait > 0:
            tickets[ticket] = now + wait
        else:
            order.append(ticket)
            budgets.give_back(ticket, now + 0.5)
    assert order == list(tickets)
    assert asked < 5 * 100  # and nobody has to ask often


@pytest.mark.promise("S6")
def test_who_never_comes_back_keeps_nobody_waiting() -> None:
    """A place in line is lost in a few seconds; the slot that it was for goes to the next."""
    budgets = MemoryBudgets()
    limit = Limit("all", 1, 60.0)
    first, dead, alive = (Ticket((limit,)) for _ in range(3))
    budgets.take(first, 0.0)
    budgets.give_back(first, 0.0)
    due_at = budgets.take(dead, 1.0) + 1.0
    assert budgets.take(alive, 1.0) > 119
    assert budgets.take(late := Ticket((limit,)), due_at + 0.1) == pytest.approx(LATE_SECONDS - 0.1)
    assert budgets.take(late, due_at + LATE_SECONDS + 0.01) == 0


def test_who_gives_up_leaves_the_line_at_once() -> None:
    """And who could not wait long enough has never stood in it."""
    budgets = MemoryBudgets()
    limit = Limit("all", 1, 60.0)
    first, hasty, called_off, last = (Ticket((limit,), until=u) for u in (1.0, 1.0, 90.0, 90.0))
    budgets.take(first, 0.0)
    budgets.give_back(first, 0.0)
    assert budgets.take(hasty, 0.0) > 60
    budgets.take(called_off, 0.0)
    assert (hasty.is_waiting, called_off.is_waiting) == (False, True)
    budgets.give_back(called_off, 0.0)
    assert 60 < budgets.take(last, 0.0) < 61


def test_who_waits_for_one_limit_keeps_nobody_from_another() -> None:
    """It stands in the line that is longest for it, and in no other one."""
    budgets = MemoryBudgets()
    job, account = Limit("job", 1, 60.0), Limit("all", 2, 20.0)
    for ticket in (Ticket((job, account)), Ticket((account,))):
        budgets.take(ticket, 0.0)
        budgets.give_back(ticket, 0.0)
    assert budgets.take(Ticket((account, job)), 0.0) > 60
    assert 20 < budgets.take(other := Ticket((account,)), 0.0) < 21
    assert budgets.take(other, 20.1) == 0


# --- in the drivers -----------------------------------------------------------------------------


def limited(count: int, seconds: float) -> Flow[Response]:
    """One request inside a limit."""
    return (yield Request("POST", "/things", limits=(Limit("x", count, seconds),)))


@pytest.mark.promise("S5")
def test_requests_wait_for_a_slot(way: Way, vendor: Vendor) -> None:
    """Twelve at once, four at a time: all are answered, in three windows at least."""
    session = way.session(vendor)
    done = way.run_all([call(session, limited(4, 0.2), operation="request") for _ in range(12)])
    assert all(isinstance(answer, Response) for answer in done)
    assert len(vendor.heard) == 12


@pytest.mark.promise("S4")
def test_nobody_waits_past_the_deadline(way: Way, vendor: Vendor) -> None:
    """A limit that is used up for longer than a caller can wait is told at once, with the time."""
    session = way.session(vendor)
    way.run(call(session, limited(1, 900.0), operation="request"))
    with pytest.raises(RateLimited, match=r"there is room again in (900|901) s") as caught:
        way.run(call(session, limited(1, 900.0), operation="send"))
    assert caught.value.outcome is Outcome.NOT_DONE
    assert 890 < (caught.value.retry_after_seconds or 0) < 901
    assert len(vendor.heard) == 1


def test_a_slot_is_given_back_whatever_became_of_the_request(way: Way, vendor: Vendor) -> None:
    """Refused, reset or unexplained: a slot that stays in flight would be lost for ever."""
    vendor.answers(vendor.reply(400), vendor.resets, vendor.reply(200))
    session = way.session(vendor)
    for _ in range(2):
        with pytest.raises(Exception, match=r"without a word|broke"):
            way.run(call(session, limited(3, 0.01), operation="request"))
    slots: _Slots = session.budgets._slots.get()  # type: ignore[attr-defined]
    (budget,) = slots.budgets.values()
    assert (budget.out, sum(budget.back.values())) == ({}, 2)


@pytest.mark.promise("D10")
@pytest.mark.parametrize("count", [0, -1])
def test_a_limit_that_admits_nothing_is_named(way: Way, vendor: Vendor, count: int) -> None:
    """It is the adapter's mistake, and no reason to wait for ever."""
    with pytest.raises(BrokenProvider, match="ValueError"):
        way.run(call(way.session(vendor), limited(count, 60.0), operation="request"))
    assert vendor.connections == 0
