"""The journal in a PostgreSQL database."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, event, select
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError

from esign_core.errors import JournalUnusable
from esign_core.journal.listening import Listener
from esign_core.journal.schema import counters, metadata
from esign_core.journal.sql import Compiled
from esign_core.journal.stores import open_engine

_POOL_SIZE = 5
_MORE_AT_MOST = 15
_FORGOTTEN_SECONDS = 120
"""How long a transaction may do nothing before the server ends it: a process that was stopped in
the middle must not keep all others from writing."""
_WATCHED = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "30000",
}
"""A line on which nobody answers is given up after half a minute, and not after up to two hours: a
machine that is gone says no goodbye, and whoever waits for it keeps all writers waiting."""
_DURABLE = """
SELECT set_config('synchronous_commit', 'on', false) FROM pg_settings
WHERE name = 'synchronous_commit' AND setting = 'off' AND source <> 'client'
"""
"""An answer of 2xx must survive a power cut, whatever the server is set to; not if the journal's
address itself says otherwise."""
_MIGRATING = "SELECT pg_advisory_xact_lock(hashtext('esign'), hashtext(current_schema()))"
_LOCK_COUNTER = Compiled(select(counters.c.value).where(counters.c.name == "seq").with_for_update())


class PostgresqlStore:
    """A pool of connections. Writers take turns by the lock of the stream's counter row.

    That lock is the first statement of every ordered transaction: so they commit in the order of
    their positions, and whatever is right with one writer is right with many.

    Args:
        url: `postgresql://...`.
        busy_seconds: How long to wait for another process that is writing.

    Raises:
        JournalUnusable: The driver is not installed.
    """

    has_asides = True
    has_views = True

    def __init__(self, url: URL, busy_seconds: float) -> None:
        if importlib.util.find_spec("psycopg") is None:
            raise JournalUnusable(
                "a journal on PostgreSQL needs a driver that is not installed. Nothing was done; "
                'install esign-core with its extra "postgres".'
            )
        import psycopg

        self.driver_error: type[Exception] = psycopg.Error
        self._busy_seconds = busy_seconds
        self._starting = threading.Lock()
        self._listener: Listener | None = None
        self._engine = open_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_size=_POOL_SIZE,
            max_overflow=_MORE_AT_MOST,
            pool_timeout=busy_seconds,
            pool_use_lifo=True,
            # whoever has waited for the counter's row sees what was written meanwhile
            isolation_level="READ COMMITTED",
            connect_args={name: told for name, told in _WATCHED.items() if name not in url.query},
        )
        event.listen(self._engine, "connect", self._prepare)
        event.listen(self._engine, "handle_error", _without_details)
        self._readers = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    @contextmanager
    def migrating(self) -> Generator[Connection]:
        """A transaction that nobody else migrates beside; there may be no tables yet."""
        with self.aside() as connection:
            _ = connection.exec_driver_sql(_MIGRATING)
            yield connection

    @contextmanager
    def ordered(self) -> Generator[Connection]:
        """A durable transaction; all of them, of all processes, come one after the other."""
        with self.aside() as connection:
            _LOCK_COUNTER.run(connection)
            yield connection

    @contextmanager
    def aside(self) -> Generator[Connection]:
        """A durable transaction beside those."""
        with _line(self._engine) as connection:
            _ = connection.begin()
            yield connection
            connection.commit()

    def view(self) -> AbstractContextManager[Connection]:
        """One consistent view of what is committed."""
        return _line(self._readers)

    def listen(self, wake: Callable[[], None]) -> None:
        """Have `wake` called when another process has written; the first one to ask counts."""
        with self._starting:
            if self._listener is None:
                listener = Listener(self._engine, self.driver_error, wake)
                listener.start()
                self._listener = listener

    def tidy(self) -> None:
        """Let the server use the room of deleted rows anew."""
        tables = ", ".join(table.name for table in metadata.sorted_tables)
        with _line(self._engine) as connection:
            line = connection.execution_options(isolation_level="AUTOCOMMIT")
            _ = line.exec_driver_sql(f"VACUUM {tables}")

    def reason(self, error: Exception) -> str:
        """Why PostgreSQL refused: its first line, which quotes no value; the next ones may."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        return _first_line(cause) or type(error).__name__

    def close(self) -> None:
        """Close every connection."""
        if self._listener is not None:
            self._listener.stop()
        self._engine.dispose()

    def _prepare(self, connection: Any, _record: object) -> None:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {round(self._busy_seconds * 1000)}")
            cursor.execute(f"SET idle_in_transaction_session_timeout = {_FORGOTTEN_SECONDS}000")
            cursor.execute("SET timezone = 'UTC'")
            cursor.execute(_DURABLE)
        connection.autocommit = False


@contextmanager
def _line(engine: Engine) -> Generator[Connection]:
    """A connection, which is given up if it is left in the middle of a command.

    What comes out of a signal handler may come before the server has answered. Nothing can be
    rolled back on it then, and the error of trying would hide what came.
    """
    with engine.connect() as connection:
        try:
            yield connection
        except BaseException:
            if not connection.invalidated and _is_busy(connection.connection.driver_connection):
                connection.invalidate()
            raise


def _is_busy(line: Any) -> bool:
    status: str = line.info.transaction_status.name
    return status == "ACTIVE"


def _without_details(context: ExceptionContext) -> None:
    """PostgreSQL's details quote rows: only the first line stays."""
    told = context.original_exception
    told.args = (_first_line(told),)
    if context.sqlalchemy_exception is not None:
        context.sqlalchemy_exception.args = (f"{type(told).__name__}: {_first_line(told)}",)


def _first_line(error: BaseException | None) -> str:
    told = getattr(getattr(error, "diag", None), "message_primary", None) or str(error)
    return str(told).strip().partition("\n")[0]
