"""Credentials that a vendor hands out for a while: kept, and renewed by one at a time."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from esign_core.errors import EsignError
from esign_core.provider import Token

EARLY = timedelta(seconds=60)
"""How long before it expires a token is no longer used."""


@dataclass
class MemoryTokens:
    """Tokens of one process, by connection; gone with it."""

    _tokens: dict[str, Token] = field(default_factory=dict, init=False, repr=False)
    _found: dict[str, Token] = field(default_factory=dict, init=False, repr=False)

    def get(self, name: str) -> Token | None:
        """The token that was put last."""
        return self._tokens.get(name)

    def put(self, name: str, token: Token, *, is_found: bool = False) -> None:
        """Remember a token; `is_found` of one that another process has asked for."""
        self._tokens[name] = token
        if is_found:
            self._found[name] = token

    def is_found(self, name: str, token: Token | None) -> bool:
        """Whether another process has asked for it: the vendor may have taken it back since."""
        return token is not None and self._found.get(name) == token


@dataclass
class Failures:
    """The grants of one account that failed.

    Whoever waited for one that failed gets its error, and does not ask in turn: forty threads
    would wait forty time-outs, and wrong credentials would be shown to the vendor forty times.
    """

    count: int = 0
    _last: EsignError | None = field(default=None, init=False, repr=False)

    def add(self, error: EsignError) -> None:
        """One more failed."""
        self._last = copy(error)  # without the traceback, which would keep everything alive
        self.count += 1

    def expect_none_since(self, count: int) -> None:
        """Raise the last one's error if there was another one after `count`."""
        if self.count > count and self._last is not None:
            raise copy(self._last)


def is_good(token: Token | None, now: datetime, *, refused: Token | None) -> bool:
    """Whether a token can be used: there is one, it was not refused, and it lasts a while yet."""
    if token is None or (refused is not None and token.value == refused.value):
        return False
    return token.expires_at is None or now < token.expires_at - EARLY
