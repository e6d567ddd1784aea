"""Taking a delivery in: verified first, kept and observed in one transaction, then answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from esign_core.engine import Session, Task
from esign_core.errors import WebhookRejected
from esign_core.journal import DeliveryState, InboxEntry, Transaction, WorkKind, digest_of
from esign_core.model import Authenticity, Notice, Verified, WebhookRequest
from esign_core.service.chores import identify_subject
from esign_core.service.operations import webhooks_of
from esign_core.service.record import plan_refresh, record_notice
from esign_core.service.workspace import Workspace

_IDENTIFY_AFTER = timedelta(seconds=30)
"""How long an unknown envelope may turn out to be one that is just being sent."""


@dataclass(frozen=True)
class Receipt:
    """What was made of a delivery that is kept."""

    connection: str
    state: DeliveryState
    is_new: bool
    """False if the same delivery was here before."""
    envelope_ids: tuple[str, ...] = ()


def receive(workspace: Workspace, endpoint: str, request: WebhookRequest) -> Task[Receipt]:
    """Take a delivery in; when this answers, it is on disk.

    Raises:
        UnknownConnection: No connection has that endpoint.
        WebhookRejected: The delivery is not authentic; nothing of it is left but a count.
        JournalUnusable: It could not be kept; the vendor should deliver it again.
    """
    session = workspace.session_at(endpoint)
    now = workspace.clock()
    try:
        verified = _verified(session, request, now)
    except WebhookRejected as error:
        workspace.rejected[endpoint, error.reason] += 1
        raise
    notices = _read(session, request)

    def write(tx: Transaction) -> Receipt:
        return _keep(workspace, tx, session, request, verified, notices, now)

    return (yield from workspace.write(write))


def _verified(session: Session, request: WebhookRequest, now: datetime) -> Verified:
    settings = session.provider.settings
    secrets = [secret.get_secret_value().encode() for secret in settings.webhook_secrets]
    verified = webhooks_of(session).verify(request, secrets, now)
    if verified.authenticity is Authenticity.NONE and not settings.accept_unsigned:
        raise WebhookRejected(
            "unsigned",
            "the delivery is not signed. If the vendor does not sign, accept_unsigned = true takes "
            "such deliveries as hints.",
        )
    return verified


def _read(session: Session, request: WebhookRequest) -> Sequence[Notice] | None:
    """What the delivery says; None if this version cannot read it, whatever the reason."""
    try:
        return list(webhooks_of(session).parse(request))
    except Exception:  # noqa: BLE001 - it is authentic: kept, and read again after an upgrade
        return None


def _keep(
    workspace: Workspace,
    tx: Transaction,
    session: Session,
    request: WebhookRequest,
    verified: Verified,
    notices: Sequence[Notice] | None,
    now: datetime,
) -> Receipt:
    if not notices:
        state = DeliveryState.UNREADABLE if notices is None else DeliveryState.EMPTY
        return _keep_unread(tx, session, request, verified, state, now)
    receipts = [
        _keep_notice(workspace, tx, session, request, verified, notice, now) for notice in notices
    ]
    return Receipt(
        session.name,
        receipts[0].state,
        any(receipt.is_new for receipt in receipts),
        tuple(id_ for receipt in receipts for id_ in receipt.envelope_ids),
    )


def _keep_unread(
    tx: Transaction,
    session: Session,
    request: WebhookRequest,
    verified: Verified,
    state: DeliveryState,
    now: datetime,
) -> Receipt:
    is_new = tx.inbox.keep(
        request,
        envelope=0,
        digest=digest_of(session.name, None, None, request.body),
        connection=session.name,
        remote_id=None,
        state=state,
        authenticity=verified.authenticity,
        received_at=now,
    )
    return Receipt(session.name, state, is_new)


def _keep_notice(
    workspace: Workspace,
    tx: Transaction,
    session: Session,
    request: WebhookRequest,
    verified: Verified,
    notice: Notice,
    now: datetime,
) -> Receipt:
    is_hint = verified.is_late or not verified.authenticity.is_proof
    envelope = (
        tx.envelopes.by_remote_id(session.name, notice.remote_id) if notice.remote_id else None
    )
    if notice.remote_id is None:
        state = DeliveryState.EMPTY
    elif envelope is None:
        state = DeliveryState.WAITING
    else:
        state = DeliveryState.HINT if is_hint else DeliveryState.OBSERVED
    authenticity = Authenticity.NONE if verified.is_late else verified.authenticity
    entry = InboxEntry(0, session.name, notice.remote_id, state, authenticity, request, now)
    is_new = tx.inbox.keep(
        request,
        envelope=tx.envelopes.number(envelope),
        digest=digest_of(session.name, notice.remote_id, notice.key, request.body),
        connection=session.name,
        remote_id=notice.remote_id,
        state=state,
        authenticity=authenticity,
        received_at=now,
    )
    if not is_new:
        return Receipt(session.name, state, is_new, (envelope.id,) if envelope else ())
    if envelope is None:
        if notice.remote_id and not tx.inbox.is_foreign(session.name, notice.remote_id):
            tx.work.plan(
                WorkKind.IDENTIFY,
                identify_subject(session.name, notice.remote_id),
                connection=session.name,
                due_at=now + _IDENTIFY_AFTER,
            )
        return Receipt(session.name, state, is_new)
    after = envelope if is_hint else record_notice(tx, envelope, notice, entry)
    if is_hint or notice.needs_fetch:
        tx.work.plan(WorkKind.REFRESH, after.id, connection=session.name, due_at=now)
    else:
        plan_refresh(workspace, tx, after, now)
    return Receipt(session.name, state, is_new, (after.id,))
