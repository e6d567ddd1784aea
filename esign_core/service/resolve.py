"""A person decides what became of an envelope of which nobody knows whether it was sent.

Nothing is sent from here: documents are not in the journal. Each decision is one transaction,
which looks again at what it decides about, so that whatever a worker or a late answer has written
down meanwhile counts for more. What the vendor tells later counts for more than any decision.
"""

from __future__ import annotations

from typing import TypeVar

from esign_core.engine import Session, Task
from esign_core.errors import (
    EnvelopeClosed,
    EsignError,
    Misconfigured,
    NotFound,
    NotReady,
    Outcome,
)
from esign_core.journal import Transaction, WorkKind
from esign_core.model import (
    Authenticity,
    Envelope,
    EnvelopeStatus,
    EventType,
    Fact,
    Observation,
    Snapshot,
    Source,
)
from esign_core.service import operations
from esign_core.service.delays import may_turn_up_until
from esign_core.service.looking import look_for
from esign_core.service.record import record_snapshot
from esign_core.service.send import mark_of
from esign_core.service.workspace import Workspace

T = TypeVar("T")

_ALL_WORK = (WorkKind.LOOK_UP, WorkKind.DISPATCH, WorkKind.POLL_JOB, WorkKind.REFRESH)
_NOT_SENT = "A person decided that nothing went out, and freed its key."
_SILENCE = "The sender was never heard of again."
_GIVEN_UP = "A person gave it up: nobody looks for it any more, and its key stays taken."


def resolve(
    workspace: Workspace,
    envelope_id: str,
    *,
    adopt: str | None = None,
    resend: bool = False,
    abandon: bool = False,
) -> Task[Envelope]:
    """The envelope after a person's decision; the same decision again changes nothing.

    Args:
        workspace: Where it is written down.
        envelope_id: Our id of it.
        adopt: The vendor's id of what it is there. A draft that is stored there is then sent by
            the worker, as always.
        resend: Nothing went out: free the key. The vendor is asked a last time; what it has with
            our mark is adopted instead. Not before its sender has stopped by itself and the
            vendor's longest delay has passed after that: until then it may still go out, and
            freeing the key would send it twice. Nor while a delivery waits that may be about it.
        abandon: Stop looking. It ends as `failed`, and keeps its key.

    Raises:
        TypeError: It is not exactly one decision.
        EnvelopeClosed: There is nothing to decide, or what is to be adopted is another envelope.
        NotReady: It may still turn up at the vendor by itself, or has and nobody has looked yet.
        ProviderError: The vendor could not be asked; nothing was decided.
    """
    if [adopt is not None, resend, abandon].count(True) != 1:
        raise TypeError("resolve takes exactly one of adopt, resend and abandon")
    if adopt is not None:
        return (yield from _adopt(workspace, envelope_id, adopt))
    if resend:
        return (yield from _free(workspace, envelope_id))
    return (yield from workspace.write(lambda tx: _give_up(workspace, tx, envelope_id)))


def _adopt(workspace: Workspace, envelope_id: str, remote_id: str) -> Task[Envelope]:
    if not remote_id.strip() or not remote_id.isprintable():
        raise Misconfigured(
            "adopt must be the vendor's id of an envelope. Nothing was decided; look it up there.",
            envelope_id=envelope_id,
        )
    envelope = yield from workspace.envelope(envelope_id)
    _expect_place(envelope, remote_id)
    session = workspace.session(envelope.connection)
    snapshot = yield from _looked(envelope, operations.fetch(session, remote_id))
    if _is_ours(snapshot) and snapshot.mark != mark_of(envelope_id):
        raise _closed(envelope, f'"{remote_id}" carries the mark of another one, {snapshot.mark}.')

    def write(tx: Transaction) -> Envelope:
        current = tx.envelopes.get(envelope_id)
        _expect_place(current, remote_id)
        other = tx.envelopes.by_remote_id(current.connection, remote_id)
        if other is not None and other.id != current.id:
            raise _closed(current, f'"{remote_id}" is {other.id}, "{other.title}".')
        after = record_snapshot(workspace, tx, envelope_id, snapshot, Source.POLL)
        if after.outcome is not Outcome.DONE or after.status is EnvelopeStatus.FAILED:
            return after
        return tx.envelopes.settle(after, Outcome.DONE)  # whoever decides has looked: no doubt left

    return (yield from workspace.write(write))


def _free(workspace: Workspace, envelope_id: str) -> Task[Envelope]:
    envelope = yield from workspace.envelope(envelope_id)
    if envelope.outcome is Outcome.NOT_DONE:
        return envelope
    _expect_doubt(envelope)
    session = workspace.session(envelope.connection)
    found = yield from _looked(envelope, _there(session, envelope))
    if found is None:
        _expect_delay_over(workspace, session, envelope)

    def write(tx: Transaction) -> Envelope:
        if found is not None:
            return record_snapshot(workspace, tx, envelope_id, found, Source.POLL)
        current = tx.envelopes.get(envelope_id)
        if current.outcome is not Outcome.UNCERTAIN or current.remote_id != envelope.remote_id:
            return current  # news came meanwhile
        _expect_doubt(current)
        _expect_deliveries_known(tx, session, current)
        return _end(workspace, tx, current, Outcome.NOT_DONE, _NOT_SENT)

    return (yield from workspace.write(write))


