"""What several tasks of one event loop want done by the database, done in one go."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

import anyio
import anyio.to_thread


@dataclass(frozen=True, slots=True)
class Failed:
    """What a piece of work raised."""

    error: BaseException


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
    answers: Sequence[Answer] | None = None
    """Once it is over."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _has_begun: bool = False
    _when_over: Callable[[], None] | None = None

    def begins(self) -> bool:
        """Whether it begins now: true once, for the thread, or for who calls it off before."""
        with self._lock:
            is_first = not self._has_begun
            self._has_begun = True
            return is_first

    def make(self, perform: Perform) -> None:
        """In the thread. It waits for no event loop: that may never go on."""
        if not self.begins():
            return
        try:
            answers = perform([each.piece for each in self.going])
        except BaseException as error:  # noqa: BLE001 - it belongs to everybody who went along
            answers = [Failed(error)] * len(self.going)
        with self._lock:
            self.answers = answers
            tell = self._when_over
        if tell is not None:
            tell()

    def leave_alone(self, tell: Callable[[], None]) -> None:
        """Nobody waits for the thread any more: it says by itself when it is over."""
        with self._lock:
            is_over = self.answers is not None
            self._when_over = tell
        if is_over:
            tell()


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
                await anyio.to_thread.run_sync(trip.make, self._perform)
        except BaseException:
            if trip.begins():  # it did not, and will not: another one goes
                others = [each for each in trip.going if each is not mine]
                self._waiting = [*others, *self._waiting]
                self._hand_over()
            else:
                trip.leave_alone(partial(_soon, asyncio.get_running_loop(), self._back, trip))
            raise
        self._back(trip)

    def _back(self, trip: _Trip) -> None:
        for each, answer in zip(trip.going, trip.answers or (), strict=True):
            each.answer = answer
            each.is_done = True
            each.turn.set()
        self._hand_over()

    def _hand_over(self) -> None:
        """The first of those who wait goes next."""
        self._is_away = bool(self._waiting)
        if self._waiting:
            self._waiting[0].turn.set()


def _soon(loop: asyncio.AbstractEventLoop, tell: Callable[[_Trip], None], trip: _Trip) -> None:
    with suppress(RuntimeError):  # the loop is closed, with everybody who waited in it
        _ = loop.call_soon_threadsafe(tell, trip)
