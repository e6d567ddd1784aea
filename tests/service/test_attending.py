"""Who is at a piece of work, and that nobody else is."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.engine import Exchange, Task, transact
from esign_core.engine.effects import Effect, Exclusive, SaveObject, Sleep, Transact
from esign_core.engine.session import MAX_TIME
from esign_core.engine.simulate import SimulatedDriver
from esign_core.errors import RateLimited, Unavailable
from esign_core.journal import WorkItem, WorkKind
from esign_core.model import EnvelopeStatus, Snapshot
from esign_core.provider import Flow, Limit, ObjectDownload
from esign_core.service.attending import (
    LEASE,
    LONGEST_EFFECT,
    LONGEST_TRANSFER,
    Attendance,
    LeaseLost,
)
from esign_core.service.chores import work_once
from esign_core.testing.fake_provider import FakeProvider

if TYPE_CHECKING:
    from tests.service.conftest import World


class _Slow(FakeProvider):
    """Whose look takes twenty-five requests, one every minute."""

    def fetch(self, remote_id: str) -> Flow[Snapshot]:
        for _ in range(24):
            _ = yield self.get(f"/envelopes/{remote_id}")
        return (yield from super().fetch(remote_id))


def _claimed(world: World) -> WorkItem:
    now = world.clock.now()
    item = world.workspace.journal.aside(lambda tx: tx.work.claim(now, LEASE))
    assert item is not None
    return item


def _plan(world: World, kind: WorkKind = WorkKind.REFRESH) -> None:
    now = world.clock.now()
    world.workspace.journal.write(
        lambda tx: tx.work.plan(kind, "env_1", connection="acme", due_at=now)
    )


def test_work_that_takes_longer_than_its_lease_is_done_by_one(world: World) -> None:
    """Another worker finds nothing to do all the while; each request is made once."""
    envelope = world.send()
    world.vendor.complete("1")
    world.with_provider(_Slow)
    world.clock.pass_time(60)
    world.driver = SimulatedDriver(clock=world.clock, travel_seconds=lambda: 30.0)
    began = world.clock.seconds

    def other() -> Task[list[float]]:
        found = []
        for _ in range(25):
            yield Sleep(61.0)
            found.append((yield from work_once(world.workspace)))
        return found

    def one() -> Task[list[float]]:
        return [(yield from work_once(world.workspace))]

    found = world.driver.run_together([one(), other()])
    assert world.clock.seconds - began > 2 * LEASE.total_seconds()
    assert all(pause > 0 for pause in found[1][:-2]), "there was nothing to do for the other one"
    assert world.fetches("1") == 25
    assert world.get(envelope.id).status is EnvelopeStatus.COMPLETED


def test_worker_that_was_away_too_long_does_no_more(world: World) -> None:
    """A machine that slept, a process that was stopped: what it had is somebody else's by now."""
    world.send()
    world.vendor.complete("1")

    class Sleeping(_Slow):
        def fetch(self, remote_id: str) -> Flow[Snapshot]:
            _ = yield self.get(f"/envelopes/{remote_id}")
            world.clock.pass_time(LEASE.total_seconds() + 1)  # nobody renews a lease meanwhile
            return (yield from super().fetch(remote_id))

    world.with_provider(Sleeping)
    world.clock.pass_time(60)
    world.run(work_once(world.workspace))
    assert world.fetches("1") == 1
    (item,) = world.todo()
    assert (item.attempts, item.error) == (1, None), "it was begun, and nobody said how it ended"
    world.with_provider(FakeProvider)
    world.work(1)
    assert world.todo() == []


def test_worker_whose_work_was_taken_over_does_no_more(world: World) -> None:
    """A lease is renewed only by who has it."""
    _plan(world)
    item = _claimed(world)
    attendance = Attendance(world.workspace, item)
    done: list[str] = []

    def task() -> Task[None]:
        yield from transact(lambda: done.append("before"))
        world.clock.pass_time(LEASE.total_seconds() - 1)
        _ = world.workspace.journal.aside(lambda tx: tx.work.remove(item.id))
        yield from transact(lambda: done.append("after"))

    with pytest.raises(LeaseLost):
        world.run(attendance.attend(task()))
    assert done == ["before"]


