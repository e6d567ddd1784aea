"""How many deliveries are verified and read: from headers and bytes to what they say."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from esign_core.model import Envelope, Notice, Seat, Verified, WebhookRequest, from_notice
from esign_core.provider import Webhooks
from esign_penneo.webhooks import PenneoWebhooks
from esign_penvio.webhooks import PenvioWebhooks
from tests.bench import mailgun
from tests.bench.medians import medians, times
from tests.bench.row import Row

BAR = 100_000
BAR_RATIO = 5
_SECRET = b"a-secret-of-the-webhooks"
_NOW = datetime(2024, 1, 25, 14, 30, 1, tzinfo=UTC)
_COUNT = 400
_ROUNDS = 21


@dataclass(frozen=True)
class Delivery:
    """A delivery as a web server hands it over, and the envelope that it is about."""

    vendor: str
    webhooks: Webhooks
    body: bytes
    headers: list[tuple[bytes, bytes]]
    signed: bytes
    """What its signature covers."""
    envelope: Envelope

    def read(self) -> tuple[Verified, Notice]:
        """What is measured: verified first, then read."""
        request = WebhookRequest.of(self.headers, self.body)
        verified = self.webhooks.verify(request, [_SECRET], _NOW)
        (notice,) = self.webhooks.parse(request)
        return verified, notice

    def observe(self) -> object:
        """The same, up to the facts that it means for an envelope."""
        verified, notice = self.read()
        proof = verified.authenticity
        return from_notice(self.envelope, notice, authenticity=proof, received_at=_NOW)

    def least(self) -> object:
        """What nobody can do without."""
        digest = hmac.digest(_SECRET, self.signed, "sha256")
        return hmac.compare_digest(digest, digest) and json.loads(self.body)


def rows() -> Iterator[Row]:
    """One delivery of each vendor, as the vendor publishes it."""
    view = mailgun.view()
    for delivery in (_penvio(), _penneo()):
        works: list[Callable[[], object]] = [delivery.read, delivery.observe, delivery.least, view]
        ours, observed, least, peer = (
            _COUNT / seconds
            for seconds in medians(
                *(times(_COUNT, work) for work in works), rounds=_ROUNDS, clock=time.process_time
            )
        )
        yield Row(
            f"verify and normalise a webhook ({delivery.vendor})",
            f"{ours:,.0f}/s CPU",
            f"django-anymail's Mailgun view: {peer:,.0f}/s",
            ours / peer,
            f"{BAR_RATIO} x",
            ours >= BAR_RATIO * peer,
        )
        floor = f"HMAC and json.loads alone: {least:,.0f}/s"
        yield Row("the same", f"{ours:,.0f}/s CPU", floor, ours / least, f"{BAR:,}/s", ours >= BAR)
        yield Row("the same, up to an observation", f"{observed:,.0f}/s CPU", floor, observed / least)


def _headers(body: bytes, **more: str) -> list[tuple[bytes, bytes]]:
    found = {
        "host": "signing.example.com",
        "user-agent": "Vendor/1.0",
        "content-type": "application/json",
        "content-length": str(len(body)),
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    return [(name.encode(), value.encode()) for name, value in found.items()]


def _penvio() -> Delivery:
    body = json.dumps(
        {
            "event": "envelope.signed",
            "timestamp": "2024-01-25T14:30:00Z",
            "data": {
                "envelopeId": "env_def456",
                "status": "IN_PROGRESS",
                "signer": {
                    "id": "signer_xyz789",
                    "email": "john@example.com",
                    "name": "John Doe",
                    "signedAt": "2024-01-25T14:30:00Z",
                },
            },
        }
    ).encode()
    signature = hmac.new(_SECRET, body, hashlib.sha256).hexdigest()
    headers = _headers(body, x_penvio_signature=signature)
    seats = (
        Seat("s1", "John Doe", "john@example.com", remote_id="signer_xyz789"),
        Seat("s2", "Jane Doe", "jane@example.com", remote_id="signer_abc123"),
    )
    envelope = Envelope("env_1", "penvio-eu", "penvio", "Lease", seats, remote_id="env_def456")
    return Delivery("Penvio", PenvioWebhooks(), body, headers, body, envelope)


def _penneo() -> Delivery:
    body = (
        b'{"topic":"casefile","eventType":"completed","eventTime":{"date":"2025-02-19 '
        b'13:01:55.517791","timezone_type":3,"timezone":"UTC"},"payload":{"id":531,"status":2}}'
    )
    names, values = "x-event-id x-event-type", "0194-ab.sign.casefile.completed"
    begin = int(_NOW.timestamp())
    signed = f"{begin}.{names}.{values}.".encode() + body
    digest = hmac.new(_SECRET, signed, hashlib.sha256).hexdigest()
    headers = _headers(
        body,
        x_event_id="0194-ab",
        x_event_type="sign.casefile.completed",
        x_event_signature=f"t={begin},h={names},v1={digest}",
    )
    envelope = Envelope("env_1", "penneo-dk", "penneo", "Lease", remote_id="531")
    return Delivery("Penneo", PenneoWebhooks(), body, headers, signed, envelope)
