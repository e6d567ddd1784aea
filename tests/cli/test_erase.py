from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from esign_core.journal import DeliveryState, Journal
from esign_core.model import Authenticity, WebhookRequest
from esign_core.provider import utc_now

Run = Callable[..., Any]
JANE = "jane@example.com"
NEXT = "Say it again with --yes to erase: it cannot be undone.\n"


@pytest.fixture
def deliver(config: Path) -> Callable[[str], None]:
    """A delivery about no envelope of ours, with an address in its body."""
    journal = Journal(f"sqlite:///{config.with_name('esign.db')}")

    def keep(address: str, number: int = 1) -> None:
        body = json.dumps({"number": number, "signer": address}).encode()
        _ = journal.write(
            lambda tx: tx.inbox.keep(
                WebhookRequest(headers={}, body=body),
                envelope=0,
                digest=f"{address}-{number}",
                connection="penvio",
                remote_id="x1",
                state=DeliveryState.FOREIGN,
                authenticity=Authenticity.SIGNED,
                received_at=utc_now(),
            )
        )

    return keep


def test_a_person_whom_nothing_tells_of(
    esign: Run, config: Path, deliver: Callable[[str], None]
) -> None:
    """Said as that, with and without --yes; what tells of others is not counted."""
    deliver("bo@example.com")
    nothing = "Nothing here tells of them; there is nothing to erase.\n"
    for more in ([], ["--yes"]):
        assert esign("erase", JANE, *more, "--config", config).out == nothing


def test_what_is_looked_for_is_what_is_erased(
    esign: Run, config: Path, deliver: Callable[..., None]
) -> None:
    """Deliveries alone count too; looking changes nothing, so that it can be done again."""
    deliver(JANE)
    words = ("erase", JANE, "--config", config)
    looked = f"To be erased from 0 envelopes and 1 raw delivery; nothing was erased yet.\n{NEXT}"
    assert [esign(*words).out for _ in range(2)] == [looked] * 2
    deliver(JANE, 2)
    told = {"envelope_ids": [], "deliveries": 2}
    assert esign(*words, "--json").json == {**told, "is_done": False}
    assert esign(*words, "--yes", "--json").json == {**told, "is_done": True}
    assert esign(*words).out == "Nothing here tells of them; there is nothing to erase.\n"


def test_one_is_one(esign: Run, config: Path, deliver: Callable[[str], None]) -> None:
    """Nothing is hidden behind a plural."""
    deliver(JANE)
    answer = esign("erase", JANE, "--yes", "--config", config)
    assert answer.out == "Erased from 0 envelopes and 1 raw delivery.\n"
