"""Budgets that are in a database: nobody else waits for them, and nothing stays taken."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from esign_core.engine import (
    AsyncDriver,
    Exchange,
    MemoryBudgets,
    SavedFile,
    SyncDriver,
    Ticket,
    Told,
    WireRequest,
)
from esign_core.engine.effects import exchange
from esign_core.errors import EsignError, JournalUnusable, Refused, Unavailable
from esign_core.provider import Limit, Response

LIMIT = Limit("all", 1, 900.0)
WIRE = WireRequest("GET", "https://acme.invalid/", {})


class SlowBudgets(MemoryBudgets):
    """They answer when a test lets them."""

    blocks = True

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = threading.Event()
        self.was_asked = threading.Event()
        self.threads: set[str] = set()

    def take(self, ticket: Ticket, now: float) -> float:
        self.threads.add(threading.current_thread().name)
        self.was_asked.set()
        assert self.may_answer.wait(10)
        return super().take(ticket, now)

    def give_back(self, ticket: Ticket, now: float, told: Told | None = None) -> None:
        self.threads.add(threading.current_thread().name)
        super().give_back(ticket, now, told)

    @property
    def out(self) -> int:
        """How many slots nobody has given back."""
        return sum(len(each.out) for each in self._slots.get().budgets.values())

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        return sum(len(each.line) for each in self._slots.get().budgets.values())


class Line:
    """A vendor that answers at once, or never."""

    def __init__(self) -> None:
        self.asked = 0
        self.answers = True

    def exchange(self, request: WireRequest, *, is_reading: bool, is_repeatable: bool) -> Response:
        self.asked += 1
        return Response(200)

    async def exchange_async(
        self, request: WireRequest, *, is_reading: bool, is_repeatable: bool
    ) -> Response:
        self.asked += 1
        if not self.answers:
            await asyncio.Event().wait()
        return Response(200)

    def save(self, request: WireRequest, to: Path) -> SavedFile:
        raise AssertionError("nobody asks for this here")

    def close(self) -> None: ...

    async def aclose(self) -> None: ...


@pytest.fixture
def budgets() -> Iterator[SlowBudgets]:
    """Slow ones."""
    budgets = SlowBudgets()
    yield budgets
    budgets.may_answer.set()


def asking(line: Line, budgets: Any, **options: Any) -> Any:
    """A task of one request inside the limit."""

    def explain(_response: Response) -> Refused:
        return Refused("no")

    return exchange(Exchange(line, WIRE, explain, budgets, (LIMIT,), **options))


async def cancelled(running: asyncio.Task[Any]) -> None:
    """Call a task off."""
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def until(is_so: Callable[[], object]) -> None:
    """Wait for what happens in a thread or in another task."""
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - others do not know that somebody waits
            await asyncio.sleep(0.005)


async def test_others_go_on_while_a_database_decides(budgets: SlowBudgets) -> None:
    """The event loop is free: it is this very test that lets the database answer."""
    line = Line()
    running = asyncio.create_task(AsyncDriver().run(asking(line, budgets)))
    assert await asyncio.to_thread(budgets.was_asked.wait, 10)
    assert line.asked == 0
    budgets.may_answer.set()
    assert (await running).status == 200
    assert threading.current_thread().name not in budgets.threads
    assert budgets.out == 0


async def test_memory_is_asked_where_one_is() -> None:
    """A thread would cost more than the answer."""
    budgets = SlowBudgets()
    budgets.may_answer.set()
    budgets.blocks = False
    await AsyncDriver().run(asking(Line(), budgets))
    assert budgets.threads == {threading.current_thread().name}


async def test_who_is_called_off_while_asking_keeps_no_slot(budgets: SlowBudgets) -> None:
    """The slot may come after the one that wanted it is gone."""
    line = Line()
    running = asyncio.create_task(AsyncDriver().run(asking(line, budgets)))
    assert await asyncio.to_thread(budgets.was_asked.wait, 10)
    running.cancel()
    await asyncio.sleep(0)
    budgets.may_answer.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    await until(lambda: not budgets.out)
    assert line.asked == 0


async def test_who_is_called_off_in_line_leaves_it(budgets: SlowBudgets) -> None:
    """Those behind move up."""
    budgets.may_answer.set()
    limit = Limit("all", 1, 60.0)
    first = Ticket((limit,))
    budgets.take(first, asyncio.get_running_loop().time())
    effect = Exchange(Line(), WIRE, lambda _: Refused("no"), budgets, (limit,))
    running = asyncio.create_task(AsyncDriver().run(exchange(effect)))
    await until(lambda: budgets.waiting)
    await cancelled(running)
    assert budgets.waiting == 0


async def test_who_is_called_off_on_the_way_gives_back_its_slot(budgets: SlowBudgets) -> None:
    """It may have arrived: the slot is held for a window more, and then it is free."""
    budgets.may_answer.set()
    line = Line()
    line.answers = False
    running = asyncio.create_task(AsyncDriver().run(asking(line, budgets)))
    await until(lambda: line.asked)
    assert budgets.out == 1
    await cancelled(running)
    await until(lambda: not budgets.out)


class Broken(MemoryBudgets):
    """They cannot say."""

    def take(self, ticket: Ticket, now: float) -> float:
        raise JournalUnusable("the disk is full")


class Late(MemoryBudgets):
    """They give slots that lapse at once."""

    def take(self, ticket: Ticket, now: float) -> float:
        wait = super().take(ticket, now)
        ticket.starts_by = now - 1
        return wait


@pytest.mark.promise("S5")
async def test_nothing_is_sent_without_a_slot() -> None:
    """Nobody knows how many are left, or the slot has lapsed before the request began."""
    kinds: tuple[tuple[type[MemoryBudgets], type[EsignError]], ...] = (
        (Broken, JournalUnusable),
        (Late, Unavailable),
    )
    for kind, error in kinds:
        line = Line()
        with pytest.raises(error) as caught:
            SyncDriver().run(asking(line, kind()))
        assert caught.value.outcome.value == "not_done"
        with pytest.raises(error):
            await AsyncDriver().run(asking(line, kind()))
        assert line.asked == 0


def test_a_request_without_limits_asks_no_database(budgets: SlowBudgets) -> None:
    """There is nothing to decide."""
    effect = Exchange(Line(), WIRE, lambda _: Refused("no"), budgets)
    assert SyncDriver().run(exchange(effect)).status == 200
    assert not budgets.was_asked.is_set()