def _there(session: Session, envelope: Envelope) -> Task[Snapshot | None]:
    """What the vendor has of it; None proves nothing."""
    if envelope.remote_id is None:
        if not session.provider.supports("find"):
            return None
        return (yield from look_for(session, envelope))
    try:
        return (yield from operations.fetch(session, envelope.remote_id))
    except NotFound:
        return None


def _give_up(workspace: Workspace, tx: Transaction, envelope_id: str) -> Envelope:
    current = tx.envelopes.get(envelope_id)
    if _was_given_up(current):
        return current
    _expect_doubt(current)
    return _end(workspace, tx, current, Outcome.UNCERTAIN, _GIVEN_UP)


def _end(
    workspace: Workspace, tx: Transaction, envelope: Envelope, outcome: Outcome, why: str
) -> Envelope:
    """Nothing more is done about it.

    Whoever follows the stream is told, unless it is freed before the stream has said a word of it.
    """
    for kind in _ALL_WORK:
        tx.work.drop(kind, envelope.id)
    tx.envelopes.set_job(envelope.id, None)
    now = workspace.clock()
    told = f"{now:%Y-%m-%d %H:%M} UTC: {why} Before: {envelope.failure or _SILENCE}"
    settled = tx.envelopes.settle(envelope, outcome, told)
    if outcome is Outcome.NOT_DONE and not envelope.facts:
        return settled
    decided = Observation(
        source=Source.DECISION,
        authenticity=Authenticity.DECIDED,
        received_at=now,
        facts={Fact(EventType.ENVELOPE_FAILED): None},
        reasons={"": why},
    )
    after, _ = tx.record(settled, decided)
    return after


def _looked(envelope: Envelope, look: Task[T]) -> Task[T]:
    """A look at the vendor, whose errors say that nothing was decided."""
    try:
        return (yield from look)
    except EsignError as error:
        error.envelope_id = envelope.id
        error.connection = error.connection or envelope.connection
        error.add_note(f"Nothing was decided about {envelope.id}.")
        raise


def _is_ours(snapshot: Snapshot) -> bool:
    return snapshot.mark is not None and snapshot.mark.startswith(mark_of(""))


def _was_given_up(envelope: Envelope) -> bool:
    return envelope.outcome is Outcome.UNCERTAIN and envelope.is_final


def _expect_doubt(envelope: Envelope) -> None:
    if envelope.is_in_doubt:
        return
    if _was_given_up(envelope):
        raise _closed(envelope, "It was given up, and keeps its key for ever: use a new one.")
    if envelope.outcome is Outcome.NOT_DONE:
        raise _closed(envelope, "Its key is free: send it again, if it is still wanted.")
    raise _closed(envelope, f"To call it off: `esign cancel {envelope.id}`.")


def _expect_place(envelope: Envelope, remote_id: str) -> None:
    if envelope.remote_id is None and envelope.outcome is not Outcome.DONE:
        return
    if envelope.remote_id is None:
        raise _closed(
            envelope,
            "The vendor has accepted it and is still making it: a worker finds out what becomes of "
            "it, also without its handle where the vendor can list what it has.",
        )
    if envelope.remote_id != remote_id:
        raise _closed(envelope, f'It is "{envelope.remote_id}" at the vendor.')


def _expect_delay_over(workspace: Workspace, session: Session, envelope: Envelope) -> None:
    until = may_turn_up_until(session, envelope)
    seconds = (until - workspace.clock()).total_seconds()
    if seconds >= 0:
        raise NotReady(
            f'"{envelope.title}" may still turn up at {session.name}, until '
            f"{until:%Y-%m-%d %H:%M:%S} UTC. Nothing was decided about {envelope.id}; decide then, "
            "or adopt what you see there.",
            connection=session.name,
            envelope_id=envelope.id,
            retry_after_seconds=seconds,
        )


def _expect_deliveries_known(tx: Transaction, session: Session, envelope: Envelope) -> None:
    """A delivery about an unknown envelope may be about this one, until somebody looks.

    One that came when this could not turn up any more holds nobody up, nor one whose look goes
    wrong: on a busy account there would always be one.
    """
    until = may_turn_up_until(session, envelope)
    if envelope.remote_id is None and tx.work.is_untried(
        WorkKind.IDENTIFY, connection=session.name, due_by=until
    ):
        raise NotReady(
            f"{session.name} has told of an envelope that is not known here, and it may be "
            f'"{envelope.title}". Nothing was decided about {envelope.id}: let a worker look '
            "first, with `esign worker`, or adopt what you see there.",
            connection=session.name,
            envelope_id=envelope.id,
        )


def _closed(envelope: Envelope, why: str) -> EnvelopeClosed:
    return EnvelopeClosed(
        f'nothing was decided about "{envelope.title}": its outcome is {envelope.outcome}, its '
        f"status {envelope.status}. {why}",
        subject=envelope.title,
        envelope_id=envelope.id,
        connection=envelope.connection,
    )
