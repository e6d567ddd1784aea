"""The database behind the journal: opened safely, written by one transaction at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as NoneFree

from esign_core.engine.process import PerProcess
from esign_core.engine.together import Answer, Failed, value_of
from esign_core.errors import JournalUnusable, Outcome
from esign_core.journal.group import Group
from esign_core.journal.migrations import migrate
from esign_core.journal.postgresql import PostgresqlStore
from esign_core.journal.sqlite import SqliteStore
from esign_core.journal.stores import Store
from esign_core.model.address import file_of

T = TypeVar("T")

_NOT_THE_DATABASE = frozenset(  # what was to be written is wrong: another try will not help
    {"DataError", "IntegrityError", "InterfaceError", "NotSupportedError", "ProgrammingError"}
)
_BUSY_SECONDS = 10.0


class Unit(Protocol):
    """What the pieces of one transaction have in common."""

    def flush(self) -> None:
        """Write what has been put off until the end of the transaction."""
        ...

    def kept(self) -> None:
        """It is on disk: learn from it what must not be learned from one that is rolled back."""
        ...


U = TypeVar("U", bound=Unit)


class _Opened(Generic[U]):
    """What one process has open."""

    def __init__(self, store: Store, perform: Callable[..., list[Answer]]) -> None:
        self.store = store
        self.group: Group[Callable[[U], Any]] = Group(partial(perform, store))


@dataclass
class Database(Generic[U]):
    """A SQLite file, memory, or PostgreSQL. Safe for many threads, and opened anew after a fork.

    Pieces of writing that come at the same time share a transaction. A piece may be done twice,
    if the first transaction that it was in fails; so it does nothing but write.
    """

    url: str = field(repr=False)  # it may have a password in it
    """`sqlite:///file.db`, `postgresql://...`, or `sqlite://` for what is gone with the process."""
    unit: Callable[[Connection], U]
    """Makes what the pieces of one transaction are given."""
    busy_seconds: float = _BUSY_SECONDS
    """How long to wait for another process that is writing."""
    sqlite_module: Any = None
    """What stands in for Python's `sqlite3`."""
    _processes: PerProcess[_Opened[U]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._processes = PerProcess(self._open)

    def write(self, work: Callable[[U], T]) -> T:
        """What `work` answers, after its transaction has reached the disk.

        Raises:
            JournalUnusable: The database cannot be opened or written. Nothing of it was kept.
        """
        answer: T = value_of(self.write_all([work])[0])
        return answer

    def write_all(self, works: Sequence[Callable[[U], Any]]) -> Sequence[Answer]:
        """What each answers, or `Failed` with what it raised, after all have reached the disk.

        Raises:
            JournalUnusable: The database cannot be opened.
        """
        return self._processes.get().group.submit(works)

    def aside(self, work: Callable[[U], T]) -> T:
        """`write` for what has nothing to do with the stream, and need not wait for its turn.

        Raises:
            JournalUnusable: The database cannot be opened or written. Nothing of it was kept.
        """
        store = self._processes.get().store
        if not store.has_asides:
            return self.write(work)
        answer: T = self._transact(store, store.aside, [work])[0]
        return answer

    def read(self, work: Callable[[U], T]) -> T:
        """What `work` answers, from one consistent view of what is committed.

        Raises:
            JournalUnusable: The database cannot be opened or read.
        """
        store = self._processes.get().store
        if not store.has_views:
            return self.write(work)
        answer: T = self._transact(store, store.view, [work])[0]
        return answer

    def listen(self, wake: Callable[[], None]) -> None:
        """Have `wake` called when another process has written, where the database can tell."""
        self._processes.get().store.listen(wake)

    def tidy(self) -> None:
        """Have what was deleted overwritten.

        Raises:
            JournalUnusable: It could not be.
        """
        store = self._processes.get().store
        try:
            store.tidy()
        except (DBAPIError, NoneFree, store.driver_error) as error:
            raise self._unusable(store, error) from error

    def close(self) -> None:
        """Close every connection of this process."""
        opened = self._processes.forget()
        if opened is not None:
            opened.store.close()

    def _together(self, store: Store, works: Sequence[Callable[[U], Any]]) -> list[Answer]:
        """One transaction for all; if one of them spoils it, one for each."""
        try:
            return self._transact(store, store.ordered, works)
        except _AtTheEnd as stopped:  # the group tells the others that nobody can say
            raise stopped.error from None
        except JournalUnusable as error:
            return [Failed(copy(error)) for _ in works]
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to who asked for it
            if len(works) == 1:
                return [Failed(error)]
        return [answer for work in works for answer in self._together(store, [work])]

    def _transact(
        self,
        store: Store,
        begin: Callable[[], AbstractContextManager[Connection]],
        works: Sequence[Callable[[U], Any]],
        *,
        is_again: bool = False,
    ) -> list[Any]:
        is_over = False
        try:
            with begin() as connection:
                unit = self.unit(connection)
                answers = [work(unit) for work in works]
                unit.flush()
                is_over = True
            unit.kept()
            return answers
        except (DBAPIError, NoneFree, store.driver_error) as error:
            was_cut_off = isinstance(error, DBAPIError) and error.connection_invalidated
            if was_cut_off and not is_over and not is_again:  # a server that was started anew
                return self._transact(store, begin, works, is_again=True)
            if not was_cut_off and _is_of_the_work(error):
                raise
            raise self._unusable(store, error, is_open=was_cut_off and is_over) from error
        except Exception as error:
            if is_over and begin == store.ordered:  # out of a signal handler: it may be kept
                raise _AtTheEnd(error) from error
            raise

    def _open(self) -> _Opened[U]:
        store = self._store()
        try:
            with store.migrating() as connection:
                migrate(connection)
        except BaseException as error:
            store.close()
            if isinstance(error, (DBAPIError, NoneFree, store.driver_error)):
                raise self._unusable(store, error) from error
            raise
        return _Opened(store, self._together)

    def _store(self) -> Store:
        try:
            url = make_url(self.url)
        except (ArgumentError, ValueError):  # a ValueError quotes what may be a password
            raise _no_address() from None
        backend = url.get_backend_name()
        if backend == "sqlite":
            if url.host is not None:
                raise _no_address()
            file = file_of(self.url)  # versions of SQLAlchemy differ in how they read a %
            url = url.set(database=str(file)) if file is not None else url
            return SqliteStore(url, self.busy_seconds, self.sqlite_module)
        if backend == "postgresql":
            return PostgresqlStore(url, self.busy_seconds)
        raise JournalUnusable(
            f"a journal on {backend} is not supported; use sqlite:///esign.db or "
            "postgresql://user@host/database"
        )

    def _unusable(
        self, store: Store, error: Exception, *, is_open: bool = False
    ) -> JournalUnusable:
        kept = "Nothing of this step was kept."
        if is_open:
            kept = "Nobody can say whether this step was kept: the line was cut at its end."
        return JournalUnusable(
            f"the journal {make_url(self.url).render_as_string()} refused: {store.reason(error)}. "
            f"{kept} Try again; if it stays so, look who else has it open, and whether the disk is "
            "full or read-only.",
            outcome=Outcome.UNCERTAIN if is_open else None,
        )


def _no_address() -> JournalUnusable:
    return JournalUnusable(
        "the journal must be an address such as sqlite:///esign.db or "
        "postgresql://user@host/database; in a password @ : / are written %40 %3A %2F. "
        "Nothing was done."
    )


class _AtTheEnd(Exception):
    """A transaction was stopped at its end by what is no fault of the database."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


def _is_of_the_work(error: Exception) -> bool:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return not _NOT_THE_DATABASE.isdisjoint(kind.__name__ for kind in type(cause).__mro__)
