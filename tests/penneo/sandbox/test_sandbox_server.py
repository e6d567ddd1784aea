from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import logging
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from esign_core.sandbox import Control
from esign_penneo.sandbox import PenneoSandbox

Received = tuple[Mapping[str, str], bytes]


class Receiver:
    """A customer's webhook endpoint on loopback."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                received.append((dict(self.headers.items()), body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """A webhook endpoint that listens."""
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[PenneoSandbox]:
    """The simulator, quick."""
    with PenneoSandbox(scale=0.02) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def control(sandbox: PenneoSandbox) -> Iterator[Control]:
    """Its control API."""
    with Control(sandbox.control_url) as control:
        yield control


@pytest.fixture(scope="module")
def http(sandbox: PenneoSandbox) -> Iterator[httpx.Client]:
    """A client of its API."""
    with httpx.Client(base_url=sandbox.base_url, trust_env=False, timeout=30) as http:
        yield http


def token(http: httpx.Client, settings: dict[str, Any]) -> str:
    """An access token, as a server of a customer gets one."""
    raw = hashlib.sha256(datetime.now(UTC).isoformat().encode()).digest()
    created_at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.000Z"
    secret: str = settings["api_secret"]
    digest = hashlib.sha1(raw + created_at.encode() + secret.encode()).digest()  # noqa: S324
    answer = http.post(
        f"{settings['oauth_url']}/oauth/token",
        json={
            "grant_type": "api_keys",
            "client_id": settings["client_id"],
            "client_secret": settings["client_secret"],
            "key": settings["api_key"],
            "nonce": base64.b64encode(raw).decode(),
            "created_at": created_at,
            "digest": base64.b64encode(digest).decode(),
        },
    )
    return str(answer.raise_for_status().json()["access_token"])


def send(http: httpx.Client, settings: dict[str, Any], control: Control) -> Any:
    """The result of the job that sends the template's lease to two signers."""
    pdf = Path(settings["templates"]["lease"]["document"]).read_bytes()
    case_file = {
        "title": "Lease 14",
        "signers": [{"name": "Jane Doe", "signOrder": 0}, {"name": "John Doe", "signOrder": 1}],
        "documents": [{"name": "lease.pdf", "title": "Lease"}],
    }
    answer = http.post(
        "/send/api/v1/casefiles/20251022/create",
        data={"data": json.dumps({"caseFile": case_file})},
        files=[("files", ("lease.pdf", pdf, "application/pdf"))],
        headers={"x-auth-token": token(http, settings)},
    )
    job = answer.raise_for_status().json()["jobs"][0]
    control.advance(5)
    handle = {"uuid": job["uuid"], "payloadHash": job["payloadHash"]}
    status = http.post("/send/api/v1/queue/public/status", json=handle).raise_for_status().json()
    assert status["jobStatus"] == "completed"
    return status["result"]["data"]


def is_signed(received: Received, secret: str) -> bool:
    """An integrator's own reading of the signature."""
    headers, body = received
    fields = dict(part.split("=", 1) for part in headers["x-event-signature"].split(","))
    values = ".".join(headers[name] for name in fields["h"].split(" "))
    signed = f"{fields['t']}.{fields['h']}.{values}.".encode() + body
    fresh = abs(datetime.now(UTC).timestamp() - int(fields["t"])) < 300
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return fresh and hmac.compare_digest(digest, fields["v1"])


def signatures(pdf: bytes, root: bytes) -> list[tuple[bool, bool]]:
    """Of every signature in a PDF: whether it is intact, and trusted under `root`."""
    from asn1crypto import x509  # type: ignore[import-untyped]
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import load_pem_x509_certificate
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    der = load_pem_x509_certificate(root).public_bytes(Encoding.DER)
    certificate = x509.Certificate.load(der)
    found = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    checked = [
        validate_pdf_signature(each, ValidationContext(trust_roots=[certificate])) for each in found
    ]
    return [(each.intact, each.trusted) for each in checked]


