"""The journal in a SQLite file, or in memory."""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool, StaticPool

from esign_core.errors import JournalUnusable
from esign_core.journal.sql import driver_cursor
from esign_core.journal.stores import open_engine
from esign_core.journal.turns import Turns
from esign_core.model.address import IN_MEMORY

_DURABLE = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # an answer of 2xx must survive a power cut
)


_stores: weakref.WeakSet[SqliteStore] = weakref.WeakSet()
"""Those of this process that have a file open."""


class SqliteStore:
    """One writer, who alone tidies up, and readers beside it.

    Processes that share the file take turns by a lock file, from the first statement to the end of
    the checkpoint that a commit may bring: SQLite before 3.51.3 can corrupt a file that one
    connection writes while another checkpoints. Nothing is open at the moment of a fork: SQLite
    keeps account of its locks by process, and a child would take its parent's for its own.

    Args:
        url: `sqlite:///file.db`, or `sqlite://` for memory.
        busy_seconds: How long to wait for another process that is writing.
        module: What stands in for Python's `sqlite3`.

    Raises:
        JournalUnusable: The file's folder does not exist.
    """

    has_asides = False
    driver_error: type[Exception]

    def __init__(self, url: URL, busy_seconds: float, module: Any = None) -> None:
        options: dict[str, Any] = {} if module is None else {"module": module}
        connect = {
            "check_same_thread": False,
            "timeout": busy_seconds,
            # transactions are begun by us: the driver would begin them late, and only for writes
            "isolation_level": None,
        }
        self.driver_error = (module or sqlite3).Error
        is_file = (url.database or "") not in IN_MEMORY
        self.has_views = is_file
        self._writing = threading.Lock()
        self._turns = Turns(_file(url), busy_seconds) if is_file else None
        # The lock is taken at once: a read that turns into a write could be refused later.
        self._writer = open_engine(url, poolclass=StaticPool, connect_args=connect, **options)
        if is_file:
            event.listen(self._writer, "do_connect", self._make_private)
        event.listen(self._writer, "connect", _prepare)
        event.listen(self._writer, "begin", _begin_writing)
        self._line: Connection | None = None
        self._busy_seconds = busy_seconds
        self._reads = 0
        self._read_is_over = threading.Condition()
        self._rests = self._keeps_readers = False
        self._path = Path(url.database or "")
        self._file: tuple[int, int] | None = None
        """Device and inode, once it is open."""
        self._readers = None
        if is_file:
            with _forking:  # one made while a fork waits for others would be open at its moment
                _stores.add(self)
            read_only = url.set(database=f"file:{quote(str(self._path))}").update_query_dict(
                {"mode": "ro", "uri": "true"}
            )
            self._readers = open_engine(
                read_only,
                poolclass=QueuePool,
                pool_size=8,
                max_overflow=8,
                connect_args=connect,
                **options,
            )
            event.listen(self._readers, "begin", _begin_reading)

    @contextmanager
    def ordered(self) -> Generator[Connection]:
        """A durable transaction; all of them, of all processes, come one after the other."""
        with self._writing, self._turn():
            self._expect_same_file()
            line = self._line
            if line is None:
                line = self._line = self._writer.connect()  # once: it takes as long as a statement
            try:
                with line.begin():
                    if self._file is None and self.has_views:
                        self._file = self._seen()
                    yield line
            except BaseException:  # it may be in the middle of anything: the next has a clean one
                self._line = None
                line.close()
                raise

    def migrating(self) -> AbstractContextManager[Connection]:
        """A transaction that nobody else migrates beside; there may be no tables yet."""
        return self.ordered()

    def aside(self) -> AbstractContextManager[Connection]:
        """The same: there is only one writer at a time."""
        return self.ordered()

    @contextmanager
    def view(self) -> Generator[Connection]:
        """One consistent view of what is committed; in memory, what the writer sees."""
        if self._readers is None:
            with self.ordered() as connection:
                yield connection
            return
        self._expect_same_file()
        with self._read_is_over:
            self._reads += 1
        try:
            with self._readers.connect() as connection:
                yield connection
        finally:
            with self._read_is_over:
                self._reads -= 1
                self._read_is_over.notify_all()

    def rest(self) -> None:
        """Close everything for the moment of a fork, and let nobody in; `go_on` follows."""
        self._rests = self._writing.acquire(timeout=self._busy_seconds)
        self._keeps_readers = self._read_is_over.acquire()
        _ = self._read_is_over.wait_for(lambda: not self._reads, timeout=self._busy_seconds)
        if self._rests:
            self._close_all()

    def go_on(self) -> None:
        """The fork is over; or `rest` was stopped half-way, and is to begin anew."""
        if self._keeps_readers:
            self._keeps_readers = False
            self._read_is_over.release()
        if self._rests:
            self._rests = False
            self._writing.release()

    def listen(self, wake: Callable[[], None]) -> None:
        """Nobody tells: who waits looks by itself."""

    def tidy(self) -> None:
        """Write the file anew, without what was deleted; it has to be free for a moment."""
        with self._writing, self._turn(), self._writer.connect() as connection:
            line = connection.connection
            _ = line.cursor().execute("VACUUM")
            [(is_busy, *_)] = line.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if is_busy:
            raise JournalUnusable(
                "the journal could not be tidied up: another program is reading it. What was "
                "deleted is gone from the journal, and can still be found in its files until this "
                "is done again while nobody reads."
            )

    def reason(self, error: Exception) -> str:
        """Why SQLite refused: its messages quote no value."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        return str(cause) if isinstance(cause, self.driver_error) else type(error).__name__

    def close(self) -> None:
        """Close every connection; the last one to close a file tidies it up."""
        with self._writing:
            self._close_all()

    def _close_all(self) -> None:
        if self._readers is not None:
            self._readers.dispose()
        if self._line is not None:
            self._line.close()
            self._line = None
        try:
            with self._turn():
                self._writer.dispose()
        except JournalUnusable:  # no turn to be had: without one the file is not tidied up
            self._writer.dispose()
        if self._turns is not None:
            self._turns.close()

    def _expect_same_file(self) -> None:
        if self._file is not None and self._seen() != self._file:
            raise JournalUnusable(
                f'the journal\'s file "{self._path}" is not the one that this process has opened: '
                "it was deleted or replaced. Nothing of this step was kept; put the file back, or "
                "end every process that uses it and begin anew."
            )

    def _make_private(self, *_: object) -> None:
        """Make a file that is not there yet, for this user alone: people's data goes into it.

        SQLite gives its companions the same rights. A file that is there keeps those it has.
        """
        with suppress(OSError):  # where there can be none, SQLite says why
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))

    def _seen(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._path)  # noqa: PTH116 - it is asked with each transaction
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _turn(self) -> AbstractContextManager[None]:
        return self._turns.take() if self._turns is not None else nullcontext()


def _file(url: URL) -> Path:
    file = Path(url.database or "")
    if not file.parent.is_dir():
        raise JournalUnusable(
            f'the journal\'s folder "{file.parent}" does not exist. Nothing was done; make it and '
            "try again."
        )
    return file


def _prepare(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    try:
        for pragma in _DURABLE:
            cursor.execute(pragma)
        cursor.execute("PRAGMA secure_delete=ON")  # nothing of what was removed stays in the file
    finally:
        cursor.close()


def _begin_writing(connection: Connection) -> None:
    _begin(connection, "BEGIN IMMEDIATE")


def _begin_reading(connection: Connection) -> None:
    _begin(connection, "BEGIN")


def _begin(connection: Connection, how: str) -> None:
    """Through SQLAlchemy it costs as much as a small transaction."""
    driver_cursor(connection).execute(how)


_forking = threading.Lock()
_resting: list[SqliteStore] = []
"""Those that wait for the end of a fork."""


def _before_fork() -> None:
    _ = _forking.acquire()
    _resting[:] = _stores
    stopped: list[BaseException] = []
    for each in _resting:
        try:
            each.rest()
        except BaseException as error:  # noqa: BLE001 - out of a signal handler
            each.go_on()
            each.rest()
            stopped.append(error)
    if stopped:
        raise stopped[0]  # Python tells of it, and forks all the same


def _after_fork() -> None:
    for each in _resting:
        each.go_on()
    _resting.clear()
    _forking.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork
    )
