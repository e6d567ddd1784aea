"""The third driver: a world with a virtual clock, a seed, and a crash at the n-th effect.

Tasks take turns: each effect takes a random, virtual moment, so that others run in between. The
same seed gives the same world. A crash is a `BaseException` that no task can catch as an error;
what was committed by then is what a restarted process finds.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeAlias, TypeVar

from esign_core.engine.attempts import Attempts, judged
from esign_core.engine.drive import expect_task, no_effect
from esign_core.engine.effects import (
    Effect,
    Exchange,
    Exclusive,
    SavedFile,
    SaveObject,
    Sleep,
    Task,
    Transact,
)
from esign_core.engine.limits import Ticket
from esign_core.engine.objects import Buckets
from esign_core.provider import Response

T = TypeVar("T")
_Life: TypeAlias = Generator[float, None, T]
"""What a task goes through: it yields how many seconds pass until it goes on."""

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_LONGEST_MOMENT_SECONDS = 0.1


class Crash(BaseException):
    """The process dies here."""


@dataclass
class VirtualClock:
    """A clock that stands still until it is moved."""

    seconds: float = 0.0

    def now(self) -> datetime:
        """The time in this world."""
        return EPOCH + timedelta(seconds=self.seconds)

    def pass_time(self, seconds: float) -> None:
        """Move on."""
        self.seconds += seconds


@dataclass
class SimulatedDriver:
    """Performs effects in virtual time.

    Args:
        seed: Same seed, same world.
        clock: Shared with the simulated vendors and the provider.
        crash_at: Die instead of performing this effect, counted from 1.
    """

    seed: int = 0
    clock: VirtualClock = field(default_factory=VirtualClock)
    crash_at: int | None = None
    buckets: Buckets = field(default_factory=Buckets, repr=False)
    trace: list[str] = field(default_factory=list, repr=False)
    """What was done when, one line an effect: equal for equal seeds."""
    _random: random.Random = field(init=False, repr=False)
    _held: set[str] = field(default_factory=set, init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - a reproducible world, no secret

    def run(self, task: Task[T]) -> T:
        """What one task answers."""
        return self.run_together([task])[0]

    def run_together(self, tasks: Sequence[Task[T]]) -> list[T]:
        """What several tasks answer that take turns; the first error ends the world."""
        lives = [self._life(task) for task in tasks]
        answers: dict[int, T] = {}
        queue = [(self.clock.seconds, place) for place in range(len(lives))]
        while queue:
            at, place = heapq.heappop(queue)
            self.clock.seconds = max(self.clock.seconds, at)
            try:
                pause = next(lives[place])
            except StopIteration as stop:
                answers[place] = stop.value
            else:
                heapq.heappush(queue, (self.clock.seconds + pause, place))
        return [answers[place] for place in range(len(lives))]

    def _life(self, task: Task[T]) -> _Life[T]:
        expect_task(task)
        step: Callable[[], Effect] = partial(next, task)
        while True:
            yield self._moment()
            try:
                effect = step()
            except StopIteration as stop:
                answer: T = stop.value
                return answer
            try:
                result = yield from self._performed(effect)
            except Exception as error:  # noqa: BLE001 - whatever it is belongs to the task
                step = partial(task.throw, error)
            else:
                step = partial(task.send, result)

    def _performed(self, effect: Effect) -> _Life[Any]:
        self.trace.append(f"{self.clock.seconds:.3f} {type(effect).__name__}")
        if len(self.trace) == self.crash_at:
            raise Crash(self.crash_at)
        match effect:
            case Exchange():
                return (yield from self._exchange(effect))
            case SaveObject():
                return self.buckets.save(effect.download, effect.to)
            case Transact():
                return effect.work()
            case Sleep():
                return (yield effect.seconds)
            case Exclusive():
                return (yield from self._alone(effect))
            case _:  # pyright: ignore[reportUnnecessaryComparison]  # a task may yield anything
                raise no_effect(effect)

    def _alone(self, effect: Exclusive) -> _Life[Any]:
        while effect.name in self._held:
            yield self._moment()
        self._held.add(effect.name)
        try:
            return (yield from self._life(effect.task()))
        finally:
            self._held.remove(effect.name)

    def _exchange(self, effect: Exchange) -> _Life[Response | SavedFile]:
        attempts = Attempts(effect, lambda: self.clock.seconds, self._random.random)
        while True:
            try:
                return (yield from self._once(effect, attempts))
            except Exception as error:
                pause = attempts(error)
                if pause is False:
                    raise
            yield pause

    def _once(self, effect: Exchange, attempts: Attempts) -> _Life[Response | SavedFile]:
        while not isinstance(slot := attempts.take(), Ticket):
            yield slot
        try:
            yield self._moment()  # on its way there
            answer = attempts.perform(slot)
            yield self._moment()  # and back
        finally:
            attempts.give_back(slot)
        return judged(effect, answer)

    def _moment(self) -> float:
        return self._random.random() * _LONGEST_MOMENT_SECONDS
