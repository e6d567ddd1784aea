"""What several tasks of one event loop want done by the database, done in one go."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import anyio
import anyio.from_thread
import anyio.to_thread


@dataclass(frozen=True, slots=True)
class Failed:
    """What a piece of work raised."""

    error: Exception


Answer: TypeAlias = Any
"""What a piece of work answered, or `Failed`."""
Perform: TypeAlias = Callable[[Sequence[Any]], Sequence[Answer]]
"""Does several pieces of work, and answers each, in their order."""


def value_of(answer: Answer) -> Any:
    """What a piece of work answered; what it raised is raised."""
    if isinstance(answer, Failed):
        raise answer.error
    return answer


@dataclass(eq=False, slots=True)
class _Waiting:
    piece: Any
    turn: anyio.Event = field(default_factory=anyio.Event)
    """Set when it is done, or when its task is the one to go for all who wait."""
    is_done: bool = False
    answer: Answer = None


@dataclass(eq=False, slots=True)
class _Trip:
    """What goes to a thread at once."""

    going: Sequence[_Waiting]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _has_begun: bool = False

    def begins(self) -> bool:
        """Whether it begins now: true once, for the thread, or for who calls it off before."""
        with self._lock:
            is_first = not self._has_begun
            self._has_begun = True
            return is_first


class Together:
    """One task goes to a worker thread for all who wait; who comes meanwhile goes with the next.

    So a hundred deliveries at once take one thread and one commit, and not a hundred threads.

    Args:
        perform: Does what the tasks want, blocking.
    """

    def __init__(self, perform: Perform) -> None:
        self._perform = perform
        self._waiting: list[_Waiting] = []
        self._is_away = False

    async def run(self, piece: Any) -> Any:
        """What became of a piece; what it raised is raised.

        A task that is cancelled meanwhile leaves its piece to be done, or not to be done: as if
        its process had died.
        """
        mine = _Waiting(piece)
        self._waiting.append(mine)
        if self._is_away:
            try:
                await mine.turn.wait()
            except BaseException:  # cancelled
                if mine in self._waiting:
                    self._waiting.remove(mine)
                if mine.turn.is_set() and not mine.is_done:
                    self._hand_over()
                raise
        if not mine.is_done:
            await self._go(mine)
        return value_of(mine.answer)

    async def _go(self, mine: _Waiting) -> None:
        """Go for all who wait. asyncio cancels a task through any shield; the others go on."""
        self._is_away = True
        trip = _Trip(self._waiting)
        self._waiting = []
        try:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._away, trip)
        except BaseException:
            if trip.begins():  # it did not, and will not: another one goes
                others = [each for each in trip.going if each is not mine]
                self._waiting = [*others, *self._waiting]
                self._hand_over()
            raise

    def _away(self, trip: _Trip) -> None:
        """In the thread, which comes back by itself: who sent it may be gone."""
        if not trip.begins():
            return
        try:
            answers = self._perform([each.piece for each in trip.going])
        except Exception as error:  # noqa: BLE001 - it belongs to everybody who went along
            answers = [Failed(error)] * len(trip.going)
        anyio.from_thread.run_sync(self._back, trip, answers)

    def _back(self, trip: _Trip, answers: Sequence[Answer]) -> None:
        for each, answer in zip(trip.going, answers, strict=True):
            each.answer = answer
            each.is_done = True
            each.turn.set()
        self._hand_over()

    def _hand_over(self) -> None:
        """The first of those who wait goes next."""
        self._is_away = bool(self._waiting)
        if self._waiting:
            self._waiting[0].turn.set()
