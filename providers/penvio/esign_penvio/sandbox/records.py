"""What the simulated Penvio keeps: templates, envelopes and signers, and how its API shows them.

Source: E-Sign API v1, the sample responses (V). Words marked I are inferred.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """Penvio's words for an envelope. Source: E-Sign API v1, "Status Values" (V)."""

    DRAFT = "DRAFT"
    SENT = "SENT"
    IN_PROGRESS = "IN_PROGRESS"  # seen in the sample webhook of `envelope.signed` (V)
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    DECLINED = "DECLINED"


class SignerStatus(StrEnum):
    """Penvio's words for a signer."""

    PENDING = "PENDING"  # not asked yet; "pending signers" is how reminders are explained (I)
    SENT = "SENT"  # V
    VIEWED = "VIEWED"  # I, from the event `envelope.viewed`
    SIGNED = "SIGNED"  # V
    DECLINED = "DECLINED"  # I, from the field `declinedAt`


class SigningOrder(StrEnum):
    """Who is asked when."""

    SEQUENTIAL = "SEQUENTIAL"
    PARALLEL = "PARALLEL"


ASKED = (SignerStatus.SENT, SignerStatus.VIEWED)
ACTIVE = (Status.SENT, Status.IN_PROGRESS)


@dataclass(frozen=True)
class Template:
    """A document with fields, made in the dashboard. The API never shows its roles."""

    id: str
    name: str
    description: str
    roles: Sequence[str]
    pages: Sequence[Sequence[str]]
    """The text, by page and line."""
    created_at: datetime

    def to_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "pageCount": len(self.pages),
            "fields": [field for role in self.roles for field in self._fields(role)],
            "createdAt": stamp(self.created_at),
            "updatedAt": stamp(self.created_at),
        }

    def _fields(self, role: str) -> list[dict[str, Any]]:
        place = {"required": True, "page": len(self.pages)}
        key = role.lower()
        return [
            {"fieldId": f"sig_{key}", "type": "SIGNATURE", "label": f"{role} Signature", **place},
            {"fieldId": f"date_{key}", "type": "DATE", "label": "Date", **place},
        ]


@dataclass
class Signer:
    """Somebody who is to sign."""

    id: str
    token: str
    """The end of the signing link, which the API never shows: Penvio mails it."""
    email: str
    name: str
    role: str | None
    order: int
    status: SignerStatus = SignerStatus.PENDING
    signed_at: datetime | None = None
    declined_at: datetime | None = None
    decline_reason: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "id": self.id,
            "email": self.email,
            "name": self.name,
            "role": self.role,
            "order": self.order,
            "status": self.status,
            "signedAt": stamp(self.signed_at),
            "declinedAt": stamp(self.declined_at),
            "declineReason": self.decline_reason,
        }


@dataclass
class Envelope:
    """A signing request made from a template."""

    id: str
    template: Template
    signers: list[Signer]
    signing_order: SigningOrder
    subject: str | None
    message: str | None
    metadata: dict[str, Any]
    webhook_url: str | None
    webhook_secret: str | None
    expires_in: timedelta
    created_at: datetime
    expires_at: datetime = field(init=False)
    status: Status = Status.DRAFT
    sent_at: datetime | None = None
    completed_at: datetime | None = None
    files_due_at: datetime | None = None
    """When the signed file will be in the bucket; None if it is, or never will be."""
    has_files: bool = False

    def __post_init__(self) -> None:
        self.expires_at = expiry(self.created_at, self.expires_in)

    @property
    def mark(self) -> str:
        """The caller's metadata as text, for the ledger."""
        return json.dumps(self.metadata, sort_keys=True) if self.metadata else ""

    @property
    def heading(self) -> str:
        """What signers read above all: the subject, else the template's name (I)."""
        return self.subject or self.template.name

    def key(self, name: str) -> str:
        """The storage key of one of its files. Source: the sample response (V)."""
        return f"esign/envelopes/org_abc/{self.id}/{name}"

    def next_signers(self) -> list[Signer]:
        """Whose turn it is, among those not asked yet: in sequence the lowest order, else all."""
        waiting = [s for s in self.signers if s.status is SignerStatus.PENDING]
        if self.signing_order is SigningOrder.PARALLEL or not waiting:
            return waiting
        if any(s.status in ASKED for s in self.signers):
            return []
        turn = min(s.order for s in waiting)
        return [s for s in waiting if s.order == turn]

    def to_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "id": self.id,
            "templateId": self.template.id,
            "templateName": self.template.name,
            "status": self.status,
            "signingOrder": self.signing_order,
            "subject": self.subject,
            "message": self.message,
            "signers": [signer.to_json() for signer in self.signers],
            "metadata": self.metadata,
            "webhookUrl": self.webhook_url,
            "expiresAt": stamp(self.expires_at),
            "createdAt": stamp(self.created_at),
            "sentAt": stamp(self.sent_at),
            "completedAt": stamp(self.completed_at),
            "documentStorageKey": self.key("document.pdf"),
            "signedDocumentStorageKey": self.key("signed.pdf") if self.has_files else None,
            "certificateStorageKey": self.key("certificate.pdf") if self.has_files else None,
        }


def stamp(moment: datetime | None) -> str | None:
    """A time as Penvio writes it: UTC, whole seconds, `Z`."""
    return None if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def expiry(start: datetime, days: timedelta) -> datetime:
    """The midnight at which an envelope ends.

    Source: the sample (V): created 2024-01-18T10:30:00Z for 14 days, ends 2024-02-01T00:00:00Z.
    """
    return datetime.combine((start.astimezone(UTC) + days).date(), time(), UTC)


def default_templates() -> list[Template]:
    """What the account's administrator has made in the dashboard."""
    terms = [f"{n}. The tenant pays the rent on the first day of each month." for n in range(1, 15)]
    sale = [f"{n}. The buyer pays on delivery." for n in range(1, 9)]
    return [
        Template(
            id="tmpl_lease1",
            name="Residential Lease",
            description="Lease of a home",
            roles=("Tenant", "Landlord"),
            pages=(terms, ["Signatures of tenant and landlord"]),
            created_at=datetime(2024, 1, 15, 10, 30, tzinfo=UTC),
        ),
        Template(
            id="tmpl_sale1",
            name="Sales Agreement",
            description="Standard sales agreement template",
            roles=("Buyer",),
            pages=(sale,),
            created_at=datetime(2024, 1, 20, 14, 45, tzinfo=UTC),
        ),
    ]
