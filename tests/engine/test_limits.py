"""Staying inside a vendor's limits: in any window, at any latency, and without wasting them."""

from __future__ import annotations

import heapq
import itertools
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esign_core.engine import MemoryBudgets, Ticket, admit, call
from esign_core.engine.limits import IN_FLIGHT, RECHECK_SECONDS, _Slots
from esign_core.errors import BrokenProvider, Outcome, RateLimited
from esign_core.provider import Flow, Limit, Request, Response

if TYPE_CHECKING:
    from tests.engine.conftest import Vendor, Way

LIMIT = Limit("all", 10, 60.0)
times = st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(IN_FLIGHT)))


@given(log=times, count=st.integers(1, 20), now=st.floats(-1e6, 1e6))
def test_whoever_waits_as_told_is_let_in(log: list[float], count: int, now: float) -> None:
    """Zero means that there is room; a wait ends when there is, not before."""
    limit = Limit("all", count, 60.0)
    wait = admit(log, limit, now)
    has_room = [t for t in (now, *log) if t >= now and sum(other > t for other in log) < count]
    then = min(has_room, default=IN_FLIGHT)
    assert wait == (RECHECK_SECONDS if then == IN_FLIGHT else then - now)
    assert then == IN_FLIGHT or admit(log, limit, then) == 0


def arrivals(
    limits: tuple[Limit, ...],
    *,
    seed: int,
    slowest: float,
    seconds: float,
    give_back: Callable[[Ticket, float, float], None] | None = None,
) -> list[float]:
    """When requests arrive at the vendor, if many workers always want to ask something.

    `give_back` is told of a ticket, when its request left, and when its answer came.
    """
    budgets = MemoryBudgets()
    dice = random.Random(seed)
    order = itertools.count()
    arrived: list[float] = []
    queue: list[tuple[float, int, Ticket | None, float]] = [(0.0, next(order), None, 0.0)] * 12
    while queue:
        now, _, ticket, left_at = heapq.heappop(queue)
        if ticket is not None:
            if give_back is None:
                budgets.give_back(ticket, now)
            else:
                give_back(ticket, left_at, now)
        if now > seconds:
            continue
        slot = budgets.take(limits, now)
        if not isinstance(slot, Ticket):
            heapq.heappush(queue, (now + slot, next(order), None, 0.0))
            continue
        there = now + dice.uniform(0, slowest) * dice.choice((0.01, 0.1, 1))
        arrived.append(there)
        back = there + dice.uniform(0, slowest) * dice.choice((0.01, 0.1, 1))
        heapq.heappush(queue, (back, next(order), slot, now))
    return sorted(arrived)


def worst(arrived: list[float], limit: Limit) -> int:
    """The most that arrived in any sliding window."""
    first = most = 0
    for last, at in enumerate(arrived):
        while arrived[first] <= at - limit.seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


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
    came = arrivals((limit,), seed=seed, slowest=slowest, seconds=5 * window)
    assert worst(came, limit) <= count


@pytest.mark.promise("S5")
@pytest.mark.parametrize("seed", range(3))
def test_nine_tenths_of_a_limit_can_be_used(seed: int) -> None:
    """The price of being sure is the latency, and no more."""
    limit = Limit("all", 100, 60.0)
    came = arrivals((limit,), seed=seed, slowest=1.0, seconds=1200)
    assert worst(came, limit) <= 100
    assert len(came) >= 0.9 * 100 * 1200 / 60


@pytest.mark.promise("S5")
def test_slots_that_are_freed_by_when_they_were_taken_let_too_many_arrive() -> None:
    """Negative control: a window from *sending* on is not enough."""

    def stamp_when_sent(ticket: Ticket, left_at: float, _now: float) -> None:
        ticket.returned_at = left_at

    worsts = []
    for seed in range(5):
        came = arrivals((LIMIT,), seed=seed, slowest=5.0, seconds=3000, give_back=stamp_when_sent)
        worsts.append(worst(came, LIMIT))
    assert max(worsts) > LIMIT.count


