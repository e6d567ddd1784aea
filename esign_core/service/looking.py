"""Looking at the vendor: how an envelope stands, where one is, whose one is."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from esign_core.engine import Session, Task, call
from esign_core.errors import EsignError, NotFound, PermissionDenied
from esign_core.journal import Transaction, WorkItem, WorkKind
from esign_core.model import Envelope, Snapshot, Source
from esign_core.service import operations
from esign_core.service.delays import may_turn_up_until
from esign_core.service.dispatch import dispatch
from esign_core.service.lanes import is_of_the_lane
from esign_core.service.record import (
    identify_subject,
    is_over,
    learn,
    pace_of,
    plan_archive,
    record_snapshot,
)
from esign_core.service.schedule import TRIES, Again, list_pause, next_pause, was_missed
from esign_core.service.send import mark_of
from esign_core.service.workspace import Workspace

_FIND_MARGIN = timedelta(minutes=5)
"""How far clocks may be apart when an envelope is looked for by its creation."""
_LOOK_UP_PAUSE_SECONDS = 5


def refresh(workspace: Workspace, item: WorkItem) -> Task[Again | None]:
    """Look how an envelope stands."""
    known = yield from workspace.envelope(item.subject)
    if known.remote_id is None:
        return None
    session = workspace.session(item.connection)
    snapshot = yield from operations.fetch(session, known.remote_id)

    def write(tx: Transaction) -> Again | None:
        before = tx.envelopes.get(item.subject)
        after = learn(workspace, tx, before.id, snapshot, Source.POLL)
        if was_missed(before, after, item.pause_seconds, workspace.clock()):
            missed(workspace, tx, session)
        plan_archive(workspace, tx, after)
        if is_over(after) or snapshot.status.is_final:
            return None
        pace = pace_of(workspace, tx, after)
        if after.facts.keys() != before.facts.keys():
            return Again(pace.first_seconds)
        return Again(pace.after(item.pause_seconds))

    return (yield from workspace.write(write))


def missed(workspace: Workspace, tx: Transaction, session: Session) -> None:
    """A delivery should have told this; what else they have not told is looked for soon."""
    name, now = session.name, workspace.clock()
    usual = workspace.config.refresh_after_seconds
    if workspace.hearings.arrive(tx, name):
        if session.provider.supports("list_envelopes"):
            listed_at = workspace.hearings.of(tx, name).listed_at or now
            pause = timedelta(seconds=list_pause(usual, 0, with_deliveries=False))
            due_at = max(now, listed_at + pause)
            tx.work.plan(WorkKind.RECONCILE, name, connection=name, due_at=due_at)
        else:
            tx.work.hurry(WorkKind.REFRESH, name, now + timedelta(seconds=usual))
    workspace.hearings.miss(tx, name)


def look_up(workspace: Workspace, item: WorkItem) -> Task[Again | None]:
    """Look for our mark until the vendor's longest delay has passed.

    An empty search proves nothing, so nothing is ever sent again because of it.
    """
    envelope, job = yield from workspace.read(
        lambda tx: (tx.envelopes.get(item.subject), tx.envelopes.job(item.subject))
    )
    if envelope.remote_id is not None or not envelope.is_in_doubt or job is not None:
        return None
    session = workspace.session(item.connection)
    if not session.provider.supports("find"):
        yield from _leave_open(workspace, envelope, "The vendor has no way to look for it")
        return None
    may_turn_up = may_turn_up_until(session, envelope) >= workspace.clock()
    try:
        found = yield from look_for(session, envelope)
    except EsignError as error:
        if may_turn_up or is_of_the_lane(error) or item.attempts + 1 < TRIES:
            raise
        why = f"It cannot be looked for at the vendor ({type(error).__name__})"
        yield from _leave_open(workspace, envelope, why)
        return None
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


def identify(workspace: Workspace, item: WorkItem) -> Task[Again | None]:
    """Look once whose envelope a delivery was about: ours, by its mark, or somebody else's."""
    session = workspace.session(item.connection)
    remote_id = item.subject.removeprefix(identify_subject(session.name, ""))
    known = yield from workspace.read(lambda tx: tx.envelopes.by_remote_id(session.name, remote_id))
    if known is not None:
        return None
    try:
        snapshot = yield from operations.fetch(session, remote_id)
    except (NotFound, PermissionDenied):
        snapshot = None

    def write(tx: Transaction) -> None:
        ours = owner(tx, session, snapshot)
        if ours is None or snapshot is None:
            tx.inbox.disown(session.name, remote_id)
        else:
            _ = record_snapshot(workspace, tx, ours.id, snapshot, Source.POLL)

    yield from workspace.write(write)
    return None


def owner(tx: Transaction, session: Session, snapshot: Snapshot | None) -> Envelope | None:
    """The envelope that was sent with this mark and has not been found yet.

    A second one with the same mark is a copy that somebody made at the vendor.
    """
    if snapshot is None or not snapshot.mark:
        return None
    ours = tx.envelopes.find(snapshot.mark.removeprefix(mark_of("")))
    if ours is None or ours.connection != session.name or ours.remote_id is not None:
        return None
    return ours
