"""Many worlds with random seeds, on every processor, for so long; and what they came to."""

from __future__ import annotations

import gc
import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import get_context

from esign_core.journal import Journal
from tests.promises.sim.chaos import Trouble
from tests.promises.sim.guards import Guard
from tests.promises.sim.judge import Verdict, judge
from tests.promises.sim.world import World

_WORLDS_AT_ONCE = 2


@dataclass
class Tally:
    """What came of some worlds."""

    worlds: int = 0
    envelopes: int = 0
    """How many were wanted."""
    faults: Counter[Trouble] = field(default_factory=Counter)
    crashes_in_send: int = 0
    duplicates: int = 0
    losses: int = 0
    lies: int = 0
    failed: dict[int, str] = field(default_factory=dict)
    """What was wrong, by seed."""

    @property
    def is_good(self) -> bool:
        """Whether all promises were kept."""
        return not self.failed

    def add(self, other: Tally) -> None:
        """Count other worlds too."""
        self.worlds += other.worlds
        self.envelopes += other.envelopes
        self.faults += other.faults
        self.crashes_in_send += other.crashes_in_send
        self.duplicates += other.duplicates
        self.losses += other.losses
        self.lies += other.lies
        self.failed |= other.failed

    def __str__(self) -> str:
        rows = [
            ("worlds", self.worlds),
            ("envelopes", self.envelopes),
            ("faults", self.faults.total()),
            *((f"  {kind}", count) for kind, count in self.faults.most_common()),
            ("crashes inside send", self.crashes_in_send),
            ("duplicates", self.duplicates),
            ("losses", self.losses),
            ("otherwise wrong", self.lies),
        ]
        return "\n".join(f"{name:24}{count:>10,}" for name, count in rows)


def lived(
    seed: int, without: Collection[Guard] = (), journal: Journal | None = None
) -> tuple[World, Verdict]:
    """A world that has lived, and the verdict on it; `journal` is one to use, if there is one."""
    world = World(seed, without=without, journal=journal)
    try:
        world.live()
        return world, judge(world)
    finally:
        world.close()


def soak(
    seconds: float,
    first_seed: int,
    *,
    processes: int,
    without: Collection[Guard] = (),
    told: Callable[[Tally], object] = lambda _: None,
    is_enough: Callable[[Tally], bool] = lambda _: False,
) -> Tally:
    """Let worlds live for so long, or until it is enough.

    Args:
        seconds: For how long.
        first_seed: Seeds go up from here.
        processes: How many live at a time.
        without: The protections that they have not.
        told: Called with the tally so far, when it has grown.
        is_enough: Asked then, too.
    """
    until = time.monotonic() + seconds
    tally = Tally()
    seeds = first_seed
    waiting: set[Future[Tally]] = set()
    with ProcessPoolExecutor(processes, get_context("spawn"), initializer=_quiet) as pool:
        while True:
            is_over = time.monotonic() > until or is_enough(tally)
            while not is_over and len(waiting) < 2 * processes:
                waiting.add(pool.submit(_some, seeds, without))
                seeds += _WORLDS_AT_ONCE
            if not waiting:
                return tally
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for each in done:
                tally.add(each.result())
            told(tally)


def commands(tally: Tally, without: Collection[Guard] = ()) -> Iterator[str]:
    """What was wrong with each world that failed, and the command that replays it."""
    options = "".join(f" --without-guard {guard}" for guard in sorted(without))
    if len(without) == len(Guard):
        options = " --without-guard"
    for seed, why in tally.failed.items():
        yield f"{why}\n  .venv/bin/python -m tests.promises.sim --seed {seed}{options}"


def _quiet() -> None:
    logging.disable(logging.CRITICAL)  # thousands of faults, each of them told
    gc.freeze()  # what was imported stays; a world makes garbage all at once, at its end
    gc.set_threshold(200_000, 10, 10)


def _some(first_seed: int, without: Collection[Guard]) -> Tally:
    tally = Tally()
    for seed in range(first_seed, first_seed + _WORLDS_AT_ONCE):
        tally.add(_one(seed, without, _journal()))
    return tally


@cache
def _journal() -> Journal:
    """The one that the worlds of this process use, one after the other."""
    return Journal("sqlite://")


def _one(seed: int, without: Collection[Guard], journal: Journal) -> Tally:
    try:
        world, verdict = lived(seed, without, journal)
    except Exception as error:  # noqa: BLE001 - whatever it is, the seed is worth keeping
        return Tally(worlds=1, lies=1, failed={seed: f"wrong: {type(error).__name__}: {error}"})
    return Tally(
        worlds=1,
        envelopes=len(world.wishes),
        faults=world.chaos.counts,
        crashes_in_send=sum(process.sent_when_it_died for process in world.processes),
        duplicates=len(verdict.duplicates),
        losses=len(verdict.losses),
        lies=len(verdict.lies),
        failed={} if verdict.is_good else {seed: str(verdict)},
    )
