"""A journal full of open Penvio envelopes, and signed deliveries about them."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from esign_core import Esign
from esign_core.errors import Outcome
from esign_core.journal import Intent, Transaction
from esign_core.model import (
    Authenticity,
    Envelope,
    EventType,
    Fact,
    Observation,
    Seat,
    Source,
    WebhookRequest,
)

SECRET = "whsec_a-secret-of-the-webhooks"
CONNECTION = "penvio-eu"
SETTINGS = {
    "provider": "penvio",
    "api_key": "pk_test_0",
    "webhook_secrets": [SECRET],
    "bucket_url": "memory:///",
}
_SIGNERS = 10
_NOON = datetime(2026, 1, 25, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Delivery:
    """A delivery as it goes over the line."""

    body: bytes
    signature: str

    @property
    def request(self) -> WebhookRequest:
        """As a web server hands it over."""
        headers = {
            "host": "signing.example.com",
            "content-type": "application/json",
            "x-penvio-signature": self.signature,
        }
        return WebhookRequest(headers, self.body)


@contextmanager
def product(count: int, *, folder: Path | None = None) -> Generator[Esign]:
    """A product whose journal has so many envelopes that were sent; on the disk of this folder."""
    with TemporaryDirectory(prefix=".bench-", dir=folder or Path.cwd()) as place:
        url = f"sqlite:///{place}/esign.db"
        with Esign({CONNECTION: SETTINGS}, journal=url) as esign:
            esign._workspace.journal.write(lambda tx: _fill(tx, count))
            yield esign


def _fill(tx: Transaction, count: int) -> None:
    for number in range(count):
        seats = tuple(
            Seat(f"s{i}", f"John Doe {i}", f"john{i}@example.com", remote_id=f"signer_{number}_{i}")
            for i in range(1, _SIGNERS + 1)
        )
        envelope = Envelope(
            id=f"env_{number:032x}",
            connection=CONNECTION,
            provider="penvio",
            title=f"Lease {number}",
            seats=seats,
            outcome=Outcome.DONE,
            key=f"lease-{number}",
            created_at=_NOON,
        )
        tx.envelopes.add_intent(Intent(envelope, "print", {"title": envelope.title}))
        sent = Observation(
            source=Source.REPLY,
            authenticity=Authenticity.FETCHED,
            received_at=_NOON,
            facts={Fact(EventType.ENVELOPE_SENT): _NOON},
            remote_id=f"env_def{number}",
        )
        _ = tx.record(envelope, sent)


def deliveries(count: int, *, first: int = 0) -> Iterator[Delivery]:
    """Ten about each envelope, all different: its signers look at it, one after the other."""
    for number in range(first, first + count):
        envelope, place = divmod(number, _SIGNERS)
        signer = {
            "id": f"signer_{envelope}_{place + 1}",
            "email": f"john{place + 1}@example.com",
            "name": f"John Doe {place + 1}",
        }
        data = {"envelopeId": f"env_def{envelope}", "status": "SENT", "signer": signer}
        stamp = f"2026-01-25T14:{place:02}:00Z"
        body = json.dumps({"event": "envelope.viewed", "timestamp": stamp, "data": data}).encode()
        yield Delivery(body, hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest())
