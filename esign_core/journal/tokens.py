"""Tokens in the journal: shared by its processes, and there after a restart."""

from __future__ import annotations

import json
import secrets
from functools import partial
from typing import Any

from esign_core.engine import Lease, Wanted
from esign_core.engine.process import PerProcess
from esign_core.engine.sharing import LEASE
from esign_core.journal import codec
from esign_core.journal.journal import Journal, Transaction
from esign_core.journal.secrets import Kept
from esign_core.provider import Token


class JournalTokens:
    """A `TokenStore` in a journal that has a key. Safe for many threads, and after a fork."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._holder = PerProcess(partial(secrets.token_hex, 8))

    def claim(self, wanted: Wanted) -> Token | Lease | None:
        """The token that is there, or the right to ask for one; None while another asks."""
        kept = self._journal.read(lambda tx: tx.secrets.get(_name(wanted.name)))
        if kept is not None and (found := _good(kept, wanted)) is not None:
            return found
        return self._journal.aside(partial(self._claim, wanted))

    def put(self, wanted: Wanted, lease: Lease | None, token: Token) -> None:
        """Remember a token, and end the lease.

        One that came too late, when another process had asked as well, replaces no good one.
        """
        self._journal.aside(partial(self._put, wanted, lease, token))

    def give_up(self, lease: Lease) -> None:
        """End a lease without a token: the next one may ask."""
        self._journal.aside(partial(self._give_up, lease))

    def _claim(self, wanted: Wanted, tx: Transaction) -> Token | Lease | None:
        name = _name(wanted.name)
        kept = tx.secrets.hold(name, wanted.now)
        found = _good(kept, wanted)
        if found is not None:
            return found
        if kept.is_leased_by_another(self._holder.get(), wanted.now):
            return None
        lease = Lease(wanted.name, wanted.now + LEASE)
        tx.secrets.lease(name, self._holder.get(), lease.until)
        return lease

    def _put(self, wanted: Wanted, lease: Lease | None, token: Token, tx: Transaction) -> None:
        name = _name(wanted.name)
        kept = tx.secrets.hold(name, wanted.now)
        is_ours = lease is not None and kept.leased_by == self._holder.get()
        if is_ours or _good(kept, wanted) is None:
            tx.secrets.put(name, _dumped(token, wanted.account), wanted.now)
        if is_ours:
            tx.secrets.lease(name, None, None)

    def _give_up(self, lease: Lease, tx: Transaction) -> None:
        if tx.secrets.hold(_name(lease.name), lease.until).leased_by == self._holder.get():
            tx.secrets.lease(_name(lease.name), None, None)


def _name(connection: str) -> str:
    return f"token/{connection}"


def _good(kept: Kept, wanted: Wanted) -> Token | None:
    """The token, if it is of that account and can be used."""
    if kept.secret is None:
        return None
    data: dict[str, Any] = json.loads(kept.secret)
    until = data["expires_at"]
    token = Token(data["value"], codec.load_time(until) if until is not None else None)
    return token if data["account"] == wanted.account and wanted.is_met_by(token) else None


def _dumped(token: Token, account: str) -> bytes:
    until = codec.dump_time(token.expires_at) if token.expires_at is not None else None
    data = {"value": token.value, "expires_at": until, "account": account}
    return json.dumps(data).encode()
