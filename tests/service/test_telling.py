"""Plugins that fail on an event hear it again; nobody waits for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from esign_core.journal import WorkKind
from esign_core.model import Event
from esign_core.provider import hookimpl
from esign_core.service.schedule import TRIES
from esign_core.service.work import retry

if TYPE_CHECKING:
    from tests.service.conftest import World


class _Choosy:
    """Fails on some events, for as long as it is told to."""

    def __init__(self, *seqs: int) -> None:
        self.refused = set(seqs)
        self.heard: list[int] = []
        self.tries = 0

    @hookimpl
    def esign_event(self, event: Event) -> None:
        if event.seq in self.refused:
            self.tries += 1
            raise ZeroDivisionError("canary")
        self.heard.append(event.seq)


@pytest.fixture
def told(world: World) -> World:
    """One with a few events."""
    world.send()
    world.vendor.complete("1")
    return world


@pytest.mark.promise("R9")
def test_event_that_a_plugin_fails_on_is_told_again(told: World) -> None:
    """The others come in order meanwhile, to it and to everybody else."""
    choosy, other = _Choosy(1, 3), _Choosy()
    told.registry.add_plugin(choosy, name="choosy")
    told.registry.add_plugin(other, name="other")
    told.work(61)
    everything = [event.seq for event in told.events()]
    assert other.heard == everything
    assert choosy.heard == [seq for seq in everything if seq not in {1, 3}]
    choosy.refused.clear()
    told.work(86400)
    assert sorted(choosy.heard) == everything
    assert other.heard == everything, "who heard it does not hear it again"
    assert told.todo() == []


@pytest.mark.promise("R9", "D10")
def test_event_that_a_plugin_never_takes_is_set_aside(
    told: World, caplog: pytest.LogCaptureFixture
) -> None:
    """With its reason, which quotes no word of the plugin; a person has it told again."""
    choosy = _Choosy(2)
    told.registry.add_plugin(choosy, name="choosy")
    told.work(61)
    told.work(3 * 86400)
    (item,) = told.workspace.journal.read(lambda tx: tx.work.list(dead=True))
    assert (item.kind, item.subject, item.connection) == (WorkKind.TELL, "2/choosy", "")
    assert choosy.tries == TRIES + 1
    assert str(item.error).startswith("PluginFailed")
    assert "canary" not in str(item.error) + caplog.text
    choosy.refused.clear()
    told.run(retry(told.workspace, item.id))
    told.work(1)
    assert 2 in choosy.heard
    assert told.todo() == []


def test_plugin_that_is_gone_is_told_nothing(told: World) -> None:
    """What was kept for it is forgotten when it would be told."""
    told.registry.add_plugin(_Choosy(1), name="choosy")
    told.work(0)
    assert WorkKind.TELL in told.kinds()
    told.registry.manager.unregister(name="choosy")
    told.work(61)
    assert WorkKind.TELL not in told.kinds()


def test_telling_waits_for_no_account(told: World) -> None:
    """An event can be told while its vendor is down."""
    choosy = _Choosy(1)
    told.registry.add_plugin(choosy, name="choosy")
    told.work(0)
    choosy.refused.clear()
    now = told.clock.now()
    told.workspace.lanes.is_limited("acme", now.replace(year=now.year + 1), now)
    told.work(5)
    assert choosy.heard == [1]
