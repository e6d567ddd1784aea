from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import make_url

from esign_core.errors import JournalUnusable
from esign_core.journal import Journal, Transaction
from esign_core.model import EventType
from tests.databases import SERVER, fresh

if TYPE_CHECKING:
    from tests.journal.conftest import Shelf

_NAME = f"esign-test-{os.getpid()}"
"""What the server knows these tests' connections by."""


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A journal in PostgreSQL."""
    with fresh("postgresql", tmp_path) as address:
        yield f"{address}&application_name={_NAME}"


@pytest.fixture
def two(url: str) -> Iterator[tuple[Journal, Journal]]:
    """What two processes have open."""
    opened = Journal(url), Journal(url)
    yield opened
    for each in opened:
        each.close()


def _sent(journal: Journal, shelf: Shelf, name: str) -> None:
    def work(tx: Transaction) -> None:
        tx.envelopes.add_intent(shelf.intent(name))
        tx.record(shelf.envelope(name), shelf.observation(EventType.ENVELOPE_SENT))

    journal.write(work)


def _end_backends() -> None:
    """The server ends every connection of this test."""
    with psycopg.connect(SERVER, autocommit=True) as admin:
        ended = admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s",
            (_NAME,),
        ).fetchall()
        assert ended


@pytest.mark.promise("R2")
def test_processes_take_turns(two: tuple[Journal, Journal], shelf: Shelf) -> None:
    """Two processes, eight threads: positions have no gap, and every write is there once."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: _sent(two[i % 2], shelf, f"{i}"), range(100)))
    for journal in two:
        events = journal.read(lambda tx: tx.stream.read(limit=1000))
        assert [event.seq for event in events] == list(range(1, 101))
        assert len({event.envelope_id for event in events}) == 100


def test_news_of_another_process_wakes_who_waits(
    two: tuple[Journal, Journal], shelf: Shelf
) -> None:
    """A follower does not sleep its pause out: the server tells it."""
    here, there = two
    woken = threading.Event()
    here.read(lambda tx: tx.stream.last())
    seen = here.seen()
    here.wait_for_news(seen, 5)  # it listens from now on, which is news by itself
    seen = here.seen()

    def wait() -> None:
        here.wait_for_news(seen, 60)
        woken.set()

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    _sent(there, shelf, "a")
    assert woken.wait(30)
    waiting.join()


def test_what_changes_nothing_wakes_nobody(two: tuple[Journal, Journal]) -> None:
    """Workers that look do not keep each other awake."""
    here, there = two
    here.wait_for_news(here.seen(), 5)
    seen = here.seen()
    there.write(lambda tx: tx.stream.last())
    assert here.seen() == seen


def test_server_that_was_started_anew_is_reached_again(
    two: tuple[Journal, Journal], shelf: Shelf
) -> None:
    """Connections that the server has ended are made anew, and nobody hears of it."""
    journal, other = two
    _sent(journal, shelf, "a")
    _end_backends()
    _sent(journal, shelf, "b")
    assert len(other.read(lambda tx: tx.stream.read())) == 2


def test_line_that_is_cut_in_the_middle_keeps_nothing(
    two: tuple[Journal, Journal], shelf: Shelf
) -> None:
    """A step is done again as a whole, or not at all."""
    journal, _ = two
    _sent(journal, shelf, "a")
    tries = []

    def work(tx: Transaction) -> None:
        tries.append(1)
        tx.envelopes.add_intent(shelf.intent("b"))
        if len(tries) == 1:
            [pid] = tx.stream._rows.connection.exec_driver_sql("SELECT pg_backend_pid()").one()
            with psycopg.connect(SERVER, autocommit=True) as admin:
                admin.execute("SELECT pg_terminate_backend(%s)", (pid,))
        tx.record(shelf.envelope("b"), shelf.observation(EventType.ENVELOPE_SENT))

    journal.write(work)
    assert len(tries) == 2
    assert [e.seq for e in journal.read(lambda tx: tx.stream.read())] == [1, 2]


@pytest.mark.promise("D9")
def test_journal_that_somebody_holds_refuses_and_recovers(url: str, shelf: Shelf) -> None:
    """While a process that was stopped holds the journal, the others say so and keep nothing."""
    holder, journal = Journal(url), Journal(url)
    journal._database.busy_seconds = 0.1
    began, go_on = threading.Event(), threading.Event()

    def hold(tx: Transaction) -> None:
        began.set()
        assert go_on.wait(10)

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(holder.write, hold)
        assert began.wait(10)
        with pytest.raises(JournalUnusable, match="lock timeout"):
            _sent(journal, shelf, "a")
        go_on.set()
        holding.result(10)
    _sent(journal, shelf, "a")
    assert journal.read(lambda tx: tx.stream.last()) == 1
    holder.close()
    journal.close()


@pytest.mark.parametrize(
    "address", ["postgresql://postgres@127.0.0.1:1/test", "postgresql://nobody:canary@127.0.0.1/no"]
)
def test_server_that_cannot_be_reached_is_told_without_its_password(address: str) -> None:
    """Who reads the message learns what to look at, and no secret."""
    journal = Journal(address)
    with pytest.raises(JournalUnusable) as caught:
        journal.read(lambda tx: tx.stream.last())
    assert "refused" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the message says which one."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(JournalUnusable, match='with its extra "postgres"'):
        Journal(SERVER).read(lambda tx: tx.stream.last())


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_process_has_connections_of_its_own(
    two: tuple[Journal, Journal], shelf: Shelf
) -> None:
    """A server that forks can use in its children what it opened before; and the parent, after."""
    journal, _ = two
    _sent(journal, shelf, "parent")
    journal.wait_for_news(journal.seen(), 5)
    child = os.fork()
    if child == 0:
        done = 1
        try:
            _sent(journal, shelf, "child")
            journal.close()
            done = 0 if journal.read(lambda tx: tx.stream.last()) == 2 else 2
        finally:
            os._exit(done)
    assert os.waitpid(child, 0)[1] == 0
    _sent(journal, shelf, "again")
    assert journal.read(lambda tx: tx.stream.last()) == 3


