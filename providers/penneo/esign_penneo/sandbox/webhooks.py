"""The current webhook service: subscriptions, and deliveries signed over time, headers and body."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from esign_core.sandbox import Delivery, VendorRequest, VendorResponse
from esign_penneo.sandbox.account import CUSTOMER_ID, Behaviour, Ids
from esign_penneo.sandbox.events import EventType, Occurrence
from esign_penneo.sandbox.fields import Field, flag, many, one_of, record, url
from esign_penneo.sandbox.refusals import send_refusal

SIGNED_HEADERS = ("x-event-id", "x-event-type")  # I, strong: Hook0's default
UNTRUSTED_STATUS = 2  # the vendor's own sample pairs `completed` with it (V)
_RECORD = record(
    {
        "endpoint": Field(url, required=True),
        "eventTypes": Field(many(one_of(*map(str, EventType)), least=1), required=True),
        "isActive": Field(flag),
    }
)


@dataclass
class Subscription:
    """Where a customer wants to be told of what."""

    id: str
    secret: str
    endpoint: str
    event_types: list[str]
    is_active: bool

    def to_json(self) -> dict[str, Any]:
        """Without the secret: it "may not be shown again" (V)."""
        return {
            "id": self.id,
            "customerId": CUSTOMER_ID,
            "isActive": self.is_active,
            "eventTypes": self.event_types,
            "endpoint": self.endpoint,
        }


class Webhooks:
    """Subscriptions of the account and what goes out to them."""

    def __init__(self, behaviour: Behaviour, ids: Ids) -> None:
        self._behaviour = behaviour
        self._ids = ids
        self._subscriptions: dict[str, Subscription] = {}
        self._tests: list[Subscription] = []

    def subscribe(self, endpoint: str) -> str:
        """The secret of a subscription to everything, as an administrator makes it once."""
        for each in self._subscriptions.values():
            if each.endpoint == endpoint:
                return each.secret
        every = [event.value for event in EventType]
        made = Subscription(self._ids.uuid(), self._ids.uuid(), endpoint, every, is_active=True)
        self._subscriptions[made.id] = made
        return made.secret

    def create(self, request: VendorRequest, _now: datetime) -> VendorResponse:
        """201 with the secret; 409 for an endpoint that is subscribed already (V)."""
        wanted = self._read(request)
        subscription = Subscription(self._ids.uuid(), self._ids.uuid(), *wanted)
        self._subscriptions[subscription.id] = subscription
        return VendorResponse.json(201, {**subscription.to_json(), "secret": subscription.secret})

    def listing(self, _request: VendorRequest, _now: datetime) -> VendorResponse:
        """All of them: `{items: [...]}` (V)."""
        items = [each.to_json() for each in self._subscriptions.values()]
        return VendorResponse.json(200, {"items": items})

    def show(self, _request: VendorRequest, _now: datetime, subscription_id: str) -> VendorResponse:
        """One of them."""
        return VendorResponse.json(200, self._find(subscription_id).to_json())

    def replace(
        self, request: VendorRequest, _now: datetime, subscription_id: str
    ) -> VendorResponse:
        """Replace everything but id and secret; 200 here, 204 elsewhere (X)."""
        found = self._find(subscription_id)
        found.endpoint, found.event_types, found.is_active = self._read(request, found)
        return VendorResponse.json(200, found.to_json())

    def delete(
        self, _request: VendorRequest, _now: datetime, subscription_id: str
    ) -> VendorResponse:
        """204."""
        del self._subscriptions[self._find(subscription_id).id]
        return VendorResponse(204)

    def test(self, request: VendorRequest, _now: datetime) -> VendorResponse:
        """Set off `webhook.subscription.test` to every active subscription (I: to which)."""
        if request.body not in {b"{}", b""}:
            raise send_refusal(400, "The body must be {}")
        self._tests += [each for each in self._subscriptions.values() if each.is_active]
        return VendorResponse(204)

    def deliveries(self, occurrences: Iterable[Occurrence], now: datetime) -> list[Delivery]:
        """What goes out for `occurrences`, signed with the time of sending."""
        out: list[Delivery] = []
        tests, self._tests = self._tests, []
        for each in tests:
            body = event_body(EventType.TEST, now, {"id": each.id})
            out.append(_delivery(each, _Message(EventType.TEST, self._ids.uuid(), "", body), now))
        for occurrence in occurrences:
            message = _Message(
                occurrence.type,
                self._ids.uuid(),
                str(occurrence.case_file_id),
                event_body(occurrence.type, occurrence.at, payload(occurrence)),
            )
            out += [
                _delivery(each, message, now)
                for each in self._subscriptions.values()
                if each.is_active and occurrence.type in each.event_types
            ]
        return out

    def _find(self, subscription_id: str) -> Subscription:
        if subscription_id not in self._subscriptions:
            raise send_refusal(404, "Subscription not found")
        return self._subscriptions[subscription_id]

    def _read(
        self, request: VendorRequest, but: Subscription | None = None
    ) -> tuple[str, list[str], bool]:
        try:
            data = json.loads(request.body)
        except ValueError:
            raise send_refusal(400, "The body must be JSON") from None
        if problems := _RECORD("body", data):
            raise send_refusal(400, [problem.removeprefix("body.") for problem in problems])
        others = [each for each in self._subscriptions.values() if each is not but]
        if any(each.endpoint == data["endpoint"] for each in others):
            raise send_refusal(409, "A subscription for this endpoint exists")
        active = data.get("isActive", True)  # I
        if (
            active
            and sum(each.is_active for each in others) >= self._behaviour.active_subscriptions
        ):
            raise send_refusal(400, "Too many active subscriptions")  # I: the number of the answer
        return data["endpoint"], data["eventTypes"], active


def payload(occurrence: Occurrence) -> dict[str, Any]:
    """What the body says about the occurrence.

    Source: the case-file topic's is the vendor's sample (V); the signer topic's is a third
    party's reading (T).
    """
    if occurrence.signer_id is None:
        return {"id": occurrence.case_file_id, "status": UNTRUSTED_STATUS}
    return {"id": occurrence.signer_id, "caseFile": {"id": occurrence.case_file_id}}


def event_body(event: EventType, at: datetime, said: dict[str, Any]) -> bytes:
    """The body of both services: the old shape, with short names (V)."""
    time = {"date": f"{at:%Y-%m-%d %H:%M:%S.%f}", "timezone_type": 3, "timezone": "UTC"}
    body = {"topic": event.topic, "eventType": event.short_name, "eventTime": time, "payload": said}
    return json.dumps(body, separators=(",", ":")).encode()


@dataclass(frozen=True)
class _Message:
    """One event, the same for everybody who hears of it."""

    event: EventType
    id: str
    subject: str
    body: bytes


def _delivery(to: Subscription, message: _Message, now: datetime) -> Delivery:
    headers = {
        "content-type": "application/json",
        "x-event-id": message.id,
        "x-event-type": message.event.value,
    }
    headers["x-event-signature"] = _signature(to.secret, headers, message.body, now)
    return Delivery(to.endpoint, headers, message.body, message.event.value, message.subject)


def _signature(secret: str, headers: dict[str, str], body: bytes, now: datetime) -> str:
    """`t=<unix s>,h=<header names>,v1=<hex>`: HMAC-SHA256 over time, names, values and body (T)."""
    time, names = str(int(now.timestamp())), " ".join(SIGNED_HEADERS)
    values = ".".join(headers[name] for name in SIGNED_HEADERS)
    signed = f"{time}.{names}.{values}.".encode() + body
    return f"t={time},h={names},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"
