"""The third driver: a world with a virtual clock, a seed, and a crash at the n-th effect.

Tasks take turns: each effect takes a random, virtual moment, so other tasks run in between. The
same seed gives the same world. A crash is a `BaseException` that no task can catch as an error;
what was committed by then is what a restarted process finds.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from esign_core.engine.drive import expect_task, judged, no_effect
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
from esign_core.engine.objects import Buckets
from esign_core.engine.retry import DEADLINE_SECONDS, pause
from esign_core.provider import Response

T = TypeVar("T")

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_LONGEST_EFFECT_SECONDS = 0.1


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

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - a reproducible world, no secret

    def run(self, task: Task[T]) -> T:
        """What one task answers."""
        return self.run_together([task])[0]

    def run_together(self, tasks: Sequence[Task[T]]) -> list[T]:
        """What several tasks answer that take turns; the first error ends the world."""
        answers: dict[int, T] = {}
        queue: list[tuple[float, int, int, Callable[[], Effect]]] = []
        for place, task in enumerate(tasks):
            expect_task(task)
            self._queue(queue, place, partial(next, task))
        while queue:
            at, _, place, step = heapq.heappop(queue)
            self.clock.seconds = max(self.clock.seconds, at)
            try:
                effect = step()
            except StopIteration as stop:
                answers[place] = stop.value
                continue
            self._queue(queue, place, self._outcome(tasks[place], effect))
        return [answers[place] for place in range(len(tasks))]

    def _queue(
        self,
        queue: list[tuple[float, int, int, Callable[[], Effect]]],
        place: int,
        step: Callable[[], Effect],
    ) -> None:
        at = self.clock.seconds + self._random.random() * _LONGEST_EFFECT_SECONDS
        heapq.heappush(queue, (at, self._random.getrandbits(32), place, step))

    def _outcome(self, task: Task[Any], effect: Effect) -> Callable[[], Effect]:
        try:
            result = self._perform(effect)
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to the task
            return partial(task.throw, error)
        return partial(task.send, result)

    def _alone(self, task: Task[Any]) -> Any:
        """Run a task to its end with nobody in between."""
        step: Callable[[], Effect] = partial(next, task)
        while True:
            try:
                effect = step()
            except StopIteration as stop:
                return stop.value
            step = self._outcome(task, effect)

    def _perform(self, effect: Effect) -> Any:
        self.trace.append(f"{self.clock.seconds:.3f} {type(effect).__name__}")
        if len(self.trace) == self.crash_at:
            raise Crash(self.crash_at)
        match effect:
            case Exchange():
                return self._with_retries(effect)
            case SaveObject():
                return self.buckets.save(effect.download, effect.to)
            case Transact():
                return effect.work()
            case Sleep():
                return self.clock.pass_time(effect.seconds)
            case Exclusive():
                return self._alone(effect.task())
            case _:  # pyright: ignore[reportUnnecessaryComparison]  # a task may yield anything
                raise no_effect(effect)

    def _with_retries(self, effect: Exchange) -> Response | SavedFile:
        until = self.clock.seconds + DEADLINE_SECONDS
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._once(effect)
            except Exception as error:
                left = until - self.clock.seconds
                wait = pause(attempt, error, left, self._random.random)
                if not effect.is_repeatable or wait is None:
                    raise
                self.clock.pass_time(wait)

    def _once(self, effect: Exchange) -> Response | SavedFile:
        ticket = None
        if effect.budgets is not None and effect.limits:
            while isinstance(slot := effect.budgets.take(effect.limits, self.clock.seconds), float):
                self.clock.pass_time(slot)
            ticket = slot
        try:
            if effect.save_to is not None:
                return judged(effect, effect.line.save(effect.request, effect.save_to))
            answer = effect.line.exchange(
                effect.request,
                is_reading=effect.is_reading,
                is_repeatable=effect.is_repeatable,
            )
        finally:
            if effect.budgets is not None and ticket is not None:
                effect.budgets.give_back(ticket, self.clock.seconds)
        return judged(effect, answer)
