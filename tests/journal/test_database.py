from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from esign_core.errors import JournalUnusable
from esign_core.journal import Journal
from esign_core.journal.database import Database
from esign_core.journal.migrations import VERSION

if TYPE_CHECKING:
    from tests.journal.conftest import Shelf


class Bare:
    """What a piece of writing is given here: the connection, as if it were it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def flush(self) -> None:
        """Nothing was put off."""

    def kept(self) -> None:
        """Nothing is to be learned."""


def _open(url: str, **options: Any) -> Database[Bare]:
    return Database(url, Bare, **options)


def _add(value: str) -> Callable[[Bare], None]:
    def work(connection: Bare) -> None:
        connection.execute(
            text("INSERT INTO esign_cursors (consumer, seq) VALUES (:name, 1)"), {"name": value}
        )

    return work


def _count(connection: Bare) -> int:
    found: int = connection.execute(text("SELECT count(*) FROM esign_cursors")).scalar_one()
    return found


@pytest.fixture
def database(url: str) -> Iterator[Database[Bare]]:
    """One that has little patience with others."""
    opened = _open(url, busy_seconds=0.05)
    yield opened
    opened.close()


@pytest.mark.promise("R1")
def test_file_is_synced_with_every_commit(database: Database[Bare]) -> None:
    """What is acknowledged survives a power cut: write-ahead log, synced with each commit."""

    def pragmas(connection: Bare) -> tuple[str, int]:
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
        return mode, connection.exec_driver_sql("PRAGMA synchronous").scalar_one()

    assert database.write(pragmas) == ("wal", 2)


def test_tables_are_made_once(url: str) -> None:
    """Opening a journal again takes no step twice and loses nothing."""
    first = _open(url)
    first.write(_add("billing"))
    first.close()
    second = _open(url)
    assert second.read(_count) == 1
    steps = second.read(lambda c: c.execute(text("SELECT version FROM esign_versions")).all())
    assert [row[0] for row in steps] == [VERSION]
    second.close()


def test_journal_of_a_newer_version_is_refused_untouched(
    database: Database[Bare], url: str
) -> None:
    """An old program never writes into tables that it does not know."""
    database.write(lambda c: c.execute(text("INSERT INTO esign_versions VALUES (99, 'later')")))
    database.close()
    before = Path(url.removeprefix("sqlite:///")).read_bytes()
    with pytest.raises(JournalUnusable, match=r"newer esign-core \(tables 99, this one knows 2\)"):
        _open(url).write(_add("billing"))
    assert Path(url.removeprefix("sqlite:///")).read_bytes() == before


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("esign.db", "must be an address such as sqlite:///esign.db"),
        ("mysql://localhost/x", "a journal on mysql is not supported"),
        ("postgresql://esign:pa@ss:word@host/x", "@ : / are written %40 %3A %2F"),
        ("postgresql://host:543x/db", "must be an address such as"),
        ("postgresql://[::1/db", "must be an address such as"),
        ("sqlite://esign.db", "must be an address such as"),
        ("sqlite:////no/such/folder/esign.db", 'folder "/no/such/folder" does not exist'),
    ],
)
def test_wrong_address_is_told_in_words(address: str, told: str) -> None:
    """Whoever writes a wrong address learns what a right one is, and nothing of a password."""
    with pytest.raises(JournalUnusable, match=told) as caught:
        _open(address).read(_count)
    assert "word" not in str(caught.value).replace("password", "")
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.promise("D9")
def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """A file of something else is not overwritten."""
    other = tmp_path / "esign.db"
    other.write_bytes(b"important notes, and no database at all" * 10)
    with pytest.raises(JournalUnusable, match="not a database"):
        _open(f"sqlite:///{other}").write(_add("billing"))
    assert other.read_bytes().startswith(b"important")


@pytest.mark.promise("D9")
def test_locked_journal_refuses_and_recovers(database: Database[Bare], url: str) -> None:
    """While somebody else holds the file nothing is kept; after that all goes on."""
    database.write(_add("before"))
    holder = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalUnusable, match="locked"):
        database.write(_add("meanwhile"))
    holder.execute("ROLLBACK")
    holder.close()
    database.write(_add("after"))
    assert database.read(_count) == 2


@pytest.mark.promise("D9")
def test_full_disk_refuses_and_recovers(database: Database[Bare]) -> None:
    """A step for which there is no room leaves nothing behind; with room, the next one works."""
    pages = database.write(lambda c: c.exec_driver_sql("PRAGMA page_count").scalar_one())
    database.write(lambda c: c.exec_driver_sql(f"PRAGMA max_page_count={pages}").scalar_one())

    def much(connection: Bare) -> None:
        for i in range(20):
            _add(f"{i} {'x' * 4000}")(connection)

    with pytest.raises(JournalUnusable, match="full"):
        database.write(much)
    assert database.read(_count) == 0
    database.write(lambda c: c.exec_driver_sql("PRAGMA max_page_count=100000").scalar_one())
    database.write(much)
    assert database.read(_count) == 20


@contextmanager
def _read_only(folder: Path) -> Generator[None]:
    for path in [*folder.iterdir(), folder]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    was = os.geteuid()
    if was == 0:  # who is root may write everywhere
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(was)
        folder.chmod(0o755)
        for path in folder.iterdir():
            path.chmod(0o644)


@pytest.fixture
def open_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that everybody can reach."""
    folder = Path("/tmp") / f"esign-{os.getpid()}-{tmp_path.name}"  # noqa: S108 - see above
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.mark.promise("D9")
def test_read_only_journal_refuses_and_recovers(open_folder: Path) -> None:
    """Where nothing can be written, that is said, and nothing is pretended."""
    url = f"sqlite:///{open_folder / 'esign.db'}"
    first = _open(url)
    first.write(_add("before"))
    first.close()
    again = _open(url, busy_seconds=0.05)
    with _read_only(open_folder), pytest.raises(JournalUnusable, match="denied"):
        again.write(_add("meanwhile"))
    again.write(_add("after"))
    assert again.read(_count) == 2
    again.close()


