"""What the databases spell differently, and statements that are compiled once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.elements import ClauseElement, ColumnElement

POSTGRESQL = "postgresql"


def upsert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An `INSERT` that can say what to do `ON CONFLICT`."""
    if connection.dialect.name == POSTGRESQL:
        return postgresql.insert(table)
    return sqlite.insert(table)


def least(connection: Connection, *values: Any) -> ColumnElement[Any]:
    """The smallest of several values of one row."""
    return least_of(connection.dialect.name)(*values)


def least_of(dialect: str) -> Callable[..., ColumnElement[Any]]:
    """What makes the smallest of several values of one row."""
    return func.least if dialect == POSTGRESQL else func.min


def greatest(connection: Connection, *values: Any) -> ColumnElement[Any]:
    """The largest of several values of one row."""
    return greatest_of(connection.dialect.name)(*values)


def greatest_of(dialect: str) -> Callable[..., ColumnElement[Any]]:
    """What makes the largest of several values of one row."""
    return func.greatest if dialect == POSTGRESQL else func.max


def driver_cursor(connection: Connection) -> Any:
    """The driver's own cursor: what it raises is the driver's own, too.

    Only where such an error says nothing of the line, as it does not for a file.
    """
    line = connection.connection.dbapi_connection
    assert line is not None  # noqa: S101 - a connection that is in use has one
    return line.cursor()


@dataclass(frozen=True)
class _Text:
    """A statement as one dialect writes it."""

    sql: str
    names: tuple[str, ...] | None
    """The parameters in their order; None where the driver takes them by name."""
    constants: Mapping[str, Any]
    """Values that the statement was built with."""


class Compiled:
    """A statement of SQLAlchemy Core that is compiled once, and runs on the driver's cursor.

    That is several times as fast as running it through Core, and the text is still Core's.
    Values reach the driver as they are.

    Args:
        statement: With a `bindparam` for each value.
        columns: The columns of an insert; all of them if none is named.
    """

    def __init__(self, statement: ClauseElement, *columns: str) -> None:
        self._statement = statement
        self._columns = list(columns) or None
        self._texts: dict[str, _Text] = {}

    def run(self, connection: Connection, /, **values: Any) -> Any:
        """What the driver answers: something to fetch rows from, with a `rowcount`."""
        text = self._text(connection.dialect)
        told = {**text.constants, **values}
        if text.names is None:
            return connection.exec_driver_sql(text.sql, told)
        cursor = driver_cursor(connection)
        cursor.execute(text.sql, [told[name] for name in text.names])
        return cursor

    def run_many(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run it once for each row, in one go."""
        text = self._text(connection.dialect)
        told = [{**text.constants, **row} if text.constants else row for row in rows]
        if not told:
            return
        if text.names is None:
            _ = connection.exec_driver_sql(text.sql, told)
        else:
            values = [[row[name] for name in text.names] for row in told]
            driver_cursor(connection).executemany(text.sql, values)

    def _text(self, dialect: Dialect) -> _Text:
        found = self._texts.get(dialect.name)
        if found is None:
            compiled: Any = self._statement.compile(dialect=dialect, column_keys=self._columns)
            names = compiled.positiontup
            constants = {k: v for k, v in compiled.params.items() if v is not None}
            found = _Text(str(compiled), tuple(names) if names is not None else None, constants)
            self._texts[dialect.name] = found
        return found
