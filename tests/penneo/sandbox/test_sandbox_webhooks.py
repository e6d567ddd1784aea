from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.sandbox import Act, Delivery

if TYPE_CHECKING:
    from tests.penneo.sandbox.conftest import Customer

PATH = "/webhook/api/v1/subscriptions"
ENDED = ["sign.casefile.completed", "sign.casefile.rejected"]
JANE = {"name": "Jane", "email": "jane@example.com"}


def subscribe(customer: Customer, **fields: Any) -> Any:
    """A new subscription, with its secret."""
    wanted = {"endpoint": "https://example.com/hook", "eventTypes": ENDED, **fields}
    answer = customer.ask("POST", PATH, wanted)
    assert answer.status == 201, answer
    return json.loads(answer.body)


def verifies(delivery: Delivery, secret: str) -> bool:
    """An integrator's own reading of the signature."""
    fields = dict(part.split("=", 1) for part in delivery.headers["x-event-signature"].split(","))
    values = [delivery.headers[name] for name in fields["h"].split(" ")]
    signed = ".".join([fields["t"], fields["h"], *values, ""]).encode() + delivery.body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(digest, fields["v1"])


def test_secret_is_told_once(customer: Customer) -> None:
    """On creation, and never again."""
    made = subscribe(customer)
    secret = made.pop("secret")
    assert set(made) == {"id", "customerId", "isActive", "eventTypes", "endpoint"}
    assert customer.read(f"{PATH}/{made['id']}") == made
    assert customer.read(PATH) == {"items": [made]}
    assert secret not in str(customer.read(PATH))


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"endpoint": "https://example.com/other"}, 201),
        ({"endpoint": "https://example.com/other", "isActive": False}, 201),
        ({}, 409),
        ({"endpoint": "example.com"}, 400),
        ({"endpoint": "https://example.com/other", "eventTypes": []}, 400),
        ({"endpoint": "https://example.com/other", "eventTypes": ["completed"]}, 400),
        ({"endpoint": "https://example.com/other", "isActive": 1}, 400),
        ({"endpoint": "https://example.com/other", "secret": "mine"}, 400),
    ],
)
def test_subscriptions_are_checked(customer: Customer, fields: dict[str, Any], status: int) -> None:
    """Known events, a real address, and one subscription for each address."""
    subscribe(customer)
    wanted = {"endpoint": "https://example.com/hook", "eventTypes": ENDED, **fields}
    assert customer.ask("POST", PATH, wanted).status == status


def test_at_most_five_are_active(customer: Customer) -> None:
    """Inactive ones do not count."""
    *_, last = [subscribe(customer, endpoint=f"https://example.com/{n}") for n in range(5)]
    sixth = {"endpoint": "https://example.com/6", "eventTypes": ENDED, "isActive": True}
    assert customer.ask("POST", PATH, sixth).status == 400
    replaced = {"endpoint": last["endpoint"], "eventTypes": ENDED, "isActive": False}
    assert customer.ask("PUT", f"{PATH}/{last['id']}", replaced).status == 200
    assert customer.ask("POST", PATH, sixth).status == 201


def test_replacing_changes_everything_but_the_secret(customer: Customer) -> None:
    """PUT is no patch."""
    made = subscribe(customer)
    other = subscribe(customer, endpoint="https://example.com/other")
    path = f"{PATH}/{made['id']}"
    wanted = {"endpoint": "https://example.com/new", "eventTypes": ["sign.signer.opened"]}
    assert json.loads(customer.ask("PUT", path, wanted).body)["eventTypes"] == [
        "sign.signer.opened"
    ]
    assert customer.ask("PUT", path, {"endpoint": "https://example.com/new"}).status == 400
    assert customer.ask("PUT", path, {**wanted, "endpoint": other["endpoint"]}).status == 409
    customer.send().act(Act.OPEN)
    (delivery,) = customer.deliveries
    assert delivery.url == "https://example.com/new"
    assert verifies(delivery, made["secret"])


def test_deleted_subscription_hears_nothing(customer: Customer) -> None:
    """204, then 404."""
    path = f"{PATH}/{subscribe(customer)['id']}"
    assert customer.ask("DELETE", path).status == 204
    assert customer.ask("DELETE", path).status == 404
    customer.send().act(Act.DECLINE)
    assert customer.told() == []


def test_test_event_goes_to_active_subscriptions(customer: Customer) -> None:
    """Signed as every other."""
    made = subscribe(customer)
    subscribe(customer, endpoint="https://example.com/off", isActive=False)
    assert customer.ask("POST", f"{PATH}/test", {}).status == 204
    assert customer.ask("POST", f"{PATH}/test", {"a": 1}).status == 400
    (delivery,) = customer.deliveries
    assert delivery.headers["x-event-type"] == "webhook.subscription.test"
    assert verifies(delivery, made["secret"])


