"""Tokens that several processes share, and asked for by one of them at a time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from pydantic import SecretStr

from esign_core.engine.effects import Task, sleep, transact
from esign_core.engine.records import TOKEN_NOT_SHARED
from esign_core.engine.tokens import is_good
from esign_core.errors import EsignError, JournalUnusable
from esign_core.provider import Provider, ProviderSettings, Token

LEASE = timedelta(seconds=60)
"""How long one process may take to ask for a token before another one asks too."""
RECHECK_SECONDS = 0.1
"""When to look again for the token that another process asks for."""


@dataclass(frozen=True)
class Lease:
    """The right to ask for a token while every other process waits for it."""

    name: str
    until: datetime


@dataclass(frozen=True)
class Wanted:
    """A token that somebody needs: for which account, when, and which one is no good."""

    name: str
    """The connection's name."""
    account: str
    """What tells accounts apart: a connection may be given another one."""
    refused: Token | None
    now: datetime

    def is_met_by(self, token: Token | None) -> bool:
        """Whether a token can be used."""
        return is_good(token, self.now, refused=self.refused)


class TokenStore(Protocol):
    """Who remembers tokens for several processes, and when they are gone. Every call may block."""

    def claim(self, wanted: Wanted) -> Token | Lease | None:
        """The token that is there, or the right to ask for one; None while another asks.

        Raises:
            SecretsLocked: There is one, and no key opens it.
            JournalUnusable: Nobody can say.
        """
        ...

    def put(self, wanted: Wanted, lease: Lease | None, token: Token) -> None:
        """Remember a token, and end the lease."""
        ...

    def give_up(self, lease: Lease) -> None:
        """End a lease without a token: the next one may ask."""
        ...


def shared(
    store: TokenStore, want: Callable[[], Wanted], grant: Callable[[], Task[Token]]
) -> Task[tuple[Token, bool]]:
    """The token that another process has, or one asked for here while the others wait.

    A vendor may take back a token as it hands out the next one, so processes that ask at once
    would do so against each other. Who has asked for longer than a lease is waited for no more.
    A journal that cannot be written keeps nobody from asking.

    Returns:
        The token, and whether it was found there.

    Raises:
        SecretsLocked: There is a token, and no key opens it.
        EsignError: What `grant` raises.
    """
    lease = None
    began_at = want().now
    try:
        while (wanted := want()).now < began_at + LEASE:
            found = yield from transact(partial(store.claim, wanted))
            if isinstance(found, Token):
                return found, True
            lease = found
            if lease is not None:
                break
            yield from sleep(RECHECK_SECONDS)
    except JournalUnusable as error:
        _tell_of(error)
    try:
        token = yield from grant()
    except EsignError:
        if lease is not None:
            yield from _if_it_can_be(partial(store.give_up, lease))
        raise
    yield from _if_it_can_be(partial(store.put, want(), lease, token))
    return token, False


def _if_it_can_be(work: Callable[[], None]) -> Task[None]:
    try:
        yield from transact(work)
    except EsignError as error:
        _tell_of(error)


def _tell_of(error: EsignError) -> None:
    TOKEN_NOT_SHARED.write(esign_error=type(error).__name__, esign_reason=error.message)


def account_of(provider: Provider[Any]) -> str:
    """What tells the account of a provider from another one. It is made of secrets: seal it."""
    told = provider.settings.model_dump(exclude=set(ProviderSettings.model_fields))
    text = json.dumps([provider.name, told], default=_plain, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
