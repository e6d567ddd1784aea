"""A whole world from one seed: products, workers, both vendors, people, time, and trouble.

Everything in it takes turns on one virtual clock. The same seed lives the same life, to the
millisecond. After some days nothing goes wrong any more; weeks later, when all is quiet, `judge`
compares what the journal says with what really happened at the vendors.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from esign_core import EnvelopeDraft
from esign_core.engine import BudgetStore, MemoryBudgets, Session
from esign_core.engine.simulate import (
    EPOCH,
    Crash,
    Life,
    Schedule,
    SimulatedDriver,
    Turn,
    VirtualClock,
)
from esign_core.errors import EsignError, WebhookRejected
from esign_core.journal import Journal, Transaction
from esign_core.journal.budgets import JournalBudgets
from esign_core.journal.codec import load_time
from esign_core.model import WebhookRequest
from esign_core.provider import Registry
from esign_core.sandbox import Delivery
from esign_core.service.config import Config
from esign_core.service.opening import open_session
from esign_core.service.receive import receive
from tests.promises.sim.account import Account, Line
from tests.promises.sim.chaos import Chaos
from tests.promises.sim.guards import Guard, Repeating, searching
from tests.promises.sim.handle import Handle, emptied
from tests.promises.sim.person import person
from tests.promises.sim.process import Process
from tests.promises.sim.shop import Wish, follow_up, pursue
from tests.promises.sim.sites import VENDORS

_LEVELS = (0.05, 0.2, 0.35, 0.8)
"""Of chaos: three faults for each envelope on the average, and as many worlds with hardly one."""
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
_CALM_AFTER = 5 * _DAY
_QUIET_AFTER = 40 * _DAY
_NEXT = "SELECT min(due_at) FROM esign_work WHERE kind <> 'reconcile'"
"""When something is due; what somebody has begun is due when the lease ends.

