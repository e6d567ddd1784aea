"""Whose turn it is: one account's trouble, or its backlog, is not the others'.

Each account has a lane, and plugins that are told of events have one together. In a round every
lane with something to do gets one turn. A lane whose budget is used up is closed until there is
room; one that fails is tried by one at a time, and then more and more rarely, until something goes
well there. And none gets the last free thread: who is inside of an adapter that blocks cannot be
stopped. All of this is one process's own.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from esign_core.errors import (
    AuthenticationFailed,
    EsignError,
    JournalUnusable,
    MissingExtra,
    RateLimited,
    SecretsLocked,
    Unavailable,
    UnknownConnection,
)

_OF_THE_LANE = (
    AuthenticationFailed,
    JournalUnusable,
    MissingExtra,
    RateLimited,
    SecretsLocked,
    Unavailable,
    UnknownConnection,
)
_LONGEST_CLOSED = timedelta(minutes=15)
_FEW_FAILURES = 3
"""How many failures in a row may be chance."""
_FIRST_CLOSED_SECONDS = 5.0
_LONGEST_OUTAGE_SECONDS = 300.0


@dataclass(frozen=True)
class Choice:
    """What to look for next."""

    without: frozenset[str]
    """Accounts that are closed, or have all the threads that one may have."""
    rather_not: frozenset[str]
    """Accounts that had their turn in this round."""
    quickest_first: bool
    """Every other turn is for what is asked for in short intervals: it has just begun."""


class Lanes:
    """The lanes of one process. Safe for many threads.

    Args:
        keeps_one: Whether the last free thread is kept from who has all the others; it is wasted
            where there is one lane alone.
    """

    def __init__(self, *, keeps_one: bool = False) -> None:
        self._lock = threading.Lock()
        self._keeps_one = keeps_one
        self._threads = 0
        self._at_it: Counter[str] = Counter()
        self._inside: set[int] = set()
        self._failures: Counter[str] = Counter()
        self._closed_until: dict[str, datetime] = {}
        self._served: set[str] = set()
        self._turns = 0
        self.are_new = True
        """Whether this process has only begun to work."""

    def come(self, threads: int) -> None:
        """So many more threads work in this process; or fewer, if it is below 0."""
        with self._lock:
            self._threads += threads

    def choice(self, now: datetime) -> Choice:
        """What to look for next."""
        with self._lock:
            closed = {name for name, until in self._closed_until.items() if until > now}
            tried = {name for name, count in self._failures.items() if count and self._at_it[name]}
            without = frozenset(closed | tried | self._full())
            return Choice(without, frozenset(self._served), self._turns % 2 == 1)

    def begin(self, name: str, item_id: int) -> bool:
        """Something is done for an account; False if it has no thread to do it with any more."""
        with self._lock:
            if name in self._full():
                return False
            self._turns += 1
            self._at_it[name] += 1
            self._inside.add(item_id)
            self._served = {name} if name in self._served else {*self._served, name}
            return True

    def is_inside(self, item_id: int) -> bool:
        """Whether a thread is at it still, though its lease has ended: it may be blocked in it."""
        with self._lock:
            return item_id in self._inside

    def end(self, name: str, item_id: int) -> None:
        """Nobody of them does it any more."""
        with self._lock:
            self._inside.discard(item_id)
            self._at_it[name] -= 1
            if self._at_it[name] <= 0:
                del self._at_it[name]

    def went_well(self, name: str) -> None:
        """The account can be used; one that has no room is closed all the same."""
        with self._lock:
            if self._failures.pop(name, 0):
                _ = self._closed_until.pop(name, None)

    def is_limited(
        self, name: str, until: datetime, now: datetime, *, is_untried: bool = False
    ) -> None:
        """There is no room in a budget before then, or the vendor says so.

        Where nobody was asked, whose turn it was has it again: else every second turn could be
        the one for which there is no room, each time the same.
        """
        with self._lock:
            del self._failures[name]  # somebody has answered, or nobody was asked
            self._close(name, min(until, now + _LONGEST_CLOSED))
            self._turns -= is_untried

    def failed(self, name: str, now: datetime) -> None:
        """The account cannot be used: it is down, or refuses us."""
        with self._lock:
            self._failures[name] += 1
            more = self._failures[name] - _FEW_FAILURES
            if more >= 0:
                seconds = min(_FIRST_CLOSED_SECONDS * 2.0 ** min(more, 10), _LONGEST_OUTAGE_SECONDS)
                self._close(name, now + timedelta(seconds=seconds))

    def _full(self) -> set[str]:
        most = self._threads - 1
        if most < 1 or not self._keeps_one:
            return set()
        return {name for name, count in self._at_it.items() if count >= most}

    def _close(self, name: str, until: datetime) -> None:
        self._closed_until[name] = max(until, self._closed_until.get(name, until))


def is_of_the_lane(error: EsignError) -> bool:
    """Whether an error would have met any other work with the account too."""
    return isinstance(error, _OF_THE_LANE)
