"""Whether the deliveries of an account arrive, as one process knows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from esign_core.journal import Hearing, Transaction
from esign_core.service.schedule import arrive

_KNOWN_FOR = timedelta(minutes=1)
"""For how long it is not looked up again, nor written: deliveries come by the thousand."""


class Hearings:
    """What is known of each account, at most a minute old. Safe for many threads."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._known: dict[str, tuple[Hearing, datetime]] = {}

    def of(self, tx: Transaction, name: str) -> Hearing:
        """What is known of an account."""
        if name in tx.hearings:
            return tx.hearings[name]
        now = self._clock()
        known = self._known.get(name)
        if known is None or now - known[1] >= _KNOWN_FOR:
            known = self._known[name] = (tx.connections.get(name), now)
        return known[0]

    def arrive(self, tx: Transaction, name: str) -> bool:
        """Whether an account's deliveries arrive."""
        return arrive(self.of(tx, name))

    def hear(self, tx: Transaction, name: str) -> None:
        """A proven delivery about an envelope came."""
        now = self._clock()
        known = self.of(tx, name)
        if known.heard_at is None or now - known.heard_at >= _KNOWN_FOR:
            tx.connections.hear(name, now)
            self._learn(tx, name, replace(known, heard_at=now))

    def miss(self, tx: Transaction, name: str) -> None:
        """News were found that a delivery should have brought."""
        now = self._clock()
        tx.connections.miss(name, now)
        self._learn(tx, name, replace(self.of(tx, name), missed_at=now))

    def _learn(self, tx: Transaction, name: str, hearing: Hearing) -> None:
        tx.hearings[name] = hearing
        tx.once_kept(partial(self._keep, name, hearing))

    def _keep(self, name: str, hearing: Hearing) -> None:
        self._known[name] = (hearing, self._clock())
