"""The third driver: a world with a virtual clock, a seed, and crashes.

Tasks take turns: each effect takes a random, virtual moment, so that others run in between. The
same seed gives the same world. A crash is a `BaseException` that no task can catch as an error;
what was committed by then is what a restarted process finds.

For a few tasks there is `run_together`. A larger world has a `Schedule` of its own, with tasks in
several drivers, one for each of its processes, and with whatever else lives there. When one of
the drivers is told to `die`, its tasks are cut off where they are, and all others go on.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeAlias, TypeVar

from esign_core.engine.attempts import Attempts
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
from esign_core.engine.objects import Buckets
from esign_core.provider import Response

T = TypeVar("T")
Life: TypeAlias = Generator[float, None, T]
"""What somebody goes through: it yields how many seconds pass until it goes on."""

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


@dataclass(eq=False, slots=True)
class Turn:
    """A life's place in a schedule."""

    life: Life[Any] = field(repr=False)
    due_at: float
    """When it goes on, in seconds of the clock."""
    is_over: bool = False
    """Whether it has come to its end."""
    ticket: int = 0
    """Which of its places in the queue counts."""


class Schedule:
    """Lives that take turns: whoever is due first goes on, and the clock goes with them."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self._queue: list[tuple[float, int, Turn]] = []
        self._tickets = 0
        self.at_it: Turn | None = None
        """Whose turn it is."""

    def begin(self, life: Life[object], *, after_seconds: float = 0.0) -> Turn:
        """Let a life take turns with the others; what it answers in the end is not kept."""
        turn = Turn(life, 0.0)
        self._place(turn, after_seconds)
        return turn

    def hasten(self, turn: Turn, *, after_seconds: float = 0.0) -> None:
        """Let it go on sooner than it meant to; never later."""
        if not turn.is_over and self.clock.seconds + after_seconds < turn.due_at:
            self._place(turn, after_seconds)

    def run(self, *, until_seconds: float = math.inf) -> None:
        """Let them live until nobody has anything left to do, or until the clock is there.

        What a life raises ends the run. The others are where they were, and can go on.
        """
        while self._queue and self._queue[0][0] <= until_seconds:
            at, ticket, turn = heapq.heappop(self._queue)
            if ticket != turn.ticket:  # it went on sooner
                continue
            self.clock.seconds = max(self.clock.seconds, at)
            self._go_on(turn)
        if until_seconds < math.inf:
            self.clock.seconds = max(self.clock.seconds, until_seconds)

    def _go_on(self, turn: Turn) -> None:
        self.at_it, turn.is_over = turn, True
        try:
            pause = next(turn.life)
        except StopIteration:
            return
        finally:
            self.at_it = None
        turn.is_over = False
        self._place(turn, pause)

    def _place(self, turn: Turn, after_seconds: float) -> None:
        self._tickets += 1
        turn.ticket = self._tickets
        turn.due_at = self.clock.seconds + after_seconds
        heapq.heappush(self._queue, (turn.due_at, self._tickets, turn))


@dataclass
class SimulatedDriver:
    """Performs effects in virtual time. What is one process in life has one driver here.

    Args:
        seed: Same seed, same world.
        clock: Shared with the simulated vendors and the provider.
        crash_at: Die instead of performing this effect, counted from 1.
        travel_seconds: How long a request is on its way, and then how long its answer is; a
            moment if not given.
    """

    seed: int = 0
    clock: VirtualClock = field(default_factory=VirtualClock)
    crash_at: int | None = None
    travel_seconds: Callable[[], float] | None = None
    buckets: Buckets = field(default_factory=Buckets, repr=False)
    trace: list[str] = field(default_factory=list, repr=False)
    """What was done when, one line an effect: equal for equal seeds."""
    _random: random.Random = field(init=False, repr=False)
    _held: set[str] = field(default_factory=set, init=False, repr=False)
    _is_dead: bool = field(default=False, init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - a reproducible world, no secret

    def run(self, task: Task[T]) -> T:
        """What one task answers."""
        return self.run_together([task])[0]

    def run_together(self, tasks: Sequence[Task[T]]) -> list[T]:
        """What several tasks answer that take turns; the first error ends the world."""
        answers: dict[int, T] = {}

        def kept(place: int, task: Task[T]) -> Life[None]:
            answers[place] = yield from self.life(task)

        schedule = Schedule(self.clock)
        for place, task in enumerate(tasks):
            _ = schedule.begin(kept(place, task))
        schedule.run()
        return [answers[place] for place in range(len(tasks))]

    def life(self, task: Task[T]) -> Life[T]:
        """What a task goes through, for a `Schedule`; its answer, or its error, at the end.

        Raises:
            Crash: The process has died.
        """
        life = self._life(task)
        while True:
            try:
                pause = next(life)
            except StopIteration as stop:
                answer: T = stop.value
                return answer
            yield pause
            if self._is_dead:
                life.close()
                raise Crash

    def die(self) -> None:
        """The process dies now: none of its tasks goes any further than it is."""
        self._is_dead = True

    def _life(self, task: Task[T]) -> Life[T]:
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

    def _performed(self, effect: Effect) -> Life[Any]:
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

    def _alone(self, effect: Exclusive) -> Life[Any]:
        while effect.name in self._held:
            yield self._moment()
        self._held.add(effect.name)
        try:
            return (yield from self._life(effect.task()))
        finally:
            self._held.remove(effect.name)

    def _exchange(self, effect: Exchange) -> Life[Response | SavedFile]:
        attempts = Attempts(effect, lambda: self.clock.seconds, self._random.random)
        while True:
            try:
                return (yield from self._once(attempts))
            except Exception as error:
                pause = attempts(error)
                if pause is False:
                    raise
            yield pause

    def _once(self, attempts: Attempts) -> Life[Response | SavedFile]:
        try:
            while (wait := attempts.ask()) > 0:
                yield wait
            yield self._travel()
            attempts.expect_turn()
            try:
                answer = attempts.exchange()
            except Exception:
                yield self._travel()
                raise
            yield self._travel()
        except Exception:  # of a process that has died nobody gives anything back
            attempts.give_back()
            raise
        attempts.give_back()
        return answer

    def _travel(self) -> float:
        return self._moment() if self.travel_seconds is None else self.travel_seconds()

    def _moment(self) -> float:
        return self._random.random() * _LONGEST_MOMENT_SECONDS
