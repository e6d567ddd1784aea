from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import anyio
import anyio.to_thread
import pytest

from esign_core.engine import AsyncDriver
from esign_core.engine.effects import transact_together
from esign_core.engine.together import Answer, Failed, Together


class Desk:
    """Does pieces in its own time: the first time only when it is told to go on."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.go_on = threading.Event()

    def perform(self, pieces: Sequence[str]) -> list[Answer]:
        self.batches.append(list(pieces))
        if len(self.batches) == 1:
            assert self.go_on.wait(10)
        return [Failed(ValueError(p)) if p.startswith("bad") else f"did {p}" for p in pieces]


async def _until(desk: Desk, count: int) -> None:
    with anyio.fail_after(10):
        while len(desk.batches) < count:  # noqa: ASYNC110 - a thread appends to it
            await anyio.sleep(0.001)


async def test_tasks_that_come_meanwhile_go_together() -> None:
    """However many tasks want the database, one thread goes for all who wait."""
    desk, answers = Desk(), dict[str, str]()
    together = Together(desk.perform)

    async def ask(piece: str) -> None:
        answers[piece] = await together.run(piece)

    async with anyio.create_task_group() as group:
        group.start_soon(ask, "first")
        await _until(desk, 1)
        for i in range(50):
            group.start_soon(ask, f"{i}")
        await anyio.wait_all_tasks_blocked()
        desk.go_on.set()
    assert [len(batch) for batch in desk.batches] == [1, 50]
    assert answers == {p: f"did {p}" for p in ["first", *(f"{i}" for i in range(50))]}


async def test_failure_belongs_to_its_own_task() -> None:
    """A piece that fails fails for who asked for it, and for nobody else."""
    desk = Desk()
    desk.go_on.set()
    together = Together(desk.perform)
    told: list[str] = []

    async def ask(piece: str) -> None:
        try:
            told.append(await together.run(piece))
        except ValueError as error:
            told.append(f"failed {error}")

    async with anyio.create_task_group() as group:
        for piece in ("a", "bad b", "c"):
            group.start_soon(ask, piece)
    assert sorted(told) == ["did a", "did c", "failed bad b"]


async def test_desk_that_fails_as_a_whole_tells_everybody() -> None:
    """Nobody waits for ever for a database that cannot be opened."""

    def closed(pieces: Sequence[str]) -> list[Answer]:
        raise ConnectionError

    together = Together(closed)
    failures = 0

    async def ask() -> None:
        nonlocal failures
        with pytest.raises(ConnectionError):
            await together.run("piece")
        failures += 1

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(ask)
    assert failures == 5


@pytest.mark.parametrize("moment", ["away", "waiting"])
async def test_task_that_is_cancelled_leaves_the_others_alone(moment: str) -> None:
    """Who is cancelled on the way, or in the queue, keeps nobody from being served."""
    desk, told = Desk(), list[str]()
    together = Together(desk.perform)
    scopes: dict[str, anyio.CancelScope] = {}

    async def ask(piece: str) -> None:
        with anyio.CancelScope() as scopes[piece]:
            told.append(await together.run(piece))

    async with anyio.create_task_group() as group:
        group.start_soon(ask, "first")
        await _until(desk, 1)
        for piece in ("second", "third"):
            group.start_soon(ask, piece)
        await anyio.wait_all_tasks_blocked()
        scopes["first" if moment == "away" else "second"].cancel()
        await anyio.wait_all_tasks_blocked()
        desk.go_on.set()
    assert "did third" in told
    assert await together.run("later") == "did later"


async def test_driver_gathers_what_tasks_write() -> None:
    """The async driver hands the pieces of concurrent tasks over together."""
    desk = Desk()
    driver = AsyncDriver()
    answers: list[str] = []

    async def run(piece: str) -> None:
        answers.append(await driver.run(transact_together(lambda: "alone", desk.perform, piece)))

    async with anyio.create_task_group() as group:
        group.start_soon(run, "a")
        await _until(desk, 1)
        for piece in ("b", "c"):
            group.start_soon(run, piece)
        await anyio.wait_all_tasks_blocked()
        desk.go_on.set()
    assert desk.batches == [["a"], ["b", "c"]]
    assert sorted(answers) == ["did a", "did b", "did c"]


@pytest.mark.promise("S1")
def test_task_that_asyncio_cancels_leaves_its_others_on_their_way() -> None:
    """asyncio knows no shield: its own time-outs end the task that went for all at once."""
    desk = Desk()

    async def main() -> list[object]:
        together = Together(desk.perform)
        first = asyncio.create_task(together.run("first"))
        await _until(desk, 1)
        tasks = [asyncio.create_task(together.run(f"{i}")) for i in range(3)]
        await asyncio.sleep(0)
        _ = first.cancel()
        await asyncio.sleep(0)
        desk.go_on.set()
        return list(await asyncio.gather(first, *tasks, return_exceptions=True))

    cancelled, *others = asyncio.run(main())
    assert isinstance(cancelled, asyncio.CancelledError)
    assert others == ["did 0", "did 1", "did 2"]


@pytest.mark.promise("S1")
def test_companions_of_a_cancelled_task_are_told_what_became_of_theirs() -> None:
    """They went along in its thread, which goes on."""
    desk, second = Desk(), threading.Event()

    def perform(pieces: Sequence[str]) -> list[Answer]:
        answers = desk.perform(pieces)
        assert len(desk.batches) == 1 or second.wait(10)
        return answers

    async def main() -> list[object]:
        together = Together(perform)
        first = asyncio.create_task(together.run("first"))
        await _until(desk, 1)
        tasks = [asyncio.create_task(together.run(f"{i}")) for i in range(3)]
        await asyncio.sleep(0)
        desk.go_on.set()
        _ = await first
        await _until(desk, 2)
        _ = tasks[0].cancel()
        await asyncio.sleep(0)
        second.set()
        return list(await asyncio.gather(*tasks, return_exceptions=True))

    cancelled, *others = asyncio.run(main())
    assert isinstance(cancelled, asyncio.CancelledError)
    assert others == ["did 1", "did 2"]
    assert desk.batches == [["first"], ["0", "1", "2"]]


def test_task_that_is_cancelled_before_its_thread_begins_lets_another_go() -> None:
    """While all threads are in use, it is called off together with its trip."""
    desk = Desk()
    desk.go_on.set()

    async def main() -> list[object]:
        limiter = anyio.to_thread.current_default_thread_limiter()
        limiter.total_tokens = 1
        held, release = threading.Event(), threading.Event()

        def hold() -> None:
            held.set()
            assert release.wait(10)

        holding = asyncio.create_task(anyio.to_thread.run_sync(hold))
        while not held.is_set():  # noqa: ASYNC110 - a thread sets it
            await asyncio.sleep(0.001)
        together = Together(desk.perform)
        leading = asyncio.create_task(together.run("leading"))
        await asyncio.sleep(0)
        other = asyncio.create_task(together.run("other"))
        await asyncio.sleep(0)
        _ = leading.cancel()
        await asyncio.sleep(0)
        release.set()
        await holding
        return list(await asyncio.gather(leading, other, return_exceptions=True))

    cancelled, answer = asyncio.run(main())
    assert isinstance(cancelled, asyncio.CancelledError)
    assert answer == "did other"
    assert desk.batches == [["other"]]


async def test_what_ends_a_thread_ends_nobodys_wait() -> None:
    """Also what is no `Exception`: a fault in a compiled library is none."""

    class Panic(BaseException):
        pass

    def panic(pieces: Sequence[str]) -> list[Answer]:
        raise Panic

    together = Together(panic)
    told: list[BaseException] = []

    async def ask() -> None:
        try:
            await together.run("piece")
        except Panic as error:
            told.append(error)

    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(ask)
    assert len(told) == 3


@pytest.mark.parametrize("is_closed", [True, False])
def test_event_loop_that_ends_meanwhile_holds_up_neither_the_thread_nor_the_next_loop(
    *, is_closed: bool
) -> None:
    """A time limit may end it all; a thread that waited for it would keep the process for ever."""
    driver, begun, threads = AsyncDriver(), threading.Event(), list[threading.Thread]()
    go_on = threading.Event()

    def perform(pieces: Sequence[str]) -> list[Answer]:
        if pieces == ["first"]:
            threads.append(threading.current_thread())
            begun.set()
            assert go_on.wait(10)
        return [f"did {piece}" for piece in pieces]

    async def ask(piece: str) -> str:
        with anyio.fail_after(10):
            told: str = await driver.run(transact_together(lambda: "alone", perform, piece))
            return told

    async def cut_short() -> None:
        asking = asyncio.create_task(ask("first"))
        while not begun.is_set():  # noqa: ASYNC110 - a thread sets it
            await asyncio.sleep(0.001)
        _ = asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(cut_short())
        if is_closed:
            loop.close()
        go_on.set()
        (thread,) = threads
        thread.join(10)
        assert not thread.is_alive()
        assert asyncio.run(ask("second")) == "did second"
    finally:
        if not is_closed:
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()
