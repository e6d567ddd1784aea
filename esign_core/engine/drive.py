"""The drivers: the same tasks with blocking calls, or with `await`.

A driver performs one effect after the other. What performing one raises is thrown into the task
at its `yield`; on cancellation the task is closed and the cancellation goes on. The third driver,
for simulated worlds, is in `simulate`.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import anyio
import anyio.lowlevel
import anyio.to_thread

from esign_core.engine.attempts import AttemptFailed, Attempts
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
from esign_core.engine.retry import ATTEMPTS
from esign_core.engine.together import Perform, Together
from esign_core.errors import EsignError
from esign_core.provider import Response

T = TypeVar("T")

LARGE_BODY_BYTES = 64 * 1024
"""Bodies above this, and all that stream, go through the sync client in a worker thread.

An answer that comes before such a body is read, a 401 or a 413, gets lost on the async client:
measured in one of eight at 900 KB, always at 20 MB, never on the sync one.
"""
TRANSFERS = 20
"""How many uploads and downloads an async driver has in threads at once; databases use others."""


def expect_task(task: object) -> None:
    """Refuse by name what is no task: a forgotten `yield` makes a plain value of it."""
    if not isinstance(task, Generator):
        raise TypeError(f"{type(task).__name__} is no task: only generators can be driven")


def no_effect(effect: object) -> TypeError:
    """The error for a task that yields what no driver can perform."""
    return TypeError(f"a task yielded {type(effect).__name__}, which is no effect")


@dataclass
class SyncDriver:
    """Performs effects with blocking calls. Safe for many threads."""

    buckets: Buckets = field(default_factory=Buckets, repr=False)
    _locks: dict[tuple[int, str], threading.Lock] = field(
        default_factory=dict, init=False, repr=False
    )

    def run(self, task: Task[T]) -> T:
        """What the task answers, after everything that it asked for was done."""
        expect_task(task)
        step: Callable[[], Effect] = partial(next, task)
        with closing(task):
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
                else:
                    step = partial(task.send, result)

    def _perform(self, effect: Effect) -> Any:
        match effect:
            case Exchange():
                return self._exchange(effect)
            case SaveObject():
                return self.buckets.save(effect.download, effect.to)
            case Transact():
                return effect.work()
            case Sleep():
                return time.sleep(effect.seconds)
            case Exclusive():
                # By process: a lock that was held during a fork is never released in the child.
                with self._locks.setdefault((os.getpid(), effect.name), threading.Lock()):
                    return self.run(effect.task())
            case _:  # pyright: ignore[reportUnnecessaryComparison]  # a task may yield anything
                raise no_effect(effect)

    def _exchange(self, effect: Exchange) -> Response | SavedFile:
        attempts = Attempts(effect)
        try:  # nearly always all there is to do, and stamina costs as much as the rest of a call
            return self._once(attempts)
        except EsignError as error:
            attempts.first_failure = error
        import stamina

        def again() -> Response | SavedFile:
            attempts.raise_first_failure()
            try:
                return self._once(attempts)
            except EsignError as error:
                raise AttemptFailed(error) from None

        caller = stamina.RetryingCaller(attempts=ATTEMPTS, timeout=None)
        try:
            return caller(attempts.hook, again)
        except AttemptFailed as failed:
            last = failed.error
        try:
            raise last
        finally:
            del last  # it holds this frame, and the frame would hold it

    @staticmethod
    def _once(attempts: Attempts) -> Response | SavedFile:
        try:
            while (wait := attempts.ask()) > 0:
                time.sleep(wait)
            return attempts.perform()
        finally:
            attempts.give_back()  # a place in line


@dataclass
class AsyncDriver:
    """Performs effects with `await`: HTTP on the event loop, what blocks in worker threads.

    It is for the tasks of one event loop at a time.
    """

    buckets: Buckets = field(default_factory=Buckets, repr=False)
    _locks: dict[str, anyio.Lock] = field(default_factory=dict, init=False, repr=False)
    _goings: dict[Perform, tuple[object, Together]] = field(
        default_factory=dict, init=False, repr=False
    )
    """With the event loop of each: whoever waits in one that has ended waits for ever."""
    _transfers: anyio.CapacityLimiter = field(
        default_factory=partial(anyio.CapacityLimiter, TRANSFERS), init=False, repr=False
    )

    async def run(self, task: Task[T]) -> T:
        """What the task answers, after everything that it asked for was done."""
        expect_task(task)
        step: Callable[[], Effect] = partial(next, task)
        with closing(task):
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
                else:
                    step = partial(task.send, result)

    async def _perform(self, effect: Effect) -> Any:
        match effect:
            case Exchange():
                return await self._exchange(effect)
            case SaveObject():
                return await self._transfer(self.buckets.save, effect.download, effect.to)
            case Transact(together=None):
                return await anyio.to_thread.run_sync(effect.work)
            case Transact():
                return await self._together(effect)
            case Sleep():
                return await anyio.sleep(effect.seconds)
            case Exclusive():
                async with self._locks.setdefault(effect.name, anyio.Lock()):
                    return await self.run(effect.task())
            case _:  # pyright: ignore[reportUnnecessaryComparison]  # a task may yield anything
                raise no_effect(effect)

    async def _together(self, effect: Transact) -> Any:
        assert effect.together is not None  # noqa: S101 - the caller has looked
        loop = anyio.lowlevel.current_token()
        known, going = self._goings.get(effect.together, (None, None))
        if going is None or known != loop:
            going = Together(effect.together)
            self._goings[effect.together] = loop, going
        return await going.run(effect.piece)

    async def _transfer(self, work: Callable[..., T], *arguments: Any) -> T:
        return await anyio.to_thread.run_sync(work, *arguments, limiter=self._transfers)

    async def _exchange(self, effect: Exchange) -> Response | SavedFile:
        attempts = Attempts(effect)
        try:
            return await self._once(effect, attempts)
        except EsignError as error:
            attempts.first_failure = error
        import stamina

        async def again() -> Response | SavedFile:
            attempts.raise_first_failure()
            try:
                return await self._once(effect, attempts)
            except EsignError as error:
                raise AttemptFailed(error) from None

        caller = stamina.AsyncRetryingCaller(attempts=ATTEMPTS, timeout=None)
        try:
            return await caller(attempts.hook, again)
        except AttemptFailed as failed:
            last = failed.error
        try:
            raise last
        finally:
            del last  # it holds this frame, and the frame would hold it

    async def _once(self, effect: Exchange, attempts: Attempts) -> Response | SavedFile:
        blocks = effect.budgets.blocks and bool(effect.limits)
        try:
            while (wait := await _maybe_in_thread(attempts.ask, blocks=blocks)) > 0:  # noqa: ASYNC110
                await anyio.sleep(wait)  # slots come free by the clock: there is no event for it
            if _is_heavy(effect):
                return await self._transfer(attempts.perform)
            attempts.expect_turn()
            with attempts.watched() as watch:
                reading, repeatable = effect.is_reading, effect.is_repeatable
                answer = watch.answered(
                    await effect.line.exchange_async(
                        effect.request, is_reading=reading, is_repeatable=repeatable
                    )
                )
            return attempts.judged(answer)
        finally:
            if attempts.has_slots:
                with anyio.CancelScope(shield=True):
                    await _maybe_in_thread(attempts.give_back, blocks=blocks)


async def _maybe_in_thread(work: Callable[[], T], *, blocks: bool) -> T:
    return await anyio.to_thread.run_sync(work) if blocks else work()


def _is_heavy(effect: Exchange) -> bool:
    body = effect.request.body
    return effect.save_to is not None or not isinstance(body, bytes) or len(body) > LARGE_BODY_BYTES
