"""The peer of our webhooks: django-anymail's view for Mailgun's tracking events."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

_KEY = "a-signing-key-of-mailgun's"
_STAMP = {"timestamp": "1534108637", "token": "c0ffee" * 8}
_BODY = json.dumps(
    {
        "signature": {
            **_STAMP,
            "signature": hmac.new(
                _KEY.encode(), "".join(_STAMP.values()).encode(), hashlib.sha256
            ).hexdigest(),
        },
        "event-data": {
            "id": "CPgfbmQMTCKtHW6uIWtuVe",
            "timestamp": 1534108637.153125,
            "event": "delivered",
            "log-level": "info",
            "recipient": "recipient@example.com",
            "recipient-domain": "example.com",
            "tags": ["my_tag_1", "my_tag_2"],
            "campaigns": [],
            "user-variables": {"my_var_1": "Mailgun Variable #1"},
            "flags": {"is-routed": False, "is-authenticated": True, "is-test-mode": False},
            "envelope": {"sender": "bob@example.com", "targets": "recipient@example.com"},
            "delivery-status": {"code": 250, "message": "OK", "attempt-no": 1, "tls": True},
            "message": {
                "headers": {
                    "to": "Recipient <recipient@example.com>",
                    "message-id": "20130503182626.18666.16540@example.com",
                    "from": "Bob <bob@example.com>",
                    "subject": "Test delivered webhook",
                },
                "attachments": [],
                "size": 809,
            },
        },
    }
).encode()
"""A delivery as Mailgun's documentation has them."""


def post(made: Callable[[bytes, dict[str, str]], bytes]) -> bytes:
    """A valid delivery, as `made` makes a request of a body and of headers beyond the usual."""
    return made(_BODY, {})


def asgi() -> Any:
    """The view in an application of Django's, at every path and without middleware."""
    answer = _view()
    from django.conf import settings
    from django.core.handlers.asgi import ASGIHandler
    from django.urls import re_path

    settings.ROOT_URLCONF = (re_path("", answer),)
    return ASGIHandler()


def view() -> Callable[[], None]:
    """One call of the view with a valid delivery, from what a web server hands over.

    That is an environment and the bytes of a body. Django makes its request of them, as we make
    ours; finding the view and middleware are not counted.
    """
    answer = _view()
    from anymail.signals import tracking  # type: ignore[import-untyped]
    from django.core.handlers.wsgi import WSGIRequest
    from django.test import RequestFactory

    told: list[str] = []

    def listen(event: Any, **_: object) -> None:
        told[:] = [event.event_type]

    tracking.connect(listen, weak=False)
    environ = RequestFactory().post("/", data=_BODY, content_type="application/json").environ

    def once() -> None:
        request = WSGIRequest({**environ, "wsgi.input": BytesIO(_BODY)})
        assert answer(request).status_code == 200

    once()
    assert told == ["delivered"]
    return once


def _view() -> Callable[..., Any]:
    import django
    from django.conf import settings

    if not settings.configured:
        settings.configure(ALLOWED_HOSTS=["*"], LOGGING_CONFIG=None, MIDDLEWARE=[])
        django.setup()
    from anymail.webhooks.mailgun import MailgunTrackingWebhookView  # type: ignore[import-untyped]

    found: Callable[..., Any] = MailgunTrackingWebhookView.as_view(webhook_signing_key=_KEY)
    return found
