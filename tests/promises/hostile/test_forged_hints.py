"""Ten thousand deliveries that anybody could have sent."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from esign_core import EnvelopeStatus, Source, WebhookRejected
from tests.promises.hostile.senders import SENDERS, Sent

if TYPE_CHECKING:
    from tests.promises.conftest import MakeProduct
    from tests.promises.product import Product

HINTS = 10_000
MADE_UP = re.compile(r"/1\d{9}")
"""Ids from a thousand millions on are nobody's."""
EVENTS = {
    "penneo": ("completed", "rejected", "expired", "finalized", "deleted", "opened"),
    "penvio": ("completed", "declined", "cancelled", "expired", "signed", "viewed"),
}


def forged(vendor: str, number: int, remote_ids: list[str]) -> Sent:
    """An unsigned delivery: every other one about an envelope that nobody has."""
    known = number % 2 == 0
    remote_id = remote_ids[number // 2 % len(remote_ids)] if known else str(10**9 + number)
    sender = replace(SENDERS[vendor], remote_id=remote_id, event_id=f"e{number}")
    event = EVENTS[vendor][number % len(EVENTS[vendor])].encode()
    body = sender.body().replace(b"completed", event).replace(b"COMPLETED", event.upper())
    return Sent(sender.unsigned(), body[:-1] + b',"n":%d}' % number)


def flood(product: Product, vendor: str, remote_ids: list[str], count: int) -> int:
    """Have so many come, many at once; how many were refused."""

    def post(number: int) -> bool:
        try:
            product.hear(forged(vendor, number, remote_ids).request)
        except WebhookRejected:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        return count - sum(pool.map(post, range(count)))


@pytest.mark.promise("A6")
@pytest.mark.parametrize(
    ("vendor", "database", "count"),
    [("penneo", "sqlite", HINTS), ("penvio", "sqlite", 500), ("penneo", "postgresql", 500)],
)
def test_forged_hints_cost_one_look_each_envelope(
    open_product: MakeProduct, vendor: str, database: str, count: int
) -> None:
    """However many come: no state moves, each open envelope is looked at once, and nobody else.

    What they say is not believed, and of what is made up the vendor is not even asked.
    """
    product = open_product(vendor, database=database, accept_unsigned=True)
    envelopes = [product.send(f"lease-{i}") for i in range(3)]
    product.hear_all()
    remote_ids = [str(each.remote_id) for each in envelopes]
    before, stream, asked = product.esign.list(), product.events(), len(product.requests)
    assert flood(product, vendor, remote_ids, count) == 0
    assert (product.esign.list(), product.events()) == (before, stream)
    assert len(product.requests) == asked
    product.work()
    looked = product.requests[asked:]
    for remote_id in remote_ids:
        assert sum(each.endswith(f"/{remote_id}") for each in looked) == 1
    assert not any(MADE_UP.search(each) for each in looked)
    assert len(looked) <= 3 * len(envelopes) + 1
    assert {each.status for each in product.esign.list()} == {EnvelopeStatus.SENT}
    assert {event.source for event in product.events()[len(stream) :]} <= {Source.POLL}


@pytest.mark.promise("A6", "A1")
@pytest.mark.parametrize("vendor", SENDERS)
def test_forged_hints_are_refused_where_nobody_asked_for_them(
    open_product: MakeProduct, vendor: str
) -> None:
    """Without `accept_unsigned` an unsigned delivery leaves a count, and no row."""
    product = open_product(vendor)
    known = product.known()
    assert flood(product, vendor, ["1"], HINTS // 10) == HINTS // 10
    assert product.known() == known
    assert product.requests == []
    assert product.esign.rejected == {(product.via, "unsigned"): HINTS // 10}