def test_signature_covers_time_headers_and_body(customer: Customer) -> None:
    """Whatever is changed, the signature no longer fits."""
    made = subscribe(customer)
    customer.send().act(Act.DECLINE)
    (delivery,) = customer.deliveries
    assert verifies(delivery, made["secret"])
    assert f"t={int(customer.now.timestamp())}," in delivery.headers["x-event-signature"]
    assert not verifies(delivery, "another secret")
    for name, value in (
        ("x-event-id", "0"),
        ("x-event-type", "sign.casefile.completed"),
        ("x-event-signature", delivery.headers["x-event-signature"].replace("t=1", "t=2")),
    ):
        changed = Delivery(delivery.url, {**delivery.headers, name: value}, delivery.body, "", "")
        assert not verifies(changed, made["secret"])
    changed = Delivery(delivery.url, delivery.headers, delivery.body + b" ", "", "")
    assert not verifies(changed, made["secret"])


def test_case_file_event_reads_as_the_vendors_sample(customer: Customer) -> None:
    """Short names, PHP's time, and a status that must not be trusted: 2 with `completed`."""
    subscribe(customer)
    envelope = customer.send()
    envelope.sign_all()
    customer.wait(seconds=1)
    (delivery,) = customer.deliveries
    assert (delivery.event, delivery.subject) == ("sign.casefile.completed", str(envelope.id))
    assert json.loads(delivery.body) == {
        "topic": "casefile",
        "eventType": "completed",
        "eventTime": {
            "date": "2026-11-20 12:00:03.000000",
            "timezone_type": 3,
            "timezone": "UTC",
        },
        "payload": {"id": envelope.id, "status": 2},
    }
    assert envelope.status() == 5


def test_signer_event_names_signer_and_case_file(customer: Customer) -> None:
    """As a third party reads the undocumented body."""
    subscribe(customer, eventTypes=["sign.signer.signed"])
    envelope = customer.send()
    envelope.sign_all()
    body = json.loads(customer.deliveries[0].body)
    assert (body["topic"], body["eventType"]) == ("signer", "signed")
    assert body["payload"]["caseFile"]["id"] == envelope.id
    assert body["payload"]["id"] == envelope.links[0]["signerId"]


def all_events(customer: Customer) -> None:
    """Subscribe to everything."""
    customer.vendor.subscribe("https://example.com/hook")


def test_whole_story_is_told_in_order(customer: Customer) -> None:
    """From activation to the finalized signer; nothing tells that the case file was sent."""
    all_events(customer)
    envelope = customer.send(JANE, {"name": "John", "signOrder": 1})
    envelope.act(Act.OPEN, 0)
    envelope.sign_all()
    customer.wait(seconds=1)
    assert [event.removeprefix("sign.") for event in customer.told()] == [
        "signer.requestActivated",
        "signer.requestSent",
        "signer.requestOpened",
        "signer.opened",
        "signer.signed",
        "signer.requestActivated",
        "signer.signed",
        "casefile.completed",
        "signer.finalized",
        "signer.finalized",
    ]


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ("decline", ["sign.signer.rejected", "sign.casefile.rejected"]),
        ("expire", ["sign.casefile.expired"]),
        ("delete", []),
        ("remind", ["sign.signer.reminderSent"]),
    ],
)
def test_other_ends_are_told(customer: Customer, end: str, told: list[str]) -> None:
    """There is no event for a deleted case file."""
    all_events(customer)
    envelope = customer.send(JANE)
    request = envelope.json()["signers"][0]["signingRequest"]["id"]
    customer.told()
    if end == "decline":
        envelope.act(Act.DECLINE)
    elif end == "expire":
        customer.wait(days=31)
    elif end == "delete":
        customer.ask("DELETE", envelope.path)
    else:
        customer.ask("PATCH", f"/api/v1/signingrequests/{request}/send")
    assert customer.told() == told


def test_failure_is_told(open_account: Callable[..., Customer]) -> None:
    """When the signed documents cannot be made."""
    customer = open_account(documents_fail=True)
    all_events(customer)
    customer.send().sign_all()
    customer.wait(seconds=1)
    assert customer.told()[-1] == "sign.casefile.failed"


def test_every_event_has_its_own_id(customer: Customer) -> None:
    """The same for all who hear of it; repeats are known by it."""
    all_events(customer)
    customer.vendor.subscribe("https://example.com/two")
    customer.send(JANE)
    ids = [delivery.headers["x-event-id"] for delivery in customer.deliveries]
    assert (len(ids), len(set(ids))) == (4, 2)


def test_subscribing_again_gives_the_same_secret(customer: Customer) -> None:
    """An administrator looks the secret up."""
    first = customer.vendor.subscribe("https://example.com/hook")
    assert customer.vendor.subscribe("https://example.com/hook") == first
    assert len(customer.read(PATH)["items"]) == 1


def test_delivery_after_a_leap_is_signed_for_the_receivers_clock(customer: Customer) -> None:
    """A receiver with the real time does not think it comes from the future."""
    all_events(customer)
    customer.vendor.ahead = lambda: timedelta(days=31)
    customer.send()
    signed_at = int((customer.now - timedelta(days=31)).timestamp())
    assert f"t={signed_at}," in customer.deliveries[0].headers["x-event-signature"]
