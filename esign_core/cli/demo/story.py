"""The stream as the play goes on: every event is told, and can be waited for."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from types import TracebackType
from typing import Self

import anyio

from esign_core import AsyncEsign, Event, EventType
from esign_core.cli.demo.telling import Teller

PATIENCE_SECONDS = 10.0
"""How long the play waits for anything before it gives up."""


class Stuck(Exception):
    """Something that should have happened did not."""


class Story:
    """What has become known so far; the stream moves on while somebody waits for an event."""

    def __init__(self, esign: AsyncEsign, teller: Teller) -> None:
        self.events: list[Event] = []
        self.teller = teller
        self._esign = esign
        self._titles: dict[str, str] = {}
        self._stream: AsyncIterator[Event] = esign.events.follow("demo")

    async def until(
        self, envelope_id: str, type_: EventType, signer_id: str | None = None
    ) -> Event:
        """The event, as soon as it is known.

        Raises:
            Stuck: It did not come.
        """
        wanted = (envelope_id, type_, signer_id)
        for event in self.events:
            if (event.envelope_id, event.type, event.signer_id) == wanted:
                return event
        with anyio.move_on_after(PATIENCE_SECONDS):
            async for event in self._stream:
                await self._add(event)
                if (event.envelope_id, event.type, event.signer_id) == wanted:
                    await self.catch_up()
                    return event
        who = f" of {signer_id}" if signer_id else ""
        title = self._titles.get(envelope_id, envelope_id)
        raise Stuck(f'waited {PATIENCE_SECONDS:g} s for {type_}{who} of "{title}", in vain')

    async def catch_up(self) -> None:
        """Tell what is in the stream by now."""
        for event in await self._esign.events.read(after=self._last_seq, limit=1000):
            await self._add(event)

    async def follow(self) -> None:
        """Tell what happens, for ever."""
        async for event in self._stream:
            await self._add(event)

    @property
    def _last_seq(self) -> int:
        return self.events[-1].seq if self.events else 0

    async def _add(self, event: Event) -> None:
        if event.seq <= self._last_seq:  # told already, while catching up
            return
        self.events.append(event)
        if event.envelope_id not in self._titles:
            envelope = await self._esign.get(event.envelope_id)
            self._titles[event.envelope_id] = envelope.title
        self.teller.event(event, self._titles[event.envelope_id])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(self._stream, AsyncGenerator):
            await self._stream.aclose()
