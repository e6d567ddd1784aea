"""A customer of the simulated vendor, in virtual time: written from the vendor's documents."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from esign_core.sandbox import Act, Delivery, VendorRequest, VendorResponse
from esign_penneo.sandbox import Behaviour, PenneoVendor

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
CREATE = "/send/api/v1/casefiles/20251022/create"
CREATE_JSON = "/send/api/v1/casefiles/json/20251022/create-sandbox-base64"
STATUS = "/send/api/v1/queue/public/status"


class Customer:
    """Calls the vendor, keeps what it delivers, and lets time pass."""

    def __init__(self, behaviour: Behaviour | None = None, *, seed: int = 1) -> None:
        self.vendor = PenneoVendor(seed=seed, behaviour=behaviour)
        self.now = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
        self.deliveries: list[Delivery] = []
        self._nonces = 0

    def call(
        self,
        method: str,
        path: str,
        body: object = b"",
        *,
        headers: Mapping[str, str] | None = None,
        **query: str,
    ) -> VendorResponse:
        """One request, as given; what is no bytes goes out as JSON."""
        sent = dict(headers or {})
        if not isinstance(body, bytes):
            body, sent = json.dumps(body).encode(), {"content-type": "application/json", **sent}
        request = VendorRequest(method, path, query, sent, body)
        answer, deliveries = self.vendor.handle(request, self.now)
        self.deliveries += deliveries
        return answer

    def ask(
        self, method: str, path: str, body: object = b"", *, accept: str = "", **query: str
    ) -> VendorResponse:
        """One request to the Sign or the webhook API, logged in."""
        headers = {"authorization": f"Bearer {self.token()}", "accept": accept}
        return self.call(method, path, body, headers=headers, **query)

    def read(self, path: str, **query: str) -> Any:
        """The JSON behind a path that must answer 200."""
        answer = self.ask("GET", path, **query)
        assert answer.status == 200, answer
        return json.loads(answer.body)

    def api_keys(self, **changed: str) -> dict[str, str]:
        """A good token request, with `changed` fields that spoil it."""
        known = self.vendor.credentials
        self._nonces += 1
        raw = hashlib.sha256(str(self._nonces).encode()).digest()
        created_at = f"{self.now:%Y-%m-%dT%H:%M:%S}.{self.now.microsecond // 1000:03}Z"
        created_at = changed.get("created_at", created_at)
        digest = hashlib.sha1(  # noqa: S324
            raw + created_at.encode() + known.api_secret.encode()
        ).digest()
        return {
            "grant_type": "api_keys",
            "client_id": known.client_id,
            "client_secret": known.client_secret,
            "key": known.api_key,
            "nonce": base64.b64encode(raw).decode(),
            "created_at": created_at,
            "digest": base64.b64encode(digest).decode(),
            **changed,
        }

    def token(self) -> str:
        """A fresh access token."""
        answer = self.call("POST", "/oauth/token", self.api_keys())
        assert answer.status == 200, answer
        return str(json.loads(answer.body)["access_token"])

    def create(self, case_file: object, files: Sequence[tuple[str, bytes]]) -> VendorResponse:
        """The create call as a form."""
        data = json.dumps({"caseFile": case_file})
        headers = {"x-auth-token": self.token(), "content-type": "multipart/form-data; boundary=X"}
        return self.call("POST", CREATE, form(data, files), headers=headers)

    def post(self, *signers: dict[str, Any], **case_file: Any) -> dict[str, str]:
        """The job handle of a lease for `signers`, without waiting."""
        answer = self.create(lease(*signers, **case_file), [("lease.pdf", PDF)])
        assert answer.status == 200, answer
        job = json.loads(answer.body)["jobs"][0]
        return {"uuid": job["uuid"], "payloadHash": job["payloadHash"]}

    def poll(self, handle: dict[str, str]) -> Any:
        """How far the job is."""
        return json.loads(self.call("POST", STATUS, handle).body)

    def send(self, *signers: dict[str, Any], **case_file: Any) -> Envelope:
        """A lease for `signers`, its job done."""
        handle = self.post(*signers, **case_file)
        self.wait(seconds=2)
        data = self.poll(handle)["result"]["data"]
        return Envelope(self, data["caseFile"]["id"], data["signingLinks"])

    def wait(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)
        self.deliveries += self.vendor.advance(self.now)

    def told(self) -> list[str]:
        """What webhooks told since the last time, by event."""
        events = [delivery.event for delivery in self.deliveries]
        self.deliveries.clear()
        return events

    def ledger(self) -> list[tuple[str, str]]:
        """What happened to whom."""
        return [(entry.what, entry.signer) for entry in self.vendor.ledger]


class Envelope:
    """One case file of a customer."""

    def __init__(self, customer: Customer, id_: int, links: list[dict[str, Any]]) -> None:
        self.customer = customer
        self.id = id_
        self.links = links
        self.path = f"/api/v1/casefiles/{id_}"

    def act(self, act: Act, signer: int = 0, reason: str = "") -> None:
        """A signer, by place, does something on the page."""
        customer, token = self.customer, self.token(signer)
        customer.deliveries += customer.vendor.act(token, act, customer.now, reason)

    def sign_all(self) -> None:
        """Everybody signs, in the order of the links."""
        for place in range(len(self.links)):
            self.act(Act.SIGN, place)

    def token(self, signer: int = 0) -> str:
        """The secret end of a signing link."""
        return str(self.links[signer]["signingLink"].rpartition("/")[2])

    def state(self, signer: int = 0) -> str:
        """What the page of a signer says."""
        page = self.customer.vendor.page(self.token(signer))
        assert page is not None
        return page.state

    def json(self) -> Any:
        """The case file, as the Sign API has it."""
        return self.customer.read(self.path)

    def status(self) -> int:
        """Its number."""
        return int(self.json()["status"])


def lease(*signers: dict[str, Any], **case_file: Any) -> dict[str, Any]:
    """A case file with one document."""
    document = {"name": "lease.pdf", "title": "Lease"}
    return {
        "title": "Lease 14",
        "signers": list(signers) or [{"name": "Jane Doe"}],
        "documents": [document],
        **case_file,
    }


def form(data: str, files: Sequence[tuple[str, bytes]], boundary: str = "X") -> bytes:
    """A multipart form of part `data` and parts `files`."""
    parts = [f'Content-Disposition: form-data; name="data"\r\n\r\n{data}'.encode()]
    for name, content in files:
        head = f'Content-Disposition: form-data; name="files"; filename="{name}"\r\n'
        parts.append(f"{head}Content-Type: application/pdf\r\n\r\n".encode() + content)
    mark = f"--{boundary}".encode()
    return b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"


@pytest.fixture
def open_account() -> Callable[..., Customer]:
    """Makes customers of vendors that behave as told."""
    return lambda seed=1, **behaviour: Customer(Behaviour(**behaviour), seed=seed)


@pytest.fixture
def customer() -> Customer:
    """Of a vendor that behaves as usual."""
    return Customer()
