from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from esign_core.engine import AsyncDriver, SyncDriver
from esign_core.engine.simulate import Crash, SimulatedDriver
from esign_core.errors import JournalUnusable
from esign_core.journal import Journal, WorkKind
from esign_core.model import EnvelopeStatus, Event
from esign_core.provider import hookimpl
from esign_core.service import worker as worker_module
from esign_core.service.attending import LEASE
from esign_core.service.chores import IDLE_SECONDS
from esign_core.service.events import wait_for_news
from esign_core.service.worker import AsyncWorker, Worker, turn

if TYPE_CHECKING:
    from tests.service.conftest import World


def _until(condition: Callable[[], bool]) -> None:
    """Wait for other threads; the time given decides nothing but when to give up."""
    for _ in range(1000):
        if condition():
            return
        threading.Event().wait(0.01)
    pytest.fail("it never happened")


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What each turn of a worker has answered."""
    taken: list[float] = []

    def counted(workspace: Any) -> Any:
        pause = yield from turn(workspace)
        taken.append(pause)
        return pause

    monkeypatch.setattr(worker_module, "turn", counted)
    return taken


def _look_now(world: World, envelope_id: str) -> None:
    world.workspace.journal.write(
        lambda tx: tx.work.plan(
            WorkKind.REFRESH, envelope_id, connection="acme", due_at=world.clock.now()
        )
    )


def _listen(world: World) -> None:
    """To have begun to listen is news by itself."""
    journal = world.workspace.journal
    if "postgresql" in world.url:
        journal.wait_for_news(journal.seen(), 10)


def _working() -> list[str]:
    names = (thread.name for thread in threading.enumerate())
    return [name for name in names if name.startswith("esign-worker")]


def test_threads_work_while_the_block_lasts(world: World) -> None:
    """They begin with the block, are woken by what is planned, and are gone after it."""
    envelope = world.send()
    world.vendor.complete("1")
    with Worker(world.workspace, SyncDriver(), threads=3):
        assert len(_working()) == 3
        _look_now(world, envelope.id)
        _until(lambda: world.get(envelope.id).is_final)
    assert _working() == []
    assert world.todo() == []


def test_idle_threads_take_no_turns(
    world: World, turns: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each looks once and goes to sleep for as long as there is nothing due; news wake it."""
    _listen(world)
    asleep = threading.Semaphore(0)
    sleeps: list[float] = []
    wait = world.workspace.journal.wait_for_news

    def watched(seen: int, seconds: float) -> None:
        sleeps.append(seconds)
        asleep.release()
        wait(seen, seconds)

    monkeypatch.setattr(world.workspace.journal, "wait_for_news", watched)
    with Worker(world.workspace, SyncDriver(), threads=2):
        assert asleep.acquire(timeout=10)
        assert asleep.acquire(timeout=10)
        assert (turns, sleeps) == ([IDLE_SECONDS] * 2, [IDLE_SECONDS] * 2)
        world.workspace.journal.wake()
        assert asleep.acquire(timeout=10)
        assert asleep.acquire(timeout=10)
        assert turns == [IDLE_SECONDS] * 4


