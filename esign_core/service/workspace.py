"""What the verbs of `Esign` share: accounts, journal, plugins, the clock."""

from __future__ import annotations

import random
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from esign_core.engine import BudgetStore, Session, Task, transact
from esign_core.engine.effects import transact_together
from esign_core.engine.process import PerProcess
from esign_core.engine.seldom import Seldom
from esign_core.errors import BrokenProvider, NotReady, UnknownConnection
from esign_core.journal import Journal, JournalTokens, Transaction, budgets_of
from esign_core.model import Envelope, EnvelopeDraft
from esign_core.provider import Registry, utc_now
from esign_core.service.config import Config
from esign_core.service.connections import each_connection, unknown_connection
from esign_core.service.hearing import Hearings
from esign_core.service.lanes import Lanes
from esign_core.service.opening import open_session
from esign_core.service.plugins import hooks_of, listeners

T = TypeVar("T")


def new_envelope_id(now: datetime) -> str:
    """`env_` and a UUIDv7 in hex: unique, and ordered by time."""
    milliseconds = int(now.timestamp() * 1000)
    number = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64
    return f"env_{number | 0b10 << 62 | secrets.randbits(62):032x}"


@dataclass
class Workspace:
    """Everything that is open."""

    config: Config
    journal: Journal
    registry: Registry = field(default_factory=Registry.installed)
    clock: Callable[[], datetime] = utc_now
    new_id: Callable[[datetime], str] = new_envelope_id
    open_session: Callable[..., Session] = open_session
    """How a connection is opened; simulated worlds do it their own way."""
    jitter: Callable[[], float] = random.random
    """A number from 0 to 1, by which pauses differ; simulated worlds have their own."""
    budgets: BudgetStore | None = None
    """Who counts what every connection asks of its vendor; the journal, if none is given."""
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many deliveries were turned away, by endpoint and reason: all that is left of them."""
    seldom: Seldom = field(default_factory=Seldom, repr=False)
    """Writes the records of deliveries that are not kept."""
    hearings: Hearings = field(init=False, repr=False)
    """Whether each account's deliveries arrive."""
    _lanes: PerProcess[Lanes] = field(init=False, repr=False)
    _counting: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _sessions: dict[str, Session] = field(default_factory=dict, repr=False)
    _broken: dict[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.hearings = Hearings(self.clock)
        self._lanes = PerProcess(self._new_lanes)
        is_virtual = self.clock is not utc_now  # a world's own time is its budgets' time too
        budgets = self.budgets or budgets_of(self.journal, callers_clock=is_virtual)
        tokens = JournalTokens(self.journal) if self.journal.vault.has_key else None

        def open_(name: str, provider: str, settings: dict[str, Any]) -> Session:
            return self.open_session(
                self.registry,
                provider,
                settings,
                name=name,
                clock=self.clock,
                tokens=tokens,
                budgets=budgets,
            )

        self._sessions, self._broken = each_connection(self.config.connections, open_)

    @property
    def lanes(self) -> Lanes:
        """Whose turn it is, in this process."""
        return self._lanes.get()

    def _new_lanes(self) -> Lanes:
        count = len(self.config.connections) + bool(listeners(self.registry))
        return Lanes(keeps_one=count > 1)

    @property
    def connections(self) -> Mapping[str, Session]:
        """The accounts that can be used, by name."""
        return self._sessions

    def session(self, name: str) -> Session:
        """An account by its name.

        Raises:
            UnknownConnection: None is called that; the message has those that are.
            BrokenProvider: Its provider cannot be loaded.
        """
        if name in self._sessions:
            return self._sessions[name]
        if name in self._broken:
            raise BrokenProvider(self._broken[name], connection=name)
        raise unknown_connection(name, self._sessions)

    def session_at(self, endpoint: str) -> Session:
        """An account by the address that its deliveries go to: its name, or an opaque id.

        Raises:
            UnknownConnection: There is none.
        """
        for name, settings in self.config.connections.items():
            if settings.get("endpoint", name) == endpoint:
                return self.session(name)
        raise UnknownConnection("no connection has that endpoint")

    def count_rejected(self, endpoint: str, reason: str) -> None:
        """One more delivery was turned away."""
        with self._counting:
            self.rejected[endpoint, reason] += 1

    def amended(self, draft: EnvelopeDraft, connection: str) -> EnvelopeDraft:
        """The draft as plugins leave it, one after the other; one that objects raises.

        Raises:
            BrokenProvider: A plugin answers something that is no draft.
        """
        for plugin, ask in hooks_of(self.registry, "esign_before_send"):
            for answer in ask(draft=draft, connection_name=connection):
                if not isinstance(answer, EnvelopeDraft):
                    kind = type(answer).__name__
                    raise BrokenProvider(
                        f'plugin "{plugin}": esign_before_send answered {kind}, not a draft. '
                        "Nothing was sent; please report it to the plugin's author."
                    )
                draft = answer
        return draft

    def read(self, work: Callable[[Transaction], T]) -> Task[T]:
        """What is in the journal."""
        return transact(partial(self.journal.read, work))

    def write(self, work: Callable[[Transaction], T]) -> Task[T]:
        """A step of the journal, on disk when it answers."""
        return transact_together(partial(self.journal.write, work), self.journal.write_all, work)

    def aside(self, work: Callable[[Transaction], T]) -> Task[T]:
        """A step of the journal that has nothing to do with the stream."""
        return transact(partial(self.journal.aside, work))

    def envelope(self, envelope_id: str) -> Task[Envelope]:
        """An envelope by our id.

        Raises:
            UnknownEnvelope: There is none.
        """
        return self.read(lambda tx: tx.envelopes.get(envelope_id))

    def place(self, envelope: Envelope) -> tuple[Session, str]:
        """Where an envelope is: the account, and the vendor's id.

        Raises:
            NotReady: The vendor has not given it an id yet.
        """
        if envelope.remote_id is None:
            raise NotReady(
                f'"{envelope.title}" is {envelope.status}: the vendor has given it no id yet. '
                "Nothing was done. A worker goes on with it (`esign worker`); or send it again "
                "with the same key, and wait.",
                envelope_id=envelope.id,
                connection=envelope.connection,
            )
        return self.session(envelope.connection), envelope.remote_id

    def close(self) -> None:
        """Close the connections to vendors and the journal."""
        for session in self._sessions.values():
            session.line.close()
        self.journal.close()

    async def aclose(self) -> None:
        """`close`, awaited, with the async clients."""
        for session in self._sessions.values():
            await session.line.aclose()
        self.journal.close()
