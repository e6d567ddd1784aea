"""The drivers: the same tasks with blocking calls, or with `await`.

A driver performs one effect after the other. What performing one raises is thrown into the task
at its `yield`; on cancellation the task is closed and the cancellation goes on. The third driver,
for simulated worlds, is in `simulate`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import anyio
import anyio.to_thread

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
from esign_core.engine.retry import ATTEMPTS, DEADLINE_SECONDS, pause
from esign_core.errors import BrokenProvider
from esign_core.provider import Response

T = TypeVar("T")
_OK_BELOW = 300


def expect_task(task: object) -> None:
    """Refuse by name what is no task: a forgotten `yield` makes a plain value of it."""
    if not isinstance(task, Generator):
        raise TypeError(f"{task!r} is no task: only generators can be driven")


def no_effect(effect: object) -> TypeError:
    """The error for a task that yields what no driver can perform."""
    return TypeError(f"a task yielded {type(effect).__name__}, which is no effect")


@dataclass
class SyncDriver:
    """Performs effects with blocking calls. Safe for many threads."""

    buckets: Buckets = field(default_factory=Buckets, repr=False)
    _locks: dict[str, threading.Lock] = field(default_factory=dict, repr=False)
    _guard: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def run(self, task: Task[T]) -> T:
        """What the task answers, after everything that it asked for was done."""
        expect_task(task)
        step: Callable[[], Effect] = partial(next, task)
        while True:
            try:
                effect = step()
            except StopIteration as stop:
                answer: T = stop.value
                return answer
            try:
                result = self._perform(effect)
            except Exception as error:  # noqa: BLE001 - whatever it is belongs to the task
                step = partial(task.throw, error)
            except BaseException:
                task.close()
                raise
            else:
                step = partial(task.send, result)

    def _perform(self, effect: Effect) -> Any:
        match effect:
            case Exchange():
                return self._with_retries(effect)
            case SaveObject():
                return self.buckets.save(effect.download, effect.to)
            case Transact():
                return effect.work()
            case Sleep():
                return time.sleep(effect.seconds)
            case Exclusive():
                with self._guard:
                    lock = self._locks.setdefault(effect.name, threading.Lock())
                with lock:
                    return self.run(effect.task())
            case _:  # pyright: ignore[reportUnnecessaryComparison]  # a task may yield anything
                raise no_effect(effect)

    def _with_retries(self, effect: Exchange) -> Response | SavedFile:
        import stamina  # noqa: PLC0415 - loaded with the first request, not with the package

        if not effect.is_repeatable:
            return self._once(effect)
        for attempt in stamina.retry_context(on=Patience(), attempts=ATTEMPTS, timeout=None):
            with attempt:
                return self._once(effect)
        raise AssertionError("a retry loop ends with an answer or an error")

    def _once(self, effect: Exchange) -> Response | SavedFile:
        ticket = self._admitted(effect)
        try:
            if effect.save_to is not None:
                return judged(effect, effect.line.save(effect.request, effect.save_to))
            response = effect.line.exchange(
                effect.request,
                is_reading=effect.is_reading,
                is_repeatable=effect.is_repeatable,
            )
        finally:
            give_back(effect, ticket)
        return judged(effect, response)

    def _admitted(self, effect: Exchange) -> Ticket | None:
        while isinstance(slot := take(effect), float):
            time.sleep(slot)
        return slot


@dataclass
class AsyncDriver:
    """Performs effects with `await`: HTTP on the event loop, the database in worker threads."""

    buckets: Buckets = field(default_factory=Buckets, repr=False)
    _locks: dict[str, anyio.Lock] = field(default_factory=dict, repr=False)

    async def run(self, task: Task[T]) -> T:
        """What the task answers, after everything that it asked for was done."""
        expect_task(task)
        step: Callable[[], Effect] = partial(next, task)
        while True:
            try:
                effect = step()
            except StopIteration as stop:
                answer: T = stop.value
                return answer
            try:
                result = await self._perform(effect)
            except Exception as error:  # noqa: BLE001 - whatever it is belongs to the task
                step = partial(task.throw, error)
            except BaseException:
                task.close()
                raise
            else:
                step = partial(task.send, result)

    async def _perform(self, effect: Effect) -> Any:
        match effect:
            case Exchange():
                return await self._with_retries(effect)
            case SaveObject():
                work = partial(self.buckets.save, effect.download, effect.to)
                return await anyio.to_thread.run_sync(work)
            case Transact():
                return await anyio.to_thread.run_sync(effect.work)
            case Sleep():
                return await anyio.sleep(effect.seconds)
            case Exclusive():
                async with self._locks.setdefault(effect.name, anyio.Lock()):
                    return await self.run(effect.task())
            case _:  # pyright: ignore[reportUnnecessaryComparison]  # a task may yield anything
                raise no_effect(effect)

    async def _with_retries(self, effect: Exchange) -> Response | SavedFile:
        import stamina  # noqa: PLC0415 - loaded with the first request, not with the package

        if not effect.is_repeatable:
            return await self._once(effect)
        async for attempt in stamina.retry_context(on=Patience(), attempts=ATTEMPTS, timeout=None):
            with attempt:
                return await self._once(effect)
        raise AssertionError("a retry loop ends with an answer or an error")

    async def _once(self, effect: Exchange) -> Response | SavedFile:
        ticket = await self._admitted(effect)
        try:
            if effect.save_to is not None:
                work = partial(effect.line.save, effect.request, effect.save_to)
                return judged(effect, await anyio.to_thread.run_sync(work))
            response = await effect.line.exchange_async(
                effect.request,
                is_reading=effect.is_reading,
                is_repeatable=effect.is_repeatable,
            )
        finally:
            give_back(effect, ticket)
        return judged(effect, response)

    async def _admitted(self, effect: Exchange) -> Ticket | None:
        while isinstance(slot := take(effect), float):
            await anyio.sleep(slot)
        return slot


class Patience:
    """stamina's hook: how long to wait after an error, by `pause`; False gives up."""

    def __init__(self) -> None:
        self._attempt = 0
        self._until = time.monotonic() + DEADLINE_SECONDS

    def __call__(self, error: Exception) -> bool | float:
        """Seconds to wait, or False."""
        self._attempt += 1
        wait = pause(self._attempt, error, self._until - time.monotonic())
        return False if wait is None else wait


def take(effect: Exchange) -> Ticket | float | None:
    """A slot in every budget of the request; a float is how many seconds to wait first."""
    if effect.budgets is None or not effect.limits:
        return None
    return effect.budgets.take(effect.limits, time.monotonic())


def give_back(effect: Exchange, ticket: Ticket | None) -> None:
    """The request has come back."""
    if effect.budgets is not None and ticket is not None:
        effect.budgets.give_back(ticket, time.monotonic())


def judged(effect: Exchange, answer: Response | SavedFile) -> Response | SavedFile:
    """A good answer; any other becomes the error that it stands for.

    Raises:
        EsignError: What the provider makes of the answer.
        BrokenProvider: The provider could not make anything of it.
    """
    if isinstance(answer, SavedFile) or answer.status < _OK_BELOW:
        return answer
    try:
        error = effect.explain(answer)
    except Exception as fault:
        raise BrokenProvider(
            f"{type(fault).__name__} while explaining an answer of {answer.status}"
        ) from fault
    raise error
