"""The journal in a SQLite file, or in memory."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool, StaticPool

from esign_core.errors import JournalUnusable
from esign_core.journal.stores import open_engine
from esign_core.journal.turns import Turns

_DURABLE = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # an answer of 2xx must survive a power cut
)


class SqliteStore:
    """One writer, who alone tidies up, and readers beside it.

    Processes that share the file take turns by a lock file, from the first statement to the end of
    the checkpoint that a commit may bring: SQLite before 3.51.3 can corrupt a file that one
    connection writes while another checkpoints.

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
        is_file = url.database not in {None, "", ":memory:"}
        self.has_views = is_file
        self._writing = threading.Lock()
        self._turns = Turns(_file(url), busy_seconds) if is_file else None
        # The lock is taken at once: a read that turns into a write could be refused later.
        self._writer = open_engine(url, poolclass=StaticPool, connect_args=connect, **options)
        event.listen(self._writer, "connect", _prepare)
        event.listen(self._writer, "begin", _begin_writing)
        self._readers = None
        if is_file:
            read_only = url.set(database=f"file:{url.database}").update_query_dict(
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
        with self._writing, self._turn(), self._writer.begin() as connection:
            yield connection

    def migrating(self) -> AbstractContextManager[Connection]:
        """A transaction that nobody else migrates beside; there may be no tables yet."""
        return self.ordered()

    def aside(self) -> AbstractContextManager[Connection]:
        """The same: there is only one writer at a time."""
        return self.ordered()

    def view(self) -> AbstractContextManager[Connection]:
        """One consistent view of what is committed; in memory, what the writer sees."""
        return self._readers.connect() if self._readers is not None else self.ordered()

    def listen(self, wake: Callable[[], None]) -> None:
        """Nobody tells: who waits looks by itself."""

    def tidy(self) -> None:
        """Write the file anew, without what was deleted; it has to be free for a moment."""
        with self._writing, self._turn(), self._writer.connect() as connection:
            line = connection.connection
            _ = line.cursor().execute("VACUUM")
            _ = line.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def reason(self, error: Exception) -> str:
        """Why SQLite refused: its messages quote no value."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        return str(cause) if isinstance(cause, self.driver_error) else type(error).__name__

    def close(self) -> None:
        """Close every connection; the last one to close a file tidies it up."""
        with self._writing:
            if self._readers is not None:
                self._readers.dispose()
            try:
                with self._turn():
                    self._writer.dispose()
            except JournalUnusable:  # no turn to be had: without one the file is not tidied up
                self._writer.dispose()
            if self._turns is not None:
                self._turns.close()

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
    _ = connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_reading(connection: Connection) -> None:
    _ = connection.exec_driver_sql("BEGIN")
