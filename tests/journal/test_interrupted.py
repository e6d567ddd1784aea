"""What comes out of a signal handler: Ctrl-C, a job's time limit, a server that stops its worker.

It may come between any two steps. Here it comes at the moments at which most is at stake.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, text

from esign_core.engine.together import Answer
from esign_core.errors import JournalUnusable, Outcome
from esign_core.journal.database import Database
from esign_core.journal.group import Group


class TimeLimit(Exception):
    """What a job queue raises out of a signal handler."""


class Bare:
    """What a piece of writing is given here."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def flush(self) -> None:
        """Nothing was put off."""

    def kept(self) -> None:
        """Nothing is to be learned."""


@pytest.fixture
def database(journal_url: str) -> Iterator[Database[Bare]]:
    """Open, and written once."""
    opened = Database(journal_url, Bare)
    opened.write(_add("zero"))
    yield opened
    opened.close()


def _add(name: str) -> Callable[[Bare], None]:
    """A row that is refused if it is there already."""

    def work(bare: Bare) -> None:
        statement = text("INSERT INTO esign_counters (name, value) VALUES (:name, 1)")
        bare.connection.execute(statement, {"name": name})

    return work


def _more(bare: Bare) -> None:
    bare.connection.execute(text("UPDATE esign_counters SET value = value + 1"))


def _value(bare: Bare) -> int:
    found: int = bare.connection.execute(
        text("SELECT value FROM esign_counters WHERE name = 'zero'")
    ).scalar_one()
    return found


def _dialect(database: Database[Bare]) -> Any:
    store: Any = database._processes.get().store
    return getattr(store, "_writer", None) or store._engine


def _interrupt(
    database: Database[Bare], monkeypatch: pytest.MonkeyPatch, error: BaseException, *, kept: bool
) -> None:
    """Once, right after a commit, or right before one."""
    dialect = _dialect(database).dialect
    commit, errors = dialect.do_commit, [error]

    def interrupted(line: Any) -> None:
        if errors and not kept:
            raise errors.pop()
        commit(line)
        if errors:
            raise errors.pop()

    monkeypatch.setattr(dialect, "do_commit", interrupted)


@pytest.mark.promise("R1", "S1")
def test_what_is_committed_is_not_done_once_more(
    database: Database[Bare], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who writes is told that it was stopped, and nothing of the group is repeated one by one."""
    _interrupt(database, monkeypatch, TimeLimit(), kept=True)
    with pytest.raises(TimeLimit):
        _ = database.write_all([_more, _more])
    assert database.read(_value) == 3
    database.write(_more)
    assert database.read(_value) == 4


@pytest.mark.promise("R1")
@pytest.mark.parametrize("kept", [False, True])
def test_next_write_is_none_of_the_interrupted_one(
    database: Database[Bare], monkeypatch: pytest.MonkeyPatch, *, kept: bool
) -> None:
    """A line in the middle of something is given up; the next writer has a clean one."""
    _interrupt(database, monkeypatch, KeyboardInterrupt(), kept=kept)
    with pytest.raises(KeyboardInterrupt):
        database.write(_more)
    assert database.read(_value) == 1 + kept
    database.write(_more)
    assert database.read(_value) == 2 + kept


@pytest.mark.promise("R1")
def test_interrupt_right_after_a_transaction_began_leaves_no_lock(
    database: Database[Bare], journal_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither this process nor another one finds the journal locked afterwards."""
    begin, errors = Connection.begin, [KeyboardInterrupt()]

    def begun(line: Connection) -> Any:
        transaction = begin(line)
        if errors:
            line._transaction = None  # as if it had come before SQLAlchemy knew
            raise errors.pop()
        return transaction

    monkeypatch.setattr(Connection, "begin", begun)
    with pytest.raises(KeyboardInterrupt):
        database.write(_more)
    database.write(_more)
    other = Database(journal_url, Bare, busy_seconds=0.5)
    other.write(_more)
    other.close()
    assert database.read(_value) == 3


@pytest.mark.promise("R1")
@pytest.mark.parametrize("is_first", [True, False])
def test_who_is_interrupted_while_waiting_leaves_its_place(*, is_first: bool) -> None:
    """Nobody waits for one that has gone to write for all."""
    began, go_on = threading.Event(), threading.Event()
    written: list[Any] = []

    def perform(pieces: Sequence[Any]) -> list[Answer]:
        if "first" in pieces:
            began.set()
            assert go_on.wait(10)
        written.extend(pieces)
        return list(pieces)

    def wait_for(count: int) -> None:
        pause = threading.Event()
        while len(group._waiting) != count:
            _ = pause.wait(0.005)

    def interrupt() -> None:
        wait_for(2)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
        wait_for(1)
        go_on.set()

    def raise_limit(*_: object) -> None:
        raise TimeLimit

    group = Group[Any](perform)
    before = signal.signal(signal.SIGUSR1, raise_limit)
    try:
        with ThreadPoolExecutor(3) as pool:
            first = pool.submit(group.submit, ["first"])
            assert began.wait(10)
            if is_first:
                interrupting = pool.submit(interrupt)
                other = pool.submit(_after, lambda: wait_for(1), group, "other")
            else:
                other = pool.submit(group.submit, ["other"])
                wait_for(1)
                interrupting = pool.submit(interrupt)
            with pytest.raises(TimeLimit):
                _ = group.submit(["interrupted"])
            interrupting.result(10)
            assert first.result(10) == ["first"]
            assert other.result(10) == ["other"]
    finally:
        _ = signal.signal(signal.SIGUSR1, before)
    assert group.submit(["later"]) == ["later"]
    assert "interrupted" not in written


def _after(wait: Callable[[], None], group: Group[Any], piece: str) -> Any:
    wait()
    return group.submit([piece])


def test_who_goes_along_with_an_interrupted_writer_is_told_that_nobody_can_say() -> None:
    """Their step may be kept; it is not called undone."""
    began, go_on = threading.Event(), threading.Event()

    def perform(pieces: Sequence[Any]) -> list[Answer]:
        if "first" in pieces:
            began.set()
            assert go_on.wait(10)
            return list(pieces)
        raise KeyboardInterrupt

    group = Group[Any](perform)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(group.submit, ["first"])
        assert began.wait(10)
        others = [pool.submit(group.submit, [i]) for i in range(2)]
        pause = threading.Event()
        while len(group._waiting) != 2:
            _ = pause.wait(0.005)
        go_on.set()
        assert first.result(10) == ["first"]
        errors = [other.exception(10) for other in others]
        answers = [other.result(10) for other in others if other.exception() is None]
    assert [type(error) for error in errors if error is not None] == [KeyboardInterrupt]
    ((answer,),) = answers
    assert isinstance(answer.error, JournalUnusable)
    assert answer.error.outcome is Outcome.UNCERTAIN
