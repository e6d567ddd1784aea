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
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

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
)
from esign_core.provider import BadJson, Webhooks, read_json
from esign_penvio.statuses import ENVELOPE, EVENT, Meaning, signer_status
from esign_penvio.wire import to_time, without_secrets

SIGNATURE = "x-penvio-signature"
_SIGNATURE = re.compile(r"(?:sha256=)?([0-9a-f]{64})")
_SIGNED = Verified(Authenticity.SIGNED)
_UNSIGNED = Verified(Authenticity.NONE)
_UNKNOWN = Meaning(needs_fetch=True)
_ACT = {
    SignerStatus.NOTIFIED: EventType.SIGNER_NOTIFIED,
    SignerStatus.VIEWED: EventType.SIGNER_VIEWED,
    SignerStatus.SIGNED: EventType.SIGNER_SIGNED,
    SignerStatus.DECLINED: EventType.SIGNER_DECLINED,
    SignerStatus.EXPIRED: EventType.SIGNER_EXPIRED,
}
_STEPS = frozenset(word for word, status in ENVELOPE.items() if not status.is_final)
_TEXTS = frozenset({str, type(None)})


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
            return _UNSIGNED
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
        fits = False
        for secret in secrets:  # all of them, so that time tells nothing
            fits |= hmac.compare_digest(digest, _digest(secret, request.body))
        if not fits:
            raise WebhookRejected(
                "wrong_signature", "none of webhook_secrets makes the signature that it carries."
            )
        return _SIGNED

    def parse(self, request: WebhookRequest) -> Sequence[Notice]:
        """What a verified delivery says.

        What the event itself says moves state. A status beside it that says more, and everything
        about files, only causes a look at the envelope.

        Raises:
            BadJson: It is no delivery that Penvio documents.
        """
        body = read_json(request.body)
        delivery = _object(body)
        data = _object(delivery.get("data", {}))
        key, event = delivery.get("id"), delivery.get("event") or delivery.get("type")
        envelope_id, status = data.get("envelopeId"), data.get("status")
        _expect_texts(key, event, envelope_id, status)
        at = to_time(delivery.get("timestamp") or delivery.get("createdAt"))
        meaning = EVENT.get(event or "", _UNKNOWN)
        signers = _signers(data, meaning.act, at)
        is_anonymous = meaning.act is not None and meaning.act not in [s.type for s in signers]
        is_partial = meaning.needs_fetch or is_anonymous or _says_more(status, meaning)
        notice = Notice(
            envelope_id,
            key,
            meaning.status,
            tuple(signers),
            to_time(data.get("completedAt")) or at,
            is_partial and envelope_id is not None,
            without_secrets(body) if _may_hold_secrets(request.body) else body,
        )
        return (notice,)

    @property
    def how_to_set_up(self) -> str:
        """How deliveries are set up, as the end of a sentence."""
        return (
            "set webhook_url and webhook_secrets of the connection: Penvio is told with each "
            "envelope where to send its deliveries"
        )


def _digest(secret: bytes, body: bytes) -> bytes:
    digest = _keyed(secret).copy()
    digest.update(body)
    return digest.hexdigest().encode("ascii")


@lru_cache(maxsize=64)
def _keyed(secret: bytes) -> hmac.HMAC:
    """A digest that has the secret in it: that takes as long as the body of a delivery."""
    return hmac.new(secret, digestmod=hashlib.sha256)


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadJson("is no delivery that Penvio documents: something that is no object")
    return value


def _expect_texts(*values: Any) -> None:
    if not _TEXTS.issuperset(map(type, values)):
        raise BadJson("is no delivery that Penvio documents: something that is no text")


def _may_hold_secrets(body: bytes) -> bool:
    """Whether a name of a secret may be in it; letters can be written as numbers, too."""
    return b"Secret" in body or b"\\" in body


def _signers(
    data: Mapping[str, Any], told: EventType | None, at: datetime | None
) -> list[SignerNotice]:
    """What is said of signers: by the event of the one it is about, by each one's own words."""
    about, listed = data.get("signer"), data.get("signers")
    found: list[SignerNotice] = []
    if about is not None:
        found += _acts(_object(about), told, at)
    if listed is not None:
        if not isinstance(listed, list):
            raise BadJson("is no delivery that Penvio documents: something that is no list")
        for signer in listed:
            found += _acts(_object(signer), None, None)
    return found


def _acts(
    signer: Mapping[str, Any], told: EventType | None, at: datetime | None
) -> list[SignerNotice]:
    """What a signer did: what is told of them, and what their own words say.

    The time is the signer's own. The event's would be another one's, in a list.
    """
    id_, name, email = signer.get("id"), signer.get("name"), signer.get("email")
    word, reason = signer.get("status"), signer.get("declineReason")
    _expect_texts(id_, name, email, word, reason)
    signed_at, declined_at = to_time(signer.get("signedAt")), to_time(signer.get("declinedAt"))
    own = _ACT.get(signer_status(word or "", signed_at=signed_at, declined_at=declined_at))
    found: list[SignerNotice] = []
    if told is not None and told is not own:
        when = (signed_at if told is EventType.SIGNER_SIGNED else None) or at
        found.append(SignerNotice(told, id_, name, email, occurred_at=when, reason=reason))
    if own is not None:
        when = declined_at or signed_at
        found.append(SignerNotice(own, id_, name, email, occurred_at=when, reason=reason))
    return found


def _says_more(word: str | None, meaning: Meaning) -> bool:
    """Whether the envelope's status is one that the event does not tell of."""
    if not word or word in _STEPS:
        return False
    return ENVELOPE.get(word, EnvelopeStatus.UNKNOWN) is not meaning.status