@pytest.mark.promise("D9")
def test_failing_step_keeps_nothing(database: Database[Bare]) -> None:
    """A transaction is there as a whole or not at all."""

    def half(connection: Bare) -> None:
        _add("half")(connection)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.write(half)
    assert database.read(_count) == 0


def test_reader_does_not_wait_for_a_writer(database: Database[Bare]) -> None:
    """A long write holds up no read, and its rows are seen only when it is done."""
    database.write(_add("before"))
    began, finish = threading.Event(), threading.Event()

    def slow(connection: Bare) -> None:
        _add("slow")(connection)
        began.set()
        assert finish.wait(10)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(database.write, slow)
        assert began.wait(10)
        assert database.read(_count) == 1
        finish.set()
        writing.result()
    assert database.read(_count) == 2


@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///:memory:"])
def test_memory_is_shared_by_threads(address: str) -> None:
    """A journal in memory is one journal, whoever asks."""
    database = _open(address)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: database.write(_add(f"thread {i}")), range(50)))
        counts = list(pool.map(lambda _: database.read(_count), range(8)))
    assert counts == [50] * 8
    database.close()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_process_opens_the_file_anew(database: Database[Bare]) -> None:
    """A server that forks can use in its children what it opened before."""
    database.write(_add("parent"))
    child = os.fork()
    if child == 0:
        done = 1
        try:
            database.write(_add("child"))
            done = 0 if database.read(_count) == 2 else 2
        finally:
            os._exit(done)
    assert os.waitpid(child, 0)[1] == 0
    database.write(_add("parent again"))
    assert database.read(_count) == 3


@pytest.mark.promise("D1")
def test_rows_are_in_no_log_and_no_error(
    journal: Journal, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    """At any level, SQLAlchemy's logs and errors show statements and never what is in them."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="sqlalchemy")  # which is quiet unless told
    journal.write(lambda tx: tx.envelopes.add_intent(shelf.intent("canary", key="canary-key")))
    assert journal.read(lambda tx: tx.envelopes.get("env_canary")).title == "Lease canary"
    with pytest.raises(IntegrityError) as caught:
        journal.write(lambda tx: tx.envelopes.add_intent(shelf.intent("canary")))
    assert "canary" not in caplog.text
    assert "canary" not in str(caught.value)


@pytest.mark.promise("R1")
@pytest.mark.parametrize("by", ["nothing", "another"])
def test_file_that_is_deleted_or_replaced_is_written_no_more(
    database: Database[Bare], url: str, by: str
) -> None:
    """What is answered must be in the file that whoever comes next will open."""
    database.write(_add("before"))
    file = Path(url.removeprefix("sqlite:///"))
    copy = file.with_name("copy.db")
    shutil.copy(file, copy)
    file.unlink()
    if by == "another":
        _ = copy.rename(file)
    for work in (database.write, database.read):
        with pytest.raises(JournalUnusable, match="deleted or replaced"):
            _ = work(_count)
    assert file.exists() is (by == "another")


@pytest.mark.promise("D11")
def test_tidying_up_that_somebody_hinders_is_not_called_done(
    database: Database[Bare], url: str
) -> None:
    """While a program that is not ours reads, what was deleted stays in the file."""
    database.write(_add("canary"))
    database.tidy()
    with _reading(url):
        database.write(lambda bare: bare.execute(text("DELETE FROM esign_cursors")))
        with pytest.raises(JournalUnusable, match="another program is reading it"):
            database.tidy()
    database.tidy()
    assert b"canary" not in Path(url.removeprefix("sqlite:///")).read_bytes()


@contextmanager
def _reading(url: str) -> Generator[None]:
    reader = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM esign_cursors").fetchall()
    try:
        yield
    finally:
        reader.close()


def test_folder_may_be_called_anything(tmp_path: Path) -> None:
    """What means something in an address of SQLite is read as a part of the name."""
    folder = tmp_path / "a#b c"
    folder.mkdir()
    database = _open(f"sqlite:///{folder}/esign.db")
    database.write(_add("one"))
    assert database.read(_count) == 1
    database.close()
