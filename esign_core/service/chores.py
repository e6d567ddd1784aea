"""The work that is left after a call has returned, one kind after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from esign_core.engine import Session, Task, call
from esign_core.errors import EsignError, NotFound, NotSupported, Outcome, RateLimited
from esign_core.journal import Transaction, WorkItem, WorkKind
from esign_core.model import Envelope, EnvelopeStatus, Snapshot, Source
from esign_core.service import operations
from esign_core.service.jobs import poll_job
from esign_core.service.record import next_pause, record_snapshot
from esign_core.service.send import dispatch, mark_of
from esign_core.service.workspace import Workspace

LEASE = timedelta(minutes=10)
"""How long a piece of work belongs to who has begun it."""
IDLE_SECONDS = 30.0
"""How long a worker sleeps at the most."""
_FIND_MARGIN = timedelta(minutes=5)
"""How far clocks may be apart when an envelope is looked for by its creation."""
_LOOK_UP_PAUSE_SECONDS = 5


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
    try:
        session = workspace.session(item.connection)
        return (yield from _CHORES[item.kind](workspace, session, item))
    except EsignError as error:
        pause = next_pause(item.pause_seconds)
        if isinstance(error, RateLimited) and error.retry_after_seconds is not None:
            pause = max(pause, int(error.retry_after_seconds) + 1)
        return Again(pause, f"{type(error).__name__}: {error}")


def _poll_job(workspace: Workspace, session: Session, item: WorkItem) -> Task[Again | None]:
    try:
        _ = yield from poll_job(workspace, session, item.subject)
    except EsignError:
        job = yield from workspace.read(lambda tx: tx.envelopes.job(item.subject))
        if job is None:  # its end is written down: there is nothing more to ask
            return None
        raise
    job = yield from workspace.read(lambda tx: tx.envelopes.job(item.subject))
    return None if job is None else Again(max(1, round(job.poll_after_seconds)))


def _dispatch(workspace: Workspace, session: Session, item: WorkItem) -> Task[Again | None]:
    envelope = yield from workspace.envelope(item.subject)
    if envelope.remote_id is not None:
        _ = yield from dispatch(workspace, session, envelope, envelope.remote_id)
    return None


def _look_up(workspace: Workspace, session: Session, item: WorkItem) -> Task[Again | None]:
    """Look for our mark until the vendor's longest delay has passed. Finding nothing proves nothing."""
    envelope = yield from workspace.envelope(item.subject)
    if envelope.remote_id is not None or envelope.outcome is not Outcome.UNCERTAIN:
        return None
    if not session.provider.supports("find"):
        raise NotSupported(f"{session.provider.name} cannot look an envelope up")
    assert envelope.created_at is not None  # noqa: S101 - every envelope that was sent has it
    since = envelope.created_at - _FIND_MARGIN
    flow = session.provider.find(mark_of(envelope.id), since)
    found = yield from call(session, flow, operation="find", subject=envelope.title)
    if found is None:
        age = (workspace.clock() - envelope.created_at).total_seconds()
        if age <= session.provider.longest_delay_seconds:
            return Again(max(_LOOK_UP_PAUSE_SECONDS, next_pause(item.pause_seconds)))
        why = (
            f"{envelope.failure or 'The sender was never heard of again.'} It was not found at the "
            "vendor, which proves nothing: a person has to look there and decide."
        )
        settle = _settled(envelope.id, Outcome.UNCERTAIN, why)
        _ = yield from workspace.write(settle)
        return None
    return (yield from _adopt(workspace, session, envelope, found))


def _adopt(
    workspace: Workspace, session: Session, envelope: Envelope, found: Snapshot
) -> Task[Again | None]:
    def write(tx: Transaction) -> Envelope:
        current = tx.envelopes.get(envelope.id)
        if found.status is not EnvelopeStatus.DRAFT:
            current = tx.envelopes.settle(current, Outcome.DONE)
        return record_snapshot(workspace, tx, session, current, found, Source.POLL)

    adopted = yield from workspace.write(write)
    if found.status is EnvelopeStatus.DRAFT:  # the wish stands, and nobody was asked yet
        _ = yield from dispatch(workspace, session, adopted, found.remote_id)
    return None


def _settled(envelope_id: str, outcome: Outcome, why: str) -> Callable[[Transaction], Envelope]:
    return lambda tx: tx.envelopes.settle(tx.envelopes.get(envelope_id), outcome, why)


def _refresh(workspace: Workspace, session: Session, item: WorkItem) -> Task[Again | None]:
    envelope = yield from workspace.envelope(item.subject)
    if envelope.remote_id is None:
        return None
    snapshot = yield from operations.fetch(session, envelope.remote_id)
    before = envelope

    def write(tx: Transaction) -> Envelope:
        current = tx.envelopes.get(envelope.id)
        return record_snapshot(workspace, tx, session, current, snapshot, Source.POLL)

    after = yield from workspace.write(write)
    if after.is_final:
        return None
    changed = after.facts.keys() != before.facts.keys()
    usual = max(1, round(workspace.config.refresh_after_seconds))
    if after.status is EnvelopeStatus.FINALIZING:
        return Again(1 if changed else min(next_pause(item.pause_seconds), usual))
    return Again(usual if changed else next_pause(max(item.pause_seconds, usual)))


def _identify(workspace: Workspace, session: Session, item: WorkItem) -> Task[Again | None]:
    """Look once whose envelope a delivery was about: ours, by its mark, or somebody else's."""
    remote_id = item.subject.partition("/")[2]
    known = yield from workspace.read(lambda tx: tx.envelopes.by_remote_id(session.name, remote_id))
    if known is not None:
        return None
    try:
        snapshot = yield from operations.fetch(session, remote_id)
    except NotFound:
        snapshot = None
    mark = (snapshot.mark if snapshot else None) or ""

    def write(tx: Transaction) -> None:
        ours = tx.envelopes.find(mark.removeprefix("esign:")) if mark else None
        if ours is None or ours.connection != session.name or snapshot is None:
            tx.inbox.disown(session.name, remote_id)
        elif ours.remote_id is None:
            settled = tx.envelopes.settle(ours, Outcome.DONE)
            _ = record_snapshot(workspace, tx, session, settled, snapshot, Source.POLL)

    yield from workspace.write(write)
    return None


def identify_subject(connection: str, remote_id: str) -> str:
    """How `identify` names what it is about."""
    return f"{connection}/{remote_id}"


_CHORES: dict[WorkKind, Callable[[Workspace, Session, WorkItem], Task[Again | None]]] = {
    WorkKind.POLL_JOB: _poll_job,
    WorkKind.DISPATCH: _dispatch,
    WorkKind.LOOK_UP: _look_up,
    WorkKind.REFRESH: _refresh,
    WorkKind.IDENTIFY: _identify,
}
