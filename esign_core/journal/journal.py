"""The journal: what remembers, and what wakes those who wait for news."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection

from esign_core.engine.process import PerProcess
from esign_core.engine.together import Answer
from esign_core.journal.connections import Connections, Hearing
from esign_core.journal.database import Database
from esign_core.journal.envelopes import Envelopes
from esign_core.journal.erasure import Erasure
from esign_core.journal.inbox import Inbox
from esign_core.journal.listening import tell_others
from esign_core.journal.news import News
from esign_core.journal.retention import Retention
from esign_core.journal.rows import Rows
from esign_core.journal.sealed import Sealed
from esign_core.journal.secrets import Secrets
from esign_core.journal.slots import Budgets
from esign_core.journal.stream import Stream
from esign_core.journal.vault import Vault
from esign_core.journal.vitals import Vitals
from esign_core.journal.work import Work
from esign_core.model import Envelope, Event, Observation, observe

T = TypeVar("T")


class Transaction:
    """One transaction; nothing of it is there until it commits.

    It may be shared by many who write at the same time.
    """

    def __init__(self, connection: Connection, *, vault: Vault) -> None:
        self._rows = Rows(connection)
        self._once_kept: list[Callable[[], None]] = []
        self.hearings: dict[str, Hearing] = {}
        """What it has written of connections, which counts in it before it is on disk."""
        self.envelopes = Envelopes(self._rows, vault)
        self.inbox = Inbox(self._rows)
        self.stream = Stream(self._rows)
        self.work = Work(self._rows)
        self.erasure = Erasure(self._rows, self.envelopes, self.inbox)
        self.retention = Retention(self._rows, self.inbox)
        self.connections = Connections(connection)
        self.vitals = Vitals(self._rows)
        self.secrets = Secrets(connection, vault)
        self.sealed = Sealed(connection)
        self.budgets = Budgets(connection)

    def flush(self) -> None:
        """Write what has been put off until the end of the transaction."""
        self._rows.flush()
        if self.stream.has_grown or self.work.has_planned:
            tell_others(self._rows.connection)

    def once_kept(self, learn: Callable[[], None]) -> None:
        """Have `learn` called when this transaction is on disk: a piece may be done twice."""
        self._once_kept.append(learn)

    def kept(self) -> None:
        """It is on disk."""
        for learn in self._once_kept:
            learn()

    def record(self, envelope: Envelope, observation: Observation) -> tuple[Envelope, list[Event]]:
        """Observe, and store what came of it: the envelope, the observation, the new events."""
        after, new = observe(envelope, observation)
        if after == envelope:
            return envelope, []
        number = self.envelopes.store(after, observation.received_at)
        return after, self.stream.append(number, observation, new)


@dataclass(eq=False)
class Journal:
    """The database with its words for it. Safe for many threads, and after a fork."""

    url: str = field(repr=False)  # it may have a password in it
    """`sqlite:///file.db`, `postgresql://...`, or `sqlite://` for what is gone with the process."""
    vault: Vault = field(default_factory=Vault)
    """What seals secrets; one without keys keeps none, but for the handles of jobs."""
    _database: Database[Transaction] = field(init=False, repr=False)
    _news: PerProcess[News] = field(default_factory=lambda: PerProcess(News), repr=False)

    def __post_init__(self) -> None:
        self._database = Database(self.url, partial(Transaction, vault=self.vault))

    def write(self, work: Callable[[Transaction], T]) -> T:
        """What `work` answers, after its transaction has reached the disk; wakes who waits.

        Raises:
            JournalUnusable: The database cannot be opened or written. Nothing of it was kept.
        """
        answer = self._database.write(work)
        self.wake()
        return answer

    def write_all(self, works: Sequence[Callable[[Transaction], Any]]) -> Sequence[Answer]:
        """`write` for several at once: what each answers, or `Failed` with what it raised.

        Raises:
            JournalUnusable: The database cannot be opened.
        """
        answers = self._database.write_all(works)
        self.wake()
        return answers

    def aside(self, work: Callable[[Transaction], T]) -> T:
        """`write` for what has nothing to do with the stream, and need not wait for its turn.

        It locks rows in one fixed order, or it may wait for ever for somebody who waits for it.

        Raises:
            JournalUnusable: The database cannot be opened or written. Nothing of it was kept.
        """
        return self._database.aside(work)

    def read(self, work: Callable[[Transaction], T]) -> T:
        """What `work` answers, from one consistent view of what is committed."""
        return self._database.read(work)

    def wake(self) -> None:
        """Have everybody look who waits for news in this process."""
        self._news.get().wake()

    def seen(self) -> int:
        """A number that grows with every piece of news; for `wait_for_news`."""
        return self._news.get().seen()

    def wait_for_news(self, seen: int, seconds: float) -> None:
        """Wait until there is news since `seen`, or for so long at the most.

        News is what this process writes; on PostgreSQL, what any other does too.
        """
        self.listen()
        self._news.get().wait(seen, seconds)

    def listen(self) -> None:
        """Have other processes' news count too, where the database can tell of them."""
        self._database.listen(self.wake)

    def tidy(self) -> None:
        """Have the database overwrite what was deleted from it.

        Raises:
            JournalUnusable: It could not; what was deleted can still be found in its files.
        """
        self._database.tidy()

    def close(self) -> None:
        """Close the database."""
        self._database.close()
