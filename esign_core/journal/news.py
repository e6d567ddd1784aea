"""Waking those who wait until somebody has written."""

from __future__ import annotations

import threading


class News:
    """Counts what was written, and wakes who waits for more."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0

    def wake(self) -> None:
        """Have everybody look who waits."""
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def seen(self) -> int:
        """A number that grows with everything that is written; for `wait`."""
        return self._count

    def wait(self, seen: int, seconds: float) -> None:
        """Wait until something was written since `seen`, or for so long at the most."""
        with self._changed:
            _ = self._changed.wait_for(lambda: self._count != seen, timeout=seconds)
