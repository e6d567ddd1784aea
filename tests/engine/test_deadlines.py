"""Exchanges with a vendor that does everything, but bit by bit: over the wire, by both drivers."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.errors import EsignError, Outcome, Unavailable, Uncertain
from esign_core.provider import Request
from tests.engine.conftest import Vendor

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine.conftest import Way

GET = Request("GET", "/things")
POST = Request("POST", "/things", json={"a": 1})
REPEATABLE = Request("POST", "/things", json={"a": 1}, repeatable=True)
HEADS = {
    "the first line": b"HTTP/1.1 200 " + b"O" * 500,
    "a header": b"HTTP/1.1 200 OK\r\nX-Thing: " + b"1" * 500,
    "headers": b"HTTP/1.1 200 OK\r\n" + b"a:b\r\n" * 100,
    "promises of an answer": b"HTTP/1.1 100 Continue\r\n\r\n" * 20,
}
"""Some seconds of it, and then the end: who has waited for that is told of a broken connection."""


def failure(way: Way, vendor: Vendor, request: Request, **line: Any) -> EsignError:
    """What a request that fails raises."""
    with pytest.raises(EsignError) as caught:
        way.ask(way.session(vendor, **line), request, operation="send", subject="Lease 14")
    return caught.value


@pytest.mark.promise("D3")
@pytest.mark.parametrize("head", HEADS)
def test_a_head_that_trickles_is_left(way: Way, vendor: Vendor, head: str) -> None:
    """The time of an answer begins before its head does; what was asked may have been done."""
    vendor.answers(vendor.trickles(HEADS[head]))
    error = failure(way, vendor, POST, answer_seconds=0.2)
    assert (type(error), error.outcome) == (Uncertain, Outcome.UNCERTAIN)
    assert "no answer within 0.2 s" in str(error)
    assert len(vendor.heard) == 1


@pytest.mark.promise("D3")
@pytest.mark.parametrize(
    ("request_", "outcome"), [(GET, Outcome.NOT_DONE), (REPEATABLE, Outcome.UNCERTAIN)]
)
def test_who_may_ask_again_is_told_to(
    way: Way, vendor: Vendor, request_: Request, outcome: Outcome
) -> None:
    """A vendor that trickles is one that is down; reading has done nothing there."""
    vendor.answers(vendor.trickles(HEADS["a header"]))
    error = failure(way, vendor, request_, answer_seconds=0.1)
    assert (type(error), error.outcome) == (Unavailable, outcome)
    assert "no answer within 0.1 s" in str(error)


@pytest.mark.promise("D3")
def test_a_connection_that_was_good_before_is_left_too(way: Way, vendor: Vendor) -> None:
    """Each exchange on a connection has a time of its own."""
    vendor.answers(vendor.reply(200, b"{}"), vendor.trickles(HEADS["a header"]))
    session = way.session(vendor, answer_seconds=0.5)
    way.ask(session, GET)
    with pytest.raises(Uncertain, match=r"no answer within 0\.5 s"):
        way.ask(session, POST)
    assert (len(vendor.heard), vendor.connections) == (2, 1)


@pytest.mark.promise("D3")
def test_a_vendor_that_takes_a_request_in_bit_by_bit_is_left(way: Way, vendor: Vendor) -> None:
    """Nobody is kept who is still sending."""

    def sip(connection: socket.socket) -> None:
        while connection.recv(64 * 1024):
            vendor.pause()
            vendor.pause()

    vendor.reads_bodies = False
    vendor.answers(sip)
    large = Request("POST", "/things", json={"a": "x" * 20_000_000})
    error = failure(way, vendor, large, answer_seconds=0.3)
    assert error.outcome is Outcome.UNCERTAIN
    assert "no answer within 0.3 s (WriteTimeout)" in str(error)


@pytest.mark.promise("D3")
def test_the_head_of_a_file_has_no_more_time(way: Way, vendor: Vendor, tmp_path: Path) -> None:
    """It trickles like any other; nothing is left of the file."""
    vendor.answers(vendor.trickles(HEADS["a header"]))
    with pytest.raises(Unavailable, match=r"no answer within 0\.2 s"):
        way.download(way.session(vendor, answer_seconds=0.2), tmp_path / "lease.pdf")
    assert list(tmp_path.iterdir()) == []


def test_a_file_itself_has_more_time(way: Way, vendor: Vendor, tmp_path: Path) -> None:
    """Large ones take longer than answers may."""
    body = b"%" * 300
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n"
    vendor.answers(vendor.sends(head, then=vendor.trickles(body)))
    saved = way.download(way.session(vendor, answer_seconds=1.0), tmp_path / "lease.pdf")
    assert saved.path.read_bytes() == body


# --- as it is out there -------------------------------------------------------------------------


class SecureVendor(Vendor):
    """A vendor that speaks TLS, as all of them do."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()
        self.url = self.url.replace("http:", "https:")

    def _serve(self, connection: socket.socket) -> None:
        with self._context.wrap_socket(connection, server_side=True) as secure:
            super()._serve(secure)


@pytest.fixture
def secure_vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SecureVendor]:
    """A vendor with a certificate for this machine that clients trust."""
    file = tmp_path / "certificate.pem"
    file.write_bytes(_certificate())
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    vendor = SecureVendor(context)
    yield vendor
    vendor.close()


def _certificate() -> bytes:
    """A key and a certificate that it has signed itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "vendor")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(pem, form, plain) + certificate.public_bytes(pem)


@pytest.mark.promise("D3")
def test_a_head_that_trickles_is_left_over_tls(way: Way, secure_vendor: SecureVendor) -> None:
    """Encrypted, it is the same; and what is whole arrives."""
    secure_vendor.answers(
        secure_vendor.reply(200, b"[1]"), secure_vendor.trickles(HEADS["a header"])
    )
    session = way.session(secure_vendor, answer_seconds=1.0)
    assert way.ask(session, GET).json() == [1]
    with pytest.raises(Uncertain, match="no answer within 1 s"):
        way.ask(session, POST)


@pytest.mark.parametrize("scheme", ["http", "all"])
def test_a_proxy_that_the_environment_names_is_used(
    way: Way, vendor: Vendor, another_vendor: Vendor, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    """With its credentials, and not for the hosts that it is not for."""
    monkeypatch.setenv(f"{scheme}_proxy", another_vendor.url.replace("//", "//ann:canary@"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    session = way.session(vendor)
    way.ask(session, GET)
    assert (len(vendor.heard), another_vendor.connections) == (1, 0)
    session.provider.hosts["api"] = "http://vendor.invalid"  # type: ignore[index]  # a dict in here
    way.ask(session, GET)
    heard = another_vendor.heard[0]
    assert (len(vendor.heard), heard.target) == (1, "http://vendor.invalid/things")
    assert heard.headers["proxy-authorization"].startswith("Basic ")


@pytest.mark.promise("D3")
def test_a_head_that_trickles_is_left_behind_a_proxy(
    way: Way, vendor: Vendor, another_vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy passes on bit by bit what comes bit by bit."""
    monkeypatch.setenv("http_proxy", another_vendor.url)
    another_vendor.answers(vendor.trickles(HEADS["a header"]))
    error = failure(way, vendor, POST, answer_seconds=0.2)
    assert (type(error), vendor.connections) == (Uncertain, 0)
    assert "no answer within 0.2 s" in str(error)
