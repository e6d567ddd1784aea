"""The legacy webhook service: confirmed by a token, and unsigned.

Source: the vendor's page on webhooks (seed, V), unless a line says otherwise.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from esign_core.sandbox import Delivery, VendorRequest, VendorResponse
from esign_penneo.sandbox.account import CUSTOMER_ID, USER_ID, Ids
from esign_penneo.sandbox.events import EventType, Occurrence
from esign_penneo.sandbox.fields import Field, one_of, record, text, url
from esign_penneo.sandbox.refusals import Refused, sign_refusal
from esign_penneo.sandbox.webhooks import event_body, payload

TOPICS = {
    "casefile": {
        EventType.CASE_FILE_COMPLETED,
        EventType.CASE_FILE_EXPIRED,
        EventType.CASE_FILE_REJECTED,
        EventType.CASE_FILE_FAILED,
    },
    "signer": {
        EventType.SIGNER_REQUEST_ACTIVATED,
        EventType.SIGNER_REQUEST_SENT,
        EventType.SIGNER_REMINDER_SENT,
        EventType.SIGNER_REQUEST_OPENED,
        EventType.SIGNER_UNDELIVERABLE,
        EventType.SIGNER_OPENED,
        EventType.SIGNER_REJECTED,
        EventType.SIGNER_SIGNED,
        EventType.SIGNER_FINALIZED,
        EventType.SIGNER_DELETED,
    },
}
_CREATE = record(
    {
        "topic": Field(one_of(*TOPICS), required=True),
        "endpoint": Field(url, required=True),
    }
)
_CONFIRM = record({"token": Field(text(1), required=True)})


@dataclass
class LegacySubscription:
    """Where a user wants to be told of one topic."""

    id: int
    topic: str
    endpoint: str
    token: str
    created_at: datetime
    confirmed: bool = False

    def to_json(self) -> dict[str, Any]:
        """`created` is a text in the vendor's own example."""
        return {
            "userId": USER_ID,
            "customerId": CUSTOMER_ID,
            "confirmed": self.confirmed,
            "id": self.id,
            "topic": self.topic,
            "endpoint": self.endpoint,
            "created": str(int(self.created_at.timestamp())),
        }


class LegacyWebhooks:
    """Subscriptions that are confirmed by hand and told without proof."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._subscriptions: dict[int, LegacySubscription] = {}
        self._outbox: list[Delivery] = []

    def create(self, request: VendorRequest, now: datetime) -> VendorResponse:
        """201 (I), and a token on its way to the endpoint, without a Content-Type."""
        data = _read(request, _CREATE)
        subscription = LegacySubscription(
            self._ids.number(), data["topic"], data["endpoint"], self._ids.secret(), now
        )
        self._subscriptions[subscription.id] = subscription
        said = {
            "Type": "SubscriptionConfirmation",
            "Token": subscription.token,
        }  # or `confirmationToken` (X)
        body = json.dumps(said).encode()
        self._outbox.append(
            Delivery(subscription.endpoint, {}, body, "SubscriptionConfirmation", "")
        )
        return VendorResponse.json(201, subscription.to_json())

    def listing(self, _request: VendorRequest, _now: datetime) -> VendorResponse:
        """All of them, a plain list (I)."""
        return VendorResponse.json(200, [each.to_json() for each in self._subscriptions.values()])

    def confirm(
        self, request: VendorRequest, _now: datetime, subscription_id: str
    ) -> VendorResponse:
        """Confirm with the token that came to the endpoint; any other is refused (I)."""
        subscription = self._find(subscription_id)
        token = _read(request, _CONFIRM)["token"]
        if not hmac.compare_digest(token.encode(), subscription.token.encode()):
            raise sign_refusal(400, "The token does not match")
        subscription.confirmed = True
        return VendorResponse.json(200, subscription.to_json())

    def test(self, _request: VendorRequest, now: datetime, subscription_id: str) -> VendorResponse:
        """Send a notification of the topic to the endpoint; its content is ours (I)."""
        subscription = self._find(subscription_id)
        if not subscription.confirmed:
            raise sign_refusal(400, "The subscription is not confirmed")
        body = event_body(EventType.TEST, now, {"id": subscription.id})
        self._outbox.append(_delivery(subscription, EventType.TEST, "", body))
        return VendorResponse(204)

    def delete(
        self, _request: VendorRequest, _now: datetime, subscription_id: str
    ) -> VendorResponse:
        """204 (I)."""
        del self._subscriptions[self._find(subscription_id).id]
        return VendorResponse(204)

    def deliveries(self, occurrences: Iterable[Occurrence]) -> list[Delivery]:
        """What goes out for `occurrences`; nothing to a subscription that is not confirmed."""
        out, self._outbox = self._outbox, []
        for occurrence in occurrences:
            body = event_body(occurrence.type, occurrence.at, payload(occurrence))
            out += [
                _delivery(each, occurrence.type, str(occurrence.case_file_id), body)
                for each in self._subscriptions.values()
                if each.confirmed and occurrence.type in TOPICS[each.topic]
            ]
        return out

    def _find(self, subscription_id: str) -> LegacySubscription:
        found = self._subscriptions.get(int(subscription_id))
        if found is None:
            raise sign_refusal(404, "Subscription not found")
        return found


def _delivery(to: LegacySubscription, event: EventType, subject: str, body: bytes) -> Delivery:
    return Delivery(to.endpoint, {"content-type": "application/json"}, body, event.value, subject)


def _read(request: VendorRequest, check: Any) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(request.body)
    except ValueError:
        raise _unreadable() from None
    if problems := check("body", data):
        raise sign_refusal(400, "; ".join(problems))
    return data


def _unreadable() -> Refused:
    return sign_refusal(400, "The body must be JSON")
