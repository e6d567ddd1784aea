from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.sandbox import Act

if TYPE_CHECKING:
    from tests.penneo.sandbox.conftest import Customer

OLD_PATH = "/api/v1/webhook/subscriptions"


def old(customer: Customer, topic: str, *, confirm: bool = True) -> Any:
    """A legacy subscription."""
    wanted = {"topic": topic, "endpoint": "https://example.com/old"}
    made = json.loads(customer.ask("POST", OLD_PATH, wanted).body)
    (delivery,) = customer.deliveries
    customer.deliveries.clear()
    if confirm:
        token = {"token": json.loads(delivery.body)["Token"]}
        assert customer.ask("POST", f"{OLD_PATH}/{made['id']}/confirm", token).status == 200
    return made


def test_legacy_subscription_is_confirmed_by_a_token_without_content_type(
    customer: Customer,
) -> None:
    """As the vendor's page tells it."""
    wanted = {"topic": "casefile", "endpoint": "https://example.com/old"}
    answer = customer.ask("POST", OLD_PATH, wanted)
    made = json.loads(answer.body)
    assert answer.status == 201
    assert set(made) == {
        *("userId", "customerId", "confirmed", "id", "topic", "endpoint", "created")
    }
    assert (made["confirmed"], made["created"]) == (False, str(int(customer.now.timestamp())))
    (delivery,) = customer.deliveries
    assert delivery.headers == {}
    assert json.loads(delivery.body)["Type"] == "SubscriptionConfirmation"


@pytest.mark.parametrize(
    ("topic", "told"),
    [
        ("casefile", ["sign.casefile.rejected"]),
        ("signer", ["sign.signer.requestActivated", "sign.signer.opened", "sign.signer.rejected"]),
    ],
)
def test_confirmed_legacy_subscription_hears_its_topic_unsigned(
    customer: Customer, topic: str, told: list[str]
) -> None:
    """Nothing in it proves where it comes from."""
    old(customer, topic)
    envelope = customer.send()
    envelope.act(Act.OPEN)
    envelope.act(Act.DECLINE)
    assert all(
        delivery.headers == {"content-type": "application/json"} for delivery in customer.deliveries
    )
    assert customer.told() == told


def test_unconfirmed_legacy_subscription_hears_nothing(customer: Customer) -> None:
    """Not even a test; a wrong token does not confirm it."""
    path = f"{OLD_PATH}/{old(customer, 'casefile', confirm=False)['id']}"
    for body in ({"token": "guess"}, {}, b"{"):
        assert customer.ask("POST", f"{path}/confirm", body).status == 400
    assert customer.ask("POST", f"{path}/test").status == 400
    customer.send().act(Act.DECLINE)
    assert customer.told() == []


def test_legacy_subscription_can_be_tested_listed_and_deleted(customer: Customer) -> None:
    """The rest of its life."""
    made = old(customer, "casefile")
    path = f"{OLD_PATH}/{made['id']}"
    assert customer.ask("POST", f"{path}/test").status == 204
    assert customer.told() == ["webhook.subscription.test"]
    assert customer.read(OLD_PATH) == [{**made, "confirmed": True}]
    assert customer.ask("DELETE", path).status == 204
    assert customer.ask("DELETE", path).status == 404
    customer.send().act(Act.DECLINE)
    assert customer.told() == []


@pytest.mark.parametrize(
    "wanted", [{"topic": "documents", "endpoint": "https://example.com/"}, {"topic": "casefile"}]
)
def test_bad_legacy_subscriptions_are_refused(customer: Customer, wanted: dict[str, str]) -> None:
    """Two topics, and an address."""
    assert customer.ask("POST", OLD_PATH, wanted).status == 400
