"""What several tasks of one event loop want done by the database, done in one go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import anyio
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
            await self._go()
        return value_of(mine.answer)

    async def _go(self) -> None:
        self._is_away = True
        going, self._waiting = self._waiting, []
        pieces = [each.piece for each in going]
        answers: Sequence[Answer] = [Failed(RuntimeError("interrupted"))] * len(going)
        try:
            with anyio.CancelScope(shield=True):  # others go along
                answers = await anyio.to_thread.run_sync(self._perform, pieces)
        except Exception as error:  # noqa: BLE001 - it belongs to everybody who went along
            answers = [Failed(error)] * len(going)
        finally:
            for each, answer in zip(going, answers, strict=True):
                each.answer = answer
                each.is_done = True
                each.turn.set()
            self._hand_over()

    def _hand_over(self) -> None:
        """The first of those who wait goes next."""
        self._is_away = bool(self._waiting)
        if self._waiting:
            self._waiting[0].turn.set()
