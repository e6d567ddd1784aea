from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from esign_core.engine.together import Answer, Failed
from esign_core.errors import JournalUnusable
from esign_core.journal.group import MOST, Group


class Desk:
    """Performs pieces, and holds up the first transaction until it is told to go on."""

    def __init__(self) -> None:
        self.batches: list[list[Any]] = []
        self.began = threading.Event()
        self.go_on = threading.Event()
        self.group = Group[Any](self.perform)

    def perform(self, pieces: Sequence[Any]) -> list[Answer]:
        self.batches.append(list(pieces))
        if len(self.batches) == 1:
            self.began.set()
            assert self.go_on.wait(10)
        if "stop" in pieces:
            raise KeyboardInterrupt
        return [f"did {piece}" for piece in pieces]

    def wait_for(self, count: int) -> None:
        """Until so many wait for the transaction that is on its way."""
        settled = threading.Event()
        for _ in range(1000):
            if len(self.group._waiting) == count:
                return
            settled.wait(0.005)
        raise AssertionError(count)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """A crowd."""
    with ThreadPoolExecutor(700) as threads:
        yield threads


def _held(desk: Desk, pool: ThreadPoolExecutor, pieces: Sequence[Any]) -> list[Future[Any]]:
    """One is being written, the others wait."""
    first = pool.submit(desk.group.submit, ["first"])
    assert desk.began.wait(10)
    waiting = [pool.submit(desk.group.submit, [piece]) for piece in pieces]
    desk.wait_for(len(pieces))
    return [first, *waiting]


def test_who_comes_alone_writes_at_once() -> None:
    """An idle journal makes nobody wait, and hands nothing to another thread."""
    threads: list[int] = []

    def perform(pieces: Sequence[Any]) -> list[Answer]:
        threads.append(threading.get_ident())
        return list(pieces)

    assert Group[Any](perform).submit(["one"]) == ["one"]
    assert threads == [threading.get_ident()]


@pytest.mark.promise("R10")
def test_who_comes_meanwhile_shares_the_next_transaction(pool: ThreadPoolExecutor) -> None:
    """A hundred callers who wait for one transaction share one more, and each gets its answer."""
    desk = Desk()
    everybody = _held(desk, pool, range(100))
    desk.go_on.set()
    answers = [each.result(10) for each in everybody]
    assert answers == [["did first"], *([f"did {i}"] for i in range(100))]
    assert [len(batch) for batch in desk.batches] == [1, 100]


def test_transaction_has_a_largest_size(pool: ThreadPoolExecutor) -> None:
    """However many wait, one transaction stays short enough for the others."""
    desk = Desk()
    everybody = _held(desk, pool, range(MOST + 50))
    desk.go_on.set()
    for each in everybody:
        each.result(10)
    assert [len(batch) for batch in desk.batches] == [1, MOST, 50]


def test_who_is_interrupted_takes_nobody_along(pool: ThreadPoolExecutor) -> None:
    """The others are told that nobody knows, and who comes later is served."""
    desk = Desk()
    first, *others = _held(desk, pool, ["stop", "other"])
    desk.go_on.set()
    first.result(10)
    stopped, other = others
    with pytest.raises(KeyboardInterrupt):
        stopped.result(10)
    [answer] = other.result(10)
    assert isinstance(answer, Failed)
    assert isinstance(answer.error, JournalUnusable)
    assert "nobody can say whether this step was kept" in str(answer.error)
    assert desk.group.submit(["later"]) == ["did later"]


def test_order_is_kept(pool: ThreadPoolExecutor) -> None:
    """What came first is written first."""
    desk = Desk()
    first = pool.submit(desk.group.submit, ["first"])
    assert desk.began.wait(10)
    waiting = []
    for i in range(5):
        waiting.append(pool.submit(desk.group.submit, [i, f"{i}b"]))
        desk.wait_for(i + 1)
    desk.go_on.set()
    assert [each.result(10) for each in (first, *waiting)][-1] == ["did 4", "did 4b"]
    assert desk.batches[1] == [x for i in range(5) for x in (i, f"{i}b")]


def _every(work: Callable[[], Any], count: int) -> list[Any]:
    with ThreadPoolExecutor(count) as threads:
        return [each.result(30) for each in [threads.submit(work) for _ in range(count)]]


def test_nobody_is_forgotten_under_a_crowd() -> None:
    """Eight threads, each many times: every piece is done exactly once."""
    done: list[int] = []

    def perform(pieces: Sequence[int]) -> list[Answer]:
        done.extend(pieces)
        return list(pieces)

    group = Group[int](perform)
    counter = iter(range(100_000))
    lock = threading.Lock()

    def many() -> None:
        for _ in range(500):
            with lock:
                piece = next(counter)
            assert group.submit([piece]) == [piece]

    _every(many, 8)
    assert sorted(done) == list(range(4000))
