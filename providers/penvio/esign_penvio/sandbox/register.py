"""What the account holds, found by id: templates, envelopes, and signers by their mailed link."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from esign_penvio.sandbox.records import Envelope, Signer, SigningOrder, Status, Template
from esign_penvio.sandbox.refusals import Code, Refused


class Register:
    """Templates and envelopes of one account. Ids follow from the seed and the order of calls."""

    def __init__(self, templates: Iterable[Template], *, seed: str) -> None:
        self._seed = seed
        self._issued = 0
        self._templates = {template.id: template for template in templates}
        self._envelopes: dict[str, Envelope] = {}
        self._signers: dict[str, tuple[Envelope, Signer]] = {}

    def new_id(self) -> str:
        """Twelve hexadecimal digits, never the same twice."""
        self._issued += 1
        return hashlib.sha256(f"{self._seed}/{self._issued}".encode()).hexdigest()[:12]

    def create(self, data: dict[str, Any], template: Template, now: datetime) -> Envelope:
        """A new draft, from a body that was checked."""
        envelope = Envelope(
            id=f"env_{self.new_id()}",
            template=template,
            signers=[self._new_signer(place, s) for place, s in enumerate(data["signers"], 1)],
            # the sample asks for no order and is answered SEQUENTIAL (V)
            signing_order=SigningOrder(data.get("signingOrder", SigningOrder.SEQUENTIAL)),
            subject=data.get("subject"),
            message=data.get("message"),
            metadata=data.get("metadata", {}),
            webhook_url=data.get("webhookUrl"),
            webhook_secret=data.get("webhookSecret"),
            expires_in=timedelta(days=data.get("expiresInDays", 30)),
            created_at=now,
        )
        self._envelopes[envelope.id] = envelope
        self._signers.update({signer.token: (envelope, signer) for signer in envelope.signers})
        return envelope

    def templates(self) -> list[Template]:
        """All templates."""
        return list(self._templates.values())

    def envelopes(self, status: Status | None) -> list[Envelope]:
        """Those of this status, or all; newest first, as the order is undocumented (I)."""
        newest = reversed(self._envelopes.values())
        return [envelope for envelope in newest if status in (None, envelope.status)]

    def template(self, template_id: str) -> Template:
        """The template.

        Raises:
            Refused: NOT_FOUND.
        """
        if template_id not in self._templates:
            raise Refused(Code.NOT_FOUND, "Template not found")
        return self._templates[template_id]

    def envelope(self, envelope_id: str) -> Envelope:
        """The envelope.

        Raises:
            Refused: NOT_FOUND.
        """
        if envelope_id not in self._envelopes:
            raise Refused(Code.NOT_FOUND, "Envelope not found")
        return self._envelopes[envelope_id]

    def seat(self, token: str) -> tuple[Envelope, Signer] | None:
        """Who is behind a mailed link; None if no such mail went out."""
        found = self._signers.get(token)
        return None if found is None or found[0].sent_at is None else found

    def count_in_month(self, now: datetime) -> int:
        """How many envelopes were made in the month of `now`."""
        month = (now.year, now.month)
        made = (envelope.created_at for envelope in self._envelopes.values())
        return sum((at.year, at.month) == month for at in made)

    def _new_signer(self, place: int, data: dict[str, Any]) -> Signer:
        return Signer(
            id=f"signer_{self.new_id()}",
            token=self.new_id() + self.new_id(),
            email=data["email"],
            name=data["name"],
            role=data.get("role"),
            order=data.get("order", place),  # in the order of the list where none is given (I)
        )
