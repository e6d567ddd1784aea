"""Events handed out together, and the two ways to say that they are done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field

from esign_core.model import Event


@dataclass(frozen=True)
class Page:
    """What a consumer has not had yet."""

    consumer: str
    after: int
    """The position up to which it has everything."""
    events: tuple[Event, ...] = field(repr=False)
    cursors: str
    """What the table of positions is called in SQL."""

    @property
    def last(self) -> int:
        """The position of the last event; `after` if there is none."""
        return self.events[-1].seq if self.events else self.after


class _Batch:
    """Events of one consumer, in order."""

    def __init__(self, page: Page) -> None:
        self._page = page

    @property
    def consumer(self) -> str:
        """Whose they are."""
        return self._page.consumer

    @property
    def events(self) -> Sequence[Event]:
        """At least one."""
        return self._page.events

    def __iter__(self) -> Iterator[Event]:
        return iter(self._page.events)

    def __len__(self) -> int:
        return len(self._page.events)

    def __repr__(self) -> str:
        first, last = self._page.events[0].seq, self._page.last
        return f"<{type(self).__name__} {self.consumer} {first}-{last}>"

    def ack_statement(self) -> str:
        """SQL that says so inside your own transaction: then each event counts exactly once.

        It is for a product whose tables are in the journal's database. Run it as it is, without
        parameters, in the transaction that does what the events call for. If another process has
        had the same batch meanwhile, it violates a constraint: your database raises its
        `IntegrityError`, and your transaction is rolled back, as it should be.
        """
        page = self._page
        return (
            f"INSERT INTO {page.cursors} (consumer, seq) VALUES ('{page.consumer}', "  # noqa: S608
            f"{page.last}) ON CONFLICT (consumer) DO UPDATE SET seq = "
            f"CASE WHEN {page.cursors}.seq = {page.after} THEN {page.last} END"
        )


class Batch(_Batch):
    """Events of one consumer, in order; done once `ack` or `ack_statement` has said so.

    Until then they are handed out again: after a crash, or when the next batch is asked for.
    """

    def __init__(self, page: Page, ack: Callable[[], None]) -> None:
        super().__init__(page)
        self._ack = ack

    def ack(self) -> None:
        """Say that all of them are done.

        Raises:
            JournalUnusable: That could not be written down; they are handed out again.
        """
        self._ack()


class AsyncBatch(_Batch):
    """`Batch`, with an `ack` that is awaited."""

    def __init__(self, page: Page, ack: Callable[[], Awaitable[None]]) -> None:
        super().__init__(page)
        self._ack = ack

    async def ack(self) -> None:
        """Say that all of them are done.

        Raises:
            JournalUnusable: That could not be written down; they are handed out again.
        """
        await self._ack()
