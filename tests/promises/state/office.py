"""A product with an account at each vendor; people, deliveries and lines do as they are told.

The vendors are the real simulators, and the journal is a real one. Time is virtual: it passes when
somebody says so, and while somebody waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, TypeVar

import httpx

from esign_core.engine import MemoryBudgets, Session, Task
from esign_core.engine.simulate import SimulatedDriver, VirtualClock
from esign_core.journal import Journal
from esign_core.model import Envelope, WebhookRequest
from esign_core.sandbox import Act, Delivery, VendorRequest, VendorResponse
from esign_core.service import verbs
from esign_core.service.config import Config
from esign_core.service.opening import open_session
from esign_core.service.receive import receive
from esign_core.service.send import send
from esign_core.service.worker import turn
from esign_core.service.workspace import Workspace
from tests.promises.sim.account import Line
from tests.promises.sim.chaos import Trouble
from tests.promises.sim.sites import VENDORS, Site
from tests.promises.sim.world import installed

T = TypeVar("T")
PEOPLE = ["Jane Doe", "Bo Ek"]
_ENDS = frozenset({"completed", "declined", "cancelled", "expired", "failed", "destroyed"})
_JOB_PATIENCE_SECONDS = 600.0
_TURNS = 50


class Desk:
    """An account at a vendor, and the line to it."""

    def __init__(self, site: Site, clock: VirtualClock) -> None:
        self.site = site
        self.made: list[Delivery] = []
        """Deliveries that are made, and neither heard nor lost yet."""
        self.people: dict[str, int] = {}
        """How many sign each envelope."""
        self.trouble: Trouble | None = None
        """What goes wrong with the next request that calls something off."""
        self.raced: str | None = None
        """An envelope that everybody signs right before such a request arrives."""
        self._clock = clock

    def answer(self, request: VendorRequest, process: str) -> VendorResponse:
        """What comes back over the line.

        Raises:
            httpx.TransportError: Nothing does.
        """
        trouble = None
        if request.method == "DELETE" or request.path.endswith("/cancel"):
            trouble, self.trouble = self.trouble, None
            if self.raced is not None:
                self.everybody_signs(self.raced)
        if trouble is Trouble.REQUEST_LOST:
            raise httpx.ReadTimeout("silence")
        answer, made = self.site.vendor.handle(request, self._clock.now())
        self.made += made
        if trouble is Trouble.ANSWER_LOST:
            raise httpx.ReadError("cut")
        return answer

    def next_signer_does(self, remote_id: str, act: Act) -> None:
        """Whoever was asked and has not signed acts; nothing happens where that is over."""
        ledger = self.site.vendor.ledger
        signed = {e.signer for e in ledger if (e.envelope, e.what) == (remote_id, "signed")}
        for entry in ledger:
            is_asked = (entry.envelope, entry.what) == (remote_id, "asked")
            if is_asked and entry.signer not in signed:
                token = entry.link.rpartition("/")[2]
                self.made += self.site.vendor.act(token, act, self._clock.now(), "Too dear")
                return

    def everybody_signs(self, remote_id: str) -> None:
        """One after the other."""
        for _ in PEOPLE:
            for act in (Act.OPEN, Act.SIGN):
                self.next_signer_does(remote_id, act)

    def happened(self, remote_id: str) -> list[str]:
        """What the vendor's ledger has of an envelope, in order."""
        return [e.what for e in self.site.vendor.ledger if e.envelope == remote_id]

    def ends(self, remote_id: str) -> list[str]:
        """How it ended there, and what it was after that, if it was anything."""
        return [what for what in self.happened(remote_id) if what in _ENDS]

    def is_over(self, remote_id: str) -> bool:
        """Whether it has ended, or everybody has signed."""
        return bool(self.ends(remote_id)) or self.is_signed(remote_id)

    def is_signed(self, remote_id: str) -> bool:
        """Whether everybody has."""
        return self.happened(remote_id).count("signed") == self.people[remote_id]


class Office:
    """The product."""

    def __init__(self, journal: Journal, seed: int) -> None:
        self.clock = VirtualClock()
        random = Random(seed)
        self.desks = {name: Desk(open_(random), self.clock) for name, open_ in VENDORS.items()}
        self._journal = journal
        self._seed = seed
        self.begin_anew()

    def begin_anew(self) -> None:
        """Another process, with the same journal."""
        settings = {name: desk.site.settings for name, desk in self.desks.items()}
        self._driver = SimulatedDriver(self._seed, self.clock)
        self._workspace = Workspace(
            Config(settings, self._journal.url),
            self._journal,
            installed(),
            clock=self.clock.now,
            open_session=self._open_session,
            jitter=lambda: 0.5,
            budgets=MemoryBudgets(),
        )

    def send(self, via: str, people: int) -> Envelope:
        """An envelope whose first signer was asked.

        Raises:
            AssertionError: The vendor has not made it in all the time that it may take.
        """
        title = f"Lease {len(self.all())}"
        draft = self.desks[via].site.draft(title, PEOPLE[:people], 2)
        sending = send(
            self._workspace, draft, via=via, key=title, wait_seconds=_JOB_PATIENCE_SECONDS
        )
        envelope = self._run(sending)
        assert envelope.remote_id is not None
        self.desks[via].people[envelope.remote_id] = people
        return envelope

    def call_off(self, envelope_id: str) -> Envelope:
        """`Esign.cancel`."""
        return self._run(verbs.cancel(self._workspace, envelope_id, "Changed"))

    def look(self, envelope_id: str) -> Envelope:
        """`Esign.fetch`."""
        return self._run(verbs.fetch(self._workspace, envelope_id))

    def hear(self, via: str, delivery: Delivery) -> None:
        """`Esign.receive`."""
        request = WebhookRequest.of(delivery.headers.items(), delivery.body)
        _ = self._run(receive(self._workspace, via, request))

    def work(self) -> None:
        """A worker does what is due."""
        for _ in range(_TURNS):
            if self._run(turn(self._workspace)) > 0:
                return

    def let_pass(self, seconds: float) -> None:
        """Time passes, and the vendors do what is due then."""
        self.clock.pass_time(seconds)
        for desk in self.desks.values():
            desk.made += desk.site.vendor.advance(self.clock.now())

    def all(self) -> Mapping[str, Envelope]:
        """What the journal holds, by our ids."""
        found = self._journal.read(lambda tx: tx.envelopes.list())
        return {envelope.id: envelope for envelope in found}

    def place(self, envelope: Envelope) -> tuple[Desk, str]:
        """Where an envelope is, and what it is called there."""
        assert envelope.remote_id is not None
        return self.desks[envelope.connection], envelope.remote_id

    def _run(self, task: Task[T]) -> T:
        return self._driver.run(task)

    def _open_session(self, *arguments: Any, name: str, **options: Any) -> Session:
        line = Line(self.desks[name], "product")
        return open_session(*arguments, name=name, line=line, **options)
