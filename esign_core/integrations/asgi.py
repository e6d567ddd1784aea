"""The receiver as a bare ASGI function: mount it in any app, or run it alone.

`POST /webhooks/{endpoint}` takes a delivery of any content type; only the last part of the path
counts. The answers are those of `answering`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

import anyio

from esign_core.integrations.answering import TurnedAway
from esign_core.integrations.intake import Delivery, Intake
from esign_core.service import AsyncEsign

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


def receiver(esign: AsyncEsign, *, intake: Intake | None = None) -> App:
    """An ASGI app that takes deliveries in at the last part of its path.

    Whoever has opened `esign` closes it, in the lifespan of the app around this one.

    Args:
        esign: Where deliveries go.
        intake: How much is taken in at a time; its own if not given.
    """
    limits = intake or Intake()

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        endpoint = scope["path"].rstrip("/").rpartition("/")[2]
        with limits.delivery() as delivery:
            delivery.begin(scope["method"], _length(scope["headers"]))
            await _read(delivery, receive, limits.max_reading_seconds)
            request = delivery.request(scope["headers"])
            delivery.kept(await esign.receive(endpoint, request))
        answer = delivery.answer
        if answer.reason != _LEFT:
            pairs = [(k.lower().encode(), v.encode()) for k, v in answer.headers.items()]
            await send({"type": "http.response.start", "status": answer.status, "headers": pairs})
            await send({"type": "http.response.body", "body": answer.body})

    return app


async def _read(delivery: Delivery, receive: Receive, seconds: float) -> None:
    if not await _has_more(delivery, receive):  # nearly always all; until it comes, nothing is held
        return
    try:
        with anyio.fail_after(seconds):
            while await _has_more(delivery, receive):
                pass
    except TimeoutError:
        raise TurnedAway(408, "body_overdue") from None


async def _has_more(delivery: Delivery, receive: Receive) -> bool:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise TurnedAway(400, _LEFT)
    delivery.feed(message.get("body", b""))
    return bool(message.get("more_body", False))


def _length(headers: Iterable[tuple[bytes, bytes]]) -> str:
    found = (value for name, value in headers if name == b"content-length")
    return next(found, b"").decode("latin-1")


_LEFT = "client_left"
"""Half a delivery is neither kept nor taken for a forgery, and nobody hears an answer."""