async def test_tasks_work_while_the_block_lasts(
    world: World, turns: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The async worker does the same on the event loop."""
    envelope = world.send()
    _listen(world)
    world.vendor.complete("1")
    asleep: list[float] = []

    async def watched(journal: Journal, seen: int, seconds: float) -> None:
        asleep.append(seconds)
        await wait_for_news(journal, seen, seconds)

    monkeypatch.setattr(worker_module, "wait_for_news", watched)
    with anyio.fail_after(20):
        async with AsyncWorker(world.workspace, AsyncDriver(), tasks=2):
            while len(asleep) < 2:  # noqa: ASYNC110 - tasks of the worker's own
                await anyio.sleep(0.01)
            assert len(turns) == 2, "idle tasks take no turns"
            _look_now(world, envelope.id)
            while not world.get(envelope.id).is_final:  # noqa: ASYNC110 - as above
                await anyio.sleep(0.01)
    assert world.todo() == []


async def test_error_in_the_block_stays_what_it_is(world: World) -> None:
    """A worker around failing code does not wrap its error."""
    with pytest.raises(ZeroDivisionError):
        async with AsyncWorker(world.workspace, AsyncDriver(), tasks=1):
            raise ZeroDivisionError


@pytest.mark.promise("D9")
def test_worker_survives_a_journal_that_fails(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    turns: list[float],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A full disk stops the work, not the worker."""
    envelope = world.send()
    world.vendor.complete("1")
    _look_now(world, envelope.id)
    monkeypatch.setattr(worker_module, "_AFTER_FAILURE_SECONDS", 0.01)
    read = world.workspace.journal.read
    failing = threading.Event()
    failing.set()

    def unusable(work: Any) -> Any:
        if failing.is_set() and threading.current_thread() is not threading.main_thread():
            raise JournalUnusable("the disk is full")
        return read(work)

    monkeypatch.setattr(world.workspace.journal, "read", unusable)
    with Worker(world.workspace, SyncDriver(), threads=1):
        _until(lambda: "the disk is full" in caplog.text)
        failing.clear()
        _until(lambda: world.get(envelope.id).is_final)


class _Listener:
    def __init__(self) -> None:
        self.heard: list[Event] = []

    @hookimpl
    def esign_event(self, event: Event) -> None:
        self.heard.append(event)


class _Broken:
    @hookimpl
    def esign_event(self, event: Event) -> None:
        raise ZeroDivisionError("canary")


@pytest.fixture
def no_thread_to_listen(monkeypatch: pytest.MonkeyPatch) -> list[RuntimeError]:
    """What is raised where workers begin to wait, as often as there is something in it."""
    errors = [RuntimeError("can't start new thread")]
    listen = Journal.listen

    def failing(journal: Journal) -> None:
        if errors:
            raise errors.pop()
        listen(journal)

    monkeypatch.setattr(Journal, "listen", failing)
    monkeypatch.setattr(worker_module, "_AFTER_FAILURE_SECONDS", 0.01)
    return errors


@pytest.mark.promise("D9")
@pytest.mark.parametrize("is_async", [False, True])
async def test_worker_survives_that_it_cannot_wait(
    world: World, no_thread_to_listen: list[RuntimeError], *, is_async: bool
) -> None:
    """To wait for news takes a thread, and there may be none; else nobody works any more."""
    envelope = world.send()
    world.vendor.complete("1")
    async with AsyncExitStack() as stack:
        if is_async:
            workers: Any = AsyncWorker(world.workspace, AsyncDriver(), tasks=1)
            await stack.enter_async_context(workers)
        else:
            stack.enter_context(Worker(world.workspace, SyncDriver(), threads=1))
        with anyio.fail_after(10):
            while no_thread_to_listen:  # noqa: ASYNC110 - a thread takes from it
                await anyio.sleep(0.01)
            _look_now(world, envelope.id)
            while not world.get(envelope.id).is_final:  # noqa: ASYNC110 - as above
                await anyio.sleep(0.01)


def test_plugins_hear_of_every_event_in_order(world: World) -> None:
    """Each once, after it was stored, and not again after a restart."""
    listener = _Listener()
    world.registry.add_plugin(listener, name="listener")
    world.send()
    world.vendor.complete("1")
    world.work(61)
    assert listener.heard == world.events()
    world.restart()
    world.work(0)
    assert len(listener.heard) == len(world.events())


@pytest.mark.promise("R9", "D10")
def test_plugin_that_raises_harms_nobody(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Others hear the event, the work goes on, and the log names it and none of its words."""
    listener = _Listener()
    world.registry.add_plugin(listener, name="listener")
    world.registry.add_plugin(_Broken(), name="broken")
    world.registry.add_plugin(_Listener(), name="another")
    envelope = world.send()
    world.vendor.complete("1")
    world.work(61)
    assert listener.heard == world.events()
    assert world.get(envelope.id).status is EnvelopeStatus.COMPLETED
    assert 'plugin "broken" failed on an event with ZeroDivisionError' in caplog.text
    assert "test_worker.py" in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.promise("R5")
def test_plugins_hear_again_what_a_crash_interrupted(world: World) -> None:
    """At least once: an event whose telling was not written down is told again."""
    listener = _Listener()
    world.registry.add_plugin(listener, name="listener")
    world.send()
    world.driver = SimulatedDriver(clock=world.clock, crash_at=7)
    with pytest.raises(Crash):
        world.run(turn(world.workspace))
    assert len(listener.heard) == 1
    world.restart()
    world.work(LEASE.total_seconds() + 1)
    assert [event.seq for event in listener.heard] == [1, 1]


def test_plugin_that_takes_its_time_keeps_no_thread_waiting(world: World) -> None:
    """One thread tells; the others work."""
    began, finish = threading.Event(), threading.Event()

    class Slow:
        @hookimpl
        def esign_event(self, event: Event) -> None:
            began.set()
            assert finish.wait(60)

    world.registry.add_plugin(Slow(), name="slow")
    envelope = world.send()
    world.vendor.complete("1")
    with Worker(world.workspace, SyncDriver(), threads=2):
        try:
            assert began.wait(10)
            _look_now(world, envelope.id)
            _until(lambda: world.get(envelope.id).is_final)
        finally:
            finish.set()
