"""Deliveries that come again, or at another time than they were signed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from esign_core import EnvelopeStatus, Source
from esign_core.journal import DeliveryState

if TYPE_CHECKING:
    from tests.promises.conftest import MakeProduct

VENDORS = ("penneo", "penvio")
LATER = {"a minute": 1, "an hour": 60, "a month": 31 * 24 * 60, "five years": 5 * 365 * 24 * 60}


@pytest.mark.promise("A5")
@pytest.mark.parametrize("vendor", VENDORS)
def test_delivery_that_comes_again_adds_nothing(
    open_product: MakeProduct, database: str, vendor: str
) -> None:
    """At any later time, in any order: no event, no row, no work, and no question to the vendor."""
    product = open_product(vendor, database=database)
    product.sign(product.send())
    came = product.hear_all()
    assert len(came) > 5
    known, asked = product.known(), len(product.requests)
    for minutes in LATER.values():
        product.leap(timedelta(minutes=minutes))
        for delivery in [*came, *reversed(came)]:
            assert not product.hear(delivery).is_new
    assert product.known() == known
    assert len(product.requests) == asked


@pytest.mark.promise("A5")
@pytest.mark.parametrize("minutes", [-6, 6, 60 * 24 * 31])
def test_delivery_out_of_its_time_is_a_hint_and_no_more(
    open_product: MakeProduct, database: str, minutes: int
) -> None:
    """Past or future: it moves nothing; it causes a look, and only that moves the state."""
    product = open_product("penneo", database=database)
    envelope = product.send()
    product.hear_all()
    before = product.events()
    product.sign(envelope)
    product.leap(timedelta(minutes=minutes))
    came = product.hear_all()
    assert product.events() == before
    assert {each.state for each in product.inbox()[: len(came)]} == {DeliveryState.HINT}
    asked = len(product.requests)
    product.work()
    looks = [each for each in product.requests[asked:] if each.endswith(f"/{envelope.remote_id}")]
    assert len(looks) == 1
    after = product.esign.get(envelope.id)
    assert after.status is EnvelopeStatus.COMPLETED
    assert {event.source for event in product.events()[len(before) :]} == {Source.POLL}


@pytest.mark.promise("A5")
def test_delivery_whose_time_nobody_signed_counts_whenever_it_comes(
    open_product: MakeProduct, database: str
) -> None:
    """No bound can be set where no time is signed; that it comes once is all that can be asked."""
    product = open_product("penvio", database=database)
    envelope = product.send()
    product.sign(envelope, at_most=1)
    product.leap(timedelta(days=31))
    product.hear_all()
    assert product.esign.get(envelope.id).status is EnvelopeStatus.IN_PROGRESS
