"""Group commit: whoever writes while a transaction is on its way shares the next one."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from esign_core.engine.together import Answer, Failed
from esign_core.errors import JournalUnusable

W = TypeVar("W")

MOST = 512
"""How many pieces share one transaction at the most."""


@dataclass(eq=False, slots=True)
class _Caller(Generic[W]):
    """What one caller wants written, and what became of it."""

    pieces: Sequence[W]
    turn: threading.Event = field(default_factory=threading.Event)
    """Set when it is done, or when this caller is the one to write for all who wait."""
    answers: Sequence[Answer] | None = None


class Group(Generic[W]):
    """Writes for many callers at once, in the thread of one of them.

    Who comes while nobody writes, writes at once: there is no thread to hand over to, and no
    pause in which to collect. Who comes meanwhile waits, and the first of them writes for all.

    Args:
        perform: Does several pieces in one transaction, and answers each, in their order.
    """

    def __init__(self, perform: Callable[[Sequence[W]], Sequence[Answer]]) -> None:
        self._perform = perform
        self._lock = threading.Lock()
        self._waiting: deque[_Caller[W]] = deque()
        self._is_busy = False

    def submit(self, pieces: Sequence[W]) -> Sequence[Answer]:
        """What became of each piece, after it was written."""
        mine = _Caller(pieces)
        with self._lock:
            self._waiting.append(mine)
            leads = not self._is_busy
            self._is_busy = True
        if not leads:
            _ = mine.turn.wait()
        if mine.answers is None:
            self._lead()
        assert mine.answers is not None  # noqa: S101 - who leads is the first to be served
        return mine.answers

    def _lead(self) -> None:
        served = self._next()
        try:
            answers = self._perform([piece for caller in served for piece in caller.pieces])
        except BaseException:  # this thread is being stopped; the others are not
            self._hand_over(served, [_interrupted() for each in served for _ in each.pieces])
            raise
        self._hand_over(served, answers)

    def _next(self) -> list[_Caller[W]]:
        with self._lock:
            served = [self._waiting.popleft()]
            count = len(served[0].pieces)
            while self._waiting and count + len(self._waiting[0].pieces) <= MOST:
                count += len(self._waiting[0].pieces)
                served.append(self._waiting.popleft())
        return served

    def _hand_over(self, served: Sequence[_Caller[W]], answers: Sequence[Answer]) -> None:
        """Tell those who were served; the next of those who wait leads."""
        with self._lock:
            following = self._waiting[0] if self._waiting else None
            self._is_busy = following is not None
        place = 0
        for caller in served:
            caller.answers = answers[place : place + len(caller.pieces)]
            place += len(caller.pieces)
            caller.turn.set()
        if following is not None:
            following.turn.set()


def _interrupted() -> Failed:
    return Failed(
        JournalUnusable(
            "the thread that wrote was interrupted: nobody can say whether this step was kept. "
            "Do it again with the same key; what was kept is not done twice."
        )
    )
