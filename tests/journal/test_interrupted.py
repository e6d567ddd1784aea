"""What comes out of a signal handler: Ctrl-C, a job's time limit, a server that stops its worker.

It may come between any two steps. Here it comes at the moments at which most is at stake.
"""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from esign_core.engine.together import Answer
from esign_core.errors import JournalUnusable, Outcome
from esign_core.journal.database import Database
from esign_core.journal.group import Group, _Caller
from esign_core.journal.turns import Turns


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


@pytest.mark.promise("R1", "S1")
@pytest.mark.parametrize("moment", ["statement", "commit"])
@pytest.mark.parametrize("journal_url", ["postgresql"], indirect=True)
def test_interrupt_before_the_server_has_answered_stays_what_it_is(
    database: Database[Bare], moment: str
) -> None:
    """It is not told as a fault of the database, and the next writer has a line that is free."""
    wait = "SELECT pg_sleep(1)"
    if moment == "commit":
        wait = """
            CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN PERFORM pg_sleep(1); RETURN NULL; END';
            CREATE CONSTRAINT TRIGGER waiting AFTER UPDATE ON esign_counters
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()
        """

    def work(bare: Bare) -> None:
        bare.connection.exec_driver_sql(wait)
        _more(bare)
        _ = signal.setitimer(signal.ITIMER_REAL, 0.2)

    def raise_limit(*_: object) -> None:
        raise TimeLimit

    before = signal.signal(signal.SIGALRM, raise_limit)
    if moment == "statement":
        _ = signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(TimeLimit):
            database.write(work)
    finally:
        _ = signal.setitimer(signal.ITIMER_REAL, 0)
        _ = signal.signal(signal.SIGALRM, before)
    database.write(_more)
    assert database.read(_value) in {2, 3}


@pytest.mark.promise("R1")
@pytest.mark.parametrize("is_first", [True, False])
def test_who_is_interrupted_while_waiting_leaves_its_place(*, is_first: bool) -> None:
    """Nobody waits for one that has gone to write for all."""
    gate = _Gate()

    def wait_for(count: int) -> None:
        pause = threading.Event()
        while len(group._waiting) != count:
            _ = pause.wait(0.005)

    def interrupt() -> None:
        wait_for(2)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
        wait_for(1)
        gate.go_on.set()

    def raise_limit(*_: object) -> None:
        raise TimeLimit

    group = Group[Any](gate.perform)
    before = signal.signal(signal.SIGUSR1, raise_limit)
    try:
        with ThreadPoolExecutor(3) as pool:
            first = pool.submit(group.submit, ["first"])
            assert gate.began.wait(10)
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
    assert "interrupted" not in gate.written


class _Gate:
    """Holds up whoever writes "first", until it may go on."""

    def __init__(self) -> None:
        self.began, self.go_on = threading.Event(), threading.Event()
        self.written: list[Any] = []

    def perform(self, pieces: Sequence[Any]) -> list[Answer]:
        """Write it all, in its time."""
        if "first" in pieces:
            self.began.set()
            assert self.go_on.wait(10)
        self.written.extend(pieces)
        return list(pieces)


def _after(wait: Callable[[], None], group: Group[Any], piece: str) -> Any:
    wait()
    return group.submit([piece])


def test_who_goes_along_with_an_interrupted_writer_is_told_that_nobody_can_say() -> None:
    """Their step may be kept; it is not called undone."""
    gate = _Gate()

    def perform(pieces: Sequence[Any]) -> list[Answer]:
        if "first" not in pieces:
            raise KeyboardInterrupt
        return gate.perform(pieces)

    group = Group[Any](perform)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(group.submit, ["first"])
        assert gate.began.wait(10)
        others = [pool.submit(group.submit, [i]) for i in range(2)]
        pause = threading.Event()
        while len(group._waiting) != 2:
            _ = pause.wait(0.005)
        gate.go_on.set()
        assert first.result(10) == ["first"]
        errors = [other.exception(10) for other in others]
        answers = [other.result(10) for other in others if other.exception() is None]
    assert [type(error) for error in errors if error is not None] == [KeyboardInterrupt]
    ((answer,),) = answers
    assert isinstance(answer.error, JournalUnusable)
    assert answer.error.outcome is Outcome.UNCERTAIN


class _Slippery(deque[Any]):
    """A line in which the step that takes "other" out of it is stopped once."""

    is_stopping = True

    def popleft(self) -> Any:
        if self[0].pieces == ["other"] and self.is_stopping:
            self.is_stopping = False
            raise TimeLimit
        return super().popleft()


@pytest.mark.promise("R1")
@pytest.mark.parametrize("step", ["woken", "taken"])
def test_leader_that_is_stopped_between_its_steps_leaves_nobody_waiting_for_ever(
    monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Whoever it has named and not woken, or has half taken along, does not hold up the rest."""
    gate = _Gate()
    wake, errors = _Caller[Any].wake, [TimeLimit()]

    def stopped(caller: _Caller[Any]) -> None:
        if caller.pieces == ["other"] and errors:
            raise errors.pop()
        wake(caller)

    group = Group[Any](gate.perform)
    if step == "woken":
        monkeypatch.setattr(_Caller, "wake", stopped)
    else:
        group._waiting = _Slippery()
    pool = [_Submitting(group, "first")]
    assert gate.began.wait(10)
    for place, piece in enumerate(["second", "other"][step == "woken" :], start=1):
        pool.append(_Submitting(group, piece))
        _wait_for(group, place)
    gate.go_on.set()
    pool.append(_Submitting(group, "later"))
    told = {each.piece: each.told(10) for each in pool}
    assert told["later"] == ["later"]
    if step == "woken":
        assert (type(told["first"]), told["other"]) == (TimeLimit, ["other"])
    else:
        assert (told["first"], type(told["second"])) == (["first"], TimeLimit)
        assert told["other"][0].error.outcome is Outcome.UNCERTAIN


class _Submitting(threading.Thread):
    """A thread for which nobody waits longer than they said."""

    def __init__(self, group: Group[Any], piece: str) -> None:
        super().__init__(daemon=True)
        self.piece = piece
        self._group = group
        self._told: Any = None
        self.start()

    def run(self) -> None:
        try:
            self._told = self._group.submit([self.piece])
        except TimeLimit as error:
            self._told = error

    def told(self, seconds: float) -> Any:
        self.join(seconds)
        assert not self.is_alive(), f"{self.piece} waits for ever"
        return self._told


def _wait_for(group: Group[Any], count: int) -> None:
    pause = threading.Event()
    while len(group._waiting) != count:
        _ = pause.wait(0.005)


@pytest.mark.promise("R1")
def test_interrupt_right_after_a_turn_was_had_gives_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that then writes no more for hours does not lock all others out."""
    url = f"sqlite:///{tmp_path / 'esign.db'}"
    idle, other = Database(url, Bare), Database(url, Bare, busy_seconds=0.5)
    idle.write(_add("zero"))
    wait, errors = Turns._wait, [KeyboardInterrupt()]

    def interrupted(turns: Turns, file: int) -> None:
        wait(turns, file)
        if errors:
            raise errors.pop()

    monkeypatch.setattr(Turns, "_wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        idle.write(_more)
    other.write(_more)
    assert other.read(_value) == 2
    idle.close()
    other.close()
