"""The database behind the journal: opened safely, written by one transaction at a time."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import QueuePool, StaticPool

from esign_core.errors import JournalUnusable
from esign_core.journal.migrations import migrate

T = TypeVar("T")

_BUSY_SECONDS = 10
_DURABLE = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # an answer of 2xx must survive a power cut
    f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}",
    "PRAGMA foreign_keys=ON",
)


@dataclass(frozen=True)
class _Opened:
    """What one process has open."""

    process: int
    writer: Engine
    readers: Engine | None


@dataclass
class Database:
    """A SQLite file, or memory. Safe for many threads; a forked process opens it anew."""

    url: str
    """`sqlite:///file.db`, or `sqlite://` for a journal that is gone with the process."""
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _opened: _Opened | None = field(default=None, repr=False)

    def write(self, work: Callable[[Connection], T]) -> T:
        """What `work` answers, after its transaction has reached the disk.

        Raises:
            JournalUnusable: The database cannot be opened or written. Nothing of it was kept.
        """
        with self._lock:
            writer = self._open().writer
            with self._told(), writer.begin() as connection:
                return work(connection)

    def read(self, work: Callable[[Connection], T]) -> T:
        """What `work` answers, from one consistent view of what is committed."""
        with self._lock:
            readers = self._open().readers
            if readers is None:  # in memory there is one connection, for one at a time
                with self._told(), self._open().writer.begin() as connection:
                    return work(connection)
        with self._told(), readers.connect() as connection:
            return work(connection)

    def close(self) -> None:
        """Close every connection of this process."""
        with self._lock:
            opened, self._opened = self._opened, None
            if opened is not None and opened.process == os.getpid():
                opened.writer.dispose()
                if opened.readers is not None:
                    opened.readers.dispose()

    def _open(self) -> _Opened:
        if self._opened is not None and self._opened.process == os.getpid():
            return self._opened
        url = self._checked()
        with self._told():
            writer = _engine(url, "BEGIN IMMEDIATE", poolclass=StaticPool)
            readers = None
            if url.database not in {None, "", ":memory:"}:
                pool = {"poolclass": QueuePool, "pool_size": 8, "max_overflow": 8}
                readers = _engine(url, "BEGIN", **pool)
            with writer.begin() as connection:
                migrate(connection)
        self._opened = _Opened(os.getpid(), writer, readers)
        return self._opened

    def _checked(self) -> URL:
        try:
            url = make_url(self.url)
        except ArgumentError:
            raise JournalUnusable(
                "the journal must be an address such as sqlite:///esign.db"
            ) from None
        if url.get_backend_name() != "sqlite":
            raise JournalUnusable(
                f"a journal on {url.get_backend_name()} is not supported; use sqlite:///esign.db"
            )
        folder = Path(url.database or ".").parent
        if not folder.is_dir():
            raise JournalUnusable(f'the journal\'s folder "{folder}" does not exist; make it')
        return url

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            reason = str(cause) if isinstance(cause, sqlite3.Error) else type(error).__name__
            raise JournalUnusable(
                f"the journal {make_url(self.url).render_as_string()} refused: {reason}. Nothing "
                "of this step was kept."
            ) from error


def _engine(url: URL, begin: str, **pool: Any) -> Engine:
    """An engine whose transactions begin as told.

    A writer takes the lock at once: a read that turns into a write could be refused later.
    """
    engine = create_engine(
        url,
        # transactions are begun by us: the driver would begin them late, and only for writes
        connect_args={
            "check_same_thread": False,
            "timeout": _BUSY_SECONDS,
            "isolation_level": None,
        },
        hide_parameters=True,  # parameters are people's data
        **pool,
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _prepare(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in _DURABLE:
        cursor.execute(pragma)
    cursor.close()
