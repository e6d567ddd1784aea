"""Python's `sqlite3`, as far as SQLAlchemy asks for it, on top of apsw.

The `sqlite3` of the standard library cannot see a file system that is written in Python; apsw can.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

import apsw

Error = sqlite3.Error
Warning = sqlite3.Warning  # noqa: A001 - its name in every driver
InterfaceError = sqlite3.InterfaceError
DatabaseError = sqlite3.DatabaseError
InternalError = sqlite3.InternalError
OperationalError = sqlite3.OperationalError
ProgrammingError = sqlite3.ProgrammingError
IntegrityError = sqlite3.IntegrityError
DataError = sqlite3.DataError
NotSupportedError = sqlite3.NotSupportedError
Binary = bytes
CHECKPOINT_PAGES = 20
"""Fewer than usual, so that there are many checkpoints."""
paramstyle = "qmark"
threadsafety = 1
PARSE_DECLTYPES = PARSE_COLNAMES = 0
sqlite_version = apsw.sqlite_lib_version()
sqlite_version_info = tuple(int(part) for part in sqlite_version.split("."))

_ERRORS: dict[type[Exception], type[sqlite3.Error]] = {
    apsw.ConstraintError: IntegrityError,
    apsw.MismatchError: DataError,
}


def _told(error: apsw.Error) -> sqlite3.Error:
    return _ERRORS.get(type(error), OperationalError)(str(error))


class Cursor:
    """Reads everything at once: statements of a journal answer with few rows."""

    arraysize = 1
    lastrowid: int | None = None

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1

    def execute(self, text: str, values: Sequence[Any] | dict[str, Any] = ()) -> Cursor:
        before = self._connection.total_changes()
        try:
            cursor = self._connection.cursor()
            cursor.exec_trace = self._described
            self._rows = list(cursor.execute(text, values))
        except apsw.Error as error:
            raise _told(error) from error
        changes = self._connection.total_changes() - before
        self.rowcount = changes if self.description is None or changes else -1
        self.lastrowid = self._connection.last_insert_rowid()
        return self

    def executemany(self, text: str, rows: Iterable[Sequence[Any]]) -> Cursor:
        try:
            self._connection.executemany(text, rows)
        except apsw.Error as error:
            raise _told(error) from error
        self.description = None
        return self

    def _described(self, cursor: apsw.Cursor, text: str, values: object) -> bool:
        """Before the first row, because after the last one nobody can say."""
        names = [row[0] for row in cursor.get_description()]
        self.description = tuple((name, *[None] * 6) for name in names) or None
        return True

    def fetchone(self) -> Any:
        return self._rows.pop(0) if self._rows else None

    def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    def fetchmany(self, size: int = 1) -> list[Any]:
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows

    def close(self) -> None:
        self._rows = []


class Connection:
    """Transactions are begun by who uses it."""

    isolation_level: str | None = None

    def __init__(self, opened: apsw.Connection) -> None:
        self._opened = opened

    def cursor(self) -> Cursor:
        return Cursor(self._opened)

    def execute(self, text: str, values: Sequence[Any] = ()) -> Cursor:
        return self.cursor().execute(text, values)

    def commit(self) -> None:
        self._end("COMMIT")

    def rollback(self) -> None:
        self._end("ROLLBACK")

    def close(self) -> None:
        self._opened.close()

    def create_function(
        self, name: str, narg: int, func: Callable[..., Any], *, deterministic: bool = False
    ) -> None:
        self._opened.create_scalar_function(name, func, narg, deterministic=deterministic)

    def _end(self, how: str) -> None:
        if self._opened.in_transaction:
            self.execute(how)


def connect(
    database: str, *, vfs: str = "power", timeout: float = 5.0, uri: bool = False, **_: Any
) -> Connection:
    """A connection whose files are in the file system called `vfs`."""
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    if uri:
        flags |= apsw.SQLITE_OPEN_URI
    try:
        opened = apsw.Connection(database, flags=flags, vfs=vfs)
    except apsw.Error as error:
        raise _told(error) from error
    opened.set_busy_timeout(round(timeout * 1000))
    opened.set_wal_hook(_tidied)
    return Connection(opened)


def _tidied(opened: apsw.Connection, name: str, pages: int) -> int:
    """As SQLite does itself after a commit: what goes wrong with that is nobody's error.

    Its own way would not do: apsw raises whatever a file system raised, also what SQLite ignores,
    and a commit that was kept would look like one that was not.
    """
    if pages >= CHECKPOINT_PAGES:
        with suppress(apsw.Error):
            _ = opened.wal_checkpoint(name)
    return apsw.SQLITE_OK
