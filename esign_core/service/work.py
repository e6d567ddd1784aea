"""What is left to do, for people: to look at, to try again, to leave."""

from __future__ import annotations

from esign_core.engine import AsyncDriver, SyncDriver, Task
from esign_core.errors import NotInJournal
from esign_core.journal import Transaction, WorkItem
from esign_core.service.arguments import expect_count, expect_text, expect_text_or_none
from esign_core.service.next_step import NextStep, next_step
from esign_core.service.workspace import Workspace


def list_work(
    workspace: Workspace, *, dead: bool | None, envelope_id: str | None, limit: int
) -> Task[tuple[WorkItem, ...]]:
    """What is left to do."""
    expect_text_or_none(envelope_id=envelope_id)
    expect_count(limit=limit)
    return workspace.read(
        lambda tx: tuple(tx.work.list(dead=dead, subject=envelope_id, limit=limit))
    )


def next_of(workspace: Workspace, envelope_id: str) -> Task[NextStep | None]:
    """What happens next to an envelope."""
    expect_text(envelope_id=envelope_id)

    def read(tx: Transaction) -> NextStep | None:
        envelope = tx.envelopes.get(envelope_id)
        return next_step(envelope, tx.work.list(subject=envelope_id), workspace.clock())

    return workspace.read(read)


def retry(workspace: Workspace, id_: int) -> Task[WorkItem]:
    """See that something is done now."""
    expect_count(id_=id_)
    now = workspace.clock()
    found = yield from workspace.write(lambda tx: tx.work.retry(id_, now))
    return _expected(found, id_)


def drop(workspace: Workspace, id_: int) -> Task[WorkItem]:
    """See that something is not done."""
    expect_count(id_=id_)
    found = yield from workspace.write(lambda tx: tx.work.remove(id_))
    return _expected(found, id_)


def _expected(found: WorkItem | None, id_: int) -> WorkItem:
    if found is None:
        raise NotInJournal(
            f"there is no work with the number {id_}: it was done, or never there. Nothing was "
            "changed; `esign work list` shows what there is."
        )
    return found


class Work:
    """What is left to do, for blocking code."""

    def __init__(self, workspace: Workspace, driver: SyncDriver) -> None:
        self._workspace = workspace
        self._driver = driver

    def list(
        self, *, dead: bool | None = None, envelope_id: str | None = None, limit: int = 100
    ) -> tuple[WorkItem, ...]:
        """What there is to do, the soonest first.

        Args:
            dead: True for what was given up and waits for a person, False for everything else.
            envelope_id: About this envelope only.
            limit: At most so many.
        """
        return self._driver.run(
            list_work(self._workspace, dead=dead, envelope_id=envelope_id, limit=limit)
        )

    def next(self, envelope_id: str) -> NextStep | None:
        """What happens next to an envelope; None if nothing has to.

        Raises:
            UnknownEnvelope: There is none.
        """
        return self._driver.run(next_of(self._workspace, envelope_id))

    def retry(self, id_: int) -> WorkItem:
        """Have it done now, as if it had never failed.

        Raises:
            NotInJournal: There is no work with that number.
        """
        return self._driver.run(retry(self._workspace, id_))

    def drop(self, id_: int) -> WorkItem:
        """Have it done never; news of what it is about bring it back.

        Raises:
            NotInJournal: There is no work with that number.
        """
        return self._driver.run(drop(self._workspace, id_))


class AsyncWork:
    """What is left to do, for async code."""

    def __init__(self, workspace: Workspace, driver: AsyncDriver) -> None:
        self._workspace = workspace
        self._driver = driver

    async def list(
        self, *, dead: bool | None = None, envelope_id: str | None = None, limit: int = 100
    ) -> tuple[WorkItem, ...]:
        """What there is to do, the soonest first.

        Args:
            dead: True for what was given up and waits for a person, False for everything else.
            envelope_id: About this envelope only.
            limit: At most so many.
        """
        return await self._driver.run(
            list_work(self._workspace, dead=dead, envelope_id=envelope_id, limit=limit)
        )

    async def next(self, envelope_id: str) -> NextStep | None:
        """What happens next to an envelope; None if nothing has to.

        Raises:
            UnknownEnvelope: There is none.
        """
        return await self._driver.run(next_of(self._workspace, envelope_id))

    async def retry(self, id_: int) -> WorkItem:
        """Have it done now, as if it had never failed.

        Raises:
            NotInJournal: There is no work with that number.
        """
        return await self._driver.run(retry(self._workspace, id_))

    async def drop(self, id_: int) -> WorkItem:
        """Have it done never; news of what it is about bring it back.

        Raises:
            NotInJournal: There is no work with that number.
        """
        return await self._driver.run(drop(self._workspace, id_))
