"""Records that strangers can cause as often as they like: told now and then, with how many more."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from esign_core.engine.logs import Fields, Record
from esign_core.engine.process import PerProcess

EVERY_SECONDS = 60.0
"""How often a record of one kind is written at the most."""
MOST_KINDS = 500
"""How many kinds are told apart; all beyond them count as one."""

_Kind = tuple[object, ...] | None


@dataclass
class Seldom:
    """Writes the first record of a kind, and then at most one a minute, in each process.

    Of one kind are those with the same words, connection, error and reason. How many were left
    out, the next one tells. Safe for many threads.
    """

    clock: Callable[[], float] = time.monotonic
    """Seconds that only grow."""
    _told: PerProcess[_Told] = field(
        default_factory=lambda: PerProcess(_Told), init=False, repr=False
    )

    def write(self, record: Record, fields: Fields) -> None:
        """Log it, or leave it out."""
        if not record.is_wanted():
            return
        kind = (
            record.message,
            fields.get("esign_connection"),
            fields.get("esign_error"),
            fields.get("esign_reason"),
        )
        left_out = self._told.get().left_out(kind, self.clock())
        if left_out:
            record.write(fields, esign_left_out=left_out)
        elif left_out == 0:
            record.write(fields)


@dataclass
class _Told:
    """What one process has told: when, and how many it has left out since."""

    kinds: dict[_Kind, tuple[float, int]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def left_out(self, kind: _Kind, now: float) -> int | None:
        """How many were left out before this one; None if it is to be left out as well."""
        with self.lock:
            if kind not in self.kinds and len(self.kinds) >= MOST_KINDS:
                kind = None
            told_at, count = self.kinds.get(kind, (None, 0))
            if told_at is not None and now - told_at < EVERY_SECONDS:
                self.kinds[kind] = (told_at, count + 1)
                return None
            self.kinds[kind] = (now, 0)
            return count
