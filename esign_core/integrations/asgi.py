"""The receiver as a bare ASGI function: mount it in any app, or run it alone.

`POST /webhooks/{endpoint}` takes a delivery of any content type. Answers: 204 kept (also when it
was here before), 401 not authentic, 404 no such endpoint, 405, 413 too large, 503 could not be
kept, deliver it again.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from esign_core.errors import (
    BrokenProvider,
    JournalUnusable,
    NotSupported,
    UnknownConnection,
    WebhookRejected,
)
from esign_core.model import WebhookRequest
from esign_core.service import AsyncEsign

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MAX_BODY_BYTES = 1024 * 1024
"""The largest delivery that is taken."""


class TooLarge(Exception):
    """The body is longer than is taken."""


class Gone(Exception):
    """The client has left before the end of the body."""


def receiver(
    esign: AsyncEsign, *, max_body_bytes: int = MAX_BODY_BYTES
) -> Callable[[Message, Receive, Send], Awaitable[None]]:
    """An ASGI app that takes deliveries in at the last part of its path."""

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            status, reason = await _answer(esign, scope, receive, max_body_bytes)
        except Gone:
            return
        body = json.dumps({"reason": reason}).encode() if reason else b""
        headers: list[tuple[bytes, bytes]] = []
        if reason:
            headers.append((b"content-type", b"application/json"))
            headers.append((b"content-length", b"%d" % len(body)))
        if status == 405:
            headers.append((b"allow", b"POST"))
        if status == 503:
            headers.append((b"retry-after", b"30"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


async def _answer(
    esign: AsyncEsign, scope: Message, receive: Receive, cap: int
) -> tuple[int, str | None]:
    if scope["method"] != "POST":
        return 405, "only_post"
    try:
        request = WebhookRequest.of(scope["headers"], await _body(receive, cap))
        _ = await esign.receive(scope["path"].rstrip("/").rpartition("/")[2], request)
    except TooLarge:
        return 413, "too_large"
    except (UnknownConnection, NotSupported):
        return 404, "unknown_endpoint"
    except WebhookRejected as error:
        return 401, error.reason
    except (JournalUnusable, BrokenProvider):
        return 503, "not_kept"
    return 204, None


async def _body(receive: Receive, cap: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        body += message.get("body", b"")
        if len(body) > cap:
            raise TooLarge
        if not message.get("more_body", False):
            return bytes(body)
