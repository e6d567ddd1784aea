"""Credentials that a vendor hands out for a while: kept, and renewed by one at a time."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from esign_core.provider import Token

EARLY = timedelta(seconds=60)
"""How long before it expires a token is no longer used."""


class TokenStore(Protocol):
    """Who remembers tokens, by connection."""

    def get(self, name: str) -> Token | None:
        """The token that was put last."""
        ...

    def put(self, name: str, token: Token) -> None:
        """Remember a token."""
        ...


@dataclass
class MemoryTokens:
    """Tokens of one process; gone with it."""

    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _tokens: dict[str, Token] = field(default_factory=dict, repr=False)

    def get(self, name: str) -> Token | None:
        """The token that was put last."""
        with self._lock:
            return self._tokens.get(name)

    def put(self, name: str, token: Token) -> None:
        """Remember a token."""
        with self._lock:
            self._tokens[name] = token


def is_good(token: Token | None, now: datetime, *, refused: Token | None) -> bool:
    """Whether a token can be used: there is one, it was not refused, and it lasts a while yet."""
    if token is None or (refused is not None and token.value == refused.value):
        return False
    return token.expires_at is None or now < token.expires_at - EARLY
