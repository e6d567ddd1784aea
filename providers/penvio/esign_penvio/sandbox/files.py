"""What Penvio puts into the customer's bucket: the document, the signed one, the certificate."""

from __future__ import annotations

from collections.abc import Callable

from esign_core.sandbox import Stationery
from esign_penvio.sandbox.records import Envelope, Template, stamp

Put = Callable[[str, bytes], None]
"""Writes an object to the bucket, under a storage key."""


class Archive:
    """Makes an envelope's files and writes them to the bucket."""

    def __init__(self, put: Put, stationery: Stationery) -> None:
        self._put = put
        self._stationery = stationery
        self._documents: dict[str, bytes] = {}

    def document(self, template: Template) -> bytes:
        """The PDF of a template, as signers read it."""
        if template.id not in self._documents:
            made = self._stationery.document(template.name, template.pages)
            self._documents[template.id] = made
        return self._documents[template.id]

    def store_document(self, envelope: Envelope) -> None:
        """Write the original."""
        self._put(envelope.key("document.pdf"), self.document(envelope.template))

    def store_results(self, envelope: Envelope) -> None:
        """Write the signed document, with a page of signatures, and the certificate."""
        lines = [
            f"{s.name} <{s.email}>{f', {s.role}' if s.role else ''}: {stamp(s.signed_at)}"
            for s in envelope.signers
        ]
        document = self.document(envelope.template)
        signed = self._stationery.sign(document, lines, reason=f"Penvio envelope {envelope.id}")
        facts = [
            f"Envelope {envelope.id}",
            f"Template: {envelope.template.name}",
            f"Sent: {stamp(envelope.sent_at)}",
            f"Completed: {stamp(envelope.completed_at)}",
            "",
            "Signed by",
            *lines,
        ]
        certificate = self._stationery.document("Certificate of completion", [facts])
        self._put(envelope.key("signed.pdf"), signed)
        self._put(envelope.key("certificate.pdf"), certificate)
