"""Where an envelope and a signer stand, in words that hold for every vendor."""

from __future__ import annotations

from enum import StrEnum


class EnvelopeStatus(StrEnum):
    """Where an envelope stands. The first six are steps, in order; then five ends."""

    DRAFT = "draft"
    """Nobody has been asked yet."""
    QUEUED = "queued"
    """The vendor has accepted it and is still making it."""
    SCHEDULED = "scheduled"
    """It will be sent at a time set before."""
    SENT = "sent"
    """Signers have been asked."""
    IN_PROGRESS = "in_progress"
    """Somebody has signed, somebody has not."""
    FINALIZING = "finalizing"
    """Everybody has signed; the signed documents are not there yet."""
    COMPLETED = "completed"
    """The signed documents can be downloaded."""
    DECLINED = "declined"
    """A signer said no."""
    CANCELLED = "cancelled"
    """The sender called it off."""
    EXPIRED = "expired"
    """Time ran out."""
    FAILED = "failed"
    """The vendor gave up on it; or, where nobody knows whether it was sent, a person did."""
    UNKNOWN = "unknown"
    """The vendor used a word that this version does not know; `.raw` has it."""

    @property
    def is_final(self) -> bool:
        """Whether nothing can follow."""
        return self in ENDS


STEPS = (
    EnvelopeStatus.DRAFT,
    EnvelopeStatus.QUEUED,
    EnvelopeStatus.SCHEDULED,
    EnvelopeStatus.SENT,
    EnvelopeStatus.IN_PROGRESS,
    EnvelopeStatus.FINALIZING,
)
"""The way of an envelope, in order."""

ENDS = (
    EnvelopeStatus.COMPLETED,
    EnvelopeStatus.DECLINED,
    EnvelopeStatus.CANCELLED,
    EnvelopeStatus.EXPIRED,
    EnvelopeStatus.FAILED,
)
"""The ends, by precedence: of two that contradict each other, the earlier one counts."""


class SignerStatus(StrEnum):
    """Where one signer stands, in one round."""

    WAITING = "waiting"
    """Not asked yet, or it is another signer's turn."""
    NOTIFIED = "notified"
    """The request is out."""
    VIEWED = "viewed"
    """The signing page or the document was opened."""
    SIGNED = "signed"
    """Signed."""
    DECLINED = "declined"
    """Said no."""
    EXPIRED = "expired"
    """Did not act in time."""
    UNKNOWN = "unknown"
    """The vendor used a word that this version does not know."""

    @property
    def is_final(self) -> bool:
        """Whether this signer has nothing more to do."""
        return self in {SignerStatus.SIGNED, SignerStatus.DECLINED, SignerStatus.EXPIRED}
