"""Writing down what was learned, and planning what that makes necessary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from esign_core.engine import Session
from esign_core.errors import Outcome
from esign_core.journal import DeliveryState, InboxEntry, Transaction, WorkKind
from esign_core.model import (
    Authenticity,
    Envelope,
    EnvelopeStatus,
    EventType,
    Fact,
    Notice,
    Snapshot,
    Source,
    WebhookRequest,
    from_notice,
    from_snapshot,
    observe,
)
from esign_core.provider.blame import is_signal
from esign_core.service.operations import is_unsent, webhooks_of
from esign_core.service.schedule import Pace, jittered, pace
from esign_core.service.workspace import Workspace

DISPATCH_AGAIN_SECONDS = 30
"""When a stored draft is sent whose sender was never heard of again."""
MAX_NOTICES = 10_000
"""How much one delivery may tell; a plugin that finds more does not end."""
IN_ARCHIVE = "archive/"
"""How the fact of a file in the archive begins its token."""
_SENT = Fact(EventType.ENVELOPE_SENT)


def record_snapshot(
    workspace: Workspace, tx: Transaction, envelope_id: str, snapshot: Snapshot, source: Source
) -> Envelope:
    """Write down what the vendor shows of an envelope, and plan when to look again."""
    after = learn(workspace, tx, envelope_id, snapshot, source)
    plan_refresh(workspace, tx, after)
    return after


def learn(
    workspace: Workspace, tx: Transaction, envelope_id: str, snapshot: Snapshot, source: Source
) -> Envelope:
    """Write down what the vendor shows of an envelope.

    If that tells the vendor's id, deliveries that came before it are read now, and nobody has to
    look for the envelope any more.
    """
    before = tx.envelopes.get(envelope_id)
    if before.remote_id not in {None, snapshot.remote_id}:
        why = (
            f'The vendor tells of this envelope as "{before.remote_id}" and as '
            f'"{snapshot.remote_id}": there may be two. A person has to look there, and '
            f"`esign resolve {before.id} --adopt REMOTE` ends the doubt."
        )
        return tx.envelopes.settle(before, before.outcome, why)
    other = tx.envelopes.by_remote_id(before.connection, snapshot.remote_id)
    if other is not None and other.id != before.id:
        why = (
            f"The vendor says that this is {other.id}: a person has to look there and decide, "
            f"with `esign resolve {before.id}`."
        )
        return tx.envelopes.settle(before, Outcome.UNCERTAIN, why)
    session = workspace.session(before.connection)
    observation = from_snapshot(before, snapshot, source=source, received_at=workspace.clock())
    after, _ = tx.record(before, observation)
    if before.remote_id is None:
        after = _found(workspace, tx, session, after)
    if is_unsent(session, snapshot) and _SENT not in after.facts:
        is_planned = tx.work.is_planned(WorkKind.DISPATCH, after.id)  # with its pauses: they grow
        if after.is_in_doubt and not is_planned:
            # Its id is on disk before anybody is asked.
            due_at = workspace.clock() + timedelta(seconds=DISPATCH_AGAIN_SECONDS)
            tx.work.plan(WorkKind.DISPATCH, after.id, connection=session.name, due_at=due_at)
        return after
    return _was_sent(tx, before, after)


def _found(workspace: Workspace, tx: Transaction, session: Session, envelope: Envelope) -> Envelope:
    """The vendor's id is known."""
    assert envelope.remote_id is not None  # noqa: S101 - every snapshot has one
    tx.envelopes.set_job(envelope.id, None)
    tx.work.drop(WorkKind.POLL_JOB, envelope.id)
    tx.work.drop(WorkKind.LOOK_UP, envelope.id)
    tx.work.drop(WorkKind.IDENTIFY, identify_subject(session.name, envelope.remote_id))
    needs_look = False
    for entry in tx.inbox.waiting(session.name, envelope.remote_id):
        reading = read(session, entry.request)
        envelope, state = _read_late(tx, envelope, entry, reading)
        needs_look |= state is not DeliveryState.OBSERVED
        needs_look |= any(notice.needs_fetch for notice in reading.notices)
        tx.inbox.claim(entry, tx.envelopes.number(envelope), state, reading.error)
    if needs_look:
        now = workspace.clock()
        tx.work.plan(WorkKind.REFRESH, envelope.id, connection=session.name, due_at=now)
    return envelope


