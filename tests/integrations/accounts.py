"""Two accounts at two vendors, and what these deliver."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
from dataclasses import dataclass, field
from typing import Any

from esign_core.provider import Registry, utc_now
from esign_core.testing import fake_registry
from esign_core.testing.fake_webhooks import signed
from esign_penvio import PenvioProvider

PENVIO_SECRET = "whsec_0123456789abcdef"
CONNECTIONS: dict[str, dict[str, Any]] = {
    "acme": {"provider": "fake"},
    "penvio-eu": {
        "provider": "penvio",
        "endpoint": "k3jx9",
        "api_key": "pk_test_1",
        "webhook_secrets": [PENVIO_SECRET],
    },
}
_numbers = itertools.count(1)


def registry() -> Registry:
    """The vendor in memory, and one that exists."""
    found = fake_registry()
    found.providers["penvio"] = PenvioProvider
    return found


@dataclass(frozen=True)
class Posted:
    """A delivery on its way."""

    path: str
    headers: dict[str, str]
    body: bytes = field(repr=False)


def acme(body: bytes | None = None, *, secret: str | None = "fake-webhook-secret") -> Posted:
    """From the vendor in memory, about an envelope that nobody has heard of; new each time."""
    if body is None:
        event = {"key": f"event-{next(_numbers)}", "at": utc_now().isoformat()}
        shown: dict[str, Any] = {"id": "777", "title": "Lease", "mark": None, "status": "sent"}
        shown["signers"] = []
        body = json.dumps({"events": [{**event, "envelope": shown}]}).encode()
    request = signed(body, secret, utc_now())
    return Posted("/webhooks/acme", dict(request.headers), body)


def penvio(body: bytes | None = None) -> Posted:
    """From Penvio, whose account listens at an opaque address."""
    if body is None:
        data = {"envelopeId": f"env_{next(_numbers)}", "status": "COMPLETED"}
        told = {"event": "envelope.completed", "timestamp": "2026-03-01T12:00:00Z", "data": data}
        body = json.dumps(told).encode()
    digest = hmac.new(PENVIO_SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"content-type": "application/json", "x-penvio-signature": digest}
    return Posted("/webhooks/k3jx9", headers, body)


def penvio_as_its_page_says(*, signature_prefix: str = "sha256=") -> Posted:
    """In the other of the two documented shapes."""
    signer = {"email": "jane@example.com", "name": "Jane Doe", "status": "SIGNED"}
    number = next(_numbers)
    told = {
        "id": f"evt_{number}",
        "type": "signer.signed",
        "createdAt": "2026-03-01T12:00:00Z",
        "data": {"envelopeId": f"env_{number}", "signers": [signer]},
    }
    posted = penvio(json.dumps(told).encode())
    digest = signature_prefix + posted.headers["x-penvio-signature"]
    return Posted(posted.path, {**posted.headers, "x-penvio-signature": digest}, posted.body)
