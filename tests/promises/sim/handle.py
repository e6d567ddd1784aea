"""A process's way to the journal: it refuses at times, and is gone when the process dies."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar, cast

from esign_core.errors import JournalUnusable
from esign_core.journal import Journal, Transaction
from esign_core.journal.schema import counters, metadata, versions
from tests.promises.sim.chaos import Trouble

if TYPE_CHECKING:
    from tests.promises.sim.world import World

T = TypeVar("T")


def emptied(journal: Journal) -> Journal:
    """A journal as new: opening another one costs a world a third of its time."""

    def empty(tx: Transaction) -> None:
        connection = tx.work._connection
        for table in set(metadata.tables) - {versions.name, counters.name}:
            connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608 - our own names
        connection.exec_driver_sql(f"UPDATE {counters.name} SET value = 0")  # noqa: S608

    journal.write(empty)
    return journal


class Handle(Journal):
    """All that a process uses of a journal.

    What a dead process still tidies up on its way out, as a generator does that is closed, is
    nothing that would have happened after a real death: it does not reach the database.
    """

    def __init__(self, journal: Journal, world: World, *, left: Callable[[], None]) -> None:
        super().__init__(journal.url)
        self._journal = journal
        self._world = world
        self._left = left
        self._is_dead = False

    def die(self) -> None:
        """The process has died; the database sees its connections end."""
        self._is_dead = True
        self._left()

    def write(self, work: Callable[[Transaction], T]) -> T:
        return self._written(self._journal.write, work)

    def aside(self, work: Callable[[Transaction], T]) -> T:
        return self._written(self._journal.aside, work)

    def read(self, work: Callable[[Transaction], T]) -> T:
        return self._journal.read(work)

    def close(self) -> None:
        """The journal is the world's."""

    def _written(
        self, write: Callable[[Callable[[Transaction], T]], T], work: Callable[[Transaction], T]
    ) -> T:
        if self._is_dead:
            return cast("T", None)
        trouble = self._world.chaos.of_writing()
        if trouble is Trouble.JOURNAL_REFUSES:
            raise JournalUnusable("the journal is locked.")
        answer = write(work)
        self._world.wrote()
        if trouble is Trouble.COMMIT_UNKNOWN:
            raise JournalUnusable("the connection broke; nobody knows whether it was kept.")
        return answer
