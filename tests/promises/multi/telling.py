"""Processes that tell one journal the same news, each in an order of its own, and all of it twice.

`python -m tests.promises.multi.telling JOURNAL PROCESSES WAY` ends when all of them have. They
share nothing but the journal. Now and then one is interrupted in the middle of a transaction.
"""

from __future__ import annotations

import fcntl
import os
import random
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import NoReturn

from esign_core.journal import Journal, Transaction
from esign_core.journal.postgresql import PostgresqlStore
from esign_core.journal.stream import Stream
from esign_core.model import Event, EventType, Observation
from tests.journal.conftest import Shelf

NAMES = [f"{number}" for number in range(5)]
SHELF = Shelf()
_NEWS = [
    SHELF.observation(EventType.ENVELOPE_SENT),
    SHELF.observation(EventType.SIGNER_VIEWED, signer="s1"),
    SHELF.observation(EventType.SIGNER_SIGNED, signer="s1"),
    SHELF.observation(EventType.ENVELOPE_DECLINED),
    SHELF.observation(EventType.ENVELOPE_COMPLETED),
]
MONTH = timedelta(days=31)
NEWS = [*_NEWS, *(replace(each, received_at=each.received_at + MONTH) for each in _NEWS)]
"""What is told of every envelope: all of it again a month later."""
_INTERRUPTED = 0.2
_LONGEST_SECONDS = 0.004


class Interrupted(Exception):
    """Something went wrong in the middle of a transaction."""


def tell(journal: Journal, dice: random.Random) -> None:
    """All news of all envelopes, each in a transaction of its own, until it is kept."""
    told = list(product(NAMES, NEWS))
    dice.shuffle(told)
    for name, news in told:
        try:
            journal.write(_record(name, news, dice, is_interrupted=dice.random() < _INTERRUPTED))
        except Interrupted:
            journal.write(_record(name, news, dice))


def _record(
    name: str, news: Observation, dice: random.Random, *, is_interrupted: bool = False
) -> Callable[[Transaction], None]:
    def work(tx: Transaction) -> None:
        tx.record(tx.envelopes.get(f"env_{name}"), news)
        time.sleep(_LONGEST_SECONDS * dice.random())
        if is_interrupted:
            raise Interrupted

    return work


def use_plain_sequence(file: Path) -> None:
    """The naive way: positions come from outside of the transaction, which waits for nobody."""
    append = Stream.append

    def placed(
        self: Stream, envelope: int, observation: Observation, new: Sequence[Event]
    ) -> list[Event]:
        if new:
            self._last = _drawn(file, len(new))
        return append(self, envelope, observation, new)

    Stream.append = placed  # type: ignore[method-assign]
    PostgresqlStore.ordered = PostgresqlStore.aside  # type: ignore[method-assign]


def _drawn(file: Path, count: int) -> int:
    """The last position that was drawn before; so many more are drawn now."""
    with file.open("a+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.seek(0)
        last = int(held.read() or 0)
        held.truncate(0)
        held.write(f"{last + count}")
    return last


def _one(url: str, seed: int) -> NoReturn:
    status = 1
    try:
        journal = Journal(url)
        tell(journal, random.Random(seed))
        journal.close()
        status = 0
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(status)


def main(url: str, processes: str, plain: str = "") -> int:
    """Fork them, and wait; 0 if all ended well."""
    if plain:
        use_plain_sequence(Path(plain))
    children: list[int] = []
    for seed in range(int(processes)):
        child = os.fork()
        if child == 0:
            _one(url, seed)
        children.append(child)
    statuses = [os.waitpid(child, 0)[1] for child in children]
    return int(any(statuses))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
