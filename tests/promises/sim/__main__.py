"""Lets simulated worlds live: one by its seed, or as many as there is time for.

.venv/bin/python -m tests.promises.sim --seconds 60
.venv/bin/python -m tests.promises.sim --seed 17 --trace
"""

from __future__ import annotations

import argparse
import logging
import os
import resource
import secrets
import sys
import time
from collections.abc import Sequence

from tests.promises.sim.guards import Guard
from tests.promises.sim.soak import Tally, commands, lived, soak

_TELL_EVERY_SECONDS = 10.0


def main(arguments: Sequence[str]) -> int:
    """0 where every promise was kept, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.promises.sim", description=__doc__)
    _ = parser.add_argument("--seconds", type=float, default=60.0, help="for how long")
    _ = parser.add_argument("--seed", type=int, help="one world instead, again")
    _ = parser.add_argument("--trace", action="store_true", help="with --seed: all that happened")
    _ = parser.add_argument("--first-seed", type=int, help="where seeds begin; random if not given")
    _ = parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    _ = parser.add_argument(
        "--without-guard",
        action="append",
        nargs="?",
        const="all",
        choices=["all", *Guard],
        default=[],
        help="take a protection away, and stop at the first double send",
    )
    asked = parser.parse_args(arguments)
    chosen: list[str] = asked.without_guard
    without = frozenset(Guard) if "all" in chosen else frozenset(map(Guard, chosen))
    if asked.seed is not None:
        return _replay(asked.seed, without, is_traced=asked.trace)
    first = secrets.randbelow(10**9) if asked.first_seed is None else asked.first_seed
    return _soak(asked.seconds, first, asked.processes, without)


def _replay(seed: int, without: frozenset[Guard], *, is_traced: bool) -> int:
    logging.disable(logging.CRITICAL)
    world, verdict = lived(seed, without)
    if is_traced:
        _say("\n".join(world.trace))
    _say(f"seed {seed}: {len(world.wishes)} envelopes, {world.chaos.counts.total()} faults")
    _say(str(verdict))
    return 0 if verdict.is_good else 1


def _soak(seconds: float, first: int, processes: int, without: frozenset[Guard]) -> int:
    began_at = told_at = time.monotonic()
    guard = f", without the guard {', '.join(sorted(without))}" if without else ""
    _say(f"worlds from seed {first} on, {processes} at a time, for {seconds:g} s{guard}")

    def tell(tally: Tally) -> None:
        nonlocal told_at
        if time.monotonic() > told_at + _TELL_EVERY_SECONDS:
            told_at = time.monotonic()
            _say(
                f"{told_at - began_at:5.0f} s  {tally.worlds:,} worlds, "
                f"{tally.faults.total():,} faults, {len(tally.failed)} failed"
            )

    tally = soak(
        seconds,
        first,
        processes=processes,
        without=without,
        told=tell,
        is_enough=lambda so_far: bool(without) and so_far.duplicates > 0,
    )
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds_each = (used.ru_utime + used.ru_stime) / max(tally.worlds, 1)
    _say(f"{tally}\n{'seconds':24}{time.monotonic() - began_at:>10,.0f}")
    _say(f"{'CPU seconds a world':24}{seconds_each:>10.2f}")
    for number, command in enumerate(commands(tally, without)):
        if number == 10:
            _say(f"... and {len(tally.failed) - number} more")
            break
        _say(f"\n{command}")
    return 0 if tally.is_good else 1


def _say(text: str) -> None:
    _ = sys.stdout.write(f"{text}\n")
    _ = sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
