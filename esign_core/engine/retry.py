"""When to ask again."""

from __future__ import annotations

import random
from collections.abc import Callable

from esign_core.errors import RateLimited, Unavailable

ATTEMPTS = 5
"""How often a repeatable request is made at the most."""
DEADLINE_SECONDS = 90.0
"""How long pauses may go on; a vendor that wants more patience gets its caller an error."""

_FIRST_SECONDS = 0.25
_LONGEST_SECONDS = 15.0


def pause(
    attempt: int,
    error: Exception,
    seconds_left: float,
    jitter: Callable[[], float] = random.random,
) -> float | None:
    """Seconds to wait before the next attempt; None to give up.

    Doubles from a quarter of a second, with jitter. What the vendor said (`Retry-After`, a reset
    time) is obeyed to the second; when it lies past the deadline, the caller gets the error now.

    Args:
        attempt: How many were made, from 1.
        error: What became of the last one.
        seconds_left: Until the caller's deadline.
        jitter: A number from 0 to 1.
    """
    if not isinstance(error, (RateLimited, Unavailable)) or attempt >= ATTEMPTS:
        return None
    asked = error.retry_after_seconds
    if asked is None:
        wait = min(_FIRST_SECONDS * 2 ** (attempt - 1), _LONGEST_SECONDS) * (0.5 + jitter() / 2)
    else:
        wait = max(asked, 0.0) + jitter() * 0.1  # a reset time may have passed on the way
    return wait if wait <= seconds_left else None
