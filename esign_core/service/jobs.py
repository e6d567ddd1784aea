"""Envelopes that a vendor has accepted and is still making."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from esign_core.engine import Session, Task, sleep
from esign_core.errors import (
    EsignError,
    NotFound,
    Outcome,
    Refused,
    Uncertain,
    UnreadableAnswer,
)
from esign_core.journal import Transaction, WorkKind
from esign_core.model import (
    Authenticity,
    Envelope,
    EnvelopeDraft,
    EnvelopeStatus,
    EventType,
    Fact,
    Job,
    Observation,
    Source,
)
from esign_core.service import operations
from esign_core.service.discretion import discreetly
from esign_core.service.record import record_snapshot
from esign_core.service.workspace import Workspace

_LOOK_EVERY_SECONDS = 0.25
"""How often the journal is read while somebody else asks the vendor."""


def wait_for_job(
    workspace: Workspace, envelope: Envelope, seconds: float, draft: EnvelopeDraft
) -> Task[Envelope]:
    """The envelope once the vendor has made it, or as it is after some seconds.

    A vendor that cannot be asked just now is no failure: a worker goes on asking.

    Raises:
        Refused: The vendor could not make it.
        ProviderError: Nobody can say what became of it; it is looked for.
    """
    until = workspace.clock() + timedelta(seconds=seconds)
    while envelope.status is EnvelopeStatus.QUEUED and envelope.outcome is Outcome.DONE:
        known = envelope
        job = yield from workspace.read(_job_of(known.id))
        pause = job.poll_after_seconds if job is not None else _LOOK_EVERY_SECONDS
        if workspace.clock() + timedelta(seconds=pause) > until:
            break
        yield from sleep(pause)
        if job is None:  # somebody else has asked
            envelope = yield from workspace.envelope(known.id)
            continue
        try:
            envelope = yield from poll_job(workspace, known.id, draft)
        except EsignError as error:
            envelope = yield from workspace.envelope(known.id)
            if envelope.outcome is not Outcome.DONE:
                error.outcome = envelope.outcome
                raise
    return envelope


def poll_job(
    workspace: Workspace, envelope_id: str, draft: EnvelopeDraft | None = None
) -> Task[Envelope]:
    """Ask what has become of an envelope that the vendor is making, and write it down.

    Where the draft is at hand, errors do not quote what it says of people.

    Raises:
        ProviderError: The vendor could not make it; or it could not be asked.
    """
    envelope = yield from workspace.envelope(envelope_id)
    job = yield from workspace.read(_job_of(envelope_id))
    if job is None:
        return envelope
    session = workspace.session(envelope.connection)
    try:
        poll = operations.poll(session, job, envelope.title)
        result = yield from discreetly(poll, draft)
    except EsignError as error:
        why = str(error)
        if operations.is_its_end(error):
            _ = yield from workspace.write(lambda tx: _never_made(workspace, tx, envelope_id, why))
        elif isinstance(error, (NotFound, Refused, Uncertain)) or (
            isinstance(error, UnreadableAnswer) and _is_overdue(workspace, session, envelope)
        ):
            _ = yield from workspace.write(lambda tx: _lost_job(workspace, tx, envelope_id, why))
        raise

    def write(tx: Transaction) -> Envelope:
        if not isinstance(result, Job):
            return record_snapshot(workspace, tx, envelope_id, result, Source.POLL)
        if tx.envelopes.job(envelope_id) is not None:
            tx.envelopes.set_job(envelope_id, result)
        return tx.envelopes.get(envelope_id)

    return (yield from workspace.write(write))


def _is_overdue(workspace: Workspace, session: Session, envelope: Envelope) -> bool:
    """Whether the vendor should have made it by now, so that nothing is lost by looking for it."""
    assert envelope.created_at is not None  # noqa: S101 - every envelope that was sent has it
    age = (workspace.clock() - envelope.created_at).total_seconds()
    return age > session.provider.longest_delay_seconds


def _job_of(envelope_id: str) -> Callable[[Transaction], Job | None]:
    return lambda tx: tx.envelopes.job(envelope_id)


def _never_made(workspace: Workspace, tx: Transaction, envelope_id: str, why: str) -> Envelope:
    envelope = tx.envelopes.get(envelope_id)
    tx.work.drop(WorkKind.POLL_JOB, envelope_id)
    if tx.envelopes.job(envelope_id) is None:  # somebody else has written its end down
        return envelope
    tx.envelopes.set_job(envelope_id, None)
    failed = Observation(
        source=Source.POLL,
        authenticity=Authenticity.FETCHED,
        received_at=workspace.clock(),
        facts={Fact(EventType.ENVELOPE_FAILED): None},
    )
    after, _ = tx.record(tx.envelopes.settle(envelope, Outcome.NOT_DONE, why), failed)
    return after


def _lost_job(workspace: Workspace, tx: Transaction, envelope_id: str, why: str) -> Envelope:
    """The vendor cannot say any more what became of it: look for our mark instead."""
    envelope = tx.envelopes.get(envelope_id)
    tx.work.drop(WorkKind.POLL_JOB, envelope_id)
    if tx.envelopes.job(envelope_id) is None:
        return envelope
    tx.envelopes.set_job(envelope_id, None)
    tx.work.plan(
        WorkKind.LOOK_UP,
        envelope_id,
        connection=envelope.connection,
        due_at=workspace.clock(),
    )
    return tx.envelopes.settle(envelope, Outcome.UNCERTAIN, why)
