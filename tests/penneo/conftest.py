"""What Penneo publishes, word for word; a provider to read it with; the simulator in memory."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl, urlsplit

import pytest

from esign_core.engine import Session, call
from esign_core.engine.effects import WireRequest
from esign_core.engine.simulate import SimulatedDriver, VirtualClock
from esign_core.errors import Uncertain
from esign_core.model import Document, EnvelopeDraft, Job, Signer, Snapshot, WebhookRequest
from esign_core.provider import Flow, Registry, Response
from esign_core.sandbox import VendorRequest
from esign_core.service.opening import open_session
from esign_core.testing import reply
from esign_penneo import PenneoProvider, PenneoSettings
from esign_penneo.sandbox import Behaviour, PenneoVendor
from esign_penneo.webhooks import PenneoWebhooks

NOW = datetime(2026, 1, 16, 10, 24, 20, tzinfo=UTC)
CREDENTIALS = {
    "client_id": "client",
    "client_secret": "client-secret-canary",
    "api_key": "api-key-canary",
    "api_secret": "api-secret-canary",
}

SECRET = b"webhook-secret-canary"
SENT_AT = 1739970116
BODY = (
    b'{"topic":"casefile","eventType":"completed","eventTime":{"date":"2025-02-19 '
    b'13:01:55.517791","timezone_type":3,"timezone":"UTC"},"payload":{"id":531,"status":2}}'
)
"""The vendor's own sample."""

T = TypeVar("T")
MakeProvider = Callable[..., PenneoProvider]
MakeDraft = Callable[..., EnvelopeDraft]
MakeCaseFile = Callable[..., dict[str, Any]]
MakeLog = Callable[..., Response]
Delivery = Callable[..., WebhookRequest]


class World:
    """The simulated vendor in virtual time, and the line to it."""

    def __init__(self, behaviour: Behaviour | None = None, **settings: Any) -> None:
        self.clock = VirtualClock()
        self.driver = SimulatedDriver(clock=self.clock)
        self.vendor = PenneoVendor(behaviour=behaviour)
        known = self.vendor.credentials
        self.settings = {
            "base_url": "https://penneo.example",
            "oauth_url": "https://penneo.example",
            "client_id": known.client_id,
            "client_secret": known.client_secret,
            "api_key": known.api_key,
            "api_secret": known.api_secret,
            **settings,
        }
        self.open_session: Callable[..., Session] = partial(open_session, line=cast("Any", self))
        self.session = self.open_session(
            Registry.installed(), "penneo", self.settings, clock=self.clock.now
        )
        self.requests: list[str] = []
        self.loses = ""
        """The end of a path; the next answer from there is lost on its way back."""

    def ask(self, flow: Flow[T]) -> T:
        """What a flow of the provider answers: the vendor is asked whatever `check` says."""
        return self.driver.run(call(self.session, flow, operation="ask"))

    def send(self, draft: EnvelopeDraft) -> str:
        """The id of the case file that is made of a draft."""
        job = self.ask(self.session.provider.send(draft))
        assert isinstance(job, Job)
        self.wait(seconds=2)
        made = self.ask(self.session.provider.poll(job))
        assert isinstance(made, Snapshot)
        return made.remote_id

    def wait(self, **by: float) -> None:
        """Let time pass, for the vendor and for its customer."""
        self.clock.pass_time(timedelta(**by).total_seconds())
        self.vendor.advance(self.clock.now())

    def told(self, what: str) -> list[Any]:
        """The entries of the vendor's ledger about this."""
        self.vendor.advance(self.clock.now())
        return [entry for entry in self.vendor.ledger if entry.what == what]

    def record(self, remote_id: str) -> Any:
        """The case file, as the vendor has it on record."""
        return self.vendor._case_files.by_id[int(remote_id)]

    def exchange(self, request: WireRequest, *, is_reading: bool, is_repeatable: bool) -> Response:
        del is_reading, is_repeatable
        address = urlsplit(request.url)
        body = request.body if isinstance(request.body, bytes) else b"".join(request.body)
        headers = {name.lower(): value for name, value in request.headers.items()}
        query = dict(parse_qsl(address.query))
        asked = VendorRequest(request.method, address.path, query, headers, body)
        self.requests.append(f"{request.method} {address.path}")
        answer, _ = self.vendor.handle(asked, self.clock.now())
        if self.loses and address.path.endswith(self.loses):
            self.loses = ""
            raise Uncertain("no answer.")
        return Response(answer.status, dict(answer.headers), answer.body)

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def open_world() -> Callable[..., World]:
    """Opens worlds whose vendor behaves as told, with settings of one's choice."""
    return World


