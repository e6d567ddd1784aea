"""The inbox as products and people see it: what was delivered, and reading it again."""

from __future__ import annotations

from datetime import timedelta

from esign_core.engine import AsyncDriver, SyncDriver, Task
from esign_core.errors import Misconfigured
from esign_core.journal import DeliveryState, InboxEntry
from esign_core.service.arguments import expect_a, expect_count, expect_text_or_none
from esign_core.service.expiry import CHUNK
from esign_core.service.receipt import Receipt
from esign_core.service.replay import delivery, replay, replay_all
from esign_core.service.workspace import Workspace


class Inbox:
    """Every authentic delivery, raw, and what was made of it."""

    def __init__(self, workspace: Workspace, driver: SyncDriver) -> None:
        self._workspace = workspace
        self._driver = driver

    def list(
        self,
        *,
        connection: str | None = None,
        state: DeliveryState | str | None = None,
        envelope_id: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> tuple[InboxEntry, ...]:
        """Deliveries, the newest first.

        Args:
            connection: Of this one only.
            state: Of which this was made only, such as `unreadable`.
            envelope_id: About this envelope only, by our id.
            before: Only those before this delivery, by its id.
            limit: How many at the most.

        Raises:
            Misconfigured: There is no such state.
        """
        return self._driver.run(
            listed(
                self._workspace,
                connection=connection,
                state=_state(state),
                envelope_id=envelope_id,
                before=before,
                limit=limit,
            )
        )

    def get(self, delivery_id: int) -> InboxEntry:
        """One delivery, with its headers and body.

        Raises:
            NotInJournal: There is none with that id.
        """
        return self._driver.run(delivery(self._workspace, delivery_id))

    def replay(self, delivery_id: int) -> Receipt:
        """Read a delivery again: after an upgrade that understands more. It can only add.

        Raises:
            NotInJournal: There is none with that id.
            NotReady: Its body was dropped.
            UnknownConnection: Its connection is not there any more.
        """
        return self._driver.run(replay(self._workspace, delivery_id))

    def replay_all(
        self, state: DeliveryState | str = DeliveryState.UNREADABLE
    ) -> tuple[Receipt, ...]:
        """Read every delivery again of which this was made; those without a body are left.

        Raises:
            Misconfigured: There is no such state.
        """
        return self._driver.run(replay_all(self._workspace, _state(state) or _UNREADABLE))

    def drop_raw(self, older_than: timedelta) -> int:
        """Drop headers and bodies of older deliveries; answers how many there were.

        Their hashes stay: one that comes again is still known.
        """
        return self._driver.run(drop_raw(self._workspace, older_than))


class AsyncInbox:
    """`Inbox`, awaited."""

    def __init__(self, workspace: Workspace, driver: AsyncDriver) -> None:
        self._workspace = workspace
        self._driver = driver

    async def list(
        self,
        *,
        connection: str | None = None,
        state: DeliveryState | str | None = None,
        envelope_id: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> tuple[InboxEntry, ...]:
        """Deliveries, the newest first.

        Args:
            connection: Of this one only.
            state: Of which this was made only, such as `unreadable`.
            envelope_id: About this envelope only, by our id.
            before: Only those before this delivery, by its id.
            limit: How many at the most.

        Raises:
            Misconfigured: There is no such state.
        """
        return await self._driver.run(
            listed(
                self._workspace,
                connection=connection,
                state=_state(state),
                envelope_id=envelope_id,
                before=before,
                limit=limit,
            )
        )

    async def get(self, delivery_id: int) -> InboxEntry:
        """One delivery, with its headers and body.

        Raises:
            NotInJournal: There is none with that id.
        """
        return await self._driver.run(delivery(self._workspace, delivery_id))

    async def replay(self, delivery_id: int) -> Receipt:
        """Read a delivery again: after an upgrade that understands more. It can only add.

        Raises:
            NotInJournal: There is none with that id.
            NotReady: Its body was dropped.
            UnknownConnection: Its connection is not there any more.
        """
        return await self._driver.run(replay(self._workspace, delivery_id))

    async def replay_all(
        self, state: DeliveryState | str = DeliveryState.UNREADABLE
    ) -> tuple[Receipt, ...]:
        """Read every delivery again of which this was made; those without a body are left.

        Raises:
            Misconfigured: There is no such state.
        """
        return await self._driver.run(replay_all(self._workspace, _state(state) or _UNREADABLE))

    async def drop_raw(self, older_than: timedelta) -> int:
        """Drop headers and bodies of older deliveries; answers how many there were.

        Their hashes stay: one that comes again is still known.
        """
        return await self._driver.run(drop_raw(self._workspace, older_than))


_UNREADABLE = DeliveryState.UNREADABLE


def listed(
    workspace: Workspace,
    *,
    connection: str | None,
    state: DeliveryState | None,
    envelope_id: str | None,
    before: int | None,
    limit: int,
) -> Task[tuple[InboxEntry, ...]]:
    """Deliveries, the newest first."""
    expect_text_or_none(connection=connection, envelope_id=envelope_id)
    expect_count(limit=limit)
    if before is not None:
        expect_count(least=0, before=before)
    return workspace.read(
        lambda tx: tuple(
            tx.inbox.list(
                connection=connection,
                state=state,
                envelope_id=envelope_id,
                before=before,
                limit=limit,
            )
        )
    )


def drop_raw(workspace: Workspace, older_than: timedelta) -> Task[int]:
    """Drop headers and bodies of what came before then, some at a time."""
    expect_a(timedelta, older_than=older_than)
    now = workspace.clock()
    dropped = 0
    while True:
        count = yield from workspace.write(
            lambda tx: tx.inbox.drop_raw(now - older_than, now, limit=CHUNK)
        )
        dropped += count
        if count < CHUNK:
            return dropped


def _state(name: DeliveryState | str | None) -> DeliveryState | None:
    try:
        return DeliveryState(name) if name is not None else None
    except ValueError:
        told = ", ".join(DeliveryState)
        raise Misconfigured(f'a delivery is never "{name}"; it is one of: {told}.') from None
