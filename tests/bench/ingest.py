"""Deliveries over real HTTP, on 32 connections: kept on disk before they are answered."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.bench import mailgun
from tests.bench.ledger import CONNECTION, deliveries, product
from tests.bench.row import Row

CONNECTIONS = 32
_COUNT = 6000
_WARM = 500


@dataclass
class Load:
    """What a storm of posts met."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    took: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.seconds) / self.took

    @property
    def p99_ms(self) -> float:
        """How long all but one in a hundred waited at the most."""
        return sorted(self.seconds)[int(len(self.seconds) * 0.99)] * 1000


def rows() -> Iterator[Row]:
    """One process each, under the same server and the same load."""
    total = _COUNT + _WARM
    with product(total // 10 + 1) as esign:
        url = esign._workspace.journal.url
        posts = [
            _post(each.body, {"x-penvio-signature": each.signature}) for each in deliveries(total)
        ]
        bare = _measured("bare", url, posts)
        peer = _measured("anymail", url, [mailgun.post(_post)] * total)
        ours = _measured("ours", url, posts)
        kept = len(esign.inbox.list(limit=10 * total))
    assert kept >= ours.statuses[204], "an answer without its delivery"
    assert set(ours.statuses) == {204}, ours.statuses
    floor = f"bare Starlette handler: {bare.rate:,.0f}/s"
    yield Row(
        "durable ingest over HTTP",
        f"{ours.rate:,.0f}/s",
        floor,
        ours.rate / bare.rate,
        "0.25 x",
        ours.rate >= 0.25 * bare.rate,
    )
    yield Row(
        "the same",
        f"{ours.rate:,.0f}/s",
        f"django-anymail's Mailgun view: {peer.rate:,.0f}/s",
        ours.rate / peer.rate,
        "1 x",
        ours.rate >= peer.rate,
    )
    yield Row(
        "the same, 99 % answered within",
        f"{ours.p99_ms:.1f} ms",
        f"bare Starlette handler: {bare.p99_ms:.1f} ms",
        ours.p99_ms / bare.p99_ms,
        "50 ms",
        ours.p99_ms < 50,
    )


def _post(body: bytes, headers: dict[str, str]) -> bytes:
    told = {
        "host": "127.0.0.1",
        "content-type": "application/json",
        "content-length": str(len(body)),
        **headers,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"POST /webhooks/{CONNECTION} HTTP/1.1\r\n{lines}\r\n".encode() + body


def _measured(kind: str, journal: str, posts: Sequence[bytes]) -> Load:
    with _serving(kind, journal) as port:
        _ = asyncio.run(_storm(port, posts[:_WARM]))
        return asyncio.run(_storm(port, posts[_WARM:]))


@contextmanager
def _serving(kind: str, journal: str) -> Generator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    command = [sys.executable, "-m", "tests.bench.ingest_app", kind, str(port), journal]
    process = subprocess.Popen(command)
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        _ = process.wait(30)


def _wait_for(port: int) -> None:
    for _ in range(600):
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
    raise TimeoutError("the server did not come up")


async def _storm(port: int, posts: Sequence[bytes]) -> Load:
    load, left = Load(), iter(posts)
    before = time.perf_counter()
    await asyncio.gather(*(_sender(port, left, load) for _ in range(CONNECTIONS)))
    load.took = time.perf_counter() - before
    return load


async def _sender(port: int, left: Iterator[bytes], load: Load) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for post in left:
        before = time.perf_counter()
        writer.write(post)
        head = await reader.readuntil(b"\r\n\r\n")
        load.seconds.append(time.perf_counter() - before)
        load.statuses[int(head[9:12])] += 1
        await _body(reader, head.lower())
    writer.close()
    await writer.wait_closed()


async def _body(reader: asyncio.StreamReader, head: bytes) -> None:
    if b"transfer-encoding: chunked" in head:
        _ = await reader.readuntil(b"0\r\n\r\n")
        return
    _, _, after = head.partition(b"content-length:")
    if after:
        _ = await reader.readexactly(int(after.partition(b"\r\n")[0]))