@pytest.fixture
def world() -> World:
    """A world as usual."""
    return World()


@pytest.fixture
def make_provider() -> MakeProvider:
    """A provider with settings of one's choice, at a time that stands still."""

    def make(**settings: Any) -> PenneoProvider:
        given = PenneoSettings.model_validate({**CREDENTIALS, **settings})
        return PenneoProvider(given, clock=lambda: NOW)

    return make


@pytest.fixture
def provider(make_provider: MakeProvider) -> PenneoProvider:
    """A provider for one account."""
    return make_provider()


@pytest.fixture
def make_draft() -> MakeDraft:
    """A draft of one PDF, for Jane Doe unless somebody else is named."""

    def make(**fields: Any) -> EnvelopeDraft:
        mark = fields.pop("mark", None)
        given: dict[str, Any] = {
            "title": "Lease 14",
            "documents": (Document.from_bytes(b"%PDF-1.7 lease", name="lease.pdf"),),
            "signers": (Signer(name="Jane Doe", email="jane@example.com"),),
        }
        draft = EnvelopeDraft(**{**given, **fields})
        return draft.marked(mark) if mark else draft

    return make


@pytest.fixture
def job_answer() -> dict[str, Any]:
    """The published answer about a finished job, with its two signing links."""
    return {
        "uuid": "550e8400-e29b-41d4-a716-4...",
        "type": "etl-queue",
        "payloadHash": "a1b2c3d4e5f6...",
        "jobStatus": "completed",
        "errorMessage": None,
        "retries": 0,
        "maxRetries": 0,
        "createdAt": "2026-01-16T10:24:20.721Z",
        "updatedAt": "2026-01-16T10:24:24.427Z",
        "result": {
            "data": {
                "caseFile": {"id": 1234567},
                "signingLinks": [
                    {
                        "name": "Mads 1",
                        "role": "Signer",
                        "signerId": 1234567,
                        "signingLink": "https://sandbox.penneo.com/signing/<unique>",
                    },
                    {
                        "name": "Mads 2",
                        "role": "Signer",
                        "signerId": 1234576,
                        "signingLink": "https://sandbox.penneo.com/signing/<unique>",
                    },
                ],
            },
            "errors": None,
            "success": True,
        },
    }


@pytest.fixture
def make_case_file() -> MakeCaseFile:
    """A case file with two signers and two documents, one of them an attachment."""

    def make(status: Any = 1, **fields: Any) -> dict[str, Any]:
        return {
            "userId": 1,
            "customerId": 2,
            "id": 531,
            "title": "Lease 14",
            "status": status,
            "created": 1768558000,
            "activated": 1768558060,
            "updated": 1768560000,
            "expireAt": 1769000000,
            "language": "en",
            "ccRecipients": [],
            "reference": None,
            "metaData": '{"esign":"esign:env_1","lease":"14"}',
            "signers": [
                {
                    "id": 71,
                    "name": "Jane Doe",
                    "email": "jane@example.com",
                    "role": "tenant",
                    "signOrder": 0,
                    "signingLink": "https://app.penneo.com/signing/canary",
                },
                {"id": 72, "name": "John Roe", "role": "owner", "signOrder": 1},
            ],
            "documents": [
                {"id": 91, "name": "lease.pdf", "title": "Lease", "signable": True},
                {"id": 92, "title": "House rules", "signable": False},
            ],
            **fields,
        }

    return make


@pytest.fixture
def make_log() -> MakeLog:
    """The answer with a signer's log: pairs of an event's number and its time."""

    def make(*lines: tuple[int, int]) -> Response:
        return reply([{"eventType": number, "eventTime": at} for number, at in lines])

    return make


@pytest.fixture
def webhooks(provider: PenneoProvider) -> PenneoWebhooks:
    """The facet under test."""
    return provider.webhooks


@pytest.fixture
def delivery() -> Delivery:
    """A delivery of the current service, signed as it is documented."""

    def make(
        body: bytes | dict[str, Any] = BODY,
        *,
        event: str = "sign.casefile.completed",
        names: str = "x-event-id x-event-type",
        at: int = SENT_AT,
        secret: bytes = SECRET,
        **headers: str,
    ) -> WebhookRequest:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"x-event-id": "0194-ab", "x-event-type": event, **headers}
        values = ".".join(sent[name.lower()] for name in names.split())
        signed = f"{at}.{names}.{values}.".encode() + raw
        digest = hmac.new(secret, signed, hashlib.sha256).hexdigest()
        sent["x-event-signature"] = f"t={at},h={names},v1={digest}"
        return WebhookRequest.of(sent, raw)

    return make
