"""A journal in a file, and envelopes to put into it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from esign_core.errors import Outcome
from esign_core.journal import Intent, Journal
from esign_core.model import (
    Authenticity,
    Envelope,
    EventType,
    Fact,
    Observation,
    Seat,
    Source,
)

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Shelf:
    """Makes envelopes and observations that differ in what matters to a test."""

    noon = NOON

    def at(self, seconds: float) -> datetime:
        """Some seconds after noon."""
        return NOON + timedelta(seconds=seconds)

    def envelope(self, name: str = "a", *, key: str | None = None, tenant: str = "") -> Envelope:
        return Envelope(
            id=f"env_{name}",
            connection="acme",
            provider="fake",
            title=f"Lease {name}",
            seats=(Seat("s1", "Jane Doe", "jane@example.com"), Seat("s2", "Bo Ek")),
            outcome=Outcome.UNCERTAIN,
            key=key or name,
            tenant=tenant,
            created_at=NOON,
        )

    def intent(self, name: str = "a", *, key: str | None = None, tenant: str = "") -> Intent:
        return Intent(self.envelope(name, key=key, tenant=tenant), f"print of {name}", {"n": name})

    def observation(
        self, *types: EventType, signer: str = "", remote_id: str | None = None
    ) -> Observation:
        return Observation(
            source=Source.POLL,
            authenticity=Authenticity.FETCHED,
            received_at=NOON,
            facts={Fact(type_, signer, "1" if signer else ""): NOON for type_ in types},
            remote_id=remote_id,
            raw={"said": "so"},
        )


@pytest.fixture
def shelf() -> Shelf:
    """Where envelopes come from."""
    return Shelf()


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of a file that is not there yet."""
    return f"sqlite:///{tmp_path / 'esign.db'}"


@pytest.fixture
def journal(journal_url: str) -> Iterator[Journal]:
    """An empty journal, on each database in turn."""
    opened = Journal(journal_url)
    yield opened
    opened.close()
