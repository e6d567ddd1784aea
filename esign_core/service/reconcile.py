"""Listing an account's envelopes, to find what nobody told of.

A list costs one request for a page of envelopes, where a look costs one or more for each. What
it shows is not written down: whoever stands otherwise there than is known here is looked at, once,
and only that look tells all of it. What carries our mark and was never found is adopted;
everything else is none of ours, and stays alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from esign_core.engine import Session, Task
from esign_core.journal import Transaction, WorkItem, WorkKind
from esign_core.model import Envelope, Query, Snapshot, Source, from_snapshot, observe
from esign_core.service import operations
from esign_core.service.looking import missed, owner
from esign_core.service.record import record_snapshot
from esign_core.service.schedule import Again, list_pause, was_missed
from esign_core.service.workspace import Workspace

_MARGIN = timedelta(minutes=10)
"""How far the vendor's clock may be from ours."""


def plan_lists(workspace: Workspace) -> Task[None]:
    """See that every account's envelopes are listed from time to time, where that can be done."""
    names = [n for n, s in workspace.connections.items() if s.provider.supports("list_envelopes")]
    now = workspace.clock()

    def write(tx: Transaction) -> None:
        for name in names:
            if not tx.work.is_planned(WorkKind.RECONCILE, name):
                listed_at = tx.connections.get(name).listed_at
                pause = timedelta(seconds=_pause(workspace, tx, name, 0)) if listed_at else None
                due_at = max(now, listed_at + pause) if listed_at and pause else now
                tx.work.plan(WorkKind.RECONCILE, name, connection=name, due_at=due_at)

    if names:
        yield from workspace.write(write)


def reconcile(workspace: Workspace, item: WorkItem) -> Task[Again | None]:
    """List what was made since the oldest envelope that is still open, and look at what has moved.

    `listed_at` moves only if every page was read.
    """
    session = workspace.session(item.connection)
    if not session.provider.supports("list_envelopes"):
        return None
    began_at = workspace.clock()
    since = yield from workspace.read(lambda tx: tx.connections.open_since(session.name))
    pages = 0
    if since is not None:
        pages = yield from _compare_all(workspace, session, since - _MARGIN)

    def write(tx: Transaction) -> Again:
        tx.connections.list(session.name, began_at)
        return Again(_pause(workspace, tx, session.name, pages))

    return (yield from workspace.write(write))


def _compare_all(workspace: Workspace, session: Session, since: datetime) -> Task[int]:
    """Compare page after page; answers how many there were."""
    cursors: list[str | None] = [None]
    while True:
        query = Query(since=since, cursor=cursors[-1])
        found, following = yield from operations.list_page(session, query)
        if found:
            yield from _compare(workspace, session, found)
        if following is None or following in cursors:  # a list that goes round has an end too
            return len(cursors)
        cursors.append(following)


def _compare(workspace: Workspace, session: Session, found: Sequence[Snapshot]) -> Task[None]:
    def write(tx: Transaction) -> None:
        for snapshot in found:
            known = tx.envelopes.by_remote_id(session.name, snapshot.remote_id)
            ours = owner(tx, session, snapshot) if known is None else None
            if ours is not None:
                _ = record_snapshot(workspace, tx, ours.id, snapshot, Source.POLL)
            elif known is not None:
                _compare_one(workspace, tx, session, known, snapshot)

    return workspace.write(write)


def _compare_one(
    workspace: Workspace, tx: Transaction, session: Session, known: Envelope, snapshot: Snapshot
) -> None:
    now = workspace.clock()
    after = _as_listed(known, snapshot, now)
    if not _stands_otherwise(known, after):
        return
    if was_missed(known, after, 0.0, now):
        missed(workspace, tx, session)
    tx.work.plan(WorkKind.REFRESH, known.id, connection=session.name, due_at=now)


def _as_listed(known: Envelope, snapshot: Snapshot, now: datetime) -> Envelope:
    observation = from_snapshot(known, snapshot, source=Source.POLL, received_at=now)
    after, _ = observe(known, observation)
    return after


def _stands_otherwise(known: Envelope, after: Envelope) -> bool:
    """Whether a list shows what is not known; of what has ended, only what changes its end."""
    if known.is_final:
        ends = (known.status, known.has_conflict, known.is_purged)
        return ends != (after.status, after.has_conflict, after.is_purged)
    return after.facts.keys() != known.facts.keys()


def _pause(workspace: Workspace, tx: Transaction, name: str, pages: int) -> int:
    return list_pause(
        workspace.config.refresh_after_seconds,
        pages,
        with_deliveries=workspace.hearings.arrive(tx, name),
    )
