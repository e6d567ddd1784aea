from __future__ import annotations

from typing import Any

import pytest

from esign_core.errors import Refused
from esign_core.testing import replay, reply
from esign_penneo import PenneoProvider
from esign_penneo.statuses import SUBSCRIBED, WEBHOOK
from esign_penneo.webhooks import PenneoWebhooks


def test_a_subscription_asks_for_everything_that_tells_something(
    webhooks: PenneoWebhooks,
) -> None:
    """Its secret is there once, and in no repr."""
    made: dict[str, Any] = {
        "id": "0194-uuid",
        "customerId": 2,
        "isActive": True,
        "secret": "secret-canary",
        "eventTypes": [],
        "endpoint": "https://example.com/webhooks/penneo",
    }
    asked = replay(webhooks.subscribe(made["endpoint"]), [reply(made, status=201)])
    (request,) = asked.requests
    assert (request.method, request.path) == ("POST", "/webhook/api/v1/subscriptions")
    assert request.json["endpoint"] == made["endpoint"]
    assert request.json["isActive"] is True
    assert set(request.json["eventTypes"]) == set(SUBSCRIBED)
    assert set(WEBHOOK) - set(SUBSCRIBED) == {
        "sign.signer.transientBounce",
        "webhook.subscription.test",
    }
    assert (asked.answer.id, asked.answer.secret) == ("0194-uuid", "secret-canary")
    assert asked.answer.is_confirmed
    assert "canary" not in repr(asked.answer)


@pytest.mark.parametrize(("status", "told"), [(409, "for this address already"), (400, "No")])
def test_a_refused_subscription_says_what_to_do(
    provider: PenneoProvider, webhooks: PenneoWebhooks, status: int, told: str
) -> None:
    """The same address twice is told in words that help; anything else as Penneo says it."""
    error = provider.explain(reply({"message": "No."}, status=status))
    with pytest.raises(Refused, match=told) as caught:
        replay(webhooks.subscribe("https://example.com"), [error])
    assert caught.value.status_code == status


def test_subscriptions_are_listed_without_their_secrets(webhooks: PenneoWebhooks) -> None:
    """They may be shown again, and are not kept."""
    items = [{"id": "0194", "endpoint": "https://example.com", "secret": "canary"}]
    (found,) = replay(webhooks.subscriptions(), [reply({"items": items})]).answer
    assert (found.id, found.url, found.secret) == ("0194", "https://example.com", None)


def test_each_generation_has_its_own_address(webhooks: PenneoWebhooks) -> None:
    """Ids are UUIDs in the current service and numbers in the legacy one."""
    ended = [
        replay(webhooks.unsubscribe(each), [reply(status=204)]).requests[0]
        for each in ("0194-ab", "17")
    ]
    assert [(r.method, r.path) for r in ended] == [
        ("DELETE", "/webhook/api/v1/subscriptions/0194-ab"),
        ("DELETE", "/api/v1/webhook/subscriptions/17"),
    ]
    tested = [
        replay(webhooks.test(each), [reply(status=204)]).requests[0] for each in ("0194-ab", "17")
    ]
    assert [(r.method, r.path, r.json) for r in tested] == [
        ("POST", "/webhook/api/v1/subscriptions/test", {}),
        ("POST", "/api/v1/webhook/subscriptions/17/test", None),
    ]


def test_a_legacy_subscription_is_confirmed_with_its_token(webhooks: PenneoWebhooks) -> None:
    """The token goes back as it came."""
    (request,) = replay(webhooks.confirm("17", "token"), [reply(status=200)]).requests
    assert request.path == "/api/v1/webhook/subscriptions/17/confirm"
    assert request.json == {"token": "token"}
