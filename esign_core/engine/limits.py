"""Staying inside a vendor's limits, whatever the latency.

A slot of a budget is held while a request is in flight and for one whole window after it has
come back. That alone keeps every sliding window at the vendor inside the limit: a request arrives
there somewhere between the moment it left and the moment its answer came, so two requests that
share a slot are at least one window apart there.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from esign_core.engine.process import PerProcess
from esign_core.provider import Limit

IN_FLIGHT = math.inf
"""When a slot comes free whose request has not come back yet."""
RECHECK_SECONDS = 0.05
"""When to look again, if every slot is in flight and nobody can say when one comes back."""

_SWEEP_SECONDS = 60.0
_MARGIN_SECONDS = 0.01
"""Two clocks do not run equally fast, and a vendor may read its own to the millisecond."""


def admit(log: Sequence[float], limit: Limit, now: float) -> float:
    """Seconds to wait before one more request; 0 means go.

    Args:
        log: When each slot in use comes free, `IN_FLIGHT` for those that cannot say.
        limit: The budget.
        now: The time, on the same clock as the log.
    """
    held = sorted(free_at for free_at in log if free_at > now)
    if len(held) < limit.count:
        return 0.0
    free_at = held[len(held) - limit.count]
    return RECHECK_SECONDS if free_at == IN_FLIGHT else free_at - now


@dataclass(eq=False, slots=True)
class Ticket:
    """One request's slots, one in each of its budgets."""

    limits: tuple[Limit, ...]
    returned_at: float = IN_FLIGHT
    """When the answer came; `IN_FLIGHT` until then."""


class BudgetStore(Protocol):
    """Who remembers which slots are in use."""

    def take(self, limits: tuple[Limit, ...], now: float) -> Ticket | float:
        """A slot in every budget at once, or the seconds after which to ask again."""
        ...

    def give_back(self, ticket: Ticket, now: float) -> None:
        """The request has come back; its slots stay held for one window more."""
        ...


class MemoryBudgets:
    """Budgets shared by all threads of one process."""

    def __init__(self) -> None:
        self._slots = PerProcess(_Slots)

    def take(self, limits: tuple[Limit, ...], now: float) -> Ticket | float:
        """A slot in every budget at once, or the seconds after which to ask again."""
        slots = self._slots.get()
        with slots.lock:
            slots.sweep(now)
            wait = max((slots.wait(limit, now) for limit in limits), default=0.0)
            return wait if wait > 0 else slots.take(limits)

    def give_back(self, ticket: Ticket, now: float) -> None:
        """The request has come back; its slots stay held for one window more."""
        ticket.returned_at = now


@dataclass
class _Slots:
    """The slots of one process, by the budget's name: never more than a budget has."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    tickets: dict[str, list[Ticket]] = field(default_factory=dict)
    swept_at: float = -math.inf

    def wait(self, limit: Limit, now: float) -> float:
        held = self.tickets.get(limit.name, [])
        if len(held) < limit.count:  # the usual case, with nothing to look through
            return 0.0
        held[:] = [ticket for ticket in held if _free_at(ticket, limit) > now]
        return admit([_free_at(ticket, limit) for ticket in held], limit, now)

    def take(self, limits: tuple[Limit, ...]) -> Ticket:
        ticket = Ticket(limits)
        for limit in limits:
            self.tickets.setdefault(limit.name, []).append(ticket)
        return ticket

    def sweep(self, now: float) -> None:
        """Forget budgets that nobody uses any more; there may be one for each id at the vendor."""
        if now < self.swept_at + _SWEEP_SECONDS:
            return
        self.swept_at = now
        self.tickets = {
            name: held
            for name, held in self.tickets.items()
            if any(_free_at(ticket, limit) > now for ticket in held for limit in ticket.limits)
        }


def _free_at(ticket: Ticket, limit: Limit) -> float:
    """One whole window of this budget after the answer came."""
    return ticket.returned_at + limit.seconds + _MARGIN_SECONDS
