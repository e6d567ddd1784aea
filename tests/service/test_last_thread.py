"""One account never has all the threads: the last one is for the others."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from esign_core.engine import AsyncDriver, SyncDriver, WireRequest
from esign_core.engine.simulate import SimulatedDriver
from esign_core.journal import WorkKind
from esign_core.model import Event
from esign_core.provider import Flow, Response, hookimpl
from esign_core.service.attending import LEASE
from esign_core.service.chores import work_once
from esign_core.service.telling import plan_telling
from esign_core.service.worker import AsyncWorker, Worker
from esign_core.testing.fake_provider import FakeProvider

if TYPE_CHECKING:
    from tests.service.conftest import World


def _plan(world: World, *envelope_ids: str, connection: str) -> None:
    def write(tx: Any) -> None:
        for each in envelope_ids:
            now = world.clock.now()
            tx.work.plan(WorkKind.REFRESH, each, connection=connection, due_at=now)

    world.workspace.journal.write(write)


@pytest.mark.promise("D10")
async def test_account_that_waits_for_its_vendor_leaves_a_task_to_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it has more to do than there are tasks."""
    theirs = [world.send(f"theirs-{i}") for i in range(3)]
    mine = world.send("mine", via="other")
    world.vendor.complete("4")
    asked: list[str] = []
    may_answer = anyio.Event()
    answer = world.vendor.exchange_async

    async def slow(request: WireRequest, **options: bool) -> Response:
        if not request.url.endswith("/4"):
            asked.append(request.url)
            await may_answer.wait()
        return await answer(request, **options)

    monkeypatch.setattr(world.vendor, "exchange_async", slow)
    _plan(world, *(each.id for each in theirs), connection="acme")
    with anyio.fail_after(30):
        async with AsyncWorker(world.workspace, AsyncDriver(), tasks=2):
            try:
                while not asked:  # noqa: ASYNC110 - tasks of the worker's own
                    await anyio.sleep(0.01)
                _plan(world, mine.id, connection="other")
                while not world.get(mine.id).is_final:  # noqa: ASYNC110 - as above
                    await anyio.sleep(0.01)
                assert len(asked) == 1
            finally:
                may_answer.set()


@pytest.mark.promise("D10")
@pytest.mark.parametrize("seed", range(8))
def test_two_threads_that_choose_at_once_do_not_both_begin(world: World, seed: int) -> None:
    """What was claimed by the slower one is handed back as it was, and done later."""
    inside, most = [0], [0]

    class Counting(FakeProvider):
        def fetch(self, remote_id: str) -> Flow[Any]:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            try:
                return (yield from super().fetch(remote_id))
            finally:
                inside[0] -= 1

    world.with_provider(Counting)
    sent = [world.send(f"lease-{i}") for i in range(2)]
    world.clock.pass_time(1)
    for i in (1, 2):
        world.vendor.complete(str(i))
    _plan(world, *(each.id for each in sent), connection="acme")
    before = {item.id: (item.due_at, item.attempts, item.error) for item in world.todo()}
    world.workspace.lanes.come(2)
    world.driver = SimulatedDriver(clock=world.clock, seed=seed)
    world.driver.run_together([work_once(world.workspace), work_once(world.workspace)])
    assert most == [1]
    for item in world.todo():
        assert (item.due_at, item.attempts, item.error) == before[item.id]
        assert item.leased_until is None
    world.work(10)
    assert all(world.get(each.id).is_final for each in sent)
    assert world.todo() == []


async def test_threads_that_are_gone_are_not_counted(world: World) -> None:
    """What is kept free is one of those that work now."""
    lanes = world.workspace.lanes
    with Worker(world.workspace, SyncDriver(), threads=2):
        async with AsyncWorker(world.workspace, AsyncDriver(), tasks=1):
            assert [lanes.begin("acme", 1) for _ in range(3)] == [True, True, False]
        assert not lanes.begin("acme", 1)
    assert lanes.begin("acme", 1)


@pytest.mark.promise("D10")
def test_plugin_that_blocks_gets_one_thread_and_no_more(world: World) -> None:
    """Not one more each time that its lease ends; it hears the event again afterwards."""
    blocked, may_go, heard = threading.Event(), threading.Event(), list[int]()

    class Blocking:
        @hookimpl
        def esign_event(self, event: Event) -> None:
            heard.append(event.seq)
            if not may_go.is_set():
                blocked.set()
                assert may_go.wait(30)

    _ = world.send()
    world.vendor.complete("1")
    world.work(3600)
    world.registry.add_plugin(Blocking(), name="blocking")
    world.run(plan_telling(world.workspace))
    with ThreadPoolExecutor(1) as pool:
        stuck = pool.submit(SyncDriver().run, work_once(world.workspace))
        try:
            assert blocked.wait(30)
            world.clock.pass_time(LEASE.total_seconds() + 1)
            [item] = world.todo()
            for _ in range(3):
                _ = SyncDriver().run(work_once(world.workspace))
                [left] = world.todo()
                assert (left.leased_until, left.attempts) == (None, item.attempts)
                assert left.due_at > world.clock.now(), "somebody else may look, and not at once"
                world.clock.pass_time(120)
            assert heard == [1]
        finally:
            may_go.set()
        _ = stuck.result(30)
    world.work(3600)
    everything = [event.seq for event in world.events()]
    assert heard[-len(everything) :] == everything
    assert world.todo() == []
