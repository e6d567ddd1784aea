"""Looking at the journal again and again, so that no probe has to wait for it."""

from __future__ import annotations

import time
from collections.abc import Callable

import anyio

from esign_core.engine.records import JOURNAL_CLOSED, JOURNAL_OPEN
from esign_core.errors import JournalUnusable
from esign_core.integrations.intake import Intake
from esign_core.service import AsyncEsign, Condition

LOOK_EVERY_SECONDS = 10.0
"""How often the journal is looked at, with one small write."""
_LOOK_AGAIN_SECONDS = 1.0
_STALE_SECONDS = LOOK_EVERY_SECONDS + 5.0
_PATIENCE_SECONDS = 1.0


class Watch:
    """How the journal stands, as it was seen last.

    Args:
        esign: Whose journal it is.
        intake: What takes deliveries in for it.
        clock: Seconds that only grow.
    """

    def __init__(
        self, esign: AsyncEsign, intake: Intake, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.condition: Condition | None = None
        """What was seen last; None before the first look, and while it cannot be written."""
        self._esign = esign
        self._intake = intake
        self._clock = clock
        self._seen_at: float | None = None
        self._closed_at: float | None = None
        self._first = anyio.Event()
        self._wanted = anyio.Event()

    async def run(self) -> None:
        """Look, until this is cancelled."""
        while True:
            try:
                self.condition = await self._esign.condition()
            except JournalUnusable as error:
                self._tell_closed(error)
                self.condition = None
            else:
                self._tell_open()
            self._seen_at = self._clock()
            self._first.set()
            await anyio.sleep(_LOOK_AGAIN_SECONDS)
            if self.condition is not None:
                with anyio.move_on_after(LOOK_EVERY_SECONDS - _LOOK_AGAIN_SECONDS):
                    await self._wanted.wait()
            self._wanted = anyio.Event()

    def _tell_closed(self, error: JournalUnusable) -> None:
        if self._closed_at is None:
            self._closed_at = self._clock()
            kind = type(error).__name__
            JOURNAL_CLOSED.write(esign_error=kind, esign_reason=error.message)

    def _tell_open(self) -> None:
        if self._closed_at is not None:
            JOURNAL_OPEN.write(esign_duration_seconds=self._clock() - self._closed_at)
            self._closed_at = None

    def look_again(self) -> None:
        """Look soon: something could not be kept."""
        self._wanted.set()

    @property
    def is_writable(self) -> bool:
        """Whether the journal could be written, and that not long ago: a look may hang as well."""
        is_recent = self._seen_at is not None and self._clock() - self._seen_at < _STALE_SECONDS
        return self.condition is not None and is_recent

    @property
    def objection(self) -> str | None:
        """Why this process should get no deliveries now; None if it is ready for them."""
        if self._seen_at is None:
            return "starting"
        return self._intake.shedding if self.is_writable else "journal_not_writable"

    async def first_look(self) -> None:
        """Wait until the journal was looked at, for a second at the most."""
        with anyio.move_on_after(_PATIENCE_SECONDS):
            await self._first.wait()
