"""Measuring several things in turns, so that what else the machine does hits all of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median


def medians(
    *works: Callable[[], object], rounds: int, clock: Callable[[], float] = time.perf_counter
) -> tuple[float, ...]:
    """Seconds that each of the works takes, the median of so many rounds."""
    return tuple(
        median(each) for each in zip(*taken(*works, rounds=rounds, clock=clock), strict=True)
    )


def taken(
    *works: Callable[[], object], rounds: int, clock: Callable[[], float] = time.perf_counter
) -> list[tuple[float, ...]]:
    """Seconds that each of the works took, round by round.

    Each is done once before it counts, and the order changes from round to round.
    """
    for work in works:
        _ = work()
    return [_round(works, number % len(works), clock) for number in range(rounds)]


def _round(
    works: tuple[Callable[[], object], ...], first: int, clock: Callable[[], float]
) -> tuple[float, ...]:
    seconds = [0.0] * len(works)
    for place in (*range(first, len(works)), *range(first)):
        before = clock()
        _ = works[place]()
        seconds[place] = clock() - before
    return tuple(seconds)


def times(count: int, work: Callable[[], object]) -> Callable[[], None]:
    """The same work so many times."""

    def repeated() -> None:
        for _ in range(count):
            _ = work()

    return repeated
