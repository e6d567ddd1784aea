"""A product that follows the stream, with tables of its own in the journal's database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from esign_core import Esign
from esign_core.journal import Transaction
from esign_core.model import Authenticity, EventType, Fact, Observation, Source
from esign_core.provider import utc_now
from esign_core.testing import fake_registry
from tests.databases import fresh
from tests.journal.conftest import Shelf


def fill(esign: Esign, count: int) -> None:
    """So many events, of as many envelopes."""
    shelf = Shelf()
    sent = Observation(
        source=Source.POLL,
        authenticity=Authenticity.FETCHED,
        received_at=utc_now(),
        facts={Fact(EventType.ENVELOPE_SENT): None},
    )

    def work(tx: Transaction) -> None:
        for i in range(count):
            tx.envelopes.add_intent(shelf.intent(f"{i}"))
            _ = tx.record(shelf.envelope(f"{i}"), sent)

    esign._workspace.journal.write(work)


@pytest.fixture
def esign(journal_url: str) -> Iterator[Esign]:
    """A product with ten events, on each database in turn."""
    with Esign({}, journal=journal_url, registry=fake_registry()) as opened:
        fill(opened, 10)
        yield opened


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A journal in PostgreSQL, where products have transactions of their own beside it."""
    with fresh("postgresql", tmp_path) as address:
        yield address


@pytest.fixture
def neighbour(url: str) -> Iterator[Esign]:
    """A product with ten events, in PostgreSQL."""
    with Esign({}, journal=url, registry=fake_registry()) as opened:
        fill(opened, 10)
        yield opened