Lists are made for ever. Here they are made by whoever is at work for another reason.
"""
_FOR_EVER = 10 * 365 * _DAY
_IN_FILES = 0.03
"""How many worlds have their journal in a file, which each process opens by itself."""
_MEMORY = Path("/dev/shm")  # noqa: S108 - files that need no disk, where there is such a place
PEOPLE = ["Jane Doe", "Bo Ek"]


class World:
    """One world, before, while and after it lives.

    Args:
        seed: The same seed is the same world.
        without: The protections that it has not.
        journal: One in memory, which it empties and uses; else it has one of its own.
    """

    def __init__(
        self, seed: int, *, without: Collection[Guard] = (), journal: Journal | None = None
    ) -> None:
        self.seed = seed
        self.without = without
        self.random = Random(f"{seed}/world")
        self.clock = VirtualClock()
        self.schedule = Schedule(self.clock)
        self.trace: list[str] = []
        """What was done when, line by line."""
        self.failures: list[str] = []
        """What went wrong that must not, as it was noticed on the way."""
        self.chaos = Chaos(Random(f"{seed}/chaos"), self.random.choice(_LEVELS))
        self.accounts = {
            name: Account(name, open_(self.random), self, Random(f"{seed}/{name}"))
            for name, open_ in VENDORS.items()
        }
        settings = {name: account.site.settings for name, account in self.accounts.items()}
        refresh = self.random.choice([60.0, 600.0, 3600.0, 3600.0, 3600.0])
        self.config = Config(settings, "sqlite://", refresh)
        self.has_lists = self.random.random() < 0.15
        """Whether workers list what is at the vendors; without, they have to find out otherwise."""
        self.registry = installed()
        self._folder: TemporaryDirectory[str] | None = None
        if self.random.random() < _IN_FILES:
            self._folder = TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None)
            self.journal = Journal(f"sqlite:///{self._folder.name}/esign.db")
        else:
            self.journal = emptied(journal) if journal is not None else Journal("sqlite://")
        self._is_borrowed = self.journal is journal
        self._budgets = MemoryBudgets()
        self._line: Any = None
        """To the journal, without SQLAlchemy: workers ask all the time what is due."""
        self._next_due: float | None = None
        """When something is due, in seconds of the clock; None where it has to be asked."""
        self._woken_at = -1.0
        self.idle: list[tuple[Process, Turn]] = []
        self._listening: list[Turn] = []
        self.processes = [
            Process(self, "shop-1", workers=1),
            Process(self, "shop-2", workers=0, follows=True),
            Process(self, "worker", workers=1),
        ]
        self.wishes = [self._wish(number) for number in range(self.random.randint(9, 11))]

    def live(self) -> None:
        """Let it live until all is quiet."""
        for account in self.accounts.values():
            _ = self.schedule.begin(account.clockwork())
        for process in self.processes:
            process.start()
            self.resume(process)
        _ = self.schedule.begin(person(self))
        if Guard.SEARCH in self.without:
            _ = self.schedule.begin(searching(self))
        self.schedule.run(until_seconds=_CALM_AFTER)
        self.chaos.is_calm = True
        self.schedule.run(until_seconds=_QUIET_AFTER)

    def close(self) -> None:
        """Nothing is left of it."""
        for process in self.processes:
            if process.is_alive:
                process.journal.die()
        if not self._is_borrowed:
            self.journal.close()
        if self._folder is not None:
            self._folder.cleanup()

    # what everybody in it uses

    def now(self) -> datetime:
        """The time."""
        return self.clock.now()

    def note(self, what: str) -> None:
        """Keep a line of what happens."""
        self.trace.append(f"{self.clock.seconds:.3f} {what}")

    def fail(self, what: str) -> None:
        """Something happened that must not."""
        self.note(f"FAILURE {what}")
        self.failures.append(what)

    def new_id(self, now: datetime) -> str:
        """An envelope's id: ordered by time, as in life, and by the seed."""
        return f"env_{int(now.timestamp() * 1000) << 80 | self.random.getrandbits(80):032x}"

    def driver(self, seed: int) -> SimulatedDriver:
        """What runs the tasks of one process."""
        kind = Repeating if Guard.REPEAT in self.without else SimulatedDriver
        return kind(seed, self.clock, travel_seconds=self.chaos.travel_seconds, trace=self.trace)

    def open_session(self, process: str, *arguments: Any, name: str, **options: Any) -> Session:
        """A connection of one process, over a line of this world."""
        line = Line(self.accounts[name], process)
        return open_session(*arguments, name=name, line=line, **options)

    def open_journal(self) -> Handle:
        """The journal as a new process opens it: anew, where it is in a file."""
        if self._folder is None:
            return Handle(self.journal, self, left=_nothing)
        journal = Journal(self.journal.url)
        return Handle(journal, self, left=journal.close)

    def budgets_of(self, journal: Handle) -> BudgetStore:
        """Who counts what a process asks of the vendors: all processes share the counts."""
        if self._folder is None:
            return self._budgets
        return JournalBudgets(journal, callers_clock=True)

    def alive(self) -> Process | None:
        """A process that runs, if any does."""
        running = [process for process in self.processes if process.is_alive]
        return self.random.choice(running) if running else None

    def resume(self, process: Process) -> None:
        """What a process of the product begins with: the wishes that are still open."""
        for wish in self.wishes:
            if process.name in wish.owners:
                if not wish.is_over:
                    process.begin(pursue(process, wish))
                if process.name == wish.owners[0]:
                    process.begin(follow_up(process, wish))

    def take_in(self, endpoint: str, delivery: Delivery) -> Life[bool]:
        """Whether some process of the product takes a delivery in, and answers 2xx."""
        process = self.alive()
        if process is None:
            return False
        request = WebhookRequest.of(delivery.headers.items(), delivery.body)
        try:
            _ = yield from process.live(receive(process.workspace, endpoint, request))
        except WebhookRejected as error:
            self.fail(f"{endpoint} was told that its delivery is not authentic: {error}")
            return False
        except (EsignError, Crash):
            return False
        return True

    # who waits for news

    def seconds_to_work(self) -> float:
        """Until there is something to do."""
        if self._line is None:
            self._line = self.journal.read(_driver_connection)
        if self._next_due is None:
            (due_at,) = self._line.execute(_NEXT).fetchone()
            self._next_due = (
                _FOR_EVER if due_at is None else (load_time(due_at) - EPOCH).total_seconds()
            )
        return self._next_due - self.clock.seconds

    def wait(self, process: Process, seconds: float) -> Life[None]:
        """Wait for something to do, as a worker: until somebody writes, or for so long."""
        turn = self.schedule.at_it
        assert turn is not None
        self.idle.append((process, turn))
        yield seconds
        self.idle = [each for each in self.idle if each[1] is not turn]

    def wait_for_news(self) -> Life[None]:
        """Wait until somebody has written, as a follower."""
        assert self.schedule.at_it is not None
        self._listening.append(self.schedule.at_it)
        yield _FOR_EVER

    def wrote(self) -> None:
        """Somebody has written: a worker looks within two seconds, followers a little later."""
        self._next_due = None
        if self.idle and self._woken_at < self.clock.seconds:
            _, turn = self.idle.pop(0)
            after_seconds = self.random.uniform(0, 2)
            self._woken_at = self.clock.seconds + after_seconds
            self.schedule.hasten(turn, after_seconds=after_seconds)
        listening, self._listening = self._listening, []
        for turn in listening:
            self.schedule.hasten(turn, after_seconds=self.random.uniform(0, 2 * _HOUR))

    def _wish(self, number: int) -> Wish:
        random = self.random
        via = random.choice(list(self.accounts))
        people = PEOPLE[: random.choice([1, 1, 2])]
        days = random.choice([1, 2, 3])
        draft = self.accounts[via].site.draft(f"Lease {number}", people, days)
        shops = ["shop-1", "shop-2"]
        random.shuffle(shops)
        is_changed, is_twice = random.random() < 0.15, random.random() < 0.15
        return Wish(
            key=f"lease-{number}",
            via=via,
            drafts=[draft, _changed(draft)] if is_changed else [draft],
            begins_at=random.uniform(0, 30 * _MINUTE),
            wait_seconds=random.choice([0.0, 0.0, 10.0, 300.0]),
            owners=tuple(shops if is_twice and not is_changed else shops[:1]),
            cancel_after=random.uniform(1, 12 * _HOUR) if random.random() < 0.25 else None,
            remind_after=random.uniform(1, 12 * _HOUR) if random.random() < 0.2 else None,
        )


def _changed(draft: EnvelopeDraft) -> EnvelopeDraft:
    """The same wish, as somebody has edited it in the meantime."""
    return draft.model_copy(update={"expires_in_days": (draft.expires_in_days or 1) + 1})


def _driver_connection(tx: Transaction) -> Any:
    return tx._rows.connection.connection.driver_connection


def _nothing() -> None:
    """A journal in memory is gone if it is closed."""


@cache
def installed() -> Registry:
    """The real adapters, looked for once."""
    return Registry.installed()
