"""Reading the stream: a page of it, or all of it for ever from a durable cursor."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import anyio

from esign_core.engine import AsyncDriver, SyncDriver, Task
from esign_core.journal import Journal
from esign_core.model import Event
from esign_core.service.workspace import Workspace

_BATCH = 100
_LOOK_EVERY_SECONDS = 1.0
"""How often followers look by themselves; another process may have written."""
_NEWS_EVERY_SECONDS = 0.05


def read(
    workspace: Workspace, after: int, limit: int, envelope_id: str | None
) -> Task[list[Event]]:
    """Events after a position, in order."""
    return workspace.read(
        lambda tx: tx.stream.read(after=after, limit=limit, envelope_id=envelope_id)
    )


def next_batch(workspace: Workspace, consumer: str) -> Task[list[Event]]:
    """What a consumer has not had yet."""
    return workspace.read(lambda tx: tx.stream.read(after=tx.stream.cursor(consumer), limit=_BATCH))


def advance(workspace: Workspace, consumer: str, seq: int) -> Task[None]:
    """A consumer is done with everything up to a position."""
    return workspace.write(lambda tx: tx.stream.move_cursor(consumer, seq))


async def wait_for_news(journal: Journal, seen: int, seconds: float) -> None:
    """`Journal.wait_for_news`, awaited; it holds no thread, of which there are only some."""
    journal.listen()
    with anyio.move_on_after(seconds):
        while journal.seen() == seen:  # noqa: ASYNC110 - who writes is on no event loop
            await anyio.sleep(_NEWS_EVERY_SECONDS)


class Events:
    """The stream, for blocking code."""

    def __init__(self, workspace: Workspace, driver: SyncDriver) -> None:
        self._workspace = workspace
        self._driver = driver

    def read(
        self, *, after: int = 0, limit: int = 100, envelope_id: str | None = None
    ) -> list[Event]:
        """Events after a position, in order; of one envelope if it is named."""
        return self._driver.run(read(self._workspace, after, limit, envelope_id))

    def follow(self, consumer: str, *, forever: bool = True) -> Iterator[Event]:
        """Every event, in order, from where this consumer left off; then new ones as they come.

        An event counts as done when the next one is asked for: each is handed out at least once,
        and again after a crash in between. With `forever=False` it ends when there is no more.
        """
        while True:
            seen = self._workspace.journal.seen()
            batch = self._driver.run(next_batch(self._workspace, consumer))
            for event in batch:
                yield event
                self._driver.run(advance(self._workspace, consumer, event.seq))
            if not batch:
                if not forever:
                    return
                self._workspace.journal.wait_for_news(seen, _LOOK_EVERY_SECONDS)


class AsyncEvents:
    """The stream, for async code."""

    def __init__(self, workspace: Workspace, driver: AsyncDriver) -> None:
        self._workspace = workspace
        self._driver = driver

    async def read(
        self, *, after: int = 0, limit: int = 100, envelope_id: str | None = None
    ) -> list[Event]:
        """Events after a position, in order; of one envelope if it is named."""
        return await self._driver.run(read(self._workspace, after, limit, envelope_id))

    async def follow(self, consumer: str, *, forever: bool = True) -> AsyncIterator[Event]:
        """Every event, in order, from where this consumer left off; then new ones as they come.

        An event counts as done when the next one is asked for: each is handed out at least once,
        and again after a crash in between. With `forever=False` it ends when there is no more.
        """
        while True:
            seen = self._workspace.journal.seen()
            batch = await self._driver.run(next_batch(self._workspace, consumer))
            for event in batch:
                yield event
                await self._driver.run(advance(self._workspace, consumer, event.seq))
            if not batch:
                if not forever:
                    return
                await wait_for_news(self._workspace.journal, seen, _LOOK_EVERY_SECONDS)
