from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esign_core.errors import WebhookRejected
from esign_core.model import (
    Authenticity,
    WebhookRequest,
)
from esign_penvio.webhooks import PenvioWebhooks

NOW = datetime(2024, 1, 25, 14, 30, 5, tzinfo=UTC)
SECRET = b"whsec_canary_0123456789"
BODY = b'{"event": "envelope.sent"}'


def signature(body: bytes = BODY, secret: bytes = SECRET) -> str:
    """The signature as the page on the API computes it."""
    return hmac.new(secret, body, hashlib.sha256).hexdigest()


def signed(header: str | None = None, body: bytes = BODY) -> WebhookRequest:
    """A delivery with a signature header."""
    return WebhookRequest.of({"X-Penvio-Signature": header or signature(body)}, body)


def rejected(request: WebhookRequest, *secrets: bytes) -> str:
    """The reason for which a delivery is rejected."""
    with pytest.raises(WebhookRejected) as caught:
        PenvioWebhooks().verify(request, secrets, NOW)
    assert "canary" not in f"{caught.value} {caught.value!r}"
    assert signature() not in str(caught.value)
    return caught.value.reason


@pytest.mark.parametrize("prefix", ["", "sha256="])
@pytest.mark.parametrize("secrets", [(SECRET,), (b"the newer one, 16", SECRET)])
def test_both_spellings_and_every_secret_verify(prefix: str, secrets: tuple[bytes, ...]) -> None:
    """The body is proven and no time is, so an old delivery is as good as a new one."""
    found = PenvioWebhooks().verify(signed(prefix + signature()), secrets, NOW)
    assert found.authenticity is Authenticity.SIGNED
    assert not found.is_late


def test_a_delivery_without_signature_proves_nothing() -> None:
    """Penvio signs only if it was given a secret; taking such is the core's decision."""
    found = PenvioWebhooks().verify(WebhookRequest({}, BODY), (SECRET,), NOW)
    assert found.authenticity is Authenticity.NONE


@pytest.mark.parametrize(
    "header",
    [
        " ",
        "sha256=",
        "sha1=" + "0" * 40,
        "SHA256=" + signature(),
        signature().upper(),
        signature()[:-1],
        signature() + "0",
        f" {signature()}",
        f"{signature()}\n",
        f"{signature()}, {signature()}",
        f"sha256=sha256={signature()}",
        "é" * 64,
        "٣" * 64,
        "0" * 100_000,
    ],
)
def test_a_malformed_signature_is_rejected(header: str) -> None:
    """Anything but 64 lower-case hexadecimal digits has one stable reason."""
    assert rejected(signed(header), SECRET) == "malformed_signature"


def test_a_wrong_signature_is_rejected() -> None:
    """Of another secret, of another body, or of nothing."""
    assert rejected(signed(signature(secret=b"another secret, 16")), SECRET) == "wrong_signature"
    assert rejected(signed(signature(b"")), SECRET) == "wrong_signature"
    assert rejected(signed("0" * 64), SECRET, b"another secret, 16") == "wrong_signature"


def test_a_signature_that_nobody_can_check_is_rejected() -> None:
    """Signed, but no secret is configured: not the same as unsigned."""
    assert rejected(signed()) == "no_secret"


@pytest.mark.promise("A4")
@given(st.data())
def test_any_flipped_bit_is_refused(data: st.DataObject) -> None:
    """What was verified is what is used: body and signature, to the last bit."""
    header = signature()
    whole = bytearray(header.encode() + BODY)
    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    whole[bit // 8] ^= 1 << bit % 8
    forged = WebhookRequest.of([(b"X-Penvio-Signature", bytes(whole[:64]))], bytes(whole[64:]))
    assert rejected(forged, SECRET) in {"malformed_signature", "wrong_signature"}
