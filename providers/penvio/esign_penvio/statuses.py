"""Penvio's words and what they mean, row by row with the evidence.

Grades: V the vendor says so; I inferred; X its pages contradict each other.
Source: E-Sign API v1, "List Envelopes", "Create Envelope", "Events".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from esign_core.model import EnvelopeStatus, EventType, SignerStatus

ENVELOPE = {
    "DRAFT": EnvelopeStatus.DRAFT,  # V
    "SENT": EnvelopeStatus.SENT,  # V
    "IN_PROGRESS": EnvelopeStatus.IN_PROGRESS,  # V
    "COMPLETED": EnvelopeStatus.COMPLETED,  # V; finalizing until the signed file has its key (I)
    "CANCELLED": EnvelopeStatus.CANCELLED,  # V
    "EXPIRED": EnvelopeStatus.EXPIRED,  # V
    "DECLINED": EnvelopeStatus.DECLINED,  # V
}

SIGNER = {
    "PENDING": SignerStatus.WAITING,  # I, from "reminders are sent to all pending signers"
    "SENT": SignerStatus.NOTIFIED,  # V, sample answer of Create Envelope
    "VIEWED": SignerStatus.VIEWED,  # I, from the event envelope.viewed
    "SIGNED": SignerStatus.SIGNED,  # V, webhooks page
    "DECLINED": SignerStatus.DECLINED,  # I, from declinedAt
    "EXPIRED": SignerStatus.EXPIRED,  # I, from the status of the envelope
}

WORD = {status: word for word, status in ENVELOPE.items()} | {
    EnvelopeStatus.FINALIZING: "COMPLETED",  # I; see ENVELOPE
}
"""What to ask Penvio for; a status that is not here has no word there."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an event of Penvio's says."""

    status: EnvelopeStatus | None = None
    """Of the envelope."""
    act: EventType | None = None
    """Of the signer that it is about."""
    needs_fetch: bool = False
    """Whether the envelope has to be looked at to know the rest."""


EVENT = {
    "envelope.sent": Meaning(EnvelopeStatus.SENT),  # V
    "envelope.viewed": Meaning(act=EventType.SIGNER_VIEWED),  # V, "Signer viewed the document"
    "envelope.signed": Meaning(  # V, "Signer completed signing": one of them
        EnvelopeStatus.IN_PROGRESS, EventType.SIGNER_SIGNED
    ),
    "envelope.completed": Meaning(  # V; whether the file is there only a look can tell (X)
        EnvelopeStatus.FINALIZING, needs_fetch=True
    ),
    "envelope.declined": Meaning(EnvelopeStatus.DECLINED, EventType.SIGNER_DECLINED),  # V
    "envelope.expired": Meaning(EnvelopeStatus.EXPIRED),  # V
    "envelope.cancelled": Meaning(EnvelopeStatus.CANCELLED),  # V on one page, absent on another (X)
}


def envelope_status(word: str, *, has_signed_file: bool) -> EnvelopeStatus:
    """Where an envelope stands. Completed means downloadable: until then it is finalizing."""
    status = ENVELOPE.get(word, EnvelopeStatus.UNKNOWN)
    if status is EnvelopeStatus.COMPLETED and not has_signed_file:
        return EnvelopeStatus.FINALIZING
    return status


def signer_status(
    word: str, *, signed_at: datetime | None, declined_at: datetime | None
) -> SignerStatus:
    """Where a signer stands: by the times, which are documented, before the word, which is not."""
    if declined_at is not None:
        return SignerStatus.DECLINED
    if signed_at is not None:
        return SignerStatus.SIGNED
    return SIGNER.get(word, SignerStatus.UNKNOWN)
