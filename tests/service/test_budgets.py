"""Who counts what is asked of a vendor: the journal, if there is one that lasts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from esign_core import Connection, Esign
from esign_core.engine import MemoryBudgets
from esign_core.errors import Outcome, RateLimited
from esign_core.journal import JournalBudgets
from esign_core.provider import Limit, Registry
from esign_core.testing.fake_provider import FakeProvider

if TYPE_CHECKING:
    from tests.service.conftest import World


class Limited(FakeProvider):
    """Two requests in a quarter of an hour."""

    limits = (Limit("account", 2, 900.0),)


@pytest.mark.promise("S5")
def test_a_limit_is_kept_across_restarts(world: World) -> None:
    """A process that starts anew knows what the one before it has asked for."""
    world.with_provider(Limited)
    for name in ("a", "b"):
        world.send(name)
        world.restart()
    refused = world.failed("c")
    assert isinstance(refused, RateLimited)
    assert refused.outcome is Outcome.NOT_DONE
    assert "there is room again in" in refused.message
    assert len(world.vendor.envelopes) == 2
    world.clock.pass_time(901)
    world.restart()
    world.send("c")
    assert len(world.vendor.envelopes) == 3


@pytest.mark.promise("S5")
def test_accounts_have_budgets_of_their_own(make_world: Callable[..., World]) -> None:
    """A limit is a connection's: what one account has used is not missing at another one."""
    world = make_world()
    world.with_provider(Limited)
    for via in ("acme", "other"):
        for number in range(2):
            world.send(f"{via}-{number}", via=via)
    assert len(world.vendor.envelopes) == 4


def test_a_journal_that_lasts_counts(registry: Registry, tmp_path: Path) -> None:
    """One in memory, or none at all, is shared by nobody."""
    account: dict[str, Any] = {"provider": "fake"}

    def kind(journal: str) -> type[object]:
        with Esign({"acme": account}, journal=journal, registry=registry) as esign:
            return type(esign._workspace.session("acme").budgets)

    assert kind(f"sqlite:///{tmp_path / 'esign.db'}") is JournalBudgets
    assert kind("sqlite://") is MemoryBudgets
    connection = Connection("fake", registry=registry)
    assert type(connection._session.budgets) is MemoryBudgets
