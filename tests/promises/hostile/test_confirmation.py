"""Deliveries that would have us do something: confirm a subscription, or call an address."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from esign_core import WebhookRejected
from tests.engine.conftest import Vendor
from tests.promises.hostile.senders import SECRET, SENDERS, Sent

if TYPE_CHECKING:
    from tests.promises.conftest import MakeProduct
    from tests.promises.product import Product

TOKENS = ("Token", "confirmationToken", "token", "ConfirmationToken", "challenge")
ADDRESSES = (
    *("url", "link", "href", "callback", "callback_url", "redirect", "confirmUrl", "SubscribeURL"),
    *("signingLink", "documentStorageKey", "$schema", "@id", "validationUrl"),
)


@pytest.fixture
def elsewhere() -> Iterator[Vendor]:
    """Somebody's server, who waits for a call."""
    vendor = Vendor()
    yield vendor
    vendor.close()


def wishes(there: str) -> list[dict[str, Any]]:
    """What a body may ask for, in the words of several vendors."""
    return [
        *({name: "made-up-token"} for name in TOKENS),
        *({name: f"{there}/{name}"} for name in ADDRESSES),
        {"Type": "SubscriptionConfirmation", "SubscribeURL": f"{there}/sns", "Token": "t"},
        {"topic": "webhook", "eventType": "subscription.confirmation", "payload": {"token": "t"}},
        {"validationCode": "1", "validationUrl": f"{there}/grid"},
    ]


def delivered(product: Product, vendor: str, there: str) -> int:
    """Have every wish come, unsigned and signed; how many were taken."""
    sender, taken = SENDERS[vendor], 0
    bodies = [json.dumps(wish).encode() for wish in wishes(there)]
    told = json.loads(sender.body())
    bodies += [json.dumps({**told, **wish}).encode() for wish in wishes(there)]
    for number, body in enumerate(bodies):
        each = replace(sender, event_id=f"e{number}")
        for sent in (Sent({"content-type": b"text/plain"}, body), each.sign(body)):
            try:
                product.hear(sent.request)
            except WebhookRejected:
                continue
            taken += 1
    return taken


@pytest.mark.promise("A7")
@pytest.mark.parametrize("vendor", SENDERS)
@pytest.mark.parametrize("accept_unsigned", [False, True])
def test_delivery_has_nobody_called(
    open_product: MakeProduct, elsewhere: Vendor, vendor: str, *, accept_unsigned: bool
) -> None:
    """Signed or not: no subscription is confirmed, and no address out of a body is called.

    Of an envelope that it speaks of, the vendor may be asked; that is all.
    """
    product = open_product(vendor, webhook_secrets=[SECRET], accept_unsigned=accept_unsigned)
    taken = delivered(product, vendor, elsewhere.url)
    assert taken == len(wishes("")) * (4 if accept_unsigned else 2)
    assert product.requests == []
    product.leap(timedelta(minutes=2))
    product.work()
    assert elsewhere.connections == 0
    assert not [each for each in product.requests if "confirm" in each or "subscription" in each]
    about = SENDERS[vendor].remote_id
    known = {"POST /oauth/token", "GET /api/v1/casefiles", "GET /api/v1/esign/envelopes"}
    strange = [each for each in product.requests if not each.endswith(f"/{about}")]
    assert set(strange) <= known


@pytest.mark.promise("A7")
def test_subscription_is_confirmed_by_who_asked_for_it(open_product: MakeProduct) -> None:
    """The vendor that wants a proof gets one from whoever made the subscription, and by a call.

    Its token alone, in a delivery, has confirmed nothing.
    """
    product = open_product("penneo", accept_unsigned=True)
    path = "/api/v1/webhook/subscriptions"
    asked = {"topic": "casefile", "endpoint": product.receiver.url}
    made = product.esign.request(product.via, "POST", path, json=asked).json()
    product.control.settle()
    confirmation = product.receiver.received[-1]
    product.hear(confirmation)
    product.work()

    def is_confirmed() -> bool:
        rows = product.esign.request(product.via, "GET", path).json()
        return bool(next(row["confirmed"] for row in rows if row["id"] == made["id"]))

    assert not is_confirmed()
    webhooks = product.esign._workspace.session(product.via).provider.webhooks
    assert webhooks is not None
    token = webhooks.confirmation_token(confirmation)
    proof = f"{path}/{made['id']}/confirm"
    product.esign.request(product.via, "POST", proof, json={"token": token})
    assert is_confirmed()
