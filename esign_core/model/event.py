"""What the stream is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class EventType(StrEnum):
    """What can become known of an envelope or of one of its signers."""

    ENVELOPE_QUEUED = "envelope.queued"
    """The vendor has accepted it and is still making it."""
    ENVELOPE_SCHEDULED = "envelope.scheduled"
    """It will be sent at a time set before."""
    ENVELOPE_SENT = "envelope.sent"
    """Signers have been asked, or can be."""
    ENVELOPE_IN_PROGRESS = "envelope.in_progress"
    """The first signature is there."""
    ENVELOPE_FINALIZING = "envelope.finalizing"
    """Everybody has signed; the signed documents are not there yet."""
    ENVELOPE_COMPLETED = "envelope.completed"
    """The signed documents can be downloaded."""
    ENVELOPE_DECLINED = "envelope.declined"
    """A signer said no, and the envelope ended with it."""
    ENVELOPE_CANCELLED = "envelope.cancelled"
    """The sender called it off."""
    ENVELOPE_EXPIRED = "envelope.expired"
    """Time ran out."""
    ENVELOPE_FAILED = "envelope.failed"
    """The vendor gave up on it; or, where nobody knows whether it was sent, a person did."""
    ENVELOPE_CONFLICT = "envelope.conflict"
    """Two different ends were reported; a person should look."""
    ENVELOPE_ARCHIVED = "envelope.archived"
    """A signed file of it was brought over; its hash is in `data`. It can happen many times."""
    ENVELOPE_PURGED = "envelope.purged"
    """The vendor no longer keeps it."""
    SIGNER_NOTIFIED = "signer.notified"
    """The request went out to the signer."""
    SIGNER_UNDELIVERABLE = "signer.undeliverable"
    """The request could not be delivered; check the address."""
    SIGNER_REMINDED = "signer.reminded"
    """A reminder went out. It can happen many times."""
    SIGNER_VIEWED = "signer.viewed"
    """The signer has opened the documents."""
    SIGNER_SIGNED = "signer.signed"
    """The signer has signed."""
    SIGNER_DECLINED = "signer.declined"
    """The signer said no."""
    SIGNER_EXPIRED = "signer.expired"
    """The signer did not act in time."""

    @property
    def is_repeatable(self) -> bool:
        """Whether it can happen more than once to the same envelope, or signer in a round."""
        return self in _REPEATABLE


_REPEATABLE = frozenset({EventType.SIGNER_REMINDED, EventType.ENVELOPE_ARCHIVED})


class Source(StrEnum):
    """How something became known."""

    WEBHOOK = "webhook"
    """The vendor told us."""
    POLL = "poll"
    """We looked."""
    REPLY = "reply"
    """The vendor answered our own call."""
    IMPORT = "import"
    """It was taken over from records."""
    DECISION = "decision"
    """A person decided it; no vendor said so."""


class Authenticity(StrEnum):
    """How far what became known is proven."""

    SIGNED_FRESH = "signed_fresh"
    """A signature covers the body and the time."""
    SIGNED = "signed"
    """A signature covers the body."""
    FETCHED = "fetched"
    """We read it from the vendor ourselves."""
    DECIDED = "decided"
    """A person of ours answers for it."""
    SECRET = "secret"  # noqa: S105 - a grade of proof
    """The sender knows a shared word; the body is not proven."""
    NONE = "none"
    """Nothing is proven."""

    @property
    def is_proof(self) -> bool:
        """Whether it may move state; anything less is a hint and causes a look at the vendor."""
        return self in _PROOFS


_PROOFS = frozenset(
    {
        Authenticity.SIGNED_FRESH,
        Authenticity.SIGNED,
        Authenticity.FETCHED,
        Authenticity.DECIDED,
    }
)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that became known, once and for all.

    Positions (`seq`) have no gaps and are in commit order; an event never changes.
    """

    seq: int
    """Its position in the stream; 0 until it is stored."""
    id: str
    """Unique, and ordered by time."""
    type: EventType
    """What became known."""
    envelope_id: str
    """Our id of the envelope."""
    connection: str
    """The account it belongs to."""
    provider: str
    """The provider's name."""
    remote_id: str | None
    """The vendor's id of the envelope."""
    signer_id: str | None
    """Our id of the signer; None for events of the whole envelope."""
    round: str | None
    """The signing round, as the vendor counts; "1" where it does not."""
    occurred_at: datetime | None
    """When it happened, by the vendor's clock; None where the vendor does not say."""
    received_at: datetime
    """When we came to know."""
    source: Source
    """How we came to know."""
    authenticity: Authenticity
    """How far that is proven."""
    inferred: bool
    """Whether nobody said so, but something that was said implies it."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """More, in neutral words: `reason` of a refusal or a decision; `artifact`, `size`, `sha256`
    and `path` of a file that was archived."""
    raw: Any = field(default=None, repr=False)
    """What the vendor said, decoded, without secrets and signing links."""

    def to_json(self) -> dict[str, Any]:
        """The event as JSON data; times as RFC 3339."""
        return {
            "seq": self.seq,
            "id": self.id,
            "type": self.type.value,
            "envelope_id": self.envelope_id,
            "connection": self.connection,
            "provider": self.provider,
            "remote_id": self.remote_id,
            "signer_id": self.signer_id,
            "round": self.round,
            "occurred_at": self.occurred_at.isoformat() if self.occurred_at else None,
            "received_at": self.received_at.isoformat(),
            "source": self.source.value,
            "authenticity": self.authenticity.value,
            "inferred": self.inferred,
            "data": dict(self.data),
            "raw": self.raw,
        }

    def to_cloudevent(self) -> dict[str, Any]:
        """The event as CloudEvents 1.0, in its JSON format."""
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": f"/esign/{self.connection}",
            "type": f"esign.{self.type.value}",
            "subject": self.envelope_id,
            "time": (self.occurred_at or self.received_at).isoformat(),
            "datacontenttype": "application/json",
            "data": self.to_json(),
        }
