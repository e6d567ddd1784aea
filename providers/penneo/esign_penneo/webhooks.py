"""Penneo's deliveries, of both generations: the current service signs them, the legacy one not.

Source: PHP, NET, Postman (V) for the current service, the seed's webhooks page (V) for the legacy
one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from esign_core.errors import Refused, WebhookRejected
from esign_core.model import (
    Authenticity,
    Notice,
    SignerNotice,
    Subscription,
    Verified,
    WebhookRequest,
)
from esign_core.provider import BadJson, Flow, Request, Webhooks, read_json
from esign_penneo.paths import path
from esign_penneo.redaction import without_secrets
from esign_penneo.signature import Signature
from esign_penneo.statuses import SUBSCRIBED, WEBHOOK, Meaning
from esign_penneo.times import moment
from esign_penneo.wire import WireSubscription, read, read_all

TOLERANCE = timedelta(minutes=5)  # integrator, T; Hook0's default too (I)

_CURRENT = "/webhook/api/v1/subscriptions"  # PHP, NET, Postman, V
_LEGACY = "/api/v1/webhook/subscriptions"  # seed, V
_FRESH = Verified(Authenticity.SIGNED_FRESH)
_LATE = Verified(Authenticity.SIGNED_FRESH, is_late=True)
_UNSIGNED = Verified(Authenticity.NONE)
_UNKNOWN = Meaning(needs_fetch=True)
_NOTHING = Meaning()
_TOKEN = ("Token", "confirmationToken", "token")  # X: seed's readers and SDKs differ; last one I
_CASE_FILE_ID = (
    ("caseFile", "id"),  # T
    ("casefile", "id"),  # I
    ("caseFileId",),  # I
    ("casefileId",),  # I
    ("case_file_id",),  # I
    ("caseFile",),  # I
    ("casefile",),  # I
)
"""Where a signer's event may say which case file it is about; its body is not documented."""


class PenneoWebhooks(Webhooks):
    """Deliveries from Penneo, and the subscriptions that they come from.

    Ids of the current service are UUIDs, of the legacy service numbers (V): they tell which one a
    subscription belongs to. New ones are always made with the current service.
    """

    def verify(self, request: WebhookRequest, secrets: Sequence[bytes], now: datetime) -> Verified:
        """How far a delivery is proven: the signature covers the body, its time and headers.

        The legacy service signs nothing, so what it sends is never more than a hint.

        Raises:
            WebhookRejected: The signature is malformed or wrong, a header that it covers is
                missing, or there is no secret to check it with.

        Source: see `signature` (T).
        """
        signature = Signature.of(request)
        if signature is None:
            return _UNSIGNED
        if not secrets:
            raise WebhookRejected(
                "no_secret", "a signed delivery came, and webhook_secrets has no secret for it"
            )
        signature.expect_good(request, secrets)
        seconds = abs(now.timestamp() - int(signature.time))
        return _FRESH if seconds <= TOLERANCE.total_seconds() else _LATE

    def parse(self, request: WebhookRequest) -> Sequence[Notice]:
        """What a delivery says: its type and the ids in it, never the status in its body.

        The vendor's own sample pairs "completed" with the status of a rejected case file.

        Raises:
            BadJson: The body is no JSON object.

        Source: PHP, NET, Postman (V); the body of a signer's event is not documented (T).
        """
        data = _object(request)
        signature = Signature.of(request)
        # A header counts only if it is signed: else anybody could say what a body means.
        is_proven = signature is not None and signature.covers("x-event-type")
        event = (is_proven and request.header("x-event-type")) or _event_in(data)
        has_key = signature is not None and signature.covers("x-event-id")
        key = request.header("x-event-id") if has_key else None
        return [_notice(event, data, key)]

    def subscribe(self, url: str) -> Flow[Subscription]:
        """Have Penneo send everything that tells something to `url`; the secret is shown now only.

        Plan for five active ones: sources say five per customer, or a hundred per user (X).

        Raises:
            Refused: There is one for this address already.

        Source: PHP, NET, Postman (V).
        """
        asked = {"endpoint": url, "eventTypes": list(SUBSCRIBED), "isActive": True}
        try:
            reply = yield Request("POST", _CURRENT, json=asked)
        except Refused as error:
            if error.status_code != 409:
                raise
            raise Refused(
                "409, Penneo has a subscription for this address already. Its secret is not shown "
                "again: end it with unsubscribe, then subscribe anew.",
                status_code=409,
                raw=error.raw,
            ) from error
        made = read(WireSubscription, reply)
        return Subscription(made.id, made.endpoint, made.secret)

    def unsubscribe(self, subscription_id: str) -> Flow[None]:
        """Have Penneo stop.

        Raises:
            NotFound: There is no such subscription.

        Source: PHP, NET, Postman, seed (V).
        """
        _ = yield Request("DELETE", path(_service(subscription_id), subscription_id))

    def subscriptions(self) -> Flow[tuple[Subscription, ...]]:
        """The subscriptions of the current service, without their secrets.

        Raises:
            UnreadableAnswer: The answer is no list.

        Source: PHP, NET, Postman (V).
        """
        reply = yield Request("GET", _CURRENT)
        return tuple(Subscription(s.id, s.endpoint) for s in read_all(WireSubscription, reply))

    def confirm(self, subscription_id: str, token: str) -> Flow[None]:
        """Prove that the address of a legacy subscription is ours; current ones need no proof.

        Raises:
            Refused: It is not the token that Penneo sent.

        Source: seed (V).
        """
        _ = yield Request("POST", path(_LEGACY, subscription_id, "confirm"), json={"token": token})

    def confirmation_token(self, request: WebhookRequest) -> str | None:
        """The token in the legacy service's request for confirmation, in both of its spellings.

        It has no usable Content-Type (V), and none is looked at.

        Source: seed (V) for the request, SDKs (X) for its body.
        """
        try:
            data = _object(request)
        except BadJson:
            return None
        if _is_event(data):
            return None
        found = (data.get(name) for name in _TOKEN)
        return next((token for token in found if isinstance(token, str) and token), None)

    def test(self, subscription_id: str) -> Flow[None]:
        """Have Penneo send a delivery that means nothing, to every subscription of the service.

        Raises:
            NotFound: There is no such subscription of the legacy service.

        Source: PHP, NET, Postman, seed (V).
        """
        if _service(subscription_id) == _LEGACY:
            _ = yield Request("POST", path(_LEGACY, subscription_id, "test"))
        else:
            _ = yield Request("POST", f"{_CURRENT}/test", json={})


