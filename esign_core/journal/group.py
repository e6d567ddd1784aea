"""Group commit: whoever writes while a transaction is on its way shares the next one."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from esign_core.engine.together import Answer, Failed
from esign_core.errors import JournalUnusable, Outcome

W = TypeVar("W")

MOST = 512
"""How many pieces share one transaction at the most."""


class _Caller(Generic[W]):
    """What one caller wants written, and what became of it."""

    __slots__ = ("_turn", "answers", "pieces")

    def __init__(self, pieces: Sequence[W]) -> None:
        self.pieces = pieces
        self.answers: Sequence[Answer] | None = None
        # A lock, held until it is its turn: an Event is Python, and may be interrupted half-way.
        self._turn = threading.Lock()
        _ = self._turn.acquire()

    def wait(self) -> None:
        """Until it is done, or until this caller is the one to write for all who wait."""
        _ = self._turn.acquire()

    def wake(self) -> None:
        """One of both is so."""
        if self._turn.locked():
            self._turn.release()


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
        self._leader: _Caller[W] | None = None
        """Who writes, or is to."""
        self._served: list[_Caller[W]] = []
        """Whom the leader writes for."""

    def submit(self, pieces: Sequence[W]) -> Sequence[Answer]:
        """What became of each piece, after it was written."""
        mine = _Caller(pieces)
        try:
            with self._lock:
                self._waiting.append(mine)
                if self._leader is None:
                    self._leader = mine
                    mine.wake()
            mine.wait()
            if mine.answers is None:
                self._lead()
        except BaseException:  # this thread is being stopped, at any step; the others are not
            self._leave(mine)
            raise
        assert mine.answers is not None  # noqa: S101 - who leads is the first to be served
        return mine.answers

    def _lead(self) -> None:
        with self._lock:
            count = 0
            while self._waiting and (not count or count + len(self._waiting[0].pieces) <= MOST):
                count += len(self._waiting[0].pieces)
                self._served.append(self._waiting[0])
                _ = self._waiting.popleft()
        answers = self._perform([piece for caller in self._served for piece in caller.pieces])
        with self._lock:
            place = 0
            for caller in self._served:
                caller.answers = answers[place : place + len(caller.pieces)]
                place += len(caller.pieces)
            self._hand_over()

    def _leave(self, caller: _Caller[W]) -> None:
        """Nobody waits for it any more; if it was to write for all, another one is.

        It may have been stopped between any two steps of its own, also of the last ones.
        """
        with self._lock:
            if caller in self._waiting:
                self._waiting.remove(caller)
            if self._leader is caller:
                for each in self._served:
                    if each.answers is None:
                        each.answers = [_interrupted() for _ in each.pieces]
                self._waiting = deque(each for each in self._waiting if each.answers is None)
                self._hand_over()
            elif self._leader is not None:
                self._leader.wake()  # it was named, and perhaps not woken

    def _hand_over(self) -> None:
        """Wake those who were served; the next of those who wait leads."""
        for caller in self._served:
            caller.wake()
        self._served = []
        self._leader = self._waiting[0] if self._waiting else None
        if self._leader is not None:
            self._leader.wake()


def _interrupted() -> Failed:
    return Failed(
        JournalUnusable(
            "the thread that wrote was interrupted: nobody can say whether this step was kept. "
            "Do it again with the same key; what was kept is not done twice.",
            outcome=Outcome.UNCERTAIN,
        )
    )
