"""What nobody honest sends, to the receiver itself: faster than over HTTP, so there can be more."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from esign_core.integrations import receiver
from esign_core.service import AsyncEsign
from tests.integrations.accounts import CONNECTIONS, Posted, acme, penvio, registry

Message = MutableMapping[str, Any]
HEADER = st.tuples(
    st.sampled_from(
        [b"x-fake-signature", b"x-fake-time", b"x-penvio-signature", b"content-type", b"host"]
    ),
    st.binary(max_size=80) | st.text(max_size=40).map(lambda text: text.encode()),
)
AUTHENTIC = (acme(), penvio())
SETTINGS = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Called:
    """The receiver, called as a web server calls it."""

    def __init__(self, esign: AsyncEsign) -> None:
        self.esign = esign
        self._app = receiver(esign)

    def __call__(
        self, path: str, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> tuple[int, bytes]:
        """Status and body of the answer."""
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
        anyio.run(self._app, scope, receive, send)
        return sent[0]["status"], sent[1]["body"]

    def deliver(self, posted: Posted, body: bytes) -> tuple[int, bytes]:
        headers = [(name.encode(), value.encode()) for name, value in posted.headers.items()]
        return self(posted.path, headers, body)


@pytest.fixture
def called(tmp_path: Path) -> Iterator[Called]:
    """Two accounts, and a journal in which nothing may arrive."""
    journal = f"sqlite:///{tmp_path / 'esign.db'}"
    esign = AsyncEsign(CONNECTIONS, journal=journal, registry=registry())
    yield Called(esign)
    assert esign._workspace.journal.read(lambda tx: tx.inbox.list()) == []
    esign._workspace.close()


@pytest.mark.promise("A1")
@SETTINGS
@given(
    path=st.sampled_from(["/webhooks/acme", "/webhooks/k3jx9"]) | st.text(max_size=30),
    headers=st.lists(HEADER, max_size=6),
    body=st.binary(max_size=300),
)
def test_made_up_deliveries_are_4xx_with_a_code(
    called: Called, path: str, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    """Any bytes, anywhere: no fault, no trace, and a reason to count."""
    status, told = called(path, headers, body)
    assert status in {401, 404}
    assert told.startswith(b'{"reason": "')


@pytest.mark.promise("A1", "A4")
@SETTINGS
@given(data=st.data())
def test_mutated_deliveries_are_401(called: Called, data: st.DataObject) -> None:
    """Cut, lengthened, swapped or flipped anywhere: what was signed is what is read."""
    posted = data.draw(st.sampled_from(AUTHENTIC))
    body = posted.body
    start = data.draw(st.integers(0, len(body) - 1))
    end = data.draw(st.integers(start, len(body)))
    mutated = body[:start] + data.draw(st.binary(max_size=20)) + body[end:]
    if mutated != body:
        status, told = called.deliver(posted, mutated)
        assert (status, told) == (401, b'{"reason": "wrong_signature"}')