def test_server_that_ends_idle_connections_ends_no_listening(
    two: tuple[Journal, Journal], shelf: Shelf
) -> None:
    """Who begins to listen on a line that is dead takes another one."""
    listener, writer = two
    _ = listener.read(lambda tx: tx.stream.last())
    _end_backends()
    seen = listener.seen()
    listener.listen()
    pause = threading.Event()
    for number in range(1000):
        _sent(writer, shelf, f"lease {number}")
        if listener.seen() > seen + 2:  # more than its own first look
            return
        _ = pause.wait(0.01)
    pytest.fail("nothing was heard")


@pytest.fixture
def odd_url(url: str) -> Iterator[str]:
    """The same journal for a role whose server settings are none that a journal would choose."""
    role, word = f"esign_test_{secrets.token_hex(8)}", secrets.token_hex(8)
    schema = make_url(url).query["options"]
    assert isinstance(schema, str)
    schema = schema.split("search_path=")[1].split()[0]
    with psycopg.connect(SERVER, autocommit=True) as admin:
        admin.execute(SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(Identifier(role), word))
        for setting in ("synchronous_commit = off", "default_transaction_isolation = serializable"):
            admin.execute(SQL("ALTER ROLE {} SET {}").format(Identifier(role), SQL(setting)))
        admin.execute(
            SQL("GRANT ALL ON SCHEMA {} TO {}").format(Identifier(schema), Identifier(role))
        )
    address = make_url(url).set(username=role, password=word)
    address = address.update_query_dict({"options": f"-csearch_path={schema}"})
    yield address.render_as_string(hide_password=False)
    with psycopg.connect(SERVER, autocommit=True) as admin:
        admin.execute("SET lock_timeout = '5s'")
        admin.execute(SQL("DROP OWNED BY {} CASCADE").format(Identifier(role)))
        admin.execute(SQL("DROP ROLE {}").format(Identifier(role)))


def _setting(journal: Journal, name: str) -> str:
    def ask(tx: Transaction) -> str:
        told: str = tx.stream._rows.connection.exec_driver_sql(f"SHOW {name}").scalar_one()
        return told

    return journal.write(ask)


@pytest.mark.promise("R1")
def test_what_is_answered_is_on_disk_whatever_the_server_is_set_to(odd_url: str, url: str) -> None:
    """A role's default may be quick and not durable; only the journal's own address decides."""
    journal, quick = Journal(odd_url), Journal(url)
    assert _setting(journal, "synchronous_commit") == "on"
    assert _setting(quick, "synchronous_commit") == "off", "as its address says"
    journal.close()
    quick.close()


@pytest.mark.promise("R2")
def test_writers_take_turns_whatever_isolation_the_server_is_set_to(odd_url: str) -> None:
    """Who has waited for another process sees what it has written, and is not refused."""
    here, there = Journal(odd_url), Journal(odd_url)
    began, go_on = threading.Event(), threading.Event()

    def first(tx: Transaction) -> None:
        _count(tx)
        began.set()
        assert go_on.wait(10)

    there.write(_count)
    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(here.write, first)
        assert began.wait(10)
        waiting = pool.submit(there.write, _count)
        with psycopg.connect(SERVER, autocommit=True) as admin:
            while not admin.execute(_WAITING, (make_url(odd_url).username,)).fetchone():
                _ = threading.Event().wait(0.01)
        go_on.set()
        assert (writing.result(10), waiting.result(10)) == (None, None)
    assert there.read(lambda tx: tx.stream.last()) == 3
    here.close()
    there.close()


_WAITING = "SELECT 1 FROM pg_stat_activity WHERE usename = %s AND wait_event_type = 'Lock'"


def _count(tx: Transaction) -> None:
    tx.stream._rows.connection.exec_driver_sql("UPDATE esign_counters SET value = value + 1")


def test_line_on_which_nobody_answers_is_given_up(url: str) -> None:
    """A server's machine that is gone says no goodbye; its address may say how long to wait."""

    def patience(journal: Journal) -> tuple[int, int]:
        def ask(tx: Transaction) -> tuple[int, int]:
            line = tx.stream._rows.connection.connection.driver_connection
            assert line is not None
            with socket.socket(fileno=os.dup(line.fileno())) as end:
                idle = end.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
                return idle, end.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)

        found = journal.write(ask)
        journal.close()
        return found

    assert patience(Journal(url)) == (10, 30_000)
    assert patience(Journal(f"{url}&keepalives_idle=7&tcp_user_timeout=9000")) == (7, 9000)


def test_who_finds_no_thread_to_listen_with_finds_one_later(
    url: str, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And can close its journal before."""
    journal, other = Journal(url), Journal(url)
    _ = journal.read(lambda tx: tx.stream.last())
    start, errors = threading.Thread.start, [RuntimeError("can't start new thread")]

    def failing(thread: threading.Thread) -> None:
        if errors and thread.name == "esign-listener":
            raise errors.pop()
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", failing)
    with pytest.raises(RuntimeError, match="new thread"):
        journal.listen()
    journal.wait_for_news(journal.seen(), 5)
    seen = journal.seen()
    _sent(other, shelf, "a")
    journal.wait_for_news(seen, 30)
    assert journal.seen() > seen
    journal.close()
    other.close()
