"""What Penvio publishes, word for word; a provider to read it with; and the simulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from esign_core.model import EnvelopeDraft, Signer, TemplateRef
from esign_core.sandbox import Control, Server
from esign_penvio import PenvioProvider, PenvioSettings
from esign_penvio.sandbox import PenvioSandbox

NOW = datetime(2024, 1, 18, 10, 31, tzinfo=UTC)

MakeProvider = Callable[..., PenvioProvider]
MakeDraft = Callable[..., EnvelopeDraft]


@pytest.fixture
def make_provider() -> MakeProvider:
    """A provider with settings of one's choice, at a time that stands still."""

    def make(**settings: Any) -> PenvioProvider:
        templates = {
            "lease": {"id": "tmpl_abc123", "roles": {"tenant": "Buyer", "owner": "Seller"}}
        }
        given = {"api_key": "pk_live_canary", "templates": templates, **settings}
        return PenvioProvider(PenvioSettings.model_validate(given), clock=lambda: NOW)

    return make


@pytest.fixture
def provider(make_provider: MakeProvider) -> PenvioProvider:
    """A provider for one account."""
    return make_provider()


@pytest.fixture
def make_draft() -> MakeDraft:
    """A draft of the template, for John Doe unless somebody else is named."""

    def make(**fields: Any) -> EnvelopeDraft:
        john = Signer(name="John Doe", email="john@example.com", role="tenant")
        given: dict[str, Any] = {
            "title": "Lease 14",
            "template": TemplateRef("lease"),
            "signers": (john,),
        }
        return EnvelopeDraft(**{**given, **fields})

    return make


@pytest.fixture
def envelope() -> dict[str, Any]:
    """The published answer of Create Envelope."""
    return {
        "id": "env_def456",
        "templateId": "tmpl_abc123",
        "templateName": "Sales Agreement",
        "status": "SENT",
        "signingOrder": "SEQUENTIAL",
        "subject": "Please sign: Sales Agreement",
        "message": "Please review and sign the attached agreement.",
        "signers": [
            {
                "id": "signer_xyz789",
                "email": "john@example.com",
                "name": "John Doe",
                "role": "Buyer",
                "order": 1,
                "status": "SENT",
                "signedAt": None,
                "declinedAt": None,
                "declineReason": None,
            }
        ],
        "metadata": {"orderId": "PO-12345"},
        "webhookUrl": None,
        "expiresAt": "2024-02-01T00:00:00Z",
        "createdAt": "2024-01-18T10:30:00Z",
        "sentAt": "2024-01-18T10:30:00Z",
        "completedAt": None,
        "documentStorageKey": "esign/envelopes/org_abc/env_def456/document.pdf",
        "signedDocumentStorageKey": None,
        "certificateStorageKey": None,
    }


@pytest.fixture
def template() -> dict[str, Any]:
    """The published answer of List Templates, its one entry."""
    return {
        "id": "tmpl_abc123",
        "name": "Sales Agreement",
        "description": "Standard sales agreement template",
        "pageCount": 5,
        "fields": [
            {
                "fieldId": "sig_1",
                "type": "SIGNATURE",
                "label": "Buyer Signature",
                "required": True,
                "page": 5,
            }
        ],
        "createdAt": "2024-01-15T10:30:00Z",
        "updatedAt": "2024-01-20T14:45:00Z",
    }


@pytest.fixture
def delivery() -> dict[str, Any]:
    """The published delivery of the page on the API."""
    return {
        "event": "envelope.signed",
        "timestamp": "2024-01-25T14:30:00Z",
        "data": {
            "envelopeId": "env_def456",
            "status": "IN_PROGRESS",
            "signer": {
                "id": "signer_xyz789",
                "email": "john@example.com",
                "name": "John Doe",
                "signedAt": "2024-01-25T14:30:00Z",
            },
        },
    }


@pytest.fixture
def other_delivery() -> dict[str, Any]:
    """A delivery in the shape of the page on webhooks."""
    return {
        "id": "evt_1",
        "type": "envelope.signed",
        "createdAt": "2024-01-25T14:30:02Z",
        "data": {
            "envelopeId": "env_def456",
            "status": "IN_PROGRESS",
            "completedAt": None,
            "signers": [
                {
                    "id": "signer_xyz789",
                    "email": "john@example.com",
                    "status": "SIGNED",
                    "signedAt": "2024-01-25T14:30:00Z",
                },
                {
                    "id": "signer_uvw456",
                    "email": "mary@example.com",
                    "status": "PENDING",
                    "signedAt": None,
                },
            ],
            "documentStorageKey": None,
            "certificateStorageKey": None,
        },
    }


@dataclass
class Receiver:
    """The customer's end of the webhooks."""

    url: str = ""
    taken: list[tuple[bytes, str]] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        self.taken.append((await request.body(), request.headers["x-penvio-signature"]))
        return Response(status_code=204)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A running receiver."""
    receiver = Receiver()
    server = Server(Starlette(routes=[Route("/hook", receiver.take, methods=["POST"])]))
    server.start()
    receiver.url = f"{server.url}/hook"
    yield receiver
    server.stop()


@pytest.fixture
def sandbox() -> Iterator[PenvioSandbox]:
    """A running simulator."""
    with PenvioSandbox(scale=0.05) as running:
        yield running


@pytest.fixture
def control(sandbox: PenvioSandbox) -> Iterator[Control]:
    """Its control API."""
    with Control(sandbox.control_url) as client:
        yield client
