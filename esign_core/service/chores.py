"""Doing one piece of what is left to do after a call has returned."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from esign_core.engine import Task
from esign_core.errors import EsignError, JournalUnusable, Outcome, RateLimited, Refused
from esign_core.journal import Transaction, WorkItem, WorkKind
from esign_core.model import Envelope
from esign_core.service.archive import archive
from esign_core.service.attending import Attendance, LeaseLost, claimed
from esign_core.service.discretion import discreet_about
from esign_core.service.dispatch import dispatch
from esign_core.service.expiry import drop_old
from esign_core.service.faults import where
from esign_core.service.jobs import poll_job
from esign_core.service.lanes import is_of_the_lane
from esign_core.service.looking import identify, look_up, refresh
from esign_core.service.reconcile import reconcile
from esign_core.service.schedule import (
    LONGEST_PAUSE_SECONDS,
    OUTAGE_PAUSE_SECONDS,
    Again,
    gives_up,
    jittered,
    job_pause,
    next_pause,
)
from esign_core.service.telling import tell, tell_again
from esign_core.service.watching import WorkWatch
from esign_core.service.workspace import Workspace

IDLE_SECONDS = 2.0
"""How long a worker sleeps at the most: another process may have written work down."""
_BLOCKED = timedelta(minutes=1)
"""When to look again after something at which a thread of this process still is."""


@dataclass(frozen=True)
class Failed:
    """It went wrong."""

    told: str
    """What a person has to know of it; nothing of the signers."""
    kind: str
    """The kind of error."""
    wait: float
    """Seconds until it is tried again."""
    pause_seconds: int
    """What the next pause is computed from."""
    counts: bool = True
    """Whether it was this thing's own failure, and not its account's."""
    place: str | None = None
    """Where in the code, if it was a fault there."""
    is_untried: bool = False
    """Whether nobody was asked: it is due as before, and comes first when there is room again."""


Ending: TypeAlias = Again | Failed | None
"""How a piece of work ended; None if nothing of it is left."""


def work_once(workspace: Workspace) -> Task[float]:
    """Do one piece of work that is due; answers for how many seconds there is none now."""
    now = workspace.clock()
    choice = workspace.lanes.choice(now)
    due_at = yield from workspace.read(lambda tx: tx.work.next_due_at(now, without=choice.without))
    if due_at is None or due_at > now:  # looking writes nothing, and so wakes nobody
        wait = IDLE_SECONDS if due_at is None else (due_at - now).total_seconds()
        return min(wait, IDLE_SECONDS)
    item = yield from claimed(workspace, now, choice)
    if item is None:  # somebody else was quicker
        return 0.0
    if workspace.lanes.is_inside(item.id):  # who is blocked in it must not get one more thread
        yield from _hand_back(workspace, item, now + _BLOCKED)
        return 0.0
    if not workspace.lanes.begin(item.connection, item.id):
        yield from _hand_back(workspace, item, item.due_at)
        return 0.0
    try:
        yield from _do(workspace, item)
    finally:
        workspace.lanes.end(item.connection, item.id)
    return 0.0


def _hand_back(workspace: Workspace, item: WorkItem, due_at: datetime) -> Task[None]:
    """Another thread of this process is in the way; it is as if nobody had come."""
    pause, error = item.pause_seconds, item.error
    yield from workspace.aside(lambda tx: tx.work.again(item, due_at, pause, error, counts=False))


def _do(workspace: Workspace, item: WorkItem) -> Task[None]:
    attendance = Attendance(workspace, item)
    with WorkWatch(item) as watch:
        try:
            ending = yield from attendance.attend(watch.over(_attempt(workspace, attendance)))
        except LeaseLost:
            return  # whoever has it now writes down how it ends
        is_set_aside = yield from _write_down(workspace, attendance.item, ending)
        _tell(watch, ending, is_set_aside=is_set_aside)


def _attempt(workspace: Workspace, attendance: Attendance) -> Task[Ending]:
    """How it ends; whatever goes wrong is an ending too."""
    item = attendance.item
    pause = next_pause(item.pause_seconds)
    if gives_up(item.kind, item.attempts):
        told = "Whoever began it was gone before its end, each time; perhaps because of it"
        return Failed(told, "WorkerGone", pause, pause)
    try:
        if item.connection:
            _ = workspace.session(item.connection)
        ending = yield from _CHORES[item.kind](workspace, item)
    except EsignError as error:
        return (yield from _failed(workspace, attendance, error))
    except Exception as error:  # noqa: BLE001 - a fault in one thing to do must not stop the others
        kind, place = type(error).__name__, where(error)
        return Failed(f"{kind} at {place}", kind, pause, pause, place=place)
    workspace.lanes.went_well(item.connection)
    return ending


def _failed(workspace: Workspace, attendance: Attendance, error: EsignError) -> Task[Failed]:
    item = attendance.item
    now, name = workspace.clock(), item.connection
    pause = next_pause(item.pause_seconds)
    wait = float(pause)
    is_untried = False
    asked = error.retry_after_seconds if isinstance(error, RateLimited) else None
    if asked is not None and math.isfinite(asked):
        wait = min(max(asked, 0.0), LONGEST_PAUSE_SECONDS)
        if error.outcome is Outcome.NOT_DONE:  # as if it had not been tried
            pause = item.pause_seconds
            is_untried = attendance.is_untried
        until = now + timedelta(seconds=wait)
        workspace.lanes.is_limited(name, until, now, is_untried=is_untried)
    elif is_of_the_lane(error) or not _is_open(workspace, name):
        wait = pause = min(pause, OUTAGE_PAUSE_SECONDS)
        if not isinstance(error, JournalUnusable):
            workspace.lanes.failed(name, now)
    else:
        workspace.lanes.went_well(name)
        if item.kind.is_of_an_envelope:
            about = yield from workspace.read(lambda tx: tx.envelopes.find(item.subject))
            _ = discreet_about(error, about) if about is not None else None
        return Failed(f"{type(error).__name__}: {error}", type(error).__name__, wait, pause)
    told, kind = f"{type(error).__name__}: {error}", type(error).__name__
    return Failed(told, kind, wait, pause, counts=False, is_untried=is_untried)


def _is_open(workspace: Workspace, connection: str) -> bool:
    return not connection or connection in workspace.connections


def _write_down(workspace: Workspace, item: WorkItem, ending: Ending) -> Task[bool]:
    """Write down how it ended; answers whether it was set aside."""
    if ending is None:
        yield from workspace.aside(lambda tx: tx.work.done(item))
        return False
    now = workspace.clock()
    if isinstance(ending, Again):
        due_at = now + jittered(ending.seconds, workspace.jitter)
        yield from workspace.aside(lambda tx: tx.work.again(item, due_at, ending.seconds))
        return False
    if ending.counts and gives_up(item.kind, item.attempts + 1):
        return (yield from workspace.write(lambda tx: _set_aside(tx, item, ending, now)))
    due_at = item.due_at if ending.is_untried else now + jittered(ending.wait, workspace.jitter)
    yield from workspace.aside(
        lambda tx: tx.work.again(
            item, due_at, ending.pause_seconds, ending.told, counts=ending.counts
        )
    )
    return False


def _set_aside(tx: Transaction, item: WorkItem, failed: Failed, now: datetime) -> bool:
    """Nobody tries it any more, unless there is news of it just now."""
    if not tx.work.give_up(item, now, failed.told):
        tx.work.again(item, now, failed.pause_seconds, failed.told)
        return False
    if item.kind is WorkKind.DISPATCH:
        envelope = tx.envelopes.get(item.subject)
        if envelope.is_in_doubt:
            why = (
                f"{failed.told}. It is a draft at the vendor, and nobody goes on sending it: a "
                f"person has to decide, with `esign work retry {item.id}` or "
                f"`esign resolve {envelope.id}`."
            )
            _ = tx.envelopes.settle(envelope, envelope.outcome, why)
    return True


def _tell(watch: WorkWatch, ending: Ending, *, is_set_aside: bool) -> None:
    if ending is None:
        watch.done()
    elif isinstance(ending, Again):
        watch.goes_on(ending.seconds)
    else:
        watch.failed(ending.kind, ending.wait, ending.place, is_set_aside=is_set_aside)


def _poll_job(workspace: Workspace, item: WorkItem) -> Task[Again | None]:
    """Ask what has become of an envelope that the vendor is making."""
    failure: EsignError | None = None
    envelope: Envelope | None = None
    try:
        envelope = yield from poll_job(workspace, item.subject)
    except EsignError as error:
        failure = error
    job = yield from workspace.read(lambda tx: tx.envelopes.job(item.subject))
    if job is None:  # its end is written down: there is nothing more to ask
        return None
    if failure is not None:
        raise failure
    now = workspace.clock()
    made_at = envelope.created_at if envelope is not None else None
    age = (now - (made_at or now)).total_seconds()
    return Again(job_pause(job.poll_after_seconds, age))


def _dispatch(workspace: Workspace, item: WorkItem) -> Task[Again | None]:
    """Send a draft that is stored at the vendor."""
    envelope = yield from workspace.envelope(item.subject)
    if not envelope.is_in_doubt:
        return None
    session = workspace.session(item.connection)
    try:
        _ = yield from dispatch(
            workspace, session, envelope, seconds_since_last_try=item.pause_seconds
        )
    except Refused as error:
        if error.outcome is Outcome.NOT_DONE:  # it is written down
            return None
        raise
    return None


_CHORES: dict[WorkKind, Callable[[Workspace, WorkItem], Task[Again | None]]] = {
    WorkKind.POLL_JOB: _poll_job,
    WorkKind.DISPATCH: _dispatch,
    WorkKind.LOOK_UP: look_up,
    WorkKind.REFRESH: refresh,
    WorkKind.IDENTIFY: identify,
    WorkKind.RECONCILE: reconcile,
    WorkKind.ARCHIVE: archive,
    WorkKind.TELL: tell,
    WorkKind.TELL_AGAIN: tell_again,
    WorkKind.DROP_RAW: drop_old,
}
