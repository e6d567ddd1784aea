"""What a database has to be able to do for the journal; and the mistakes that are not its own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sqlalchemy import URL, Connection, Engine, create_engine

_LOG_NAME = "esign"


class Store(Protocol):
    """One process's connections to one database. Safe for many threads."""

    has_asides: bool
    """Whether there can be transactions beside the ordered ones."""
    has_views: bool
    """Whether others than the writer can look."""
    driver_error: type[Exception]
    """What the driver raises."""

    def migrating(self) -> AbstractContextManager[Connection]:
        """A transaction that nobody else migrates beside; there may be no tables yet."""
        ...

    def ordered(self) -> AbstractContextManager[Connection]:
        """A durable transaction; all of them, of all processes, come one after the other."""
        ...

    def aside(self) -> AbstractContextManager[Connection]:
        """A durable transaction beside those."""
        ...

    def view(self) -> AbstractContextManager[Connection]:
        """One consistent view of what is committed."""
        ...

    def listen(self, wake: Callable[[], None]) -> None:
        """Have `wake` called when another process has written; the first one to ask counts."""
        ...

    def tidy(self) -> None:
        """Have what was deleted overwritten."""
        ...

    def reason(self, error: Exception) -> str:
        """Why the database refused, without any value that was to be written."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...


def open_engine(url: URL, **options: Any) -> Engine:
    """An engine that neither tells nor logs what is written or read: it is people's data."""
    engine = create_engine(url, hide_parameters=True, logging_name=_LOG_NAME, **options)
    # at DEBUG it would log every row that is read, job handles and all
    logging.getLogger(f"sqlalchemy.engine.Engine.{_LOG_NAME}").setLevel(logging.WARNING)
    return engine
