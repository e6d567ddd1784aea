"""The simulated Penvio as a pure core: time is an argument, the bucket a dictionary."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from esign_core.sandbox import Act, Delivery, VendorRequest, VendorResponse
from esign_penvio.sandbox import ApiKey, PenvioVendor

START = datetime(2024, 1, 18, 10, 30, tzinfo=UTC)
KEY = "pk_test_full"
READER = "pk_test_reader"
SECRET = "whsec_0123456789"
TENANT = {"email": "jane@example.com", "name": "Jane Doe", "role": "Tenant", "order": 1}
LANDLORD = {"email": "lars@example.com", "name": "Łars Żoë", "role": "Landlord", "order": 2}
LEASE = {"templateId": "tmpl_lease1", "signers": [TENANT, LANDLORD]}


@dataclass
class Account:
    """A customer of the simulated Penvio, who keeps what it sends."""

    vendor: PenvioVendor
    bucket: dict[str, bytes]
    now: datetime = START
    deliveries: list[Delivery] = field(default_factory=list)
    last: VendorResponse = field(default_factory=lambda: VendorResponse(0))

    def ask(self, method: str, path: str, body: Any = None, *, key: str = KEY) -> Any:
        """The body of an answer; the whole answer is `last`."""
        path, _, query = path.partition("?")
        request = VendorRequest(
            method,
            f"/api/v1/esign{path}",
            dict(part.split("=") for part in query.split("&") if part),
            {"authorization": f"Bearer {key}", "content-type": "application/json"},
            b"" if body is None else json.dumps(body).encode(),
        )
        self.last, deliveries = self.vendor.handle(request, self.now)
        self.deliveries += deliveries
        return json.loads(self.last.body)

    def create(self, **fields: Any) -> dict[str, Any]:
        """An envelope, sent, with webhooks."""
        hook = {"webhookUrl": "http://hook.invalid/", "webhookSecret": SECRET}
        answer = self.ask(
            "POST", "/envelopes", {**LEASE, "sendImmediately": True, **hook, **fields}
        )
        assert self.last.status == 201, answer
        return dict(answer["data"])

    def show(self, envelope: dict[str, Any]) -> dict[str, Any]:
        """The envelope as it is now."""
        return dict(self.ask("GET", f"/envelopes/{envelope['id']}")["data"])

    def act(self, name: str, act: Act = Act.SIGN, reason: str = "") -> None:
        """The signer acts on the newest link that was mailed."""
        link = next(e.link for e in reversed(self.vendor.ledger) if e.link and e.signer == name)
        self.deliveries += self.vendor.act(link.rpartition("/")[2], act, self.now, reason)

    def wait(self, **time: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time)
        self.deliveries += self.vendor.advance(self.now)

    def happened(self) -> list[str]:
        """The ledger, in short."""
        return [f"{e.what} {e.signer}".strip() for e in self.vendor.ledger]

    def told(self) -> list[str]:
        """The events of the webhooks."""
        return [delivery.event for delivery in self.deliveries]


@pytest.fixture
def open_account() -> Callable[..., Account]:
    """Makes accounts at vendors that behave as told."""

    def opened(*, has_bucket: bool = True, **options: Any) -> Account:
        bucket: dict[str, bytes] = {}
        put = bucket.__setitem__ if has_bucket else None
        keys = [ApiKey(KEY), ApiKey(READER, frozenset({"esign:read"}))]
        return Account(PenvioVendor(put, keys=keys, **options), bucket)

    return opened


@pytest.fixture
def account(open_account: Callable[..., Account]) -> Account:
    """An account as it is by default."""
    return open_account()
