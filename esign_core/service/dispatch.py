"""Sending what is stored at the vendor as a draft; harmless when it is sent already."""

from __future__ import annotations

from functools import partial

from esign_core.engine import Session, Task, call
from esign_core.errors import EsignError, Outcome, Refused
from esign_core.journal import Transaction, WorkKind
from esign_core.model import Envelope, EnvelopeDraft, Snapshot, Source
from esign_core.service import operations
from esign_core.service.discretion import discreetly
from esign_core.service.record import DISPATCH_AGAIN_SECONDS, record_snapshot
from esign_core.service.workspace import Workspace


def dispatch(
    workspace: Workspace,
    session: Session,
    envelope: Envelope,
    *,
    draft: EnvelopeDraft | None = None,
    seconds_since_last_try: float | None = None,
) -> Task[Envelope]:
    """Send a stored draft, and write down what it is then.

    Args:
        workspace: Where that is written down.
        session: The account.
        envelope: What is to be sent; its id at the vendor is known.
        draft: What was asked for, where it is at hand: errors do not quote what it says of people.
        seconds_since_last_try: When somebody tried before; None for the first try.

    Raises:
        Refused: The vendor will not send it, and a look has shown that it was not sent. Its
            outcome is `NOT_DONE` only if no try before it can still come true.
        ProviderError: It may have been sent; the worker tries again until that is known.
    """
    began_at = workspace.clock()
    _, remote_id = workspace.place(envelope)
    try:
        sent = call(
            session,
            partial(session.provider.dispatch, remote_id),
            operation="dispatch",
            subject=envelope.title,
            envelope_id=envelope.id,
        )
        snapshot = yield from discreetly(sent, draft)
    except EsignError as error:
        seconds = (workspace.clock() - began_at).total_seconds()
        if seconds_since_last_try is None:  # a worker that thought us dead may be at it by now
            is_alone = seconds < DISPATCH_AGAIN_SECONDS
        else:
            is_alone = seconds_since_last_try > session.provider.longest_delay_seconds
        if not is_alone:
            error.outcome = Outcome.UNCERTAIN
        snapshot = yield from _after_failure(workspace, session, envelope, error)
    shown = snapshot
    return (
        yield from workspace.write(
            lambda tx: record_snapshot(workspace, tx, envelope.id, shown, Source.REPLY)
        )
    )


def _after_failure(
    workspace: Workspace, session: Session, envelope: Envelope, error: EsignError
) -> Task[Snapshot]:
    """What it is all the same: a try whose answer was lost may have sent it before."""
    why = str(error)
    if isinstance(error, Refused):
        found = yield from _looked(workspace, session, envelope)
        if found is not None and not operations.is_unsent(session, found):
            return found
        if found is not None and error.outcome is Outcome.NOT_DONE:
            _ = yield from workspace.write(lambda tx: _refused(tx, envelope.id, why))
            raise error
    error.outcome = Outcome.UNCERTAIN
    error.add_note("The draft is stored at the vendor; a worker goes on sending it.")
    _ = yield from workspace.write(lambda tx: _doubtful(tx, envelope.id, why))
    raise error


def _looked(workspace: Workspace, session: Session, envelope: Envelope) -> Task[Snapshot | None]:
    _, remote_id = workspace.place(envelope)
    try:
        return (yield from operations.fetch(session, remote_id))
    except EsignError:
        return None


def _refused(tx: Transaction, envelope_id: str, why: str) -> Envelope:
    envelope = tx.envelopes.get(envelope_id)
    if not envelope.is_in_doubt:  # news came meanwhile, or a person has decided
        return envelope
    tx.work.drop(WorkKind.DISPATCH, envelope_id)
    tx.work.drop(WorkKind.REFRESH, envelope_id)
    return tx.envelopes.settle(envelope, Outcome.NOT_DONE, why)


def _doubtful(tx: Transaction, envelope_id: str, why: str) -> Envelope:
    """The work of sending it is planned already, and stays."""
    envelope = tx.envelopes.get(envelope_id)
    if not envelope.is_in_doubt:  # news came meanwhile, or a person has decided
        return envelope
    return tx.envelopes.settle(envelope, Outcome.UNCERTAIN, why)
