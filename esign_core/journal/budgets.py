"""The vendors' limits, shared by all processes that share the journal.

A decision is made in a transaction, with the rows of a request's budgets locked in the order of
their names. It is as durable as everything else: a slot that was given is remembered after a power
cut, or too many could go through.

The time is one that all processes share: in PostgreSQL the server's, elsewhere the callers', who
are on one machine then.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from functools import partial

from esign_core.engine import BudgetStore, MemoryBudgets, Ticket, Told, admit, come_back
from esign_core.engine.limits import START_SECONDS
from esign_core.engine.process import PerProcess
from esign_core.engine.records import SLOT_NOT_GIVEN_BACK
from esign_core.engine.together import Answer, Failed, value_of
from esign_core.errors import JournalUnusable
from esign_core.journal.group import Group
from esign_core.journal.journal import Journal, Transaction
from esign_core.journal.sql import POSTGRESQL
from esign_core.model.address import is_in_memory

_SWEEP_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class _Piece:
    """One thing to decide: whether a ticket gets its slots, or what its return changes."""

    ticket: Ticket
    now: float
    is_back: bool = False
    told: Told | None = None


class JournalBudgets:
    """Budgets shared by all processes that use the journal. Safe for many threads, and forks.

    Threads that ask at the same time share a transaction.

    Args:
        journal: Where they are.
        callers_clock: For PostgreSQL too, the time is what callers say: for worlds with a time of
            their own.
    """

    def __init__(self, journal: Journal, *, callers_clock: bool = False) -> None:
        self.journal = journal
        self._has_clock = journal.url.startswith(POSTGRESQL) and not callers_clock
        self._groups = PerProcess(lambda: Group(self._decide))
        self._swept_at = -math.inf

    @property
    def blocks(self) -> bool:
        """It does: each call is a transaction."""
        return True

    def take(self, ticket: Ticket, now: float) -> float:
        """A slot in every budget of the ticket at once: 0; or a place in line, and how long.

        Raises:
            JournalUnusable: Nobody can say. Nothing may be asked of the vendor.
        """
        began_at = time.monotonic()
        wait, at = self._decided(_Piece(ticket, now))
        ticket.is_out, ticket.is_waiting = wait <= 0, 0 < wait <= ticket.until - now
        if ticket.is_out:
            ticket.starts_by = now + START_SECONDS
            return 0.0
        return wait + (time.monotonic() - began_at if self._has_clock else at - now)

    def give_back(self, ticket: Ticket, now: float, told: Told | None = None) -> None:
        """The request has come back, or will not be made; raises nothing.

        If it cannot be written down, the slots lapse when the request must be over.
        """
        try:
            _ = self._decided(_Piece(ticket, now, is_back=True, told=told))
            self._sweep(now)
        except JournalUnusable as error:
            SLOT_NOT_GIVEN_BACK.write({"esign_reason": error.message})
        ticket.is_out = ticket.is_waiting = False

    def _decided(self, piece: _Piece) -> tuple[float, float]:
        answer: tuple[float, float] = value_of(self._groups.get().submit([piece])[0])
        return answer

    def _decide(self, pieces: Sequence[_Piece]) -> Sequence[Answer]:
        try:
            return self.journal.aside(partial(self._decide_in, pieces))
        except JournalUnusable as error:
            return [Failed(copy(error)) for _ in pieces]

    def _decide_in(
        self, pieces: Sequence[_Piece], tx: Transaction
    ) -> Sequence[tuple[float, float]]:
        """One after the other: how long each has to wait, and the time of that."""
        now = None if self._has_clock else max(piece.now for piece in pieces)
        names = {limit.name for piece in pieces for limit in piece.ticket.limits}
        found, at = tx.budgets.locked(names, now)
        waits = []
        for piece in pieces:
            ticket = piece.ticket
            budgets = [(limit, found[limit.name].budget) for limit in ticket.limits]
            wait = 0.0
            if piece.is_back:
                come_back(budgets, ticket, at, piece.told)
            else:
                patience = ticket.until - piece.now
                arrives_by = at + ticket.arrives_in_seconds
                wait = admit(budgets, ticket.id, at, arrives_by=arrives_by, patience=patience)
            waits.append((wait, at))
        tx.budgets.keep(found, at)
        return waits

    def _sweep(self, now: float) -> None:
        if now >= self._swept_at + _SWEEP_SECONDS:
            self._swept_at = now
            at = None if self._has_clock else now
            self.journal.aside(lambda tx: tx.budgets.sweep(at))


def budgets_of(journal: Journal, *, callers_clock: bool = False) -> BudgetStore:
    """Where the budgets of a journal's connections are: with the journal, if that lasts."""
    if is_in_memory(journal.url):
        return MemoryBudgets()
    return JournalBudgets(journal, callers_clock=callers_clock)