def _asked_for(world: World, *effects: Effect) -> list[Effect]:
    """What a driver is asked to perform when a piece of work yields these."""
    _plan(world)
    attendance = Attendance(world.workspace, _claimed(world))

    def task() -> Task[None]:
        yield from effects

    steps = attendance.attend(task())
    told = []
    try:
        effect = next(steps)
        while True:
            told.append(effect)
            result = effect.work() if isinstance(effect, Transact) else None
            effect = steps.send(result)
    except StopIteration:
        return told


def _exchange(**changes: Any) -> Exchange:
    given: dict[str, Any] = {
        "line": None,
        "request": None,
        "explain": None,
        "budgets": None,
        "limits": (Limit("account", 100, 60.0), Limit("one", 1, 60.0)),
    }
    return Exchange(**{**given, **changes})


def test_work_leaves_room_in_every_budget(world: World) -> None:
    """A fifth to begin with, then a tenth: for people, and to end what has begun."""
    first, second = _asked_for(world, _exchange(), _exchange())
    assert isinstance(first, Exchange)
    assert isinstance(second, Exchange)
    assert [limit.count for limit in first.limits] == [80, 1]
    assert [limit.count for limit in second.limits] == [90, 1]
    assert first.patience_seconds == 5
    assert second.patience_seconds > 3600


def test_requests_within_a_lock_are_attended_too(world: World) -> None:
    """Asking for a token is a part of the work like any other."""

    def inner() -> Task[None]:
        yield _exchange()

    (outer,) = _asked_for(world, Exclusive("token", inner))
    assert isinstance(outer, Exclusive)
    asked = next(outer.task())
    assert isinstance(asked, Exchange)
    assert asked.limits[0].count == 80


@pytest.mark.parametrize("what", ["request", "bucket"])
def test_transfer_has_a_lease_for_as_long_as_it_may_take(world: World, what: str) -> None:
    """A file may take an hour; nobody can renew a lease meanwhile."""
    to = Path("file")
    transfer = _exchange(save_to=to)
    effect = transfer if what == "request" else SaveObject(ObjectDownload("file:///", "key"), to)
    told = _asked_for(world, effect)
    assert len(told) == 2, "the lease, and the transfer"
    (item,) = world.todo()
    assert item.leased_until is not None
    left = item.leased_until - world.clock.now()
    assert left >= LONGEST_TRANSFER > timedelta(seconds=3600)


def test_lease_is_longer_than_anything_that_is_done_in_one_go() -> None:
    """Otherwise it could end before anybody can renew it; an operation's hour is made of these."""
    assert LEASE >= 2 * LONGEST_EFFECT
    assert LEASE < MAX_TIME


def test_error_of_an_effect_reaches_the_work(world: World) -> None:
    """It may tidy up, and its own error is what counts."""
    _plan(world)
    attendance = Attendance(world.workspace, _claimed(world))

    def fail() -> None:
        raise Unavailable("down.")

    def task() -> Task[str]:
        try:
            yield from transact(fail)
        except Unavailable as error:
            return error.message
        return "nothing"

    assert world.run(attendance.attend(task())) == "down."


@pytest.mark.parametrize(
    ("before", "status", "is_untried"), [(0, None, True), (0, 429, False), (1, None, False)]
)
def test_only_what_found_no_room_to_begin_was_not_tried(
    world: World, before: int, status: int | None, *, is_untried: bool
) -> None:
    """By our own count, before the first request; whatever comes later has cost something."""
    _plan(world)
    attendance = Attendance(world.workspace, _claimed(world))

    def task() -> Task[None]:
        for _ in range(before + 1):
            yield _exchange()

    steps = attendance.attend(task())
    _ = next(steps)
    for _ in range(before):
        _ = steps.send(None)
    with pytest.raises(RateLimited):
        _ = steps.throw(RateLimited("no room.", status_code=status))
    assert attendance.is_untried is is_untried