def _read_late(
    tx: Transaction, envelope: Envelope, entry: InboxEntry, reading: Reading
) -> tuple[Envelope, DeliveryState]:
    if reading.error is not None:
        return envelope, DeliveryState.UNREADABLE
    if not entry.authenticity.is_proof:
        return envelope, DeliveryState.HINT
    for notice in reading.notices:
        if notice.remote_id == envelope.remote_id:
            try:
                observation = from_notice(
                    envelope,
                    notice,
                    authenticity=entry.authenticity,
                    received_at=entry.received_at,
                )
                _ = observe(envelope, observation)
            except Exception:  # noqa: BLE001 - one bad delivery must not undo what was learned
                return envelope, DeliveryState.UNREADABLE
            envelope, _ = tx.record(envelope, observation)
    return envelope, DeliveryState.OBSERVED


def record_notice(
    tx: Transaction,
    envelope: Envelope,
    notice: Notice,
    *,
    authenticity: Authenticity,
    received_at: datetime,
) -> Envelope:
    """Write down what a delivery told about an envelope."""
    observation = from_notice(envelope, notice, authenticity=authenticity, received_at=received_at)
    after, _ = tx.record(envelope, observation)
    has_ended = after.is_final and not envelope.is_final
    return _was_sent(tx, envelope, after) if has_ended or _SENT in after.facts else after


def _was_sent(tx: Transaction, before: Envelope, after: Envelope) -> Envelope:
    """It was sent, whatever was thought before."""
    if after.outcome is Outcome.DONE:
        return after
    tx.work.drop(WorkKind.LOOK_UP, after.id)
    tx.work.drop(WorkKind.DISPATCH, after.id)
    return tx.envelopes.settle(after, Outcome.DONE, surprise(before))


def surprise(before: Envelope) -> str | None:
    """What to write down of an envelope that the vendor has, against what was written before."""
    if before.outcome is Outcome.NOT_DONE:
        return (
            "The vendor has it after all, and its key was freed: there may be another one under "
            "that key. A person has to look there."
        )
    if before.outcome is Outcome.UNCERTAIN and before.is_final:
        return "The vendor has it after all, although it was given up. A person has to look there."
    return None


@dataclass(frozen=True)
class Reading:
    """What a delivery says."""

    notices: tuple[Notice, ...] = ()
    error: str | None = None
    """What kind of fault made it unreadable; its words could quote what is secret."""


def read(session: Session, request: WebhookRequest) -> Reading:
    """What a verified delivery says, or why this version cannot read it."""
    try:
        notices = tuple(islice(webhooks_of(session).parse(request), MAX_NOTICES + 1))
    except BaseException as error:
        if is_signal(error):
            raise
        return Reading(error=type(error).__name__)  # authentic: kept, and read after an upgrade
    return Reading(notices) if len(notices) <= MAX_NOTICES else Reading(error="TooManyNotices")


def plan_refresh(workspace: Workspace, tx: Transaction, envelope: Envelope) -> None:
    """See that an open envelope is looked at again, in case its deliveries do not arrive.

    And that the files of a completed one are archived, if that is wished.
    """
    plan_archive(workspace, tx, envelope)
    is_there = envelope.remote_id is not None and envelope.outcome is not Outcome.NOT_DONE
    if is_over(envelope) or not is_there:
        tx.work.drop(WorkKind.REFRESH, envelope.id)
        return
    seconds = pace_of(workspace, tx, envelope).first_seconds
    tx.work.plan(
        WorkKind.REFRESH,
        envelope.id,
        connection=envelope.connection,
        due_at=workspace.clock() + jittered(seconds, workspace.jitter),
        pause_seconds=seconds,
    )


def pace_of(workspace: Workspace, tx: Transaction, envelope: Envelope) -> Pace:
    """How often an envelope is looked at, as it stands."""
    return pace(
        envelope.status,
        workspace.config.refresh_after_seconds,
        with_deliveries=workspace.hearings.arrive(tx, envelope.connection),
    )


def plan_archive(workspace: Workspace, tx: Transaction, envelope: Envelope) -> None:
    """See that the files of a completed envelope are archived, if that is wished."""
    is_wished = workspace.config.archive is not None and not envelope.is_purged
    if is_wished and envelope.status is EnvelopeStatus.COMPLETED and not _is_archived(envelope):
        now = workspace.clock()
        tx.work.plan(WorkKind.ARCHIVE, envelope.id, connection=envelope.connection, due_at=now)


def _is_archived(envelope: Envelope) -> bool:
    archived = (fact for fact in envelope.facts if fact.type is EventType.ENVELOPE_ARCHIVED)
    return any(fact.token.startswith(IN_ARCHIVE) for fact in archived)


def is_over(envelope: Envelope) -> bool:
    """Whether no news can come.

    What was given up and is at the vendor after all is followed there to the end.
    """
    is_back = envelope.outcome is Outcome.DONE and envelope.failure is not None
    return envelope.is_final and not (is_back and envelope.status is EnvelopeStatus.FAILED)


def identify_subject(connection: str, remote_id: str) -> str:
    """How the work `identify` names what it is about."""
    return f"{connection}/{remote_id}"
