"""Who may ask, for what, and how often.

Source: E-Sign API v1, "Authentication", "Permissions", "Rate Limits" (V).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from esign_penvio.sandbox.refusals import Code, Refused

READ = "esign:read"
WRITE = "esign:write"

WINDOW = timedelta(minutes=15)


@dataclass
class ApiKey:
    """An API key, with the requests that its limit still remembers."""

    key: str = field(repr=False)
    scopes: frozenset[str] = frozenset({READ, WRITE})
    is_revoked: bool = False
    recent: deque[datetime] = field(default_factory=deque, repr=False)

    def admit(self, now: datetime, limit: int) -> None:
        """Count a request.

        The limit is read strictly: no 15 minutes, wherever they begin, hold more than `limit`
        requests. That the window slides is inferred; whoever keeps it keeps a fixed one too.

        Raises:
            Refused: RATE_LIMITED.
        """
        while self.recent and self.recent[0] <= now - WINDOW:
            _ = self.recent.popleft()
        if len(self.recent) >= limit:
            raise Refused(Code.RATE_LIMITED, "Rate limit exceeded")
        self.recent.append(now)

    def headers(self, now: datetime, limit: int) -> dict[str, str]:
        """What every answer tells about the limit; the reset is when a next slot gets free."""
        reset = self.recent[0] + WINDOW if self.recent else now
        return {
            "x-ratelimit-limit": str(limit),
            "x-ratelimit-remaining": str(max(0, limit - len(self.recent))),
            "x-ratelimit-reset": str(ceil(reset.timestamp())),
        }


class Keyring:
    """The account's API keys."""

    def __init__(self, *keys: ApiKey) -> None:
        self._keys = {key.key: key for key in keys}

    def revoke(self, key: str) -> None:
        """End a key: it answers 401 at once (V)."""
        self._keys[key].is_revoked = True

    def find(self, authorization: str) -> ApiKey:
        """The key in an Authorization header.

        Raises:
            Refused: UNAUTHORIZED.
        """
        scheme, _, secret = authorization.partition(" ")
        key = self._keys.get(secret)
        if scheme.lower() != "bearer" or key is None or key.is_revoked:
            raise Refused(Code.UNAUTHORIZED, "Invalid or missing API key")
        return key
