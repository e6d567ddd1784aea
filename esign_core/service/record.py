"""Writing down what was learned, and planning what that makes necessary."""

from __future__ import annotations

from datetime import datetime, timedelta

from esign_core.engine import Session
from esign_core.journal import DeliveryState, InboxEntry, Transaction, WorkKind
from esign_core.model import (
    Envelope,
    EnvelopeStatus,
    Notice,
    Snapshot,
    Source,
    from_notice,
    from_snapshot,
)
from esign_core.service.workspace import Workspace

_SOON_SECONDS = 1
"""The first pause where the vendor is about to be ready."""
_LONGEST_PAUSE_SECONDS = 6 * 3600


def record_snapshot(
    workspace: Workspace,
    tx: Transaction,
    session: Session,
    envelope: Envelope,
    snapshot: Snapshot,
    source: Source,
) -> Envelope:
    """Write down what a look at the vendor, or its reply, told about an envelope.

    Deliveries that came before the vendor's id was known are read now.
    """
    now = workspace.clock()
    was_unknown = envelope.remote_id is None
    observation = from_snapshot(envelope, snapshot, source=source, received_at=now)
    after, _ = tx.record(envelope, observation)
    if was_unknown and after.remote_id is not None:
        for entry in tx.inbox.waiting(session.name, after.remote_id):
            after = _read_late(tx, session, after, entry)
    plan_refresh(workspace, tx, after, now)
    return after


def _read_late(
    tx: Transaction, session: Session, envelope: Envelope, entry: InboxEntry
) -> Envelope:
    state = DeliveryState.HINT
    webhooks = session.provider.webhooks
    if webhooks is not None and entry.authenticity.is_proof:
        state = DeliveryState.OBSERVED
        for notice in webhooks.parse(entry.request):
            if notice.remote_id == envelope.remote_id:
                envelope = record_notice(tx, envelope, notice, entry)
    tx.inbox.claim(entry, tx.envelopes.number(envelope), state)
    return envelope


def record_notice(
    tx: Transaction, envelope: Envelope, notice: Notice, entry: InboxEntry
) -> Envelope:
    """Write down what a delivery told about an envelope."""
    observation = from_notice(
        envelope, notice, authenticity=entry.authenticity, received_at=entry.received_at
    )
    after, _ = tx.record(envelope, observation)
    return after


def plan_refresh(workspace: Workspace, tx: Transaction, envelope: Envelope, now: datetime) -> None:
    """See that an open envelope is looked at again, in case its deliveries do not arrive."""
    if envelope.is_final or envelope.remote_id is None:
        tx.work.drop(WorkKind.REFRESH, envelope.id)
        return
    seconds = first_pause(workspace, envelope)
    tx.work.plan(
        WorkKind.REFRESH,
        envelope.id,
        connection=envelope.connection,
        due_at=now + timedelta(seconds=seconds),
        pause_seconds=seconds,
    )


def first_pause(workspace: Workspace, envelope: Envelope) -> int:
    """Seconds until an envelope is looked at for the first time in its present state."""
    usual = max(1, round(workspace.config.refresh_after_seconds))
    if envelope.status is EnvelopeStatus.FINALIZING:
        return min(_SOON_SECONDS, usual)
    return usual


def next_pause(seconds: int) -> int:
    """The pause after one in which nothing has changed."""
    return min(max(seconds, 1) * 2, _LONGEST_PAUSE_SECONDS)
