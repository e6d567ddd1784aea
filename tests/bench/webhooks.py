"""How many deliveries are verified and read."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from esign_core.model import WebhookRequest
from esign_penvio.webhooks import SIGNATURE, PenvioWebhooks
from tests.bench.medians import medians, times
from tests.bench.row import Row

BAR = 100_000
_SECRET = b"a-secret-of-the-webhooks"
_BODY = json.dumps(
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
"""As Penvio publishes it."""
_COUNT = 500
_ROUNDS = 15


def rows() -> Iterator[Row]:
    """One delivery of Penvio's: from bytes to a neutral notice."""
    signature = hmac.new(_SECRET, _BODY, hashlib.sha256).hexdigest()
    request = WebhookRequest.of({SIGNATURE: signature}, _BODY)
    webhooks = PenvioWebhooks()
    now = datetime.now(UTC)

    def ours() -> object:
        _ = webhooks.verify(request, [_SECRET], now)
        return webhooks.parse(request)

    def floor() -> object:
        digest = hmac.new(_SECRET, _BODY, hashlib.sha256).hexdigest()
        return hmac.compare_digest(digest, signature) and json.loads(_BODY)

    mine, least = medians(
        times(_COUNT, ours), times(_COUNT, floor), rounds=_ROUNDS, clock=time.process_time
    )
    rate = _COUNT / mine
    yield Row(
        "verify and normalise one webhook (Penvio)",
        f"{rate:,.0f}/s CPU",
        f"HMAC and json.loads alone: {_COUNT / least:,.0f}/s",
        mine / least,
        f"{BAR:,}/s",
        rate >= BAR,
    )
