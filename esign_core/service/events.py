"""Reading the stream: a page of it, or all of it for ever from a durable cursor."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial

import anyio

from esign_core.engine import AsyncDriver, SyncDriver, Task
from esign_core.journal import Journal
from esign_core.model import Event
from esign_core.service.arguments import expect_count, expect_text_or_none, expect_whole_number
from esign_core.service.batches import AsyncBatch, Batch, Page
from esign_core.service.pages import advance, next_page
from esign_core.service.workspace import Workspace

PAGE = 100
"""How many events are read at once."""
_LOOK_EVERY_SECONDS = 1.0
"""How often followers look by themselves; another process may have written."""
_NEWS_EVERY_SECONDS = 0.05


def read(
    workspace: Workspace, after: int, limit: int, envelope_id: str | None
) -> Task[list[Event]]:
    """Events after a position, in order.

    Raises:
        Misconfigured: That cannot be a position, a limit or an id.
    """
    expect_count(least=0, after=after)
    expect_count(limit=limit)
    expect_text_or_none(envelope_id=envelope_id)
    return workspace.read(
        lambda tx: tx.stream.read(after=after, limit=limit, envelope_id=envelope_id)
    )


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
        """Events after a position, in order; of one envelope if it is named.

        Raises:
            Misconfigured: That cannot be a position, a limit or an id.
        """
        return self._driver.run(read(self._workspace, after, limit, envelope_id))

    def follow(self, consumer: str, *, forever: bool = True) -> Iterator[Event]:
        """Every event, in order, from where this consumer left off; then new ones as they come.

        An event counts as done when the next one is asked for: each is handed out at least once,
        and again after a crash in between. With `forever=False` it ends when there is no more.

        Args:
            consumer: A name of yours for this place in the stream.
            forever: Go on with what comes later.

        Raises:
            Misconfigured: The name cannot be.
            JournalUnusable: The journal cannot be read, or the place not be written down.
        """
        for page in self._pages(consumer, PAGE, forever=forever):
            for event in page.events:
                yield event
                self._driver.run(advance(self._workspace, page, event.seq))

    def batches(self, consumer: str, *, size: int = PAGE, forever: bool = True) -> Iterator[Batch]:
        """`follow`, many events at once: much faster, and yours to say when they are done.

        A batch that is not acknowledged when the next one is asked for is handed out again. With
        `forever=False` it ends when there is no more.

        Args:
            consumer: A name of yours for this place in the stream.
            size: How many events at the most, 1 to 1000.
            forever: Go on with what comes later.

        Raises:
            Misconfigured: The name or the size cannot be.
            JournalUnusable: The journal cannot be read.
        """
        for page in self._pages(consumer, size, forever=forever):
            yield Batch(page, partial(self._done, page))

    def _done(self, page: Page) -> None:
        self._driver.run(advance(self._workspace, page))

    def _pages(self, consumer: str, size: int, *, forever: bool) -> Iterator[Page]:
        expect_whole_number(size=size)
        while True:
            seen = self._workspace.journal.seen()
            page = self._driver.run(next_page(self._workspace, consumer, size))
            if page.events:
                yield page
            elif forever:
                self._workspace.journal.wait_for_news(seen, _LOOK_EVERY_SECONDS)
            else:
                return


class AsyncEvents:
    """The stream, for async code."""

    def __init__(self, workspace: Workspace, driver: AsyncDriver) -> None:
        self._workspace = workspace
        self._driver = driver

    async def read(
        self, *, after: int = 0, limit: int = 100, envelope_id: str | None = None
    ) -> list[Event]:
        """Events after a position, in order; of one envelope if it is named.

        Raises:
            Misconfigured: That cannot be a position, a limit or an id.
        """
        return await self._driver.run(read(self._workspace, after, limit, envelope_id))

    async def follow(self, consumer: str, *, forever: bool = True) -> AsyncIterator[Event]:
        """Every event, in order, from where this consumer left off; then new ones as they come.

        An event counts as done when the next one is asked for: each is handed out at least once,
        and again after a crash in between. With `forever=False` it ends when there is no more.

        Args:
            consumer: A name of yours for this place in the stream.
            forever: Go on with what comes later.

        Raises:
            Misconfigured: The name cannot be.
            JournalUnusable: The journal cannot be read, or the place not be written down.
        """
        async for page in self._pages(consumer, PAGE, forever=forever):
            for event in page.events:
                yield event
                await self._driver.run(advance(self._workspace, page, event.seq))

    async def batches(
        self, consumer: str, *, size: int = PAGE, forever: bool = True
    ) -> AsyncIterator[AsyncBatch]:
        """`follow`, many events at once: much faster, and yours to say when they are done.

        A batch that is not acknowledged when the next one is asked for is handed out again. With
        `forever=False` it ends when there is no more.

        Args:
            consumer: A name of yours for this place in the stream.
            size: How many events at the most, 1 to 1000.
            forever: Go on with what comes later.

        Raises:
            Misconfigured: The name or the size cannot be.
            JournalUnusable: The journal cannot be read.
        """
        async for page in self._pages(consumer, size, forever=forever):
            yield AsyncBatch(page, partial(self._done, page))

    async def _done(self, page: Page) -> None:
        await self._driver.run(advance(self._workspace, page))

    async def _pages(self, consumer: str, size: int, *, forever: bool) -> AsyncIterator[Page]:
        expect_whole_number(size=size)
        while True:
            seen = self._workspace.journal.seen()
            page = await self._driver.run(next_page(self._workspace, consumer, size))
            if page.events:
                yield page
            elif forever:
                await wait_for_news(self._workspace.journal, seen, _LOOK_EVERY_SECONDS)
            else:
                return
