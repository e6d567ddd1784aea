"""Documents on their way to a vendor, over a real connection."""

from __future__ import annotations

import base64
import email
import hashlib
import itertools
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.errors import DocumentChanged, Outcome
from esign_core.model import Document
from esign_core.provider import JsonWithDocuments, Multipart, Part, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Heard, Vendor, Way

SIZES = [9, 60_000, 1_500_000]


@pytest.fixture
def make(tmp_path: Path) -> Callable[[int], Document]:
    """A document of so many bytes, in a file of its own."""

    def make(size: int) -> Document:
        path = tmp_path / f"{size}.pdf"
        path.write_bytes((b"%PDF-1.7" + bytes(range(256)) * (size // 256 + 1))[:size])
        return Document.from_path(path).pinned()

    return make


def form(document: Document) -> Request:
    """As multipart."""
    data = Part("data", b'{"title": "Lease"}', "application/json")
    file = Part("files", document, "application/pdf", document.name)
    return Request("POST", "/send", body=Multipart((data, file)))


def text(document: Document) -> Request:
    """As base64 in JSON."""
    return Request("POST", "/send", body=JsonWithDocuments({"title": "Lease", "file": document}))


def digest(data: Any) -> str:
    """SHA-256."""
    return hashlib.sha256(data).hexdigest()


def received(heard: Heard) -> bytes:
    """The document, as a server's parsers find it."""
    kind = heard.headers["content-type"]
    if kind == "application/json":
        return base64.b64decode(json.loads(heard.body)["file"], validate=True)
    message = email.message_from_bytes(
        f"Content-Type: {kind}\r\nContent-Transfer-Encoding: binary\r\n\r\n".encode() + heard.body,
    )
    parts = message.get_payload()
    assert isinstance(parts, list)
    assert len(parts) == 2
    boundary = f"\r\n--{message.get_boundary()}".encode()
    return heard.body.split(boundary)[1].partition(b"\r\n\r\n")[2]  # its bytes, as they came


@pytest.mark.promise("S7")
@pytest.mark.parametrize("write", [form, text])
@pytest.mark.parametrize("size", SIZES)
def test_a_document_arrives_byte_for_byte(
    way: Way, vendor: Vendor, make: Any, write: Any, size: int
) -> None:
    """With a length that is known before the first byte, and never in chunks."""
    document = make(size)
    way.ask(way.session(vendor), write(document))
    heard = vendor.heard[0]
    assert digest(received(heard)) == document.sha256
    assert int(heard.headers["content-length"]) == len(heard.body)
    assert "transfer-encoding" not in heard.headers


@pytest.mark.promise("S7")
def test_an_upload_that_is_repeated_is_whole_again(way: Way, vendor: Vendor, make: Any) -> None:
    """Each attempt reads the document from its start."""
    vendor.answers(vendor.reply(503, b"down"), vendor.reply(401, b"no"), vendor.reply(200))
    document = make(300_000)
    request = Request("POST", "/send", body=form(document).body, repeatable=True)
    with pytest.raises(Exception, match="no"):
        way.ask(way.session(vendor), request)
    assert [digest(received(heard)) for heard in vendor.heard] == [document.sha256] * 2


def grow(path: Path) -> None:
    """A byte more."""
    path.write_bytes(path.read_bytes() + b"x")


def shrink(path: Path) -> None:
    """A byte less."""
    path.write_bytes(path.read_bytes()[:-1])


def alter(path: Path) -> None:
    """Another byte."""
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def remove(path: Path) -> None:
    """None left."""
    path.unlink()


CHANGES = [grow, shrink, alter, remove]


@pytest.mark.promise("S7", "S2")
@pytest.mark.parametrize("how", [*itertools.product(CHANGES, [form, text])])
@pytest.mark.parametrize("size", SIZES)
def test_a_document_that_changes_is_never_sent_whole(
    way: Way, vendor: Vendor, make: Any, how: Any, size: int
) -> None:
    """The vendor never gets the last byte, so nothing was sent, and the error says so."""
    change, write = how
    session = way.session(vendor)
    document = make(size)
    request = write(document)
    with document.content.open() as file:
        change(Path(file.name))
    with pytest.raises(DocumentChanged) as caught:
        way.ask(session, request, operation="send", subject="Lease")
    assert caught.value.outcome is Outcome.NOT_DONE
    assert caught.value.connection == "acme-eu"
    session.line.close()
    _settle(vendor)
    assert not any(heard.is_whole for heard in vendor.heard)


def _settle(vendor: Vendor) -> None:
    """Let the vendor notice that the connection is gone."""
    until = time.monotonic() + 5
    while vendor.connections > len(vendor.heard) and time.monotonic() < until:
        time.sleep(0.01)


MEASURE = """
import re, sys
from pathlib import Path
from esign_core.engine import MemoryBudgets, MemoryTokens, Session, SyncDriver, call
from esign_core.engine.transport import Transport
from esign_core.model import Capabilities, Document
from esign_core.provider import *

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

class Acme(Provider):
    name = title = "acme"; Settings = ProviderSettings; capabilities = Capabilities()
    hosts = {"api": sys.argv[1]}
    def send(self, draft): ...
    def fetch(self, remote_id): ...
    def download(self, snapshot, artifact): ...
    def explain(self, response): ...

def flow(document):
    as_form = Multipart((Part("file", document, "application/pdf", "a.pdf"),))
    body = as_form if sys.argv[3] == "form" else JsonWithDocuments({"file": document})
    return (yield Request("POST", "/send", body=body))

def send(path):
    document = Document.from_path(path).pinned()
    SyncDriver().run(call(session, flow(document), operation="request"))

line = Transport()
session = Session("acme", Acme(ProviderSettings()), line, MemoryTokens(), MemoryBudgets())
send(sys.argv[2] + "/small.pdf")
before = peak()
send(sys.argv[2] + "/large.pdf")
line.close()
print(peak() - before)
"""


@pytest.mark.promise("S7")
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
@pytest.mark.parametrize("kind", ["form", "text"])
def test_fifty_megabytes_cost_no_memory(vendor: Vendor, tmp_path: Path, kind: str) -> None:
    """50 MB add less than 5 MB to the peak, in a process of their own, after a small one."""
    block = b"%PDF-1.7" + bytes(1_000_000 - 8)
    (tmp_path / "small.pdf").write_bytes(block)
    with (tmp_path / "large.pdf").open("wb") as file:
        for _ in range(50):
            file.write(block)
    command = [sys.executable, "-c", MEASURE, vendor.url, str(tmp_path), kind]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 5
    sent = len(vendor.heard[1].body)
    assert sent > 50_000_000 * (4 / 3 if kind == "text" else 1)
