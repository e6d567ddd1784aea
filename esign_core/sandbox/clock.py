"""The time that a simulated vendor is told: the real one, plus what a test has skipped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """Aware UTC that moves by itself and, with `advance`, by leaps; never back."""

    def __init__(self, real: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._real = real
        self.offset = timedelta(0)
        """How far ahead of the real time this clock is."""

    def now(self) -> datetime:
        """The vendor's present moment."""
        return self._real() + self.offset

    def advance(self, by: timedelta) -> datetime:
        """The moment after a leap of `by`.

        Raises:
            ValueError: `by` is negative, or leads out of the calendar.
        """
        if by < timedelta(0):
            raise ValueError("time goes forward only")
        try:
            moment = self._real() + self.offset + by
        except OverflowError as error:
            raise ValueError("that is further than the calendar goes") from error
        self.offset += by
        return moment
