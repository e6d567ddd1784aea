"""Penvio's deliveries, in both documented shapes and both spellings of the signature.

Source: E-Sign API v1, "Webhooks" (V), and the webhooks page (V); they contradict each other (X):

| | E-Sign API v1 | webhooks page |
|---|---|---|
| body | `event timestamp data.signer` | `id type createdAt data.signers[]` |
| signature | hex HMAC-SHA256 of the raw body | `sha256=` and the same |

No time is signed, so a captured delivery can be repeated for ever: the proof is `SIGNED`, not
`SIGNED_FRESH`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from pydantic import AliasChoices, Field, ValidationError

from esign_core.errors import WebhookRejected
from esign_core.model import (
    Authenticity,
    EnvelopeStatus,
    EventType,
    Notice,
    SignerNotice,
    SignerStatus,
    Verified,
    WebhookRequest,
    problems_of,
)
from esign_core.provider import BadJson, Webhooks, read_json
from esign_penvio.statuses import ENVELOPE, EVENT, Meaning, signer_status
from esign_penvio.wire import Time, Wire, WireSigner, without_secrets

SIGNATURE = "x-penvio-signature"
_SIGNATURE = re.compile(r"(?:sha256=)?([0-9a-f]{64})")
_ACT = {
    SignerStatus.NOTIFIED: EventType.SIGNER_NOTIFIED,
    SignerStatus.VIEWED: EventType.SIGNER_VIEWED,
    SignerStatus.SIGNED: EventType.SIGNER_SIGNED,
    SignerStatus.DECLINED: EventType.SIGNER_DECLINED,
    SignerStatus.EXPIRED: EventType.SIGNER_EXPIRED,
}


class PenvioWebhooks(Webhooks):
    """Deliveries from Penvio. It is told where to send them with each envelope."""

    def verify(self, request: WebhookRequest, secrets: Sequence[bytes], now: datetime) -> Verified:
        """How far a delivery is proven: its body by a signature, or not at all.

        Penvio signs only if it was given a secret, so a delivery may come without (V).

        Raises:
            WebhookRejected: `malformed_signature`, `no_secret` or `wrong_signature`.
        """
        del now  # no time is signed
        header = request.header(SIGNATURE)
        if header is None:
            return Verified(Authenticity.NONE)
        given = _SIGNATURE.fullmatch(header)
        if given is None:
            raise WebhookRejected(
                "malformed_signature", "X-Penvio-Signature is not 64 hexadecimal digits."
            )
        if not secrets:
            raise WebhookRejected(
                "no_secret", "the delivery is signed, and no secret of webhook_secrets can tell."
            )
        digest = given[1].encode("ascii")
        fits = [hmac.compare_digest(digest, _digest(secret, request.body)) for secret in secrets]
        if not any(fits):
            raise WebhookRejected(
                "wrong_signature", "none of webhook_secrets makes the signature that it carries."
            )
        return Verified(Authenticity.SIGNED)

    def parse(self, request: WebhookRequest) -> Sequence[Notice]:
        """What a verified delivery says.

        What the event itself says moves state. A status beside it that says more, and everything
        about files, only causes a look at the envelope.

        Raises:
            BadJson: It is no delivery that Penvio documents.
        """
        body = read_json(request.body)
        try:
            delivery = Delivery.model_validate(body)
        except ValidationError as error:
            told = "; ".join(map(str, problems_of(error)))
            raise BadJson(f"is no delivery that Penvio documents ({told})") from None
        meaning = EVENT.get(delivery.event, Meaning(needs_fetch=True))
        signers = tuple(_signers(delivery, meaning))
        is_anonymous = meaning.act is not None and all(s.type is not meaning.act for s in signers)
        is_partial = meaning.needs_fetch or is_anonymous or _says_more(delivery, meaning)
        notice = Notice(
            remote_id=delivery.data.envelope_id,
            key=delivery.id,
            status=meaning.status,
            signers=signers,
            occurred_at=delivery.data.completed_at or delivery.at,
            needs_fetch=is_partial and delivery.data.envelope_id is not None,
            raw=without_secrets(body),
        )
        return (notice,)

    @property
    def how_to_set_up(self) -> str:
        """How deliveries are set up, as the end of a sentence."""
        return (
            "set webhook_url and webhook_secrets of the connection: Penvio is told with each "
            "envelope where to send its deliveries"
        )


class DeliveryData(Wire):
    """What a delivery is about."""

    envelope_id: str | None = None
    status: str | None = None
    completed_at: Time = None
    signer: WireSigner | None = None
    signers: tuple[WireSigner, ...] | None = None


class Delivery(Wire):
    """A delivery in either shape."""

    id: str | None = None
    event: str = Field(default="", validation_alias=AliasChoices("event", "type"))
    at: Time = Field(default=None, validation_alias=AliasChoices("timestamp", "createdAt"))
    data: DeliveryData = DeliveryData()


def _digest(secret: bytes, body: bytes) -> bytes:
    return hmac.new(secret, body, hashlib.sha256).hexdigest().encode("ascii")


def _signers(delivery: Delivery, meaning: Meaning) -> Iterator[SignerNotice]:
    """What is said of signers: by the event of the one it is about, by each one's own words."""
    about = delivery.data.signer
    if about is not None:
        own = list(_own_act(about))
        if meaning.act is not None and all(notice.type is not meaning.act for notice in own):
            yield _notice(about, meaning.act, _time_of(about, meaning.act) or delivery.at)
        yield from own
    for signer in delivery.data.signers or ():
        yield from _own_act(signer)


def _own_act(signer: WireSigner) -> Iterator[SignerNotice]:
    status = signer_status(
        signer.status or "", signed_at=signer.signed_at, declined_at=signer.declined_at
    )
    act = _ACT.get(status)
    if act is not None:
        yield _notice(signer, act, _time_of(signer, act))


def _notice(signer: WireSigner, act: EventType, at: datetime | None) -> SignerNotice:
    return SignerNotice(
        type=act,
        remote_id=signer.id,
        name=signer.name,
        email=signer.email,
        occurred_at=at,
        reason=signer.decline_reason,
    )


def _time_of(signer: WireSigner, act: EventType) -> datetime | None:
    """The signer's own time for an act. The event's time would be another signer's, in a list."""
    if act is EventType.SIGNER_SIGNED:
        return signer.signed_at
    return signer.declined_at if act is EventType.SIGNER_DECLINED else None


def _says_more(delivery: Delivery, meaning: Meaning) -> bool:
    """Whether the envelope's status is one that the event does not tell of."""
    if not delivery.data.status:
        return False
    status = ENVELOPE.get(delivery.data.status, EnvelopeStatus.UNKNOWN)
    is_news = status.is_final or status is EnvelopeStatus.UNKNOWN
    return is_news and status is not meaning.status
