"""The receiver as an ASGI server calls it, with whatever came off the wire."""

from __future__ import annotations

import json
from collections.abc import MutableMapping
from typing import Any

from esign_core import AsyncEsign
from esign_core.integrations import receiver
from esign_core.journal import InboxEntry
from tests.promises.hostile.senders import Sent

Message = MutableMapping[str, Any]


class Receiving:
    """Posts deliveries to the receiver of an account."""

    def __init__(self, esign: AsyncEsign, endpoint: str, app: Any = None) -> None:
        self.esign = esign
        self._endpoint = endpoint
        self._app = app or receiver(esign)

    async def post(self, sent: Sent, *, endpoint: str | None = None) -> tuple[int, str | None]:
        """Status and code of the answer to a delivery."""
        there = self._endpoint if endpoint is None else endpoint
        status, body = await self._ask("POST", f"/webhooks/{there}", sent)
        return status, json.loads(body)["reason"] if body else None

    async def get(self, path: str) -> bytes:
        """What is answered there."""
        return (await self._ask("GET", path, Sent({}, b"")))[1]

    async def _ask(self, method: str, path: str, sent: Sent) -> tuple[int, bytes]:
        pieces = [sent.body[i : i + 65_536] for i in range(0, len(sent.body), 65_536)] or [b""]
        waiting: list[Message] = [
            {"type": "http.request", "body": piece, "more_body": i < len(pieces)}
            for i, piece in enumerate(pieces, start=1)
        ]
        answered: list[Message] = []

        async def receive() -> Message:
            return waiting.pop(0) if waiting else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            answered.append(message)

        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode("utf-8", "surrogatepass"),
            "query_string": b"",
            "root_path": "",
            "headers": sent.pairs,
            "client": ("127.0.0.1", 9),
            "server": ("127.0.0.1", 80),
        }
        await self._app(scope, receive, send)
        return answered[0]["status"], b"".join(each.get("body", b"") for each in answered)

    def inbox(self) -> list[InboxEntry]:
        """What was kept, the newest first."""
        return self.esign._workspace.journal.read(lambda tx: tx.inbox.list(limit=1000))
