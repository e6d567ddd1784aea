"""When requests arrive at a vendor whose limit many workers share, in virtual time."""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections.abc import Callable, Sequence

from esign_core.engine import BudgetStore, Ticket
from esign_core.provider import Limit

WORKERS = 12


def arrivals(
    budgets: BudgetStore,
    limits: tuple[Limit, ...],
    *,
    seed: int,
    slowest: float,
    seconds: float,
    give_back: Callable[[Ticket, float, float], None] | None = None,
    dies: float = 0.0,
    begin: float = 0.0,
) -> list[float]:
    """When requests arrive, if many workers always want to ask something.

    Args:
        budgets: Who lets them go.
        limits: What each of them counts against.
        seed: Same seed, same arrivals.
        slowest: How long a request takes there at the most, and its answer back.
        seconds: For how long they want something.
        give_back: Told of a ticket, when its request left, and when its answer came.
        dies: How likely it is that a worker dies while it waits for a slot or for an answer.
        begin: When it begins.
    """
    dice = random.Random(seed)
    order = itertools.count()
    arrived: list[float] = []
    queue: list[tuple[float, int, Ticket, float | None]] = [
        (begin, next(order), Ticket(limits), None) for _ in range(WORKERS)
    ]
    while queue:
        now, _, ticket, left_at = heapq.heappop(queue)
        if dice.random() < dies:  # and another worker is started in its place
            heapq.heappush(queue, (now + slowest, next(order), Ticket(limits), None))
            continue
        if left_at is not None:
            if give_back is None:
                budgets.give_back(ticket, now)
            else:
                give_back(ticket, left_at, now)
            ticket = Ticket(limits)
        if now > begin + seconds:
            continue
        wait = budgets.take(ticket, now)
        if wait > 0:
            heapq.heappush(queue, (now + wait, next(order), ticket, None))
            continue
        there = now + dice.uniform(0, slowest) * dice.choice((0.01, 0.1, 1))
        arrived.append(there)
        back = there + dice.uniform(0, slowest) * dice.choice((0.01, 0.1, 1))
        heapq.heappush(queue, (back, next(order), ticket, now))
    return sorted(arrived)


def most_in_a_window(arrived: Sequence[float], seconds: float) -> int:
    """The most that arrived in any sliding window of so many seconds."""
    first = most = 0
    for last, at in enumerate(arrived):
        while arrived[first] <= at - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def used(arrived: Sequence[float], limit: Limit) -> float:
    """How much of what the limit allows was used, from the first arrival to the last.

    The first burst does not count: it would make a short run look better than a long one.
    """
    windows = (arrived[-1] - arrived[0]) / limit.seconds
    return (len(arrived) - limit.count) / (windows * limit.count) if windows else math.nan
