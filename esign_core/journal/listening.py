"""Hearing from PostgreSQL when another process has written."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoneFree

from esign_core.engine.records import LISTENING_FAILED
from esign_core.journal.sql import POSTGRESQL

_LOOK_UP_SECONDS = 1.0
"""How often it is looked whether to stop."""
_AFTER_FAILURE_SECONDS = 1.0
_CHANNEL = "'esign_' || md5(current_schema())"
_TELL = f"SELECT pg_notify({_CHANNEL}, '')"


def tell_others(connection: Connection) -> None:
    """Have those who listen told, once this transaction has committed."""
    if connection.dialect.name == POSTGRESQL:
        _ = connection.exec_driver_sql(_TELL)


class Listener:
    """A thread with a connection of its own, on which the server tells of news.

    Without it everything works as well, a moment later: who waits looks by itself too.

    Args:
        engine: Where to connect.
        driver_error: What its driver raises.
        wake: Called for every piece of news, and after each time that some may have been missed.
    """

    def __init__(
        self, engine: Engine, driver_error: type[Exception], wake: Callable[[], None]
    ) -> None:
        self._engine = engine
        self._driver_error = driver_error
        self._wake = wake
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="esign-listener", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self._is_stopping.set()
        try:
            with self._engine.begin() as connection:
                tell_others(connection)  # wakes our own thread too
        except (DBAPIError, NoneFree, self._driver_error):
            pass
        self._thread.join()

    def _run(self) -> None:
        while not self._is_stopping.is_set():
            try:
                with self._engine.connect() as connection:
                    try:
                        self._listen(connection)
                    except Exception:
                        connection.invalidate()  # it may be broken: nothing more is said on it
                        raise
                    connection.detach()  # nobody else wants a connection that listens
            except Exception as error:  # noqa: BLE001 - whatever it is, others' news are wanted
                LISTENING_FAILED.write(esign_error=type(error).__name__)
                _ = self._is_stopping.wait(_AFTER_FAILURE_SECONDS)

    def _listen(self, connection: Connection) -> None:
        channel = connection.exec_driver_sql(f"SELECT {_CHANNEL}").scalar_one()
        connection.rollback()
        line = connection.connection.driver_connection
        assert line is not None  # noqa: S101 - it was just used
        line.autocommit = True
        line.execute(f"LISTEN {channel}")
        self._wake()  # what came before nobody told us
        while not self._is_stopping.is_set():
            for _ in line.notifies(timeout=_LOOK_UP_SECONDS):
                self._wake()
                if self._is_stopping.is_set():
                    return
