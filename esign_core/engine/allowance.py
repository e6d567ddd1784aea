"""What a vendor says in an answer's headers of how much of a limit is left."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

_NAMES = (
    ("x-ratelimit-remaining", "x-ratelimit-reset", "x-ratelimit-limit"),
    ("ratelimit-remaining", "ratelimit-reset", "ratelimit-limit"),
)
_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")
_PAIR = re.compile(r'\s*;\s*([a-z]+)\s*=\s*"?([0-9]{1,12})"?')
_UNIX_FROM = 10**9
"""As large a number is no count of seconds to wait: it is a time."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many more requests the vendor would take, and for how long that holds."""

    left: int
    """How many."""
    seconds: float
    """When the limit starts anew; from now on."""
    count: int | None = None
    """How many it takes in all: tells which limit it is."""


def read_allowance(headers: Mapping[str, str], now: Callable[[], datetime]) -> Allowance | None:
    """What the usual headers say; None if there are none, or they say something else.

    Read are `X-RateLimit-Limit`, `-Remaining` and `-Reset`, the same without `X-`, and the one
    header `RateLimit`, whose `r` and `t` are what is left and for how many seconds. A reset is a
    number of seconds, or a Unix time.
    """
    for left, reset, limit in _NAMES:
        if left in headers:
            count = headers.get(limit, "").partition(",")[0].partition(";")[0]
            return _allowance(headers[left], headers.get(reset), count, now)
    if "ratelimit" in headers:
        first = dict(_PAIR.findall(headers["ratelimit"].partition(",")[0]))
        return _allowance(first.get("r"), first.get("t"), None, now)
    return None


def _allowance(
    left: str | None, reset: str | None, count: str | None, now: Callable[[], datetime]
) -> Allowance | None:
    remaining, seconds, limit = _number(left), _number(reset), _number(count)
    if remaining is None or seconds is None:
        return None
    if seconds >= _UNIX_FROM:
        seconds -= now().timestamp()
    if seconds <= 0:  # it has started anew meanwhile
        return None
    return Allowance(math.floor(remaining), seconds, None if limit is None else math.floor(limit))


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and _NUMBER.fullmatch(text.strip()) else None
