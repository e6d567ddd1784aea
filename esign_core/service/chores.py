"""The work that is left after a call has returned, one kind after the other."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from esign_core.engine import Session, Task, call
from esign_core.errors import (
    EsignError,
    NotFound,
    Outcome,
    PermissionDenied,
    RateLimited,
    Refused,
)
from esign_core.journal import Transaction, WorkItem, WorkKind
from esign_core.model import Envelope, EnvelopeStatus, Snapshot, Source
from esign_core.service import operations
from esign_core.service.delays import may_turn_up_until
from esign_core.service.dispatch import dispatch
from esign_core.service.faults import where
from esign_core.service.jobs import poll_job
from esign_core.service.record import (
    LONGEST_PAUSE_SECONDS,
    first_pause,
    identify_subject,
    is_over,
    learn,
    next_pause,
    record_snapshot,
)
from esign_core.service.send import mark_of
from esign_core.service.workspace import Workspace

LEASE = timedelta(minutes=10)
"""How long a piece of work belongs to who has begun it."""
IDLE_SECONDS = 2.0
"""How long a worker sleeps at the most: another process may have written work down."""
_FIND_MARGIN = timedelta(minutes=5)
"""How far clocks may be apart when an envelope is looked for by its creation."""
_LOOK_UP_PAUSE_SECONDS = 5
_log = logging.getLogger("esign.worker")


@dataclass(frozen=True)
class Again:
    """It is to be done again, after a pause."""

    seconds: int
    error: str | None = None


def work_once(workspace: Workspace) -> Task[float]:
    """Do the most overdue piece of work; answers for how many seconds there is none now."""
    now = workspace.clock()
    due_at = yield from workspace.read(lambda tx: tx.work.next_due_at(now))
    if due_at is None or due_at > now:  # looking writes nothing, and so wakes nobody
        wait = IDLE_SECONDS if due_at is None else (due_at - now).total_seconds()
        return min(wait, IDLE_SECONDS)
    item = yield from workspace.write(lambda tx: tx.work.claim(now, LEASE))
    if item is None:  # somebody else was quicker
        return 0.0
    again = yield from _attempt(workspace, item)
    then = workspace.clock()

    def write(tx: Transaction) -> None:
        if again is None:
            tx.work.done(item)
        else:
            due_at = then + timedelta(seconds=again.seconds)
            tx.work.again(item, due_at, again.seconds, again.error)

    yield from workspace.write(write)
    return 0.0


def _attempt(workspace: Workspace, item: WorkItem) -> Task[Again | None]:
    """Do it; what goes wrong is written on the item, and it is tried again later."""
    pause = next_pause(item.pause_seconds)
    try:
        session = workspace.session(item.connection)
        return (yield from _CHORES[item.kind](workspace, session, item))
    except EsignError as error:
        if isinstance(error, RateLimited) and error.retry_after_seconds is not None:
            asked = min(error.retry_after_seconds, LONGEST_PAUSE_SECONDS)
            pause = max(pause, math.ceil(asked) if math.isfinite(asked) else pause)
        return Again(pause, f"{type(error).__name__}: {error}")
    except Exception as error:  # noqa: BLE001 - a fault in one thing to do must not stop the others
        fault = f"{type(error).__name__} at {where(error)}"
        _log.error("%s of %s failed with %s", item.kind, item.subject, fault)
        return Again(pause, fault)


def _poll_job(workspace: Workspace, session: Session, item: WorkItem) -> Task[Again | None]:
    del session
    failure: EsignError | None = None
    try:
        _ = yield from poll_job(workspace, item.subject)
    except EsignError as error:
        failure = error
    job = yield from workspace.read(lambda tx: tx.envelopes.job(item.subject))
    if job is None:  # its end is written down: there is nothing more to ask
        return None
    if failure is not None:
        raise failure
    return Again(max(1, round(job.poll_after_seconds)))


def _dispatch(workspace: Workspace, session: Session, item: WorkItem) -> Task[Again | None]:
    envelope = yield from workspace.envelope(item.subject)
    if not envelope.is_in_doubt:
        return None
    try:
        _ = yield from dispatch(
            workspace, session, envelope, seconds_since_last_try=item.pause_seconds
        )
    except Refused as error:
        if error.outcome is Outcome.NOT_DONE:  # it is written down
            return None
        raise
    return None


def _look_up(workspace: Workspace, session: Session, item: WorkItem) -> Task[Again | None]:
    """Look for our mark until the vendor's longest delay has passed.

    An empty search proves nothing, so nothing is ever sent again because of it.
    """
    envelope, job = yield from workspace.read(
        lambda tx: (tx.envelopes.get(item.subject), tx.envelopes.job(item.subject))
    )
    if envelope.remote_id is not None or not envelope.is_in_doubt or job is not None:
        return None
    if not session.provider.supports("find"):
        yield from _leave_open(workspace, envelope, "The vendor has no way to look for it")
        return None
    found = yield from look_for(session, envelope)
    if found is None:
        if may_turn_up_until(session, envelope) >= workspace.clock():
            return Again(max(_LOOK_UP_PAUSE_SECONDS, next_pause(item.pause_seconds)))
        why = "It was not found at the vendor, which proves nothing"
        yield from _leave_open(workspace, envelope, why)
        return None
    snapshot = found
    adopted = yield from workspace.write(
        lambda tx: record_snapshot(workspace, tx, envelope.id, snapshot, Source.POLL)
    )
    if operations.is_unsent(session, found) and adopted.is_in_doubt:
        # the wish stands, and nobody was asked yet
        _ = yield from dispatch(workspace, session, adopted)
    return None


def look_for(session: Session, envelope: Envelope) -> Task[Snapshot | None]:
    """What the vendor has with our mark; None proves nothing."""
    assert envelope.created_at is not None  # noqa: S101 - every envelope that was sent has it
    since = envelope.created_at - _FIND_MARGIN
    flow = partial(session.provider.find, mark_of(envelope.id), since)
    return call(session, flow, operation="find", subject=envelope.title, envelope_id=envelope.id)


def _leave_open(workspace: Workspace, envelope: Envelope, why: str) -> Task[None]:
    """Nothing more can be done by itself."""
    before = envelope.failure or "The sender was never heard of again."
    told = (
        f"{before} {why}: a person has to look there and decide, "
        f"with `esign resolve {envelope.id}`."
    )

    def write(tx: Transaction) -> None:
        current = tx.envelopes.get(envelope.id)
        if current == envelope and tx.envelopes.job(current.id) is None:  # no news meanwhile
            _ = tx.envelopes.settle(current, current.outcome, told)

    return workspace.write(write)


def _refresh(workspace: Workspace, session: Session, item: WorkItem) -> Task[Again | None]:
    before = yield from workspace.envelope(item.subject)
    if before.remote_id is None:
        return None
    snapshot = yield from operations.fetch(session, before.remote_id)
    after = yield from workspace.write(
        lambda tx: learn(workspace, tx, before.id, snapshot, Source.POLL)
    )
    if is_over(after) or snapshot.status.is_final:
        return None
    changed = after.facts.keys() != before.facts.keys()
    first = first_pause(workspace, after)
    if changed:
        return Again(first)
    usual = max(1, round(workspace.config.refresh_after_seconds))
    longer = next_pause(max(item.pause_seconds, first))
    return Again(min(longer, usual) if after.status is EnvelopeStatus.FINALIZING else longer)


def _identify(workspace: Workspace, session: Session, item: WorkItem) -> Task[Again | None]:
    """Look once whose envelope a delivery was about: ours, by its mark, or somebody else's."""
    remote_id = item.subject.removeprefix(identify_subject(session.name, ""))
    known = yield from workspace.read(lambda tx: tx.envelopes.by_remote_id(session.name, remote_id))
    if known is not None:
        return None
    try:
        snapshot = yield from operations.fetch(session, remote_id)
    except (NotFound, PermissionDenied):
        snapshot = None

    def write(tx: Transaction) -> None:
        ours = _owner(tx, session, snapshot)
        if ours is None or snapshot is None:
            tx.inbox.disown(session.name, remote_id)
        else:
            _ = record_snapshot(workspace, tx, ours.id, snapshot, Source.POLL)

    yield from workspace.write(write)
    return None


def _owner(tx: Transaction, session: Session, snapshot: Snapshot | None) -> Envelope | None:
    """The envelope that was sent with this mark and has not been found yet.

    A second one with the same mark is a copy that somebody made at the vendor.
    """
    if snapshot is None or not snapshot.mark:
        return None
    ours = tx.envelopes.find(snapshot.mark.removeprefix(mark_of("")))
    if ours is None or ours.connection != session.name or ours.remote_id is not None:
        return None
    return ours


_CHORES: dict[WorkKind, Callable[[Workspace, Session, WorkItem], Task[Again | None]]] = {
    WorkKind.POLL_JOB: _poll_job,
    WorkKind.DISPATCH: _dispatch,
    WorkKind.LOOK_UP: _look_up,
    WorkKind.REFRESH: _refresh,
    WorkKind.IDENTIFY: _identify,
}
