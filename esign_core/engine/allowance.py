"""What a vendor says in an answer's headers of how much of a limit is left."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

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


def read_allowance(headers: Mapping[str, str], now: datetime) -> Allowance | None:
    """What the usual headers say; None if there are none, or they say something else.

    Read are `X-RateLimit-Limit`, `-Remaining` and `-Reset`, the same without `X-`, and the one
    header `RateLimit`, whose `r` and `t` are what is left and for how many seconds. A reset is a
    number of seconds, or a Unix time.
    """
    for prefix in ("x-ratelimit-", "ratelimit-"):
        if prefix + "remaining" in headers:
            left, reset = (_number(headers.get(prefix + name)) for name in ("remaining", "reset"))
            count = _number(headers.get(prefix + "limit", "").partition(",")[0].partition(";")[0])
            return _allowance(left, reset, count, now)
    if "ratelimit" in headers:
        first = dict(_PAIR.findall(headers["ratelimit"].partition(",")[0]))
        return _allowance(_number(first.get("r")), _number(first.get("t")), None, now)
    return None


def _allowance(
    left: float | None, reset: float | None, count: float | None, now: datetime
) -> Allowance | None:
    if left is None or reset is None:
        return None
    seconds = reset - now.timestamp() if reset >= _UNIX_FROM else reset
    if seconds <= 0:  # it has started anew meanwhile
        return None
    return Allowance(math.floor(left), seconds, None if count is None else math.floor(count))


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and _NUMBER.fullmatch(text.strip()) else None
