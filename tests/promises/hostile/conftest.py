"""An account of each vendor that nobody answers, and the receiver in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from esign_core import AsyncEsign, Esign
from tests.promises.hostile.receiving import Receiving
from tests.promises.hostile.senders import SECRET, SENDERS, Sender


@pytest.fixture(params=SENDERS.values(), ids=list(SENDERS))
def sender(request: pytest.FixtureRequest) -> Sender:
    """Each vendor, one after the other."""
    found: Sender = request.param
    return found


def accounts(sender: Sender) -> dict[str, dict[str, Any]]:
    """The account that deliveries come to, by the name of its provider."""
    settings = {"provider": sender.provider, "webhook_secrets": [SECRET], **sender.settings()}
    return {sender.provider: settings}


@pytest.fixture
def esign(sender: Sender, tmp_path: Path) -> Iterator[Esign]:
    """A product that calls `receive` itself."""
    with Esign(accounts(sender), journal=f"sqlite:///{tmp_path / 'sync.db'}") as esign:
        yield esign


@pytest.fixture
async def receiving(sender: Sender, tmp_path: Path) -> AsyncIterator[Receiving]:
    """The receiver, called as a server calls it."""
    journal = f"sqlite:///{tmp_path / 'async.db'}"
    async with AsyncEsign(accounts(sender), journal=journal) as esign:
        yield Receiving(esign, sender.provider)
