"""One process of the product, among others: it works, dies at any moment, and is started again."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from esign_core.engine import Task, sleep
from esign_core.engine.simulate import Crash, Life
from esign_core.errors import EsignError, JournalUnusable
from esign_core.journal import Transaction
from esign_core.model import Event
from esign_core.service.worker import turn
from esign_core.service.workspace import Workspace
from tests.promises.sim.chaos import Trouble
from tests.promises.sim.guards import Guard, forget

if TYPE_CHECKING:
    from tests.promises.sim.world import World

T = TypeVar("T")


class Process:
    """A process with a memory of its own, of which nothing is left after its death.

    Args:
        world: Where it lives.
        name: What it is called.
        workers: How many threads do what is left to do.
        follows: Whether it is a consumer of the stream too.
    """

    def __init__(self, world: World, name: str, *, workers: int, follows: bool = False) -> None:
        self.world = world
        self.name = name
        self.is_alive = False
        self.heard: list[tuple[int, str]] = []
        """The events that its follower was handed, by position and id, in the order of handing."""
        self.sending = 0
        """How many calls of `send` it is in."""
        self.sent_when_it_died = 0
        """How often it died while it was in one."""
        self.deaths = 0
        self._workers = workers
        self.follows = follows

    def start(self) -> None:
        """A new process: nothing in it is older than this."""
        world = self.world
        seed = world.random.randrange(2**32)
        self.driver = world.driver(seed)
        self.journal = world.open_journal()
        self.workspace = Workspace(
            world.config,
            self.journal,
            world.registry,
            clock=world.now,
            new_id=world.new_id,
            open_session=partial(world.open_session, self.name),
            jitter=world.random.random,
            budgets=world.budgets_of(self.journal),
        )
        self.workspace.lanes.are_new = world.has_lists
        if Guard.INTENT in world.without:
            with suppress(JournalUnusable):
                self.journal.write(forget)
        self.is_alive, self.sending = True, 0
        self._moments_left = world.chaos.moments_of_a_life()
        for _ in range(self._workers):
            self.begin(self._work())
        if self.follows:
            self.begin(self._follow())

    def begin(self, life: Life[object]) -> None:
        """Let this happen in it, until it dies."""
        _ = self.world.schedule.begin(_mortal(life))

    def live(self, task: Task[T], *, moments: float = float("inf")) -> Life[T]:
        """What a task answers that runs in this process, which may die on the way.

        Args:
            task: The task.
            moments: After how many moments of it the process dies.

        Raises:
            Crash: The process has died.
        """
        life = self.driver.life(task)
        while True:
            try:
                pause = next(life)
            except StopIteration as stop:
                answer: T = stop.value
                return answer
            moments -= 1
            self._moments_left -= 1
            if moments < 0 or self._moments_left < 0:
                self._die()
                raise Crash
            yield pause

    def sleep(self, seconds: float) -> Life[None]:
        """Let time pass."""
        return self.live(sleep(seconds))

    def _die(self) -> None:
        self.world.note(f"{self.name} dies, sending {self.sending}")
        _ = self.world.chaos.count(Trouble.CRASH)
        self.deaths += 1
        self.sent_when_it_died += self.sending > 0
        self.is_alive = False
        self.driver.die()
        self.journal.die()
        self.world.idle = [each for each in self.world.idle if each[0] is not self]
        _ = self.world.schedule.begin(self._started_again())

    def _started_again(self) -> Life[None]:
        """What its supervisor does."""
        yield self.world.chaos.random.choice([0.5, 5.0, 60.0, 1200.0])
        self.start()
        self.world.resume(self)

    def _work(self) -> Life[None]:
        """A thread of a worker, as `Worker` runs it; it does not look while nothing is due."""
        while True:
            yield from self._wait_for_work()
            try:
                pause = yield from self.live(turn(self.workspace))
            except Exception as error:  # noqa: BLE001 - as a worker does
                self.world.note(f"{self.name} turn: {error}")
                pause = 1.0
            if pause > 0:
                yield from self.sleep(max(pause, self._seconds_closed()))

    def _seconds_closed(self) -> float:
        """Until an account is open again that has to wait, if any has."""
        now = self.world.now()
        closed = [until for until in self.workspace.lanes._closed_until.values() if until > now]
        return min(((until - now).total_seconds() for until in closed), default=0.0)

    def _wait_for_work(self) -> Life[None]:
        """As long as there is none, which in life it finds out by looking every two seconds."""
        driver = self.driver
        while (seconds := self.world.seconds_to_work()) > 0:
            yield from self.world.wait(self, seconds + self.world.random.random())
            if self.driver is not driver:
                raise Crash

    def _follow(self) -> Life[None]:
        """A consumer of the stream with a durable place in it."""
        driver = self.driver
        while True:
            events = yield from self._tried(self.workspace.read(self._news))
            if events:
                self.heard += [(event.seq, event.id) for event in events]
                seq = events[-1].seq
                acknowledge = partial(_acknowledge, self.name, seq)
                yield from self._tried(self.workspace.aside(acknowledge))
            elif events is not None:
                yield from self.world.wait_for_news()
                if self.driver is not driver:
                    raise Crash

    def _news(self, tx: Transaction) -> list[Event]:
        return tx.stream.read(after=tx.stream.cursor(self.name), limit=100)

    def _tried(self, task: Task[T]) -> Life[T | None]:
        try:
            return (yield from self.live(task))
        except EsignError:
            yield from self.sleep(5.0)
            return None


def _acknowledge(consumer: str, seq: int, tx: Transaction) -> None:
    tx.stream.move_cursor(consumer, seq)


def _mortal(life: Life[object]) -> Life[None]:
    try:
        yield from life
    except Crash:
        return