def _service(subscription_id: str) -> str:
    return _LEGACY if subscription_id.isdecimal() else _CURRENT


def _object(request: WebhookRequest) -> Mapping[str, Any]:
    data = read_json(request.body)
    if not isinstance(data, dict):
        raise BadJson("is no JSON object")
    return data


def _is_event(data: Mapping[str, Any]) -> bool:
    return "topic" in data or "eventType" in data


def _event_in(data: Mapping[str, Any]) -> str:
    """The dotted name of the event in a body, which has it in two short words (V); or nothing."""
    if not _is_event(data):
        return ""
    topic, event = data.get("topic"), data.get("eventType")
    return event if isinstance(event, str) and "." in event else f"sign.{topic}.{event}"


def _notice(event: str, data: Mapping[str, Any], key: str | None) -> Notice:
    meaning = WEBHOOK.get(event, _UNKNOWN) if event else _NOTHING
    payload = data.get("payload")
    payload = payload if isinstance(payload, dict) else {}
    is_about_case_file = event.startswith("sign.casefile.")
    remote_id = _number(payload.get("id")) if is_about_case_file else _case_file_id(payload)
    occurred_at = moment(data.get("eventTime"))
    signers: tuple[SignerNotice, ...] = ()
    if meaning.signer is not None:
        signers = (
            SignerNotice(
                meaning.signer,
                remote_id=_number(payload.get("id")),
                name=_text(payload.get("name")),
                email=_text(payload.get("email")),
                occurred_at=occurred_at,
            ),
        )
    is_whole = remote_id is not None and all(signer.remote_id for signer in signers)
    return Notice(
        remote_id,
        key,
        meaning.status,
        signers,
        # That a signer's turn has come proves that it is out, not since when.
        occurred_at if is_about_case_file else None,
        meaning.needs_fetch or (not is_whole and meaning != _NOTHING),
        without_secrets(data),
    )


def _case_file_id(payload: Mapping[str, Any]) -> str | None:
    return next(filter(None, (_number(_at(payload, *names)) for names in _CASE_FILE_ID)), None)


def _at(data: Any, *names: str) -> Any:
    for name in names:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def _number(value: Any) -> str | None:
    """An id; they are whole numbers (V), and a text of digits is taken too."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    text = str(value)
    return text if text.isdecimal() else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
