"""Plugins that fail on an event hear it again; nobody waits for them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from esign_core.engine.simulate import SimulatedDriver
from esign_core.journal import WorkItem, WorkKind
from esign_core.model import Event
from esign_core.provider import hookimpl
from esign_core.service.schedule import TRIES
from esign_core.service.telling import MOST_ASIDE
from esign_core.service.work import retry
from esign_core.service.worker import turn

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
    assert (item.kind, item.subject, item.connection) == (WorkKind.TELL_AGAIN, "2/choosy", "")
    assert choosy.tries == TRIES + 1
    assert 'the plugin "choosy" failed on event 2 again' in str(item.error)
    assert "canary" not in str(item.error) + caplog.text
    choosy.refused.clear()
    told.run(retry(told.workspace, item.id))
    told.work(1)
    assert 2 in choosy.heard
    assert told.todo() == []


@pytest.mark.promise("R9")
def test_event_waits_for_a_plugin_that_is_gone(told: World) -> None:
    """A worker that does not have it, or cannot load it, takes nothing away from it."""
    choosy = _Choosy(1)
    told.registry.add_plugin(choosy, name="choosy")
    told.work(0)
    told.registry.manager.unregister(name="choosy")
    told.work(61)
    [item] = [item for item in told.todo() if item.kind is WorkKind.TELL_AGAIN]
    assert 'the plugin "choosy" is not here' in str(item.error)
    choosy.refused.clear()
    told.registry.add_plugin(choosy, name="choosy")
    told.work(3600)
    assert sorted(choosy.heard) == [event.seq for event in told.events()]
    assert told.todo() == []


def test_event_of_a_plugin_that_stays_away_is_set_aside(told: World) -> None:
    """A person learns of it, and nobody tries for ever."""
    told.registry.add_plugin(_Choosy(1), name="choosy")
    told.work(0)
    told.registry.manager.unregister(name="choosy")
    told.work(3 * 86400)
    [item] = told.todo()
    assert (item.kind, item.subject) == (WorkKind.TELL_AGAIN, "1/choosy")
    assert item.dead_at is not None


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


def _dead(world: World) -> list[WorkItem]:
    return world.workspace.journal.read(lambda tx: tx.work.list(dead=True))


@pytest.mark.promise("R9", "D10")
def test_plugin_that_takes_nothing_is_told_no_more_until_it_takes_something(world: World) -> None:
    """A few events are set aside for it; the rest waits in the stream, and nothing is lost."""
    for i in range(MOST_ASIDE + 5):
        world.send(f"lease-{i}")
    broken, other = _Choosy(*range(1, 1000)), _Choosy()
    world.registry.add_plugin(broken, name="broken")
    world.registry.add_plugin(other, name="other")
    world.work(3)
    everything = [event.seq for event in world.events()]
    assert len(everything) > MOST_ASIDE
    assert other.heard == everything
    asides = [f"{seq}/broken" for seq in everything[:MOST_ASIDE]]
    assert {item.subject for item in world.todo() if item.kind is WorkKind.TELL_AGAIN} == {*asides}
    [stopped] = [item for item in world.todo() if item.kind is WorkKind.TELL]
    assert f'"broken" has failed on {MOST_ASIDE} events' in str(stopped.error)
    world.work(3 * 86400)
    assert {item.subject for item in _dead(world)} == {"broken", *asides}
    world.send("another")
    world.work(60)
    assert len(_dead(world)) == MOST_ASIDE + 1, "news do not bring back what takes nothing"
    broken.refused.clear()
    world.run(retry(world.workspace, _dead(world)[3].id))
    world.work(60)
    assert len(_dead(world)) == MOST_ASIDE - 1, "who takes one is told of everything else"
    for item in _dead(world):
        world.run(retry(world.workspace, item.id))
    world.work(60)
    assert sorted(broken.heard) == [event.seq for event in world.events()]
    assert broken.heard[1:-9] == sorted(broken.heard[1:-9])
    assert other.heard == [event.seq for event in world.events()]


@pytest.mark.promise("R5")
@pytest.mark.parametrize("seed", range(5))
def test_two_workers_tell_a_plugin_of_each_event_once(told: World, seed: int) -> None:
    """In order, whoever of them is quicker."""
    listener = _Choosy()
    told.registry.add_plugin(listener, name="listener")
    told.driver = SimulatedDriver(clock=told.clock, seed=seed)
    one = told.workspace
    other = told._open()
    try:
        for i in range(3):
            told.send(f"more-{i}")
            told.driver.run_together([turn(one), turn(other)])
            told.driver.run_together([turn(other), turn(one)])
    finally:
        other.close()
    told.work(61)
    assert listener.heard == [event.seq for event in told.events()]


def test_every_plugin_has_a_place_of_its_own(told: World) -> None:
    """Who is installed later hears everything from the beginning, and nobody hears it again."""
    first, second = _Choosy(), _Choosy()
    told.registry.add_plugin(first, name="first")
    told.work(0)
    before = [event.seq for event in told.events()]
    assert first.heard == before
    told.registry.add_plugin(second, name="second")
    told.work(0)
    assert (first.heard, second.heard) == (before, before)


def test_plugin_hears_all_of_a_long_stream(world: World) -> None:
    """A page after the other, as often as there is one."""
    for i in range(120):
        world.send(f"lease-{i}")
    listener = _Choosy()
    world.registry.add_plugin(listener, name="listener")
    world.work(0)
    assert listener.heard == [event.seq for event in world.events()]
    assert WorkKind.TELL not in world.kinds()


@pytest.mark.promise("D10")
def test_plugin_that_exits_harms_nobody(told: World) -> None:
    """Only the main thread is told to stop; anywhere else it is the plugin's own doing."""

    class Exits:
        @hookimpl
        def esign_event(self, event: Event) -> None:
            raise SystemExit(event.seq)

    other = _Choosy()
    told.registry.add_plugin(Exits(), name="exits")
    told.registry.add_plugin(other, name="other")
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(told.work, 1).exception() is None
    assert other.heard == [event.seq for event in told.events()]
