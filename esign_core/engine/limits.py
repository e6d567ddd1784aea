"""Staying inside a vendor's limits, whatever the latency.

A slot of a budget is held while a request is in flight and for one whole window after it has
come back. That alone keeps every sliding window at the vendor inside the limit: a request arrives
there somewhere between the moment it left and the moment its answer came, so two requests that
share a slot are at least one window apart there.
"""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from esign_core.engine.allowance import Allowance
from esign_core.engine.budget import IN_FLIGHT, Budget
from esign_core.engine.process import PerProcess
from esign_core.provider import Limit

START_SECONDS = 60.0
"""How long after it got its slots a request may begin: it may have to wait for a thread."""
AT_VENDOR_SECONDS = 100.0
"""How long after it has begun a request may arrive at the vendor: as long as a connection takes,
and three silences. What is uploaded comes on top of that."""
UPLOAD_SECONDS = 900.0
"""How long the upload of documents may take."""

_SWEEP_SECONDS = 60.0


class Told(NamedTuple):
    """What a vendor said of one of a request's limits."""

    limit: str
    left: int
    seconds: float


@dataclass(eq=False, slots=True)
class Ticket:
    """One request's slots, one in each of its budgets, or its place in the line for them."""

    limits: tuple[Limit, ...]
    until: float = math.inf
    """When who asks gives up, on the clock of who asks."""
    arrives_in_seconds: float = START_SECONDS + AT_VENDOR_SECONDS
    """How long after it got its slots the request may arrive at the vendor. One window later they
    come free, if nobody gives them back: whoever had them must have died."""
    id: str = field(default_factory=lambda: f"{random.getrandbits(64):x}")
    is_out: bool = False
    """Whether it has its slots."""
    is_waiting: bool = False
    """Whether it stands in a line."""
    starts_by: float = math.inf
    """Until when its request has to begin; later, the slots may have lapsed when it arrives."""


class BudgetStore(Protocol):
    """Who remembers which slots are in use. Safe for many threads."""

    @property
    def blocks(self) -> bool:
        """Whether a call may take so long that it has no business on an event loop."""
        ...

    def take(self, ticket: Ticket, now: float) -> float:
        """A slot in every budget of the ticket at once: 0; or a place in line.

        Who is told to wait longer than the ticket's `until` has no place, and need not come back.

        Args:
            ticket: The request's; the same one each time it asks.
            now: The time, on a clock that is the same for everybody on this machine and only goes
                forward. A store that is shared by several machines has a clock of its own.

        Returns:
            Seconds from `now` on after which to ask again; 0 means go.

        Raises:
            JournalUnusable: Nobody can say. Nothing may be asked of the vendor.
        """
        ...

    def give_back(self, ticket: Ticket, now: float, told: Told | None = None) -> None:
        """The request has come back, or will not be made; raises nothing.

        Its slots stay held for one window more. A place in line is free at once.
        """
        ...


def admit(
    budgets: Sequence[tuple[Limit, Budget]],
    ticket: str,
    now: float,
    *,
    arrives_by: float = IN_FLIGHT,
    patience: float = math.inf,
) -> float:
    """A slot in each budget: 0; or in none, and seconds after which to ask again.

    It stands in the line of that budget only for which it has to wait longest: in another one it
    would keep those behind it from slots that it cannot use.

    Args:
        budgets: With their limits; they are changed.
        ticket: The request's, the same each time it asks.
        now: The time, on the same clock as the budgets.
        arrives_by: When the request has arrived, if nobody gives the slots back.
        patience: Who has to wait for more seconds than these does not stand in line.
    """
    waits = [budget.wait(limit, ticket, now) for limit, budget in budgets]
    longest = max(waits, default=0.0)
    if longest <= 0:
        for limit, budget in budgets:
            budget.take(limit, ticket, now, arrives_by)
        return 0.0
    bottleneck = waits.index(longest) if longest <= patience else None
    for place, (_, budget) in enumerate(budgets):
        if place == bottleneck:
            budget.stand(ticket, now + longest)
        else:
            budget.leave(ticket)
    return longest


def come_back(
    budgets: Sequence[tuple[Limit, Budget]], ticket: Ticket, now: float, told: Told | None
) -> None:
    """Give back a ticket's slots, or its place in line, and heed what the vendor said."""
    for limit, budget in budgets:
        if ticket.is_out:
            budget.give_back(limit, ticket.id, now)
        else:
            budget.leave(ticket.id)
        if told is not None and told.limit == limit.name:
            budget.heed(limit, told.left, told.seconds, now)


def told_of(limits: Sequence[Limit], allowance: Allowance) -> Told | None:
    """Which limit a vendor's headers speak of: the one with that count, or the only one there is.

    One that starts anew later than a whole window from now must be another one.
    """
    same = [limit for limit in limits if limit.count == allowance.count]
    if not same and len(limits) == 1 and allowance.seconds <= limits[0].seconds + 1:
        same = list(limits)
    return Told(same[0].name, allowance.left, allowance.seconds) if same else None


class MemoryBudgets:
    """Budgets shared by all threads of one process."""

    blocks = False

    def __init__(self) -> None:
        self._slots = PerProcess(_Slots)

    def take(self, ticket: Ticket, now: float) -> float:
        """A slot in every budget of the ticket at once: 0; or a place in line, and how long."""
        slots = self._slots.get()
        with slots.lock:
            slots.sweep(now)
            wait = admit(slots.of(ticket), ticket.id, now, patience=ticket.until - now)
        ticket.is_out, ticket.is_waiting = wait <= 0, 0 < wait <= ticket.until - now
        return wait

    def give_back(self, ticket: Ticket, now: float, told: Told | None = None) -> None:
        """The request has come back, or will not be made; raises nothing."""
        slots = self._slots.get()
        with slots.lock:
            come_back(slots.of(ticket), ticket, now, told)
        ticket.is_out = ticket.is_waiting = False


@dataclass
class _Slots:
    """The budgets of one process, by name."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    budgets: dict[str, Budget] = field(default_factory=dict)
    swept_at: float = -math.inf

    def of(self, ticket: Ticket) -> list[tuple[Limit, Budget]]:
        return [(limit, self._named(limit.name)) for limit in ticket.limits]

    def _named(self, name: str) -> Budget:
        found = self.budgets.get(name)
        if found is None:
            found = self.budgets[name] = Budget()
        return found

    def sweep(self, now: float) -> None:
        """Forget budgets that nobody uses any more; there may be one for each id at the vendor."""
        if now < self.swept_at + _SWEEP_SECONDS:
            return
        self.swept_at = now
        for budget in self.budgets.values():
            budget.forget(now)
        self.budgets = {n: each for n, each in self.budgets.items() if each.over_at() > now}
