"""A thousand unfinished things under one budget: none starves, and new ones are quick."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from esign_core.model import EnvelopeStatus
from esign_core.provider import Limit
from esign_core.service import chores
from esign_core.service.lanes import Choice, Lanes
from esign_core.testing.fake_provider import FakeProvider

if TYPE_CHECKING:
    from tests.service.conftest import World

MakeWorld = Callable[..., "World"]
STUCK, PER_MINUTE = 60, 6
"""As many for each request of a minute as a thousand are for a hundred."""
NEVER = 10**9


class _Limited(FakeProvider):
    limits = (Limit("account", PER_MINUTE, 60.0),)


@pytest.fixture
def database() -> str:
    """One of them: in which order work is claimed there is tested with the journal."""
    return "sqlite"


@pytest.fixture
def busy(make_world: MakeWorld) -> World:
    """One whose vendor makes sixty envelopes for ever, and lets six requests a minute pass."""
    world = make_world("job")
    world.vendor.job_seconds = NEVER
    for i in range(STUCK):
        _ = world.send(f"stuck-{i}")
    world.with_provider(_Limited)
    _watch(world)
    return world


def _watch(world: World) -> None:
    """Have the vendor write down when it was asked for which job."""
    world.asked_at = defaultdict(list)  # type: ignore[attr-defined]
    exchange = world.vendor.exchange

    def watched(request: object, **options: bool) -> object:
        answer = exchange(request, **options)  # type: ignore[arg-type]
        asked_for = world.vendor.requests[-1]
        world.asked_at[asked_for].append(world.clock.seconds)  # type: ignore[attr-defined]
        return answer

    world.vendor.exchange = watched  # type: ignore[method-assign, assignment]


def _asked_at(world: World) -> dict[str, list[float]]:
    found: dict[str, list[float]] = world.asked_at  # type: ignore[attr-defined]
    return found


def _seconds_until_known(world: World) -> float:
    """How long a new envelope takes that the vendor makes in five seconds."""
    world.vendor.job_seconds = 5.0
    envelope = world.send(f"new-{world.clock.seconds}")
    world.vendor.job_seconds = NEVER
    began = world.clock.seconds
    while world.get(envelope.id).status is EnvelopeStatus.QUEUED:
        assert world.clock.seconds < began + 7200
        world.work(5)
    return world.clock.seconds - began


@pytest.mark.promise("S6")
def test_none_starves_and_new_ones_are_quick(busy: World) -> None:
    """Each of the old ones is asked for again and again, a new one is known within a minute."""
    busy.work(2 * 3600)
    assert _seconds_until_known(busy) < 90
    busy.work(4 * 3600)
    assert _seconds_until_known(busy) < 90
    busy.work(4 * 3600)
    polls = [times for what, times in _asked_at(busy).items() if what.startswith("GET /jobs/")]
    assert len(polls) == STUCK + 2
    longest = max(
        later - earlier for times in polls if len(times) > 2 for earlier, later in pairwise(times)
    )
    assert longest < 2 * 3600
    assert min(len(times) for times in sorted(polls, key=len)[2:]) > 8


@pytest.mark.promise("S5")
def test_budget_is_kept_whatever_waits(busy: World) -> None:
    """The vendor sees no more requests in any minute than it lets pass, and most of those."""
    busy.work(2 * 3600)
    times = sorted(at for each in _asked_at(busy).values() for at in each)
    windows = [sum(at <= each < at + 60.0 for each in times) for at in times]
    assert max(windows) <= PER_MINUTE
    assert len(times) > 120 * (PER_MINUTE - 1) * 0.5


@pytest.mark.promise("S6")
def test_person_finds_room_however_much_there_is_to_do(busy: World) -> None:
    """Work leaves a part of the budget to those who wait for their answer."""
    busy.work(600)
    for i in range(20):
        began = busy.clock.seconds
        _ = busy.send(f"person-{i}")
        assert busy.clock.seconds - began < 1
        busy.work(70)


@pytest.mark.negative_control("S6")
def test_oldest_first_and_asked_as_often_as_the_vendor_says_would_starve_new_ones(
    busy: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The naive way: whoever is new waits for everybody who was there before."""
    choice = Lanes.choice

    def oldest(self: Lanes, now: object) -> Choice:
        return replace(choice(self, now), quickest_first=False)  # type: ignore[arg-type]

    monkeypatch.setattr(Lanes, "choice", oldest)
    monkeypatch.setattr(chores, "job_pause", lambda asked, age: max(1, round(asked)))
    busy.work(1800)
    assert _seconds_until_known(busy) > 300


@pytest.mark.promise("D10")
def test_account_whose_budget_is_used_up_keeps_nobody_waiting(busy: World) -> None:
    """What is due for the other account is done at once, though all of this one's is overdue."""
    busy.vendor.job_seconds = 0.0
    other = busy.send("other", via="other")
    before = busy.clock.seconds
    busy.clock.pass_time(2)
    turns = 0
    while busy.get(other.id).status is EnvelopeStatus.QUEUED:
        turns += busy.work(1)
    assert turns < 25
    assert busy.clock.seconds - before < 15
