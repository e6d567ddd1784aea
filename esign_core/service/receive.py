"""Taking a delivery in: verified first, kept and observed in one transaction, then answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from esign_core.engine import Session, Task
from esign_core.errors import BrokenProvider, EsignError, WebhookRejected
from esign_core.journal import DeliveryState, Transaction, WorkKind, digest_of
from esign_core.model import (
    Authenticity,
    Envelope,
    EventType,
    Notice,
    SignerAction,
    Verified,
    WebhookRequest,
    match,
)
from esign_core.provider.blame import blamed
from esign_core.service.operations import webhooks_of
from esign_core.service.receipt import Receipt
from esign_core.service.record import (
    Reading,
    identify_subject,
    is_over,
    plan_refresh,
    read,
    record_notice,
)
from esign_core.service.watching import DeliveryWatch
from esign_core.service.workspace import Workspace

_IDENTIFY_AFTER = timedelta(seconds=30)
"""How long an unknown envelope may turn out to be one that is just being sent."""

_PARTS = (EventType.SIGNER_SIGNED, EventType.SIGNER_DECLINED, EventType.SIGNER_EXPIRED)
"""What a signer did in the end."""
MAX_UNPROVEN_BYTES = 16 * 1024
"""The longest body that is kept of a delivery that proves nothing."""


def receive(workspace: Workspace, endpoint: str, request: WebhookRequest) -> Task[Receipt]:
    """Take a delivery in; when this answers, it is on disk.

    Raises:
        UnknownConnection: No connection has that endpoint.
        NotSupported: The vendor makes no deliveries.
        WebhookRejected: The delivery is not authentic; nothing of it is left but a count.
        BrokenProvider: The provider could not check it; the vendor should deliver it again.
        JournalUnusable: It could not be kept; the vendor should deliver it again.
    """
    with DeliveryWatch(workspace.seldom) as watch:
        return watch.kept((yield from _taken(workspace, endpoint, request, watch)))


def _taken(
    workspace: Workspace, endpoint: str, request: WebhookRequest, watch: DeliveryWatch
) -> Task[Receipt]:
    session = workspace.session_at(endpoint)
    watch.came_to(session)
    now = workspace.clock()
    try:
        verified = _verified(session, request, now)
    except WebhookRejected as error:
        workspace.count_rejected(endpoint, error.reason)
        raise
    delivery = _Delivery(session, request, verified, now)
    watch.proves(delivery.authenticity)
    reading = fault = read(session, request)
    for _ in range(2):  # what stopped it may be no fault of the delivery, as a time limit is none
        try:
            return (yield from workspace.write(lambda tx: _keep(workspace, tx, delivery, reading)))
        except EsignError:
            raise
        except Exception as error:  # noqa: BLE001 - what the adapter read makes no sense
            fault = Reading(error=type(error).__name__)
    return (yield from workspace.write(lambda tx: _keep(workspace, tx, delivery, fault)))


@dataclass(frozen=True)
class _Delivery:
    """A delivery that may be kept."""

    session: Session
    request: WebhookRequest
    verified: Verified
    received_at: datetime

    @property
    def authenticity(self) -> Authenticity:
        """What it proves; a late one could be an old one that somebody sends again."""
        return Authenticity.NONE if self.verified.is_late else self.verified.authenticity

    def keep(
        self,
        tx: Transaction,
        state: DeliveryState,
        *,
        envelope: Envelope | None = None,
        remote_id: str | None = None,
        digest: str,
        error: str | None = None,
    ) -> bool:
        """Put it in the inbox; False if it is there already."""
        return tx.inbox.keep(
            self.request,
            envelope=tx.envelopes.number(envelope),
            digest=digest,
            connection=self.session.name,
            remote_id=remote_id,
            state=state,
            authenticity=self.authenticity,
            received_at=self.received_at,
            error=error,
        )


def _verified(session: Session, request: WebhookRequest, now: datetime) -> Verified:
    settings = session.provider.settings
    secrets = [secret.get_secret_value().encode() for secret in settings.webhook_secrets]
    try:
        with blamed(f"{session.provider.name}.webhooks.verify"):
            verified = webhooks_of(session).verify(request, secrets, now)
            proof = Authenticity(verified.authenticity)
    except BrokenProvider as error:
        _ = error.locate(provider=session.provider.name, connection=session.name)
        raise
    if proof is Authenticity.NONE and not settings.accept_unsigned:
        raise WebhookRejected(
            "unsigned",
            "the delivery is not signed. If the vendor does not sign, accept_unsigned = true takes "
            "such deliveries as hints.",
        )
    if not proof.is_proof and len(request.body) > MAX_UNPROVEN_BYTES:
        raise WebhookRejected(
            "too_large",
            f"the delivery proves nothing and is longer than {MAX_UNPROVEN_BYTES} bytes: anybody "
            "could fill the disk with such ones.",
        )
    return verified


def _keep(workspace: Workspace, tx: Transaction, delivery: _Delivery, reading: Reading) -> Receipt:
    name, body = delivery.session.name, delivery.request.body
    if not reading.notices:
        state = DeliveryState.EMPTY if reading.error is None else DeliveryState.UNREADABLE
        digest = digest_of(name, None, None, body)
        return Receipt(name, state, delivery.keep(tx, state, digest=digest, error=reading.error))
    receipts: list[Receipt] = []
    before: dict[tuple[str | None, str | None], int] = {}
    for notice in reading.notices:
        ids = (notice.remote_id, notice.key)
        place = before.get(ids, 0)
        digest = digest_of(name, *ids, body, place=place)
        before[ids] = place + 1
        receipts.append(_keep_notice(workspace, tx, delivery, notice, digest))
    return Receipt(
        name,
        receipts[0].state,
        any(receipt.is_new for receipt in receipts),
        tuple(dict.fromkeys(id_ for receipt in receipts for id_ in receipt.envelope_ids)),
    )


def _keep_notice(
    workspace: Workspace, tx: Transaction, delivery: _Delivery, notice: Notice, digest: str
) -> Receipt:
    name, remote_id = delivery.session.name, notice.remote_id
    if remote_id is None:
        state = DeliveryState.EMPTY
        return Receipt(name, state, delivery.keep(tx, state, digest=digest))
    envelope = tx.envelopes.by_remote_id(name, remote_id)
    if envelope is None:
        return _keep_waiting(tx, delivery, remote_id, digest)
    is_hint = not delivery.authenticity.is_proof
    state = DeliveryState.HINT if is_hint else DeliveryState.OBSERVED
    if not delivery.keep(tx, state, envelope=envelope, remote_id=remote_id, digest=digest):
        return Receipt(name, state, is_new=False, envelope_ids=(envelope.id,))
    after = envelope
    if not is_hint:
        workspace.hearings.hear(tx, name)
        after = record_notice(
            tx,
            envelope,
            notice,
            authenticity=delivery.authenticity,
            received_at=delivery.received_at,
        )
        if not is_over(after) or after.status is not envelope.status:
            plan_refresh(workspace, tx, after)  # else a last look that is planned would be dropped
    is_conflict = after.has_conflict > envelope.has_conflict
    if is_hint or is_conflict or _leaves_open(notice, after) or _ends_untold(envelope, after):
        now = delivery.received_at
        tx.work.plan(WorkKind.REFRESH, after.id, connection=name, due_at=now)
    return Receipt(name, state, is_new=True, envelope_ids=(after.id,))


def _leaves_open(notice: Notice, envelope: Envelope) -> bool:
    """Whether the vendor has to be asked for what a delivery does not tell.

    Not once an envelope has ended, for a delivery that says nothing of it or of its signers.
    """
    is_empty = notice.status is None and not notice.signers
    if envelope.is_final and is_empty:
        return False
    strangers = len(notice.signers) - len(match(envelope.seats, notice.signers))
    return notice.needs_fetch or strangers > 0


def _ends_untold(before: Envelope, after: Envelope) -> bool:
    """Whether it has ended and nobody has told somebody's part in it: a delivery may be lost.

    What has ended is not looked at again by itself.
    """
    if before.is_final or not after.is_final:
        return False
    told = {
        fact.signer_id
        for fact, evidence in after.facts.items()
        if fact.type in _PARTS and not evidence.inferred
    }
    return any(seat.id not in told for seat in after.seats if seat.action is not SignerAction.VIEW)


def _keep_waiting(tx: Transaction, delivery: _Delivery, remote_id: str, digest: str) -> Receipt:
    """Keep what is about an envelope that is not known here, or not yet.

    Whose it is, the vendor is asked once; not for what anybody could have sent, since that would
    be a request for every name that somebody makes up.
    """
    name, state = delivery.session.name, DeliveryState.WAITING
    is_foreign = tx.inbox.is_foreign(name, remote_id)
    if is_foreign:
        state = DeliveryState.FOREIGN
    is_new = delivery.keep(tx, state, remote_id=remote_id, digest=digest)
    if is_new and not is_foreign and delivery.verified.authenticity.is_proof:
        tx.work.plan(
            WorkKind.IDENTIFY,
            identify_subject(name, remote_id),
            connection=name,
            due_at=delivery.received_at + _IDENTIFY_AFTER,
        )
    return Receipt(name, state, is_new)
