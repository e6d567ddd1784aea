"""The receiver inside of any web server, called as a server calls it."""

from __future__ import annotations

from collections.abc import AsyncIterator, MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from esign_core.errors import BrokenProvider, JournalUnusable
from esign_core.integrations import Intake, receiver
from esign_core.provider import Registry, utc_now
from esign_core.service import AsyncEsign
from esign_core.testing import FakeVendor

if TYPE_CHECKING:
    from tests.service.conftest import World

Message = MutableMapping[str, Any]


class Server:
    """Calls the app as a web server would, with a body in pieces."""

    def __init__(self, esign: AsyncEsign, vendor: FakeVendor, **options: Any) -> None:
        self.esign = esign
        self.vendor = vendor
        self.app = receiver(esign, **options)

    async def call(
        self,
        path: str,
        *pieces: bytes,
        method: str = "POST",
        headers: dict[str, str] | None = None,
        leaves: bool = False,
    ) -> tuple[int, dict[str, str], bytes] | None:
        """Status, headers and body of the answer; None if there was none."""
        waiting: list[Message] = [
            {"type": "http.request", "body": piece, "more_body": leaves or i < len(pieces)}
            for i, piece in enumerate(pieces or (b"",), start=1)
        ]
        waiting[-1]["more_body"] = leaves
        sent: list[Message] = []

        async def receive() -> Message:
            return waiting.pop(0) if waiting else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        pairs = [(k.encode(), v.encode()) for k, v in (headers or {}).items()]
        scope: Message = {"type": "http", "method": method, "path": path, "headers": pairs}
        await self.app(scope, receive, send)
        if not sent:
            return None
        start, body = sent
        told = {k.decode(): v.decode() for k, v in start["headers"]}
        return start["status"], told, body["body"]

    async def deliver(self, *, path: str = "/webhooks/acme", **changes: Any) -> Any:
        request = self.vendor.delivery(self.vendor.event("1"), **changes)
        return await self.call(path, request.body, headers=dict(request.headers))

    def inbox(self) -> int:
        return len(self.esign._workspace.journal.read(lambda tx: tx.inbox.list()))


@pytest.fixture
async def server(tmp_path: Path, registry: Registry, world: World) -> AsyncIterator[Server]:
    """A receiver with one envelope that is sent."""
    vendor = FakeVendor(utc_now)
    journal = f"sqlite:///{tmp_path / 'esign.db'}"
    connections = {"acme": {"provider": "fake"}, "later": {"provider": "fake"}}
    async with AsyncEsign(connections, journal=journal, registry=registry) as esign:
        sessions = esign._workspace._sessions
        sessions["acme"] = replace(sessions["acme"], line=vendor)
        await esign.send(world.draft(), via="acme", key="k")
        yield Server(esign, vendor)


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "", "nonsense"])
async def test_authentic_delivery_is_kept_whatever_its_content_type(
    server: Server, kind: str
) -> None:
    """Vendors say odd things about their bodies; the signature counts."""
    request = server.vendor.delivery(server.vendor.event("1"))
    headers = {**request.headers, "Content-Type": kind}
    pieces = [request.body[:10], b"", request.body[10:]]
    assert await server.call("/webhooks/acme", *pieces, headers=headers) == (204, {}, b"")
    assert server.inbox() == 1
    assert await server.call("/webhooks/acme/", *pieces, headers=headers) == (204, {}, b"")
    assert server.inbox() == 1


async def test_forged_delivery_is_401_with_a_code(server: Server) -> None:
    """And leaves nothing but a count."""
    status, headers, body = await server.deliver(secret="wrong")
    assert (status, body) == (401, b'{"reason": "wrong_signature"}')
    assert headers["content-length"] == str(len(body))
    assert (await server.deliver(secret=None))[0] == 401
    assert server.inbox() == 0
    assert server.esign.rejected == {("acme", "wrong_signature"): 1, ("acme", "unsigned"): 1}


@pytest.mark.parametrize("path", ["/webhooks/nobody", "/webhooks/", "/", ""])
async def test_unknown_endpoint_is_404(server: Server, path: str) -> None:
    """Nothing is told about those that there are."""
    assert (await server.deliver(path=path))[0] == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_only_post_is_taken(server: Server, method: str) -> None:
    """The answer says what is."""
    answer = await server.call("/webhooks/acme", method=method)
    assert answer is not None
    assert (answer[0], answer[1]["allow"]) == (405, "POST")


async def test_large_delivery_is_413_before_it_is_read(server: Server) -> None:
    """No more is read than is taken."""
    small = Server(server.esign, server.vendor, intake=Intake(max_body_bytes=100))
    read: list[int] = []

    async def receive() -> Message:
        read.append(1)
        return {"type": "http.request", "body": b"x" * 60, "more_body": True}

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Message = {"type": "http", "method": "POST", "path": "/webhooks/acme", "headers": []}
    await small.app(scope, receive, send)
    assert sent[0]["status"] == 413
    assert len(read) == 2


async def test_client_that_leaves_is_not_taken_for_a_short_body(server: Server) -> None:
    """Half a delivery is neither kept nor counted as a forgery."""
    assert await server.call("/webhooks/acme", b"half", leaves=True) is None
    assert server.inbox() == 0
    assert server.esign.rejected == {}


@pytest.mark.promise("D9", "D10")
@pytest.mark.parametrize("error", [JournalUnusable("full"), BrokenProvider("broken")])
async def test_delivery_that_cannot_be_kept_is_503(
    server: Server, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """The vendor delivers it again."""

    async def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(server.esign, "receive", fails)
    status, headers, _ = await server.deliver()
    assert (status, headers["retry-after"]) == (503, "30")


async def test_other_protocols_are_not_answered(server: Server) -> None:
    """A server that asks about its life cycle finds that there is nothing to do."""
    called: list[str] = []

    async def receive() -> Message:
        called.append("receive")
        return {}

    async def send(_: Message) -> None:
        called.append("send")

    await server.app({"type": "lifespan"}, receive, send)
    assert called == []


async def test_body_that_does_not_come_in_time_is_408(server: Server) -> None:
    """Somebody who sends a piece and then nothing does not keep it in memory for ever."""
    intake = Intake(max_reading_seconds=0.0)
    slow = Server(server.esign, server.vendor, intake=intake)
    pieces = iter([{"type": "http.request", "body": b"x", "more_body": True}])
    sent: list[Message] = []

    async def receive() -> Message:
        for piece in pieces:
            return piece
        await anyio.sleep_forever()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Message = {"type": "http", "method": "POST", "path": "/webhooks/acme", "headers": []}
    await slow.app(scope, receive, send)
    assert (sent[0]["status"], sent[1]["body"]) == (408, b'{"reason": "body_overdue"}')
    assert intake.bytes_in_hand == 0
