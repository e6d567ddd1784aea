"""The database behind the journal: opened safely, written by one transaction at a time."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    NotSupportedError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as NoneFree
from sqlalchemy.pool import QueuePool, StaticPool

from esign_core.errors import JournalUnusable
from esign_core.journal.migrations import migrate

T = TypeVar("T")

_DURABLE = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # an answer of 2xx must survive a power cut
)
_NOT_THE_DATABASE = (  # what was to be written is wrong: another try will not help
    DataError,
    IntegrityError,
    InterfaceError,
    NotSupportedError,
    ProgrammingError,
)
_LOG_NAME = "esign"


@dataclass(frozen=True)
class _Opened:
    """What one process has open."""

    process: int
    writer: Engine
    readers: Engine | None
    """None in memory: there is one connection, for one at a time."""
    writing: threading.Lock = field(default_factory=threading.Lock)

    def dispose(self) -> None:
        with self.writing:
            self.writer.dispose()
            if self.readers is not None:
                self.readers.dispose()


@dataclass
class Database:
    """A SQLite file, or memory. Safe for many threads; a forked process opens it anew."""

    url: str
    """`sqlite:///file.db`, or `sqlite://` for a journal that is gone with the process."""
    busy_seconds: float = 10.0
    """How long to wait for another process that is writing."""
    _opening: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _opened: _Opened | None = field(default=None, repr=False)
    _inherited: list[_Opened] = field(default_factory=list, repr=False)
    """From before a fork. Closing them here could take the parent's locks away."""

    def write(self, work: Callable[[Connection], T]) -> T:
        """What `work` answers, after its transaction has reached the disk.

        Raises:
            JournalUnusable: The database cannot be opened or written. Nothing of it was kept.
        """
        opened = self._open()
        with opened.writing, self._told(), opened.writer.begin() as connection:
            return work(connection)

    def read(self, work: Callable[[Connection], T]) -> T:
        """What `work` answers, from one consistent view of what is committed.

        Raises:
            JournalUnusable: The database cannot be opened or read.
        """
        opened = self._open()
        if opened.readers is None:
            return self.write(work)
        with self._told(), opened.readers.connect() as connection:
            return work(connection)

    def close(self) -> None:
        """Close every connection of this process."""
        with self._opening:
            opened, self._opened = self._opened, None
        if opened is not None and opened.process == os.getpid():
            opened.dispose()

    def _open(self) -> _Opened:
        opened = self._opened
        if opened is not None and opened.process == os.getpid():
            return opened
        with self._opening:
            if self._opened is not None:
                if self._opened.process == os.getpid():
                    return self._opened
                self._inherited.append(self._opened)
            self._opened = self._connect()
            return self._opened

    def _connect(self) -> _Opened:
        url = self._checked()
        readers = None
        writer = self._engine(url, "BEGIN IMMEDIATE", poolclass=StaticPool)
        if url.database not in {None, "", ":memory:"}:
            readers = self._engine(url, "BEGIN", poolclass=QueuePool, pool_size=8, max_overflow=8)
        opened = _Opened(os.getpid(), writer, readers)
        try:
            with self._told(), writer.begin() as connection:
                migrate(connection)
        except BaseException:
            opened.dispose()
            raise
        return opened

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
            raise JournalUnusable(
                f'the journal\'s folder "{folder}" does not exist. Nothing was done; make it and '
                "try again."
            )
        return url

    def _engine(self, url: URL, begin: str, **pool: Any) -> Engine:
        """An engine whose transactions begin as told.

        A writer takes the lock at once: a read that turns into a write could be refused later.
        """
        engine = create_engine(
            url,
            # transactions are begun by us: the driver would begin them late, and only for writes
            connect_args={
                "check_same_thread": False,
                "timeout": self.busy_seconds,
                "isolation_level": None,
            },
            hide_parameters=True,  # parameters are people's data
            logging_name=_LOG_NAME,
            **pool,
        )
        # at DEBUG it would log every row that is read, job handles and all
        logging.getLogger(f"sqlalchemy.engine.Engine.{_LOG_NAME}").setLevel(logging.WARNING)
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
        return engine

    @contextmanager
    def _told(self) -> Generator[None]:
        try:
            yield
        except _NOT_THE_DATABASE:
            raise
        except (DatabaseError, NoneFree, sqlite3.Error) as error:
            raise JournalUnusable(
                f"the journal {make_url(self.url).render_as_string()} refused: {_reason(error)}. "
                "Nothing of this step was kept. Try again; if it stays so, look who else has it "
                "open, and whether the disk is full or read-only."
            ) from error


def _reason(error: SQLAlchemyError | sqlite3.Error) -> str:
    cause = error.orig if isinstance(error, DatabaseError) else error
    return str(cause) if isinstance(cause, sqlite3.Error) else type(error).__name__


def _prepare(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    try:
        for pragma in _DURABLE:
            cursor.execute(pragma)
    finally:
        cursor.close()
