"""What a worker drops when its time is over: headers and bodies of deliveries."""

from __future__ import annotations

from datetime import datetime, timedelta

from esign_core.engine import Task
from esign_core.journal import WorkItem, WorkKind
from esign_core.service.schedule import HOUR, Again
from esign_core.service.workspace import Workspace

CHUNK = 100
"""How many are dropped in one step: others want to write too."""


def plan_drops(workspace: Workspace) -> Task[None]:
    """See that what is old is dropped, if that is wished."""
    if workspace.config.keep_raw_days is not None:
        now = workspace.clock()
        yield from workspace.write(
            lambda tx: tx.work.plan(WorkKind.DROP_RAW, "inbox", connection="", due_at=now)
        )


def drop_old(workspace: Workspace, item: WorkItem) -> Task[Again | None]:
    """Drop some of what is old; the rest soon, and what gets old in an hour."""
    del item
    now = workspace.clock()
    before = old_before(workspace, now)
    if before is None:  # it is wished no longer
        return None
    count = yield from workspace.write(lambda tx: tx.retention.drop_raw(before, now, limit=CHUNK))
    return Again(HOUR if count < CHUNK else 0)


def old_before(workspace: Workspace, now: datetime) -> datetime | None:
    """Before when deliveries are old; None if they are kept for ever."""
    days = workspace.config.keep_raw_days
    return now - timedelta(days=days) if days is not None else None
