"""Drivers: what they refuse, how they end, and what they keep apart."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from esign_core.engine import (
    AsyncDriver,
    SyncDriver,
    Task,
    bring,
    call,
    exclusive,
    sleep,
    transact,
)
from esign_core.engine.drive import TRANSFERS
from esign_core.engine.limits import _Slots
from esign_core.provider import Flow, HttpDownload, Limit, Request, Response

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import Heard, Vendor, Way


@pytest.mark.parametrize("task", [17, None, "canary", [1], lambda: None, iter([1])])
def test_what_is_no_task_is_refused_by_name(way: Way, task: Any) -> None:
    """A forgotten `yield` makes a plain value of a task; values are not shown."""
    with pytest.raises(TypeError, match=f"{type(task).__name__} is no task") as caught:
        way.run(task)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("effect", [17, None, "canary", Request("GET", "/canary")])
def test_what_is_no_effect_is_refused_by_name(way: Way, effect: Any) -> None:
    """Where it was yielded, so that the traceback points there."""
    reached: list[str] = []

    def task() -> Any:
        try:
            yield effect
        finally:
            reached.append("where it was yielded")

    with pytest.raises(TypeError, match=f"yielded {type(effect).__name__}, which is no effect"):
        way.run(task())
    assert reached


def test_a_task_gets_what_came_of_each_effect(way: Way) -> None:
    """Results are sent in, errors thrown in, and its answer is what it returns."""

    def fail() -> int:
        raise ValueError("no")

    def task() -> Task[list[Any]]:
        seen: list[Any] = [(yield from transact(lambda: 1))]
        yield from sleep(0)
        try:
            yield from transact(fail)
        except ValueError as error:
            seen.append(str(error))
        seen.append((yield from exclusive("x", lambda: transact(lambda: 3))))
        return seen

    assert way.run(task()) == [1, "no", 3]


def test_what_a_task_raises_has_no_false_cause(way: Way) -> None:
    """Steps are taken outside `except`: an error is not told as one that came while another was
    being handled.
    """  # noqa: D205 - one sentence

    def task() -> Task[None]:
        yield from transact(lambda: None)
        raise ValueError("own")

    def after_an_error() -> Task[None]:
        with suppress(ZeroDivisionError):
            yield from transact(lambda: 1 // 0)
        yield from transact(lambda: None)
        raise ValueError("own")

    for each in (task, after_an_error):
        with pytest.raises(ValueError, match="own") as caught:
            way.run(each())
        assert caught.value.__context__ is None


def test_a_task_that_nobody_ends_is_closed(way: Way) -> None:
    """Ctrl-C while an effect is performed: the task tidies up and nothing after it is run."""
    told: list[str] = []

    def interrupted() -> None:
        raise KeyboardInterrupt

    def task() -> Task[None]:
        try:
            yield from transact(interrupted)
            told.append("went on")
        finally:
            told.append("tidied up")

    with pytest.raises(KeyboardInterrupt):
        way.run(task())
    assert told == ["tidied up"]


def test_tasks_of_one_name_take_turns(way: Way) -> None:
    """And those of another name do not wait for them."""
    running = 0
    most: dict[str, int] = {"same": 0}
    other_is_done = threading.Event()

    def step(by: int) -> None:
        nonlocal running
        running += by
        most["same"] = max(most["same"], running)

    def alone() -> Task[None]:
        yield from transact(lambda: step(1))
        yield from sleep(0.001)
        yield from transact(lambda: step(-1))

    def waits_for_the_other() -> Task[None]:
        yield from transact(lambda: other_is_done.wait(10))

    def other() -> Task[None]:
        yield from transact(other_is_done.set)

    way.run_all([exclusive("same", alone) for _ in range(20)])
    assert most["same"] == 1
    way.run_all([exclusive("one", waits_for_the_other), exclusive("two", other)])
    assert other_is_done.is_set()


def test_a_name_is_free_again_after_an_error(way: Way) -> None:
    """Whatever became of who had it."""

    def fails() -> Task[None]:
        yield from sleep(0)
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            way.run(exclusive("x", fails))


# --- cancellation -------------------------------------------------------------------------------


async def cancelled(driver: AsyncDriver, task: Task[Any], begun: threading.Event) -> None:
    """Cancel a task as soon as it has begun."""
    running = asyncio.create_task(driver.run(task))
    assert await asyncio.to_thread(begun.wait, 10)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


@pytest.fixture
def asked(vendor: Vendor) -> threading.Event:
    """Whether a vendor that never answers was asked."""
    asked = threading.Event()

    def answer(_heard: Heard) -> Any:
        asked.set()
        return vendor.stay_silent

    vendor.answer = answer
    return asked


async def test_a_cancelled_flow_is_closed_and_goes_no_further(
    sync_way: Way, vendor: Vendor, asked: threading.Event
) -> None:
    """It may tidy up; the slot of its request is given back; the cancellation goes on."""
    told: list[str] = []
    account = sync_way.session(vendor)

    def flow() -> Flow[Response]:
        try:
            answer = yield Request("GET", "/things", limits=(Limit("x", 5, 60.0),))
            told.append("went on")
        except Exception:
            told.append("took it for an error")
            raise
        finally:
            told.append("tidied up")
        return answer

    await cancelled(AsyncDriver(), call(account, flow(), operation="request"), asked)
    await account.line.aclose()
    assert told == ["tidied up"]
    slots: _Slots = account.budgets._slots.get()  # type: ignore[attr-defined]
    (budget,) = slots.budgets.values()
    assert (budget.out, sum(budget.back.values())) == ({}, 1)


async def test_a_cancelled_flow_that_goes_on_stops_nobody(
    sync_way: Way, vendor: Vendor, asked: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    """An adapter that takes cancellation for something to answer is logged, and it stays one."""
    account = sync_way.session(vendor)

    def flow() -> Any:
        try:
            yield Request("GET", "/things")
        except BaseException:  # noqa: BLE001 - this is what is wrong with it
            yield Request("GET", "/more")

    await cancelled(AsyncDriver(), call(account, flow(), operation="request"), asked)
    await account.line.aclose()
    assert "acme.request did not stop when it was closed" in caplog.text


async def test_a_cancelled_task_finishes_what_it_is_writing() -> None:
    """A transaction that has begun comes to its end, in its thread; nothing after it is run."""
    begun, go_on, written = threading.Event(), threading.Event(), threading.Event()
    told: list[str] = []

    def write() -> None:
        begun.set()
        go_on.wait(10)
        written.set()

    def task() -> Task[None]:
        yield from transact(write)
        told.append("went on")

    await cancelled(AsyncDriver(), task(), begun)
    go_on.set()
    assert await asyncio.to_thread(written.wait, 10)
    assert told == []


async def test_whoever_waits_for_a_cancelled_one_is_next() -> None:
    """A name that a cancelled task had is free, and those who waited are not cancelled with it."""
    driver = AsyncDriver()
    begun = threading.Event()

    def long() -> Task[None]:
        yield from transact(begun.set)
        yield from sleep(3600)

    running = asyncio.create_task(driver.run(exclusive("x", long)))
    assert await asyncio.to_thread(begun.wait, 10)
    waiting = asyncio.create_task(driver.run(exclusive("x", lambda: transact(lambda: 17))))
    await asyncio.sleep(0)
    running.cancel()
    assert await waiting == 17


# --- threads ------------------------------------------------------------------------------------


async def test_downloads_do_not_keep_the_database_waiting(
    sync_way: Way, vendor: Vendor, tmp_path: Path
) -> None:
    """However many files are on their way, transactions have threads of their own."""
    account = sync_way.session(vendor, timeout_seconds=60)
    driver = AsyncDriver()
    source = HttpDownload(Request("GET", "/file", repeatable=False))
    busy = threading.Event()

    def answer(_heard: Heard) -> Any:
        if len(vendor.heard) >= TRANSFERS:
            busy.set()
        return vendor.stay_silent

    vendor.answer = answer
    with anyio.fail_after(40):
        downloads = [
            asyncio.create_task(driver.run(bring(account, source, tmp_path / str(i))))
            for i in range(3 * TRANSFERS)
        ]
        assert await asyncio.to_thread(busy.wait, 30)
        assert await driver.run(transact(lambda: 17)) == 17
        vendor.close()
        ended = await asyncio.gather(*downloads, return_exceptions=True)
    assert all(isinstance(error, Exception) for error in ended)


def test_one_driver_serves_many_threads(vendor: Vendor, sync_way: Way) -> None:
    """Two hundred requests of twenty threads over one account: each gets its own answer."""
    vendor.answer = lambda heard: vendor.reply(200, heard.target.encode())
    session = sync_way.session(vendor)
    driver = SyncDriver()

    def flow(number: int) -> Flow[Response]:
        return (yield Request("GET", f"/things/{number}"))

    def ask(number: int) -> bool:
        answer = driver.run(call(session, flow(number), operation="request"))
        return answer.content == f"/things/{number}".encode()

    with ThreadPoolExecutor(20) as pool:
        assert all(pool.map(ask, range(200)))
    assert vendor.connections <= 20
