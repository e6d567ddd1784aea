"""Answers and documents that are small on the way and huge inside, or that do not end."""

from __future__ import annotations

import functools
import gzip
import hashlib
import json
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.conftest import Vendor
from tests.promises.page import ROOT

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from tests.engine.conftest import Heard

HUGE_MB = 64
FRUGAL_MB = 4.0
MOST_OF_AN_ANSWER_MB = 16
"""What is read of an answer at the most; a copy of it may be made."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    """A vendor on loopback who says what a test says."""
    vendor = Vendor()
    yield vendor
    vendor.close()


def measured(url: str, folder: Path, *deeds: str) -> dict[str, Any]:
    """Megabytes that each deed adds in a process of its own."""
    for each in ("small", "large"):
        (folder / each).mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tests.promises.hostile.frugal", url, str(folder), *deeds]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@functools.cache
def nested_gzip(megabytes: int) -> bytes:
    """A few hundred bytes that become megabytes, in two steps."""
    return gzip.compress(gzip.compress(bytes(megabytes * 1024**2), 9, mtime=0), 9, mtime=0)


def answering(small: Any, large: Any) -> Callable[[Heard], Any]:
    """One answer for the deed that is not measured, one for the deed that is."""
    return lambda heard: large if "/large" in heard.target else small


@pytest.mark.promise("D3")
@pytest.mark.parametrize("encoding", ["gzip, gzip", "br"])
def test_compressed_answer_is_not_inflated(vendor: Vendor, tmp_path: Path, encoding: str) -> None:
    """An answer and a file of a few hundred bytes cost no more than that."""
    bomb = Vendor.reply(200, nested_gzip(HUGE_MB), Content_Encoding=encoding)
    vendor.answer = answering(bomb, bomb)
    added = measured(vendor.url, tmp_path, "ask", "save")
    assert added["ask"] < FRUGAL_MB
    assert added["save"] < FRUGAL_MB
    assert not list(tmp_path.rglob("*.pdf"))


@pytest.mark.negative_control("D3")
def test_client_as_it_comes_inflates_it(vendor: Vendor, tmp_path: Path) -> None:
    """The same bytes, the same measure: the test above can fail."""
    assert len(nested_gzip(HUGE_MB)) < 1000
    small, large = (
        Vendor.reply(200, nested_gzip(size), Content_Encoding="gzip, gzip") for size in (1, HUGE_MB)
    )
    vendor.answer = answering(small, large)
    assert measured(vendor.url, tmp_path, "ask naively")["ask naively"] > HUGE_MB


@pytest.mark.promise("D3")
@pytest.mark.parametrize("how", ["with a length", "in chunks", "until the connection ends"])
def test_endless_answer_costs_what_is_read_of_it(vendor: Vendor, tmp_path: Path, how: str) -> None:
    """At full speed, in each way to say where an answer ends."""
    head = {
        "with a length": b"Content-Length: 99999999999\r\n",
        "in chunks": b"Transfer-Encoding: chunked\r\n",
        "until the connection ends": b"",
    }[how]
    piece = b"x" * 65_536
    if how == "in chunks":
        piece = b"10000\r\n%s\r\n" % piece

    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n%s\r\n" % head)
        while True:
            connection.sendall(piece)

    vendor.answer = answering(Vendor.reply(200, b"{}"), endless)
    added = measured(vendor.url, tmp_path, "ask")
    assert added["ask"] < 2 * MOST_OF_AN_ANSWER_MB + FRUGAL_MB


def bomb(megabytes: int) -> bytes:
    """A PDF whose one stream is compressed twice: readers make megabytes of it."""
    stream = zlib.compress(zlib.compress(bytes(megabytes * 1024**2), 9), 9)
    filters = b"/Filter [/FlateDecode /FlateDecode]"
    parts = [
        b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n",
        b"2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n",
        b"3 0 obj\n<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>\nendobj\n",
        b"4 0 obj\n<< /Length %d %s >>\nstream\n%s\nendstream\nendobj\n"
        % (len(stream), filters, stream),
        b"trailer\n<< /Root 1 0 R >>\n%%EOF\n",
    ]
    return b"".join(parts)


@pytest.fixture
def bombs(tmp_path: Path) -> bytes:
    """A document that becomes 64 MB in a reader, in the folder `large`; and the like of one."""
    for name, megabytes in (("small", 1), ("large", HUGE_MB)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "bomb.pdf").write_bytes(bomb(megabytes))
    return bomb(HUGE_MB)


@pytest.mark.promise("D5")
def test_document_is_not_interpreted_on_its_way(
    vendor: Vendor, tmp_path: Path, bombs: bytes
) -> None:
    """There and back, as a form and in JSON: flat memory, the same bytes, and no reader of PDFs."""

    def answer(heard: Heard) -> bytes:
        if "/oauth/" in heard.target:
            return Vendor.reply(200, b'{"access_token": "t", "expires_in": 600}')
        if heard.method == "GET":
            return Vendor.reply(200, bombs)
        job = b'{"status": "success", "jobs": [{"uuid": "u", "payloadHash": "h"}]}'
        return Vendor.reply(200, job)

    vendor.answer = answer
    added = measured(vendor.url, tmp_path, "send multipart", "send json", "save")
    assert added.pop("interpreters") == []
    assert max(added.values()) < FRUGAL_MB, added
    uploaded = [heard.body for heard in vendor.heard if "/large/send" in heard.target]
    assert bombs in uploaded[0]
    saved = (tmp_path / "large" / "saved.pdf").read_bytes()
    assert hashlib.sha256(saved).digest() == hashlib.sha256(bombs).digest()


@pytest.mark.negative_control("D5")
def test_reader_of_pdfs_sets_it_off(vendor: Vendor, tmp_path: Path, bombs: bytes) -> None:
    """The same document, looked into: the test above can fail."""
    assert len(bombs) < 2000
    assert measured(vendor.url, tmp_path, "interpret")["interpret"] > HUGE_MB
