"""How many deliveries are verified and read: from headers and bytes to what they say."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from esign_core.model import (
    Envelope,
    Notice,
    Observation,
    Seat,
    Verified,
    WebhookRequest,
    from_notice,
)
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
_COUNT = 300
_ROUNDS = 25


@dataclass(frozen=True)
class Delivery:
    """A delivery as a web server hands it over, and the envelope that it is about."""

    webhooks: Webhooks
    body: bytes
    headers: list[tuple[bytes, bytes]]
    signed: bytes
    """What its signature covers."""
    envelope: Envelope

    def read(self) -> tuple[Verified, Notice]:
        """What is measured: headers and bytes are taken in, verified, and read."""
        request = WebhookRequest.of(self.headers, self.body)
        verified = self.webhooks.verify(request, [_SECRET], _NOW)
        (notice,) = self.webhooks.parse(request)
        return verified, notice

    def observe(self) -> Observation:
        """The same, up to the facts that it means for an envelope."""
        verified, notice = self.read()
        proof = verified.authenticity
        return from_notice(self.envelope, notice, authenticity=proof, received_at=_NOW)

    def least(self) -> object:
        """What nobody can do without."""
        digest = hmac.digest(_SECRET, self.signed, "sha256")
        return hmac.compare_digest(digest, digest) and json.loads(self.body)


def rows() -> Iterator[Row]:
    """Deliveries as each vendor publishes them, no two of them the same."""
    view = mailgun.view()
    for vendor, make in (("Penvio", _penvio), ("Penneo", _penneo)):
        deliveries = [make(number) for number in range(_COUNT)]
        assert all(each.observe().facts for each in deliveries)
        ours, observed, least, peer = (
            _COUNT / seconds
            for seconds in medians(
                _all(Delivery.read, deliveries),
                _all(Delivery.observe, deliveries),
                _all(Delivery.least, deliveries),
                times(_COUNT, view),
                rounds=_ROUNDS,
                clock=time.process_time,
            )
        )
        yield Row(
            f"verify and normalise a webhook ({vendor})",
            f"{ours:,.0f}/s CPU",
            f"django-anymail's Mailgun view: {peer:,.0f}/s",
            ours / peer,
            f"{BAR_RATIO} x",
            ours >= BAR_RATIO * peer,
        )
        floor = f"HMAC and json.loads alone: {least:,.0f}/s"
        yield Row("the same", f"{ours:,.0f}/s CPU", floor, ours / least, f"{BAR:,}/s", ours >= BAR)
        yield Row(
            "the same, up to an observation", f"{observed:,.0f}/s CPU", floor, observed / least
        )


def _all(work: Callable[[Delivery], object], deliveries: list[Delivery]) -> Callable[[], None]:
    def done() -> None:
        for delivery in deliveries:
            _ = work(delivery)

    return done


def _headers(body: bytes, more: dict[str, str]) -> list[tuple[bytes, bytes]]:
    usual = {
        "host": "signing.example.com",
        "user-agent": "Vendor/1.0",
        "content-type": "application/json",
        "content-length": str(len(body)),
    }
    return [(name.encode(), value.encode()) for name, value in {**usual, **more}.items()]


def _penvio(number: int) -> Delivery:
    signer = {
        "id": f"signer_xyz{number}",
        "email": "john@example.com",
        "name": "John Doe",
        "signedAt": "2024-01-25T14:30:00Z",
    }
    data = {"envelopeId": f"env_def{number}", "status": "IN_PROGRESS", "signer": signer}
    body = json.dumps(
        {"event": "envelope.signed", "timestamp": "2024-01-25T14:30:00Z", "data": data}
    ).encode()
    digest = hmac.new(_SECRET, body, hashlib.sha256).hexdigest()
    headers = _headers(body, {"x-penvio-signature": digest})
    seats = (
        Seat("s1", "John Doe", "john@example.com", remote_id=signer["id"]),
        Seat("s2", "Jane Doe", "jane@example.com", remote_id="signer_abc"),
    )
    envelope = Envelope("env_1", "penvio-eu", "penvio", "Lease", seats)
    return Delivery(PenvioWebhooks(), body, headers, body, envelope)


def _penneo(number: int) -> Delivery:
    body = (
        '{"topic":"casefile","eventType":"completed","eventTime":{"date":"2025-02-19 '
        '13:01:55.517791","timezone_type":3,"timezone":"UTC"},'
        f'"payload":{{"id":{531 + number},"status":2}}}}'
    ).encode()
    at, event = int(_NOW.timestamp()), {"x-event-id": f"0194-{number}", "x-event-type": _COMPLETED}
    begin = f"{at}.{' '.join(event)}.{'.'.join(event.values())}."
    signed = begin.encode() + body
    digest = hmac.new(_SECRET, signed, hashlib.sha256).hexdigest()
    headers = _headers(
        body, {**event, "x-event-signature": f"t={at},h={' '.join(event)},v1={digest}"}
    )
    envelope = Envelope("env_1", "penneo-dk", "penneo", "Lease")
    return Delivery(PenneoWebhooks(), body, headers, signed, envelope)


_COMPLETED = "sign.casefile.completed"
