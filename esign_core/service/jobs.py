"""Envelopes that a vendor has accepted and is still making."""

from __future__ import annotations

from esign_core.engine import Session, Task, sleep
from esign_core.errors import NotFound, Outcome, Refused, Uncertain
from esign_core.journal import Transaction, WorkKind
from esign_core.model import (
    Authenticity,
    Envelope,
    EnvelopeStatus,
    EventType,
    Fact,
    Job,
    Observation,
    Source,
)
from esign_core.service import operations
from esign_core.service.record import record_snapshot
from esign_core.service.workspace import Workspace

_LOOK_EVERY_SECONDS = 0.25
"""How often the journal is read while somebody else asks the vendor."""


def wait_for_job(workspace: Workspace, envelope: Envelope, seconds: float) -> Task[Envelope]:
    """Wait for the vendor's job, doing the asking ourselves."""
    session = workspace.session(envelope.connection)
    waited = 0.0
    while envelope.status is EnvelopeStatus.QUEUED and envelope.outcome is Outcome.DONE:
        job = yield from workspace.read(lambda tx: tx.envelopes.job(envelope.id))
        pause = job.poll_after_seconds if job is not None else _LOOK_EVERY_SECONDS
        if waited + pause > seconds:
            break
        yield from sleep(pause)
        waited += pause
        envelope = (
            (yield from poll_job(workspace, session, envelope.id))
            if job is not None
            else (yield from workspace.envelope(envelope.id))
        )
    return envelope


def poll_job(workspace: Workspace, session: Session, envelope_id: str) -> Task[Envelope]:
    """Ask what has become of an envelope that the vendor is making, and write it down.

    Raises:
        ProviderError: The vendor could not make it; or it could not be asked.
    """
    job = yield from workspace.read(lambda tx: tx.envelopes.job(envelope_id))
    if job is None:
        return (yield from workspace.envelope(envelope_id))
    try:
        result = yield from operations.poll(session, job)
    except Refused as error:
        why = str(error)
        _ = yield from workspace.write(lambda tx: _never_made(workspace, tx, envelope_id, why))
        raise
    except (NotFound, Uncertain) as error:
        why = str(error)
        _ = yield from workspace.write(lambda tx: _lost_job(workspace, tx, envelope_id, why))
        raise

    def write(tx: Transaction) -> Envelope:
        envelope = tx.envelopes.get(envelope_id)
        if isinstance(result, Job):
            tx.envelopes.set_job(envelope_id, result)
            return envelope
        tx.envelopes.set_job(envelope_id, None)
        tx.work.drop(WorkKind.POLL_JOB, envelope_id)
        return record_snapshot(workspace, tx, session, envelope, result, Source.POLL)

    return (yield from workspace.write(write))


def _never_made(workspace: Workspace, tx: Transaction, envelope_id: str, why: str) -> Envelope:
    tx.envelopes.set_job(envelope_id, None)
    tx.work.drop(WorkKind.POLL_JOB, envelope_id)
    envelope = tx.envelopes.settle(tx.envelopes.get(envelope_id), Outcome.NOT_DONE, why)
    failed = Observation(
        source=Source.POLL,
        authenticity=Authenticity.FETCHED,
        received_at=workspace.clock(),
        facts={Fact(EventType.ENVELOPE_FAILED): None},
    )
    after, _ = tx.record(envelope, failed)
    return after


def _lost_job(workspace: Workspace, tx: Transaction, envelope_id: str, why: str) -> Envelope:
    """The vendor cannot say any more what became of it: look for our mark instead."""
    tx.envelopes.set_job(envelope_id, None)
    tx.work.drop(WorkKind.POLL_JOB, envelope_id)
    envelope = tx.envelopes.get(envelope_id)
    tx.work.plan(
        WorkKind.LOOK_UP,
        envelope_id,
        connection=envelope.connection,
        due_at=workspace.clock(),
    )
    return tx.envelopes.settle(envelope, Outcome.UNCERTAIN, why)