def test_lease_is_signed_from_end_to_end(
    sandbox: PenneoSandbox, control: Control, http: httpx.Client, receiver: Receiver
) -> None:
    """Log in, create, poll, sign on the page, be told, download: over HTTP, nothing skipped."""
    settings = sandbox.connect(receiver.url)
    created = send(http, settings, control)
    case_file = f"/api/v1/casefiles/{created['caseFile']['id']}"
    for each in created["signingLinks"]:
        control.sign_page(each["signingLink"])
    control.advance(5)
    control.settle()

    events = [headers["x-event-type"] for headers, _ in receiver.received]
    assert events.count("sign.signer.signed") == 2
    assert events.count("sign.casefile.completed") == 1
    (secret,) = settings["webhook_secrets"]
    assert all(is_signed(each, secret) for each in receiver.received)
    assert not any(is_signed((headers, body + b" "), secret) for headers, body in receiver.received)

    bearer = {"authorization": f"Bearer {token(http, settings)}", "accept": "application/pdf"}
    shown = http.get(case_file, headers=bearer).json()
    assert shown["status"] == 5
    content = f"/api/v3/documents/{shown['documents'][0]['id']}/content"
    signed = http.get(content, headers=bearer).content
    original = http.get(content, headers=bearer, params={"signed": "false"}).content
    assert signed.startswith(original)
    assert signatures(signed, sandbox.root_certificate) == [(True, True)]
    spoilt = signed[:200] + bytes([signed[200] ^ 1]) + signed[201:]
    assert signatures(spoilt, sandbox.root_certificate) != [(True, True)]


def test_login_works_after_a_leap(
    sandbox: PenneoSandbox, control: Control, http: httpx.Client
) -> None:
    """The customer's clock is the real one, whatever a test did to the vendor's."""
    settings = sandbox.connect()
    assert settings["webhook_secrets"] == []
    old = {"authorization": f"Bearer {token(http, settings)}"}
    assert http.get("/api/v1/folders", headers=old).status_code == 200
    control.advance(3600)
    assert http.get("/api/v1/folders", headers=old).status_code == 401
    new = {"authorization": f"Bearer {token(http, settings)}"}
    assert http.get("/api/v1/folders", headers=new).status_code == 200


def test_stuck_job_is_asked_for_over_the_control_api(
    sandbox: PenneoSandbox, control: Control, http: httpx.Client
) -> None:
    """A job stays pending until the fault is cleared."""
    control.fault("stuck_job")
    with pytest.raises(AssertionError, match="pending"):
        send(http, sandbox.connect(), control)
    control.clear_faults()
    assert send(http, sandbox.connect(), control)["signingLinks"]


def test_faults_speak_the_vendors_words(control: Control, http: httpx.Client) -> None:
    """A refusal on demand looks like one of the vendor's own."""
    control.fault("rate_limited", match="/api/v1/folders", retry_after_seconds=3)
    answer = http.get("/api/v1/folders")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    assert answer.json() == {
        "error": "Too Many Requests",
        "message": "Fault on demand",
        "statusCode": 429,
    }
    assert answer.headers["x-penneo-request-id"]


def test_announcement_is_what_a_command_prints(sandbox: PenneoSandbox) -> None:
    """Where it is, how to get in, and nothing else; the settings repeat it."""
    announced = sandbox.announce()
    assert set(announced) == {
        *("base_url", "oauth_url", "client_id", "client_secret"),
        *("api_key", "api_secret", "control_url"),
    }
    settings = sandbox.connect()
    assert settings["environment"] == "sandbox"
    shared = set(announced) & set(settings)
    assert {name: settings[name] for name in shared} == {name: announced[name] for name in shared}
    lease = Path(settings["templates"]["lease"]["document"]).read_bytes()
    assert lease.startswith(b"%PDF-")
