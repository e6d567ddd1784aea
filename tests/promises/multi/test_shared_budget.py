"""Many processes share a vendor's limit: what counts is when requests arrive there."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from esign_core.provider import Limit
from tests.engine.arrivals import most_in_a_window
from tests.promises.multi.limited_vendor import LimitedVendor

ROOT = Path(__file__).resolve().parents[3]
LIMIT = Limit("all", 20, 2.0)
PROCESSES = 8
SLOWEST_SECONDS = 0.1


class Crowd:
    """Processes that ask for more than they may, each in its own way."""

    def __init__(self, journal_url: str, vendor: LimitedVendor, guard: str) -> None:
        told = [journal_url, vendor.url, guard, str(LIMIT.count), str(LIMIT.seconds)]
        command = [sys.executable, "-m", "tests.promises.multi.asking", *told]
        self._nursery = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._running: list[int] = []
        self._ways = itertools.cycle(("sync", "async"))

    def begin(self, count: int) -> None:
        """Start so many."""
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        for _ in range(count):
            self._nursery.stdin.write(f"{next(self._ways)}\n")
            self._nursery.stdin.flush()
            self._running.append(int(self._nursery.stdout.readline()))

    def kill(self, count: int) -> None:
        """`kill -9` the oldest, whatever they are at."""
        for _ in range(count):
            with suppress(ProcessLookupError):  # it has told on stderr why it is gone
                os.kill(self._running.pop(0), signal.SIGKILL)

    def end(self) -> None:
        """Kill them all."""
        self.kill(len(self._running))
        self._nursery.kill()
        _ = self._nursery.communicate(timeout=10)


@pytest.fixture
def vendor() -> Iterator[LimitedVendor]:
    """One that counts."""
    with LimitedVendor(SLOWEST_SECONDS) as vendor:
        yield vendor


@pytest.fixture
def crowd(vendor: LimitedVendor) -> Iterator[Callable[[str, str], Crowd]]:
    """Processes, by the address of their journal, and by how they keep to the limit."""
    made: list[Crowd] = []

    def make(journal_url: str, guard: str) -> Crowd:
        made.append(Crowd(journal_url, vendor, guard))
        return made[-1]

    yield make
    for each in made:
        each.end()


@pytest.mark.promise("S5")
def test_eight_processes_keep_to_one_limit_and_use_it(
    journal_url: str, vendor: LimitedVendor, crowd: Callable[[str, str], Crowd]
) -> None:
    """In any window, though some and then all are killed and started anew; 9 / 10 are used."""
    processes = crowd(journal_url, "Shared")
    processes.begin(PROCESSES)
    for came, count in ((40, 2), (60, PROCESSES)):
        vendor.wait_for(came)
        processes.kill(count)
        processes.begin(count)
    vendor.wait_for(140)
    arrived = vendor.arrived
    assert most_in_a_window(arrived, LIMIT.seconds) <= LIMIT.count
    assert most_used(arrived, LIMIT) >= 0.9


@pytest.mark.negative_control("S5")
@pytest.mark.parametrize("guard", ["FixedWindow", "StampedWhenSent", "Alone"])
def test_naive_ways_let_too_many_through(
    vendor: LimitedVendor, crowd: Callable[[str, str], Crowd], tmp_path: Path, guard: str
) -> None:
    """Windows of the clock, slots stamped when sending, a budget for each process: all break."""
    crowd(f"sqlite:///{tmp_path / 'esign.db'}", guard).begin(PROCESSES)
    for came in range(LIMIT.count + 1, 81):
        vendor.wait_for(came)
        if most_in_a_window(vendor.arrived, LIMIT.seconds) > LIMIT.count:
            return
    pytest.fail("the limit was kept")


def most_used(arrived: Sequence[float], limit: Limit) -> float:
    """How much of the limit was used in the best three windows that follow each other.

    From one arrival to that of the same slot three windows later: so neither a first burst nor
    where a window begins makes it look better. A machine that is busy with something else for a
    moment makes it no worse.
    """
    many = 3 * limit.count
    quickest = min(late - early for early, late in zip(arrived, arrived[many:], strict=False))
    return 3 * limit.seconds / quickest
