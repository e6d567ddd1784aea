from __future__ import annotations

import pytest

from esign_core.model import Subscription, WebhookRequest


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Signature": "abc", "HOST": "example.com"},
        [("x-signature", "abc"), ("Host", "example.com")],
        [(b"X-Signature", b"abc"), (b"host", b"example.com")],
    ],
)
def test_headers_of_any_framework_are_read(headers: dict[str, str]) -> None:
    """As a mapping or as pairs, as text or as bytes, in any case."""
    request = WebhookRequest.of(headers, b"{}")
    assert request.header("x-signature") == "abc"
    assert request.header("host") == "example.com"
    assert request.header("X-Signature") is None
    assert request.body == b"{}"


def test_a_header_that_comes_twice_is_not_one_of_them() -> None:
    """Whoever adds a second signature does not get the first one checked for it."""
    request = WebhookRequest.of([("X-Signature", "good"), (b"x-signature", b"b\xe4d")], b"")
    assert request.header("x-signature") == "good, b\u00e4d"


def test_a_delivery_shows_nothing_of_itself() -> None:
    """Neither body nor headers nor a subscription's secret are printed."""
    request = WebhookRequest.of({"X-Signature": "canary"}, b"canary")
    subscription = Subscription("1", "https://example.com/webhooks/1", secret="canary")
    assert "canary" not in f"{request!r} {subscription!r}"
