"""What the body of an answer may be, and when it may come, by both drivers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from esign_core.errors import (
    EsignError,
    Outcome,
    UnreadableAnswer,
)
from esign_core.provider import Request

if TYPE_CHECKING:
    from tests.engine.conftest import Vendor, Way

GET = Request("GET", "/things")


def failure(way: Way, vendor: Vendor, request: Request, **line: Any) -> EsignError:
    """What a request that fails raises."""
    with pytest.raises(EsignError) as caught:
        way.ask(way.session(vendor, **line), request, operation="send", subject="Lease 14")
    return caught.value


@pytest.mark.promise("D3")
@pytest.mark.parametrize("length", ["Content-Length: 100000000000\r\n", ""])
def test_an_endless_answer_is_left(way: Way, vendor: Vendor, length: str) -> None:
    """An answer costs bounded memory, whatever it says of its length."""

    def endless(connection: Any) -> None:
        connection.sendall(f"HTTP/1.1 200 OK\r\n{length}\r\n".encode())
        while True:
            connection.sendall(b"x" * 65536)

    vendor.answers(endless)
    error = failure(way, vendor, GET, max_answer_bytes=1_000_000)
    assert "longer than 1000000 bytes" in str(error)
    assert len(vendor.heard) == 1


@pytest.mark.promise("D3")
def test_a_trickling_answer_is_left(way: Way, vendor: Vendor) -> None:
    """A byte at a time keeps any time-out quiet; the whole answer has a time too."""
    vendor.answers(vendor.sends(b"HTTP/1.1 200 OK\r\n\r\n", then=vendor.trickle))
    error = failure(way, vendor, GET, answer_seconds=0.2)
    assert "slower than 0.2 s" in str(error)


@pytest.mark.promise("D3")
@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip", "br", "GZIP", "identity, gzip"])
@pytest.mark.parametrize("status", [200, 400])
def test_a_compressed_answer_is_refused(
    way: Way, vendor: Vendor, encoding: str, status: int
) -> None:
    """What nobody asked for is not inflated, good or bad."""
    vendor.answers(vendor.reply(status, b"\x1f\x8b", Content_Encoding=encoding))
    error = failure(way, vendor, GET)
    assert isinstance(error, UnreadableAnswer)
    assert error.status_code == status


def test_an_answer_that_says_it_is_not_compressed_is_read(way: Way, vendor: Vendor) -> None:
    """`identity` is no compression."""
    vendor.answers(vendor.reply(200, b"{}", Content_Encoding="Identity"))
    assert way.ask(way.session(vendor), GET).json() == {}


@pytest.mark.parametrize("status", [401, 413])
@pytest.mark.parametrize("size", [10, 60_000, 300_000, 900_000, 20_000_000])
def test_an_early_refusal_reads_the_same(way: Way, vendor: Vendor, size: int, status: int) -> None:
    """A vendor that answers before it has read the body is heard, by both drivers."""
    vendor.reads_bodies = False
    vendor.answers(vendor.sends(vendor.reply(status, b"stop", Connection="close")))
    error = failure(way, vendor, Request("POST", "/things", json={"a": "x" * size}))
    assert (error.status_code, error.outcome, error.message) == (status, Outcome.NOT_DONE, "stop")
