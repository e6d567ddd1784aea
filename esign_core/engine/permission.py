"""Until when a request may go out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from esign_core.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Permission:
    """To put a request on its way, as long as nobody counts on the opposite.

    It is looked at right before a request begins and right before its last bytes: a process may
    have been suspended in between, and an upload may be slow.
    """

    until: datetime
    """The first moment at which nothing of it may go out any more."""
    now: Callable[[], datetime]

    @property
    def has_lapsed(self) -> bool:
        """Whether it is too late."""
        return self.now() >= self.until

    def expect(self) -> None:
        """Do nothing while it holds.

        Raises:
            Unavailable: It is too late; the vendor does not get the end of the request.
        """
        if self.has_lapsed:
            raise Unavailable(
                f"the request had to be on its way by {self.until:%Y-%m-%d %H:%M:%S} UTC, and was "
                "stopped before its end. Look for what holds it up: a slow line, a large document, "
                "a machine that slept."
            )


def narrowed(
    permission: Permission | None, patience_seconds: float, now: Callable[[], datetime]
) -> Permission | None:
    """The same, but for so many seconds from now on at the most."""
    if math.isinf(patience_seconds):
        return permission
    until = now() + timedelta(seconds=patience_seconds)
    return Permission(until if permission is None else min(until, permission.until), now)
