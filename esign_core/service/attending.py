"""Being at a piece of work: its lease is kept while it takes, and its requests leave room.

A lease is renewed before each effect for which it might not last; so whatever a piece of work
does, it does while the work is its own, and two workers never do the same at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from esign_core.engine import Exchange, Task
from esign_core.engine.effects import Effect, Exclusive, SaveObject
from esign_core.engine.files import MAX_FILE_SECONDS
from esign_core.errors import RateLimited
from esign_core.journal import WorkItem
from esign_core.provider import Limit
from esign_core.service.lanes import Choice
from esign_core.service.workspace import Workspace

T = TypeVar("T")

LEASE = timedelta(minutes=10)
"""How long a piece of work belongs to who has begun it, or has gone on with it."""
LONGEST_EFFECT = timedelta(minutes=5)
"""How long one effect may take: its pauses 90 s, its last attempt a silence and a slow answer."""
LONGEST_TRANSFER = LONGEST_EFFECT + timedelta(seconds=MAX_FILE_SECONDS)
"""How long a file may take."""
START_SHARE, SHARE = 0.8, 0.9
"""How much of a budget work may use, to begin with and to go on: there is room to end what has
begun, and for people, who wait for their answers."""
START_PATIENCE_SECONDS = 5.0
"""How long a thread waits for a slot to begin with; others need it."""


class LeaseLost(Exception):
    """It took too long, and somebody else may be at it by now."""


def claimed(workspace: Workspace, now: datetime, choice: Choice) -> Task[WorkItem | None]:
    """Something that is due, and ours until its lease ends; None if somebody else was quicker."""
    return workspace.aside(
        lambda tx: tx.work.claim(
            now,
            LEASE,
            without=choice.without,
            rather_not=choice.rather_not,
            quickest_first=choice.quickest_first,
        )
    )


class Attendance:
    """Somebody's being at a piece of work."""

    def __init__(self, workspace: Workspace, item: WorkItem) -> None:
        self._workspace = workspace
        self.item = item
        """As it is leased now."""
        self.is_untried = False
        """Whether there was no room to begin, by our own count of the budget."""
        self._has_asked = False

    def attend(self, task: Task[T]) -> Task[T]:
        """What the work answers.

        Raises:
            LeaseLost: It is somebody else's by now; nothing more was done.
        """
        step: Callable[[], Effect] = partial(next, task)
        try:
            while True:
                try:
                    effect = step()
                except StopIteration as stop:
                    answer: T = stop.value
                    return answer
                yield from self._keep(effect)
                is_first = not self._has_asked
                try:
                    result: Any = yield self._modest(effect)
                except Exception as error:  # noqa: BLE001 - whatever it is belongs to the task
                    self.is_untried = is_first and _has_no_room(effect, error)
                    step = partial(task.throw, error)
                else:
                    step = partial(task.send, result)
        finally:
            task.close()

    def _keep(self, effect: Effect) -> Task[None]:
        """Renew the lease if it might end before the effect does."""
        now = self._workspace.clock()
        ends_at = self.item.leased_until or now
        needed = _longest(effect)
        if now + needed <= ends_at:
            return
        if now >= ends_at:
            raise LeaseLost
        renewed = yield from self._workspace.aside(
            lambda tx: tx.work.renew(self.item, max(now + LEASE, now + needed))
        )
        if renewed is None:
            raise LeaseLost
        self.item = renewed

    def _modest(self, effect: Effect) -> Effect:
        if isinstance(effect, Exclusive):
            task = effect.task
            return replace(effect, task=lambda: self.attend(task()))
        if not isinstance(effect, Exchange):
            return effect
        share = SHARE if self._has_asked else START_SHARE
        limits = tuple(_reduced(limit, share) for limit in effect.limits)
        if self._has_asked:
            return replace(effect, limits=limits)
        self._has_asked = True
        patience = min(effect.patience_seconds, START_PATIENCE_SECONDS)
        return replace(effect, limits=limits, patience_seconds=patience)


def _has_no_room(effect: Effect, error: Exception) -> bool:
    is_our_count = isinstance(error, RateLimited) and error.status_code is None
    return isinstance(effect, Exchange) and is_our_count


def _longest(effect: Effect) -> timedelta:
    is_transfer = isinstance(effect, SaveObject) or (
        isinstance(effect, Exchange) and effect.save_to is not None
    )
    return LONGEST_TRANSFER if is_transfer else LONGEST_EFFECT


def _reduced(limit: Limit, share: float) -> Limit:
    return replace(limit, count=max(1, int(limit.count * share)))
