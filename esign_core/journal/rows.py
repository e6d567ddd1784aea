"""One transaction's way to the database, on which rows can be put off until its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from esign_core.journal.sql import Compiled


class Rows:
    """What is put off is written in one go for each statement.

    That is done before anything else is asked through `connection`, and at the end.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.dialect = connection.dialect.name
        self._put_off: dict[Compiled, list[Mapping[str, Any]]] = {}
        self._at_flush: list[Callable[[], None]] = []

    @property
    def connection(self) -> Connection:
        """The connection, through which everything that was put off can be seen."""
        self.flush()
        return self._connection

    def ask(self, statement: Compiled, /, **values: Any) -> Any:
        """What a statement answers that does not concern rows which may be put off."""
        return statement.run(self._connection, **values)

    def put_off(self, statement: Compiled, row: Mapping[str, Any]) -> None:
        """Have a row written, some time before the end."""
        self._put_off.setdefault(statement, []).append(row)

    def before_flush(self, prepare: Callable[[], None]) -> None:
        """Have `prepare` called each time before rows are written, to put off the last ones."""
        self._at_flush.append(prepare)

    def flush(self) -> None:
        """Write what was put off."""
        for prepare in self._at_flush:
            prepare()
        put_off, self._put_off = self._put_off, {}
        for statement, rows in put_off.items():
            statement.run_many(self._connection, rows)
