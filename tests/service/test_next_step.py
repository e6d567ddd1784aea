"""What is said of an envelope's future: what happens by itself, when, and what a person has to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from esign_core.journal import WorkKind
from esign_core.service.attending import LEASE
from esign_core.service.next_step import NextStep
from esign_core.service.work import next_of
from esign_core.testing import Fault

if TYPE_CHECKING:
    from tests.service.conftest import World

MakeWorld = Callable[..., "World"]


def _next(world: World) -> NextStep:
    step = _perhaps(world)
    assert step is not None
    return step


def _perhaps(world: World) -> NextStep | None:
    (envelope,) = world.all()
    return world.run(next_of(world.workspace, envelope.id))


def test_open_envelope_is_looked_at(world: World) -> None:
    """With the time."""
    _ = world.send()
    step = _next(world)
    (item,) = world.todo()
    assert (step.what, step.at) == ("refresh", item.due_at)
    assert step.text == f"acme is asked for news at {item.due_at:%Y-%m-%d %H:%M:%S} UTC."


def test_envelope_that_is_being_made_is_asked_for(make_world: MakeWorld) -> None:
    """The vendor has accepted it."""
    world = make_world("job")
    _ = world.send()
    step = _next(world)
    assert step.what == "poll_job"
    assert step.text.startswith("acme is making it, and is asked for it at 20")


def test_ended_envelope_has_no_future(world: World) -> None:
    """Unless its files are still to be brought over."""
    _ = world.send()
    world.vendor.complete("1")
    world.work(61)
    assert _perhaps(world) is None
    world.workspace.journal.write(
        lambda tx: tx.work.plan(
            WorkKind.ARCHIVE, world.all()[0].id, connection="acme", due_at=world.clock.now()
        )
    )
    assert _next(world).what == "archive"


def test_envelope_in_doubt_is_looked_for_and_then_decided(world: World) -> None:
    """As long as it can turn up by itself; then only a person can tell."""
    world.vendor.fail(Fault.REQUEST_LOST)
    world.failed()
    world.work(60)
    assert _next(world).what == "look_up"
    assert "It may have been sent, and is looked for at acme at" in _next(world).text
    world.work(3600)
    step = _next(world)
    assert (step.what, step.at) == ("decide", None)
    assert f"`esign resolve {world.all()[0].id}`" in step.text


def test_stored_draft_is_sent(make_world: MakeWorld) -> None:
    """By a worker, and when; it is told what went wrong the last time, in one word."""
    world = make_world("draft")
    for _ in range(10):
        world.vendor.fail(Fault.BROKEN, on="POST /envelopes")
    world.failed()
    world.work(31)
    step = _next(world)
    assert step.what == "dispatch"
    assert step.text.startswith("It is a draft at acme, which is sent at 20")
    assert step.text.endswith("The last time failed with Unavailable.")


def test_overdue_work_is_told(world: World) -> None:
    """Nobody seems to work: since when it is due is what matters."""
    _ = world.send()
    (item,) = world.todo()
    world.clock.pass_time(3600)
    since = f"{item.due_at:%Y-%m-%d %H:%M:%S} UTC"
    assert _next(world).text.endswith(
        f"as soon as a worker gets to it; it has been due since {since}."
    )


def test_work_that_is_being_done_is_told(world: World) -> None:
    """It happens now."""
    _ = world.send()
    world.clock.pass_time(60)
    now = world.clock.now()
    _ = world.workspace.journal.aside(lambda tx: tx.work.claim(now, LEASE))
    step = _next(world)
    assert (step.what, step.text) == ("refresh", "acme is asked for news just now.")
    assert step.at is not None
    assert now <= step.at <= world.clock.now()


def test_work_that_was_given_up_is_for_a_person(world: World) -> None:
    """With what can be typed."""
    _ = world.send()
    world.clock.pass_time(60)
    now = world.clock.now()
    item = world.workspace.journal.aside(lambda tx: tx.work.claim(now, LEASE))
    assert item is not None
    later = now + timedelta(seconds=1)
    world.workspace.journal.write(lambda tx: tx.work.give_up(item, later, "NotFound: jane"))
    step = _next(world)
    assert (step.what, step.at) == ("decide", None)
    assert f"`esign work retry {item.id}` or `esign work drop {item.id}`" in step.text
    assert "NotFound" in step.text
    assert "jane" not in step.text


@pytest.mark.parametrize("is_dropped", [True, False])
def test_envelope_that_nobody_looks_at_is_told(world: World, *, is_dropped: bool) -> None:
    """Only a delivery brings news of it then."""
    envelope = world.send()
    if is_dropped:
        world.workspace.journal.write(lambda tx: tx.work.drop(WorkKind.REFRESH, envelope.id))
    step = _next(world)
    assert (step.what == "nothing") is is_dropped
    assert (f"`esign show {envelope.id} --fetch`" in step.text) is is_dropped