@pytest.mark.promise("S5")
def test_a_request_stays_inside_all_of_its_limits() -> None:
    """A slot in every budget, or in none."""
    narrow, wide = Limit("job", 3, 10.0), Limit("all", 10, 60.0)
    came = arrivals((narrow, wide), seed=1, slowest=1.0, seconds=1000)
    assert worst(came, narrow) <= 3
    assert worst(came, wide) <= 10
    budgets = MemoryBudgets()
    taken = [budgets.take((narrow, wide), 0.0) for _ in range(20)]
    assert sum(isinstance(slot, Ticket) for slot in taken) == 3
    assert sum(isinstance(budgets.take((wide,), 0.0), Ticket) for _ in range(20)) == 7


def test_who_has_no_limits_never_waits() -> None:
    """No budget, no wait."""
    budgets = MemoryBudgets()
    assert all(isinstance(budgets.take((), 0.0), Ticket) for _ in range(100))


@pytest.mark.promise("S5")
def test_threads_share_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty threads that ask at once, and get in each other's way, get what slots there are."""
    budgets = MemoryBudgets()
    ready = threading.Barrier(50)
    look = _Slots.wait

    def look_slowly(slots: _Slots, limit: Limit, now: float) -> float:
        wait = look(slots, limit, now)
        time.sleep(0.001)  # another thread's turn, between looking and taking
        return wait

    def take(_: int) -> list[bool]:
        ready.wait()
        return [isinstance(budgets.take((LIMIT,), 0.0), Ticket) for _ in range(4)]

    monkeypatch.setattr(_Slots, "wait", look_slowly)
    with ThreadPoolExecutor(50) as pool:
        assert sum(map(sum, pool.map(take, range(50)))) == LIMIT.count


@given(steps=st.lists(st.tuples(st.integers(0, 300), st.floats(0, 40)), max_size=400))
def test_what_is_remembered_does_not_grow(steps: list[tuple[int, float]]) -> None:
    """A budget for each id at the vendor: those that nobody uses any more are forgotten."""
    budgets = MemoryBudgets()
    now = 0.0
    for number, pause in steps:
        slot = budgets.take((Limit(f"job/{number}", 2, 60.0),), now)
        if isinstance(slot, Ticket):
            budgets.give_back(slot, now)
        now += pause
    slots: _Slots = budgets._slots.get()
    assert all(len(held) <= 2 for held in slots.tickets.values())
    recent = sum(pause for _, pause in steps)
    budgets.take((Limit("last", 1, 60.0),), recent + 121)
    assert list(slots.tickets) == ["last"]


def test_a_request_that_is_still_out_is_not_forgotten() -> None:
    """However long it takes: it may still arrive."""
    budgets = MemoryBudgets()
    limit = Limit("job", 1, 60.0)
    ticket = budgets.take((limit,), 0.0)
    assert isinstance(ticket, Ticket)
    assert budgets.take((limit,), 1e6) == RECHECK_SECONDS
    budgets.give_back(ticket, 1e6)
    wait = budgets.take((limit,), 1e6)
    assert isinstance(wait, float)
    assert 60 < wait < 60.1
    assert isinstance(budgets.take((limit,), 1e6 + 60.1), Ticket)


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
    assert all(t.returned_at < IN_FLIGHT for held in slots.tickets.values() for t in held)


@pytest.mark.promise("D10")
@pytest.mark.parametrize("count", [0, -1])
def test_a_limit_that_admits_nothing_is_named(way: Way, vendor: Vendor, count: int) -> None:
    """It is the adapter's mistake, and no reason to wait for ever."""
    with pytest.raises(BrokenProvider, match="ValueError"):
        way.run(call(way.session(vendor), limited(count, 60.0), operation="request"))
    assert vendor.connections == 0
