"""The journal: what remembers, and what wakes those who wait for news."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection

from esign_core.journal.database import Database
from esign_core.journal.envelopes import Envelopes
from esign_core.journal.inbox import Inbox
from esign_core.journal.stream import Stream
from esign_core.journal.work import Work
from esign_core.model import Envelope, Event, Observation, observe

T = TypeVar("T")


class Transaction:
    """One transaction; nothing of it is there until it commits."""

    def __init__(self, connection: Connection) -> None:
        self.envelopes = Envelopes(connection)
        self.inbox = Inbox(connection)
        self.stream = Stream(connection)
        self.work = Work(connection)

    def record(self, envelope: Envelope, observation: Observation) -> tuple[Envelope, list[Event]]:
        """Observe, and store what came of it: the envelope, the observation, the new events."""
        after, new = observe(envelope, observation)
        if after == envelope:
            return envelope, []
        number = self.envelopes.store(after, observation.received_at)
        return after, self.stream.append(number, observation, new)


@dataclass
class Journal:
    """The database with its words for it. Safe for many threads, and after a fork."""

    url: str
    """`sqlite:///file.db`, or `sqlite://` for a journal that is gone with the process."""
    _database: Database = field(init=False, repr=False)
    _news: threading.Condition = field(default_factory=threading.Condition, repr=False)
    _writes: int = field(default=0, repr=False)

    def __post_init__(self) -> None:
        self._database = Database(self.url)

    def write(self, work: Callable[[Transaction], T]) -> T:
        """What `work` answers, after its transaction has reached the disk; wakes who waits.

        Raises:
            JournalUnusable: The database cannot be opened or written. Nothing of it was kept.
        """
        answer = self._database.write(lambda connection: work(Transaction(connection)))
        self.wake()
        return answer

    def read(self, work: Callable[[Transaction], T]) -> T:
        """What `work` answers, from one consistent view of what is committed."""
        return self._database.read(lambda connection: work(Transaction(connection)))

    def wake(self) -> None:
        """Have everybody look who waits for news in this process."""
        with self._news:
            self._writes += 1
            self._news.notify_all()

    def seen(self) -> int:
        """A number that grows with every write of this process; for `wait_for_news`."""
        with self._news:
            return self._writes

    def wait_for_news(self, seen: int, seconds: float) -> None:
        """Wait until this process has written since `seen`, or for so long at the most."""
        with self._news:
            _ = self._news.wait_for(lambda: self._writes != seen, timeout=seconds)

    def close(self) -> None:
        """Close the database."""
        self._database.close()
