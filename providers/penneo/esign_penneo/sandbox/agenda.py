"""What is due when: the only way anything happens here without somebody asking for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from heapq import heappop, heappush


class Agenda:
    """Things to do, in the order of their times; two of the same time in the order they came."""

    def __init__(self) -> None:
        self._entries: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._noted = 0

    def note(self, due_at: datetime, do: Callable[[datetime], None]) -> None:
        """Have `do` called once `due_at` has come. It must look whether it still applies."""
        self._noted += 1
        heappush(self._entries, (due_at, self._noted, do))

    def settle(self, now: datetime) -> None:
        """Do all that is due, each told its own time, and what becomes due by doing so.

        A clock that jumps a month thus leaves the same history as one that ticks through it.
        """
        while self._entries and self._entries[0][0] <= now:
            due_at, _, do = heappop(self._entries)
            do(due_at)
