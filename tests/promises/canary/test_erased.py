"""A person who is erased is looked for in all that the journal holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.promises.canary.acts import NAME, PERSON, draft
from tests.promises.canary.search import Search, look_at_files, look_at_journal

if TYPE_CHECKING:
    from tests.promises.conftest import MakeProduct
    from tests.promises.product import Product

VENDORS = ("penneo", "penvio")


def found(product: Product) -> set[str]:
    """Where the person's name or address is."""
    search = Search()
    search.add("name", NAME)
    search.add("address", PERSON)
    look_at_journal(search, product.journal)
    look_at_files(search, product.folder, but="esign.toml")
    return set(search.found())


@pytest.mark.promise("D11")
@pytest.mark.parametrize("vendor", VENDORS)
def test_erased_person_is_in_nothing_that_was_kept(
    open_product: MakeProduct, database: str, vendor: str
) -> None:
    """Of a whole life at a vendor; what was signed when, and the hashes, stay as they were."""
    product = open_product(vendor, database=database)
    envelope = product.send("lease-14", draft(product, f"Lease of {NAME}"))
    product.sign(envelope)
    product.hear_all()
    product.work()
    assert product.esign.get(envelope.id).is_final
    places = {
        "name in journal: esign_envelopes.intent",
        "address in journal: esign_envelopes.seats",
    }
    assert places <= found(product)
    stream = [(e.seq, e.id, e.type, e.signer_id, e.occurred_at) for e in product.events()]
    hashes = [(each.id, each.sha256) for each in product.inbox()]
    assert product.esign.erase(PERSON.upper()).envelope_ids == (envelope.id,)
    assert found(product) == set()
    assert [(e.seq, e.id, e.type, e.signer_id, e.occurred_at) for e in product.events()] == stream
    assert [(each.id, each.sha256) for each in product.inbox()] == hashes
