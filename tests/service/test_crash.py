"""The process dies at every step of sending, in every way that a vendor can answer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

import pytest

from esign_core.engine import Task, call
from esign_core.engine.simulate import Crash
from esign_core.errors import EsignError, Outcome
from esign_core.testing import Fault

if TYPE_CHECKING:
    from tests.service.conftest import World

LONG = 2000
"""Seconds until everything has been tried that is tried by itself: leases, look-ups, pauses."""
CREATE = {"direct": "POST /envelopes", "job": "POST /jobs", "draft": "POST /drafts"}
ANSWERS = (None, Fault.REFUSED, Fault.ANSWER_LOST, Fault.REQUEST_LOST, Fault.LATE, Fault.BROKEN)
HISTORIES = [
    *((style, fault, CREATE[style]) for style in CREATE for fault in ANSWERS),
    *(("draft", fault, "POST /envelopes/1/send") for fault in ANSWERS if fault),
]


def _live(world: World, *, crash_at: int | None, work: bool = True) -> bool:
    """A product that sends, dies, starts again, works for an hour and asks again."""
    world.restart(crash_at=crash_at)
    try:
        world.send(wait_seconds=30)
    except EsignError:
        pass
    except Crash:
        world.restart()
        if work:
            world.work(LONG)
        return True
    return False


def _expect_nothing_lost(world: World) -> None:
    asked = world.vendor.asked("Lease 14")
    assert len(asked) <= 1, "somebody was asked twice"
    known = {envelope.remote_id for envelope in world.all()}
    doubts = [each for each in world.all() if each.outcome is Outcome.UNCERTAIN]
    assert all(each.id in known for each in asked) or doubts, "somebody was asked, nobody knows"


@pytest.mark.promise("S1", "S2")
@pytest.mark.parametrize(("style", "fault", "on"), HISTORIES)
def test_crash_at_every_step_asks_nobody_twice_and_loses_nothing(
    make_world: Callable[[str], World], style: str, fault: Fault | None, on: str
) -> None:
    """Wherever the process dies, and however the vendor answers, one envelope is out at the most.

    It is in the journal with the vendor's id, or visible as uncertain; and asking again with the
    same key changes none of that.
    """
    for crash_at in count(1):
        world = make_world(style)
        if fault is not None:
            world.vendor.fail(fault, on=on)
        crashed = _live(world, crash_at=crash_at)
        _expect_nothing_lost(world)
        _live(world, crash_at=None)
        world.work(LONG)
        _expect_nothing_lost(world)
        world.end()
        if not crashed:
            break
    else:
        pytest.fail("the run never ended")
    assert crash_at > 4, "the process died at no step that matters"


@pytest.mark.promise("S1", "S2")
@pytest.mark.parametrize("style", CREATE)
def test_second_crash_changes_nothing_either(
    make_world: Callable[[str], World], style: str
) -> None:
    """The restarted process may die too, at every step of its own."""
    crashes = 0
    for first in (5, 6, 7, 8):
        for second in range(1, 12):
            world = make_world(style)
            world.vendor.fail(Fault.ANSWER_LOST, on=CREATE[style])
            _live(world, crash_at=first, work=False)
            world.restart(crash_at=second)
            try:
                world.work(LONG)
            except Crash:
                crashes += 1
            world.restart()
            world.work(LONG)
            _live(world, crash_at=None)
            world.work(LONG)
            _expect_nothing_lost(world)
            world.end()
    assert crashes > 10


@pytest.mark.negative_control("S1")
@pytest.mark.parametrize(("style", "fault"), [("direct", f) for f in (None, Fault.ANSWER_LOST)])
def test_naive_retry_asks_twice(
    make_world: Callable[[str], World], style: str, fault: Fault | None
) -> None:
    """The control: sending again because no answer is known breaks in the same world."""
    world = make_world(style)
    if fault is not None:
        world.vendor.fail(fault, on=CREATE[style])
    session = world.workspace.session("acme")

    def naive() -> Task[None]:
        for _attempt in range(3):
            try:
                _ = yield from call(session, session.provider.send(world.draft()), operation="send")
            except EsignError:
                continue
            return

    world.driver.crash_at = 2 if fault is None else None
    with suppress(Crash):
        world.run(naive())
    world.restart()
    world.run(naive())
    with pytest.raises(AssertionError, match="twice"):
        _expect_nothing_lost(world)
