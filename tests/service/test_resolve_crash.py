"""The process dies at every step of a decision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.engine.simulate import Crash
from esign_core.testing import Fault
from tests.service.deciding import (
    ABANDON,
    ADOPT,
    DECISIONS,
    LONG,
    STYLES,
    decide,
    expect_replayed,
    forgotten,
    make_elsewhere,
)

if TYPE_CHECKING:
    from tests.service.conftest import World

MakeWorld = Callable[..., "World"]
Decision = dict[str, Any]


@pytest.mark.promise("S1", "S2")
@pytest.mark.parametrize("fault", [Fault.REQUEST_LOST, Fault.ANSWER_LOST])
@pytest.mark.parametrize("decision", DECISIONS)
@pytest.mark.parametrize("style", STYLES)
def test_crash_at_every_step_leaves_all_or_nothing(
    make_world: MakeWorld, style: str, decision: Decision, fault: Fault
) -> None:
    """A decision is made or is not, and the same one again ends where it would have ended."""
    ends: list[object] = []
    for crash_at in count(1):
        world = make_world(style)
        envelope = forgotten(world, fault)
        if fault is Fault.REQUEST_LOST and decision is ADOPT:
            make_elsewhere(world, mark=None)
        world.vendor.asked("")
        world.clock.pass_time(10)
        before = (world.get(envelope.id), world.todo(), world.events())
        world.restart(crash_at=crash_at)
        try:
            _ = decide(world, envelope, **decision)
            crashed = False
        except Crash:
            crashed = True
            world.restart()
            assert (world.get(envelope.id), world.todo(), world.events()) == before
            _ = decide(world, envelope, **decision)
        world.restart()
        world.work(LONG)
        assert len(world.vendor.asked("Lease 14")) <= 1
        expect_replayed(world, envelope)
        after = replace(world.get(envelope.id), id="", created_at=None, failure=None, seats=())
        ends.append((after, world.kinds()))
        world.end()
        if not crashed:
            break
    assert all(end == ends[0] for end in ends), "a crash has changed the end"
    assert len(ends) > (1 if decision is ABANDON else 3), "it died at no step that matters"
