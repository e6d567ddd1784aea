"""Who does what is left to do: threads, or a task on an event loop."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

import anyio
from anyio.abc import TaskGroup

from esign_core.engine import AsyncDriver, SyncDriver, Task
from esign_core.engine.logs import Fields
from esign_core.engine.records import JOURNAL_FAILED, WORKER_FAILED
from esign_core.errors import JournalUnusable
from esign_core.service.chores import work_once
from esign_core.service.events import wait_for_news
from esign_core.service.expiry import plan_drops
from esign_core.service.faults import where
from esign_core.service.reconcile import plan_lists
from esign_core.service.telling import plan_telling
from esign_core.service.workspace import Workspace

_AFTER_FAILURE_SECONDS = 1.0


def turn(workspace: Workspace) -> Task[float]:
    """One turn of a worker; answers for how many seconds there is nothing to do."""
    yield from plan_telling(workspace)
    if workspace.lanes.are_new:
        yield from plan_lists(workspace)
        yield from plan_drops(workspace)
        workspace.lanes.are_new = False
    return (yield from work_once(workspace))


class Worker:
    """Does what is left to do, in threads of its own, while its `with` block lasts."""

    def __init__(self, workspace: Workspace, driver: SyncDriver, *, threads: int) -> None:
        self._workspace = workspace
        self._driver = driver
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"esign-worker-{i}", daemon=True)
            for i in range(threads)
        ]

    def __enter__(self) -> Self:
        self._workspace.lanes.come(len(self._threads))
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wait for what is being done; what is not begun stays in the journal."""
        self._stop.set()
        self._workspace.journal.wake()
        for thread in self._threads:
            thread.join()
        self._workspace.lanes.come(-len(self._threads))

    def _run(self) -> None:
        journal = self._workspace.journal
        while not self._stop.is_set():
            try:
                seen = journal.seen()
                pause = self._driver.run(turn(self._workspace))
                if pause > 0 and not self._stop.is_set():
                    journal.wait_for_news(seen, pause)
            except Exception as error:  # noqa: BLE001 - whatever it is, the worker goes on
                _log_failure(self._workspace, error)
                _ = self._stop.wait(_AFTER_FAILURE_SECONDS)


class AsyncWorker:
    """Does what is left to do, as tasks on the event loop, while its `async with` block lasts."""

    def __init__(self, workspace: Workspace, driver: AsyncDriver, *, tasks: int) -> None:
        self._workspace = workspace
        self._driver = driver
        self._tasks = tasks
        self._is_stopping = False
        self._group: TaskGroup | None = None

    async def __aenter__(self) -> Self:
        self._group = anyio.create_task_group()
        _ = await self._group.__aenter__()
        self._workspace.lanes.come(self._tasks)
        for _each in range(self._tasks):
            _ = self._group.start_soon(self._run)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wait for what is being done; what is not begun stays in the journal.

        On cancellation it is given up, and taken up again when its lease ends.
        """
        group, self._group = self._group, None
        if group is not None:
            self._is_stopping = True
            self._workspace.journal.wake()
            if isinstance(error, Exception):  # stays what it is: a group would wrap it in another
                kind = error = traceback = None
            try:
                _ = await group.__aexit__(kind, error, traceback)
            finally:
                self._workspace.lanes.come(-self._tasks)

    async def _run(self) -> None:
        journal = self._workspace.journal
        while not self._is_stopping:
            try:
                seen = journal.seen()
                pause = await self._driver.run(turn(self._workspace))
                if pause > 0 and not self._is_stopping:
                    await wait_for_news(journal, seen, pause)
            except Exception as error:  # noqa: BLE001 - whatever it is, the worker goes on
                _log_failure(self._workspace, error)
                await anyio.sleep(_AFTER_FAILURE_SECONDS)


def _log_failure(workspace: Workspace, error: Exception) -> None:
    kind = type(error).__name__
    if isinstance(error, JournalUnusable):
        told: Fields = {"esign_error": kind, "esign_reason": error.message}
        workspace.seldom.write(JOURNAL_FAILED, told)
    else:
        workspace.seldom.write(WORKER_FAILED, {"esign_error": kind, "esign_place": where(error)})
