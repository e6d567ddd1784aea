"""A thousand jobs that never end, a small budget, and a day in which new ones come."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from esign_core import Document, EnvelopeDraft, Signer
from esign_core.engine import Session
from esign_core.engine.simulate import Life
from esign_core.errors import Outcome
from esign_core.journal import Intent, Journal, Transaction, WorkKind
from esign_core.model import (
    Authenticity,
    Envelope,
    EventType,
    Fact,
    Job,
    Observation,
    Source,
    seats_of,
)
from esign_core.provider import Limit
from esign_core.service.config import Config
from esign_core.service.lanes import Choice, Lanes
from esign_core.service.opening import open_session
from esign_core.service.send import send
from esign_core.testing import FakeVendor, fake_registry
from esign_core.testing.fake_provider import FakeProvider
from tests.promises.sim.process import Process
from tests.promises.sim.world import World

JOBS = 1000
A_MINUTE, FOR_WORK = 3, 2
"""Requests that the vendor allows; and how many of them workers use, who leave room for people."""
HOUR, DAY = 3600.0, 86400.0
ROUND = JOBS / FOR_WORK * 60
"""Seconds in which each of them could be asked for once, if nothing else were asked."""
DRAFT = EnvelopeDraft(
    title="Lease 14",
    documents=[Document.from_bytes(b"%PDF-1.7 a lease", name="lease.pdf")],
    signers=[Signer(name="Jane Doe", email="jane@example.com")],
)


class Narrow(FakeProvider):
    """A vendor that allows little."""

    limits = (Limit("requests", A_MINUTE, 60.0),)


@dataclass
class Patient(FakeVendor):
    """A vendor that remembers when it was asked for each job."""

    asked_at: dict[str, list[float]] = field(default_factory=dict)

    def exchange(self, request: Any, **options: bool) -> Any:
        job = request.url.rpartition("/")[2]
        seconds = (self.now() - self.epoch).total_seconds()
        self.asked_at.setdefault(job, []).append(seconds)
        return super().exchange(request, **options)

    def __post_init__(self) -> None:
        self.epoch = self.now()


class Busy(World):
    """Two workers, one product, and a thousand jobs of which nothing ever becomes."""

    def __init__(self) -> None:
        super().__init__(0)
        self.chaos.is_calm = True
        self.vendor = Patient(self.now)
        self.registry = fake_registry()
        self.registry.providers["fake"] = Narrow
        self.config = Config({"acme": {"provider": "fake", "style": "job"}}, "sqlite://")
        self.journal = Journal("sqlite://")
        self.processes = [Process(self, name, workers=1) for name in ("worker-1", "worker-2")]
        self.waited: list[float] = []
        """Seconds from wanting a new one to knowing that it is sent."""
        self.open_journal().write(self._begin)
        for process in self.processes:
            process.start()

    def open_session(self, process: str, *arguments: Any, name: str, **options: Any) -> Session:
        return open_session(*arguments, name=name, line=self.vendor, **options)

    def order_one_an_hour(self, hours: int) -> None:
        """A product sends, while the workers are at it."""
        self.processes[0].begin(self._ordering(hours))

    def _ordering(self, hours: int) -> Life[None]:
        process = self.processes[0]
        for number in range(hours):
            began_at = self.clock.seconds
            sending = send(process.workspace, DRAFT, via="acme", key=f"new-{number}")
            envelope = yield from process.live(sending)
            while self.journal.read(partial(_job, envelope.id)) is not None:
                yield 10.0
            self.waited.append(self.clock.seconds - began_at)
            yield max(0.0, began_at + HOUR - self.clock.seconds)

    def _begin(self, tx: Transaction) -> None:
        now = self.now()
        accepted = Observation(
            Source.REPLY, Authenticity.FETCHED, now, {Fact(EventType.ENVELOPE_QUEUED): None}
        )
        for number in range(JOBS):
            key = f"stuck-{number}"
            envelope = Envelope(
                id=self.new_id(now),
                connection="acme",
                provider="fake",
                title=key,
                seats=seats_of(DRAFT),
                outcome=Outcome.UNCERTAIN,
                key=key,
                created_at=now,
            )
            tx.envelopes.add_intent(Intent(envelope, DRAFT.fingerprint(), DRAFT.canonical()))
            tx.envelopes.set_job(envelope.id, Job(handle={"job": key}, poll_after_seconds=2.0))
            _ = tx.record(tx.envelopes.settle(envelope, Outcome.DONE), accepted)
            tx.work.plan(WorkKind.POLL_JOB, envelope.id, connection="acme", due_at=now)
            self.vendor._jobs[key] = None


def _job(envelope_id: str, tx: Transaction) -> Job | None:
    return tx.envelopes.job(envelope_id)


@pytest.mark.slow
@pytest.mark.promise("S6")
def test_a_thousand_jobs_share_a_budget_for_a_day() -> None:
    """Each is asked for in turn, all day; a new one is known within minutes, not after them all."""
    world = Busy()
    world.order_one_an_hour(24)
    world.schedule.run(until_seconds=DAY)
    assert len(world.waited) == 24
    assert max(world.waited) < 600
    assert sorted(world.waited)[12] < 240
    stuck = {job: at for job, at in world.vendor.asked_at.items() if job.startswith("stuck-")}
    assert len(stuck) == JOBS
    gaps = [b - a for at in stuck.values() for a, b in pairwise([0.0, *at, DAY])]
    assert max(gaps) < 2 * ROUND, "one of them starves"
    every = sorted(at for each in world.vendor.asked_at.values() for at in each)
    assert all(b - a >= 60 for a, b in zip(every, every[A_MINUTE:], strict=False))
    assert len(every) > 0.95 * FOR_WORK * 24 * 60, "the budget is not used"


@pytest.mark.negative_control("S6")
def test_who_has_waited_longest_first_makes_new_ones_wait_for_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The naive order: a new one comes after the thousand, hours later."""
    choice = Lanes.choice

    def oldest_first(lanes: Lanes, now: Any) -> Choice:
        return replace(choice(lanes, now), quickest_first=False)

    monkeypatch.setattr(Lanes, "choice", oldest_first)
    world = Busy()
    world.order_one_an_hour(1)
    world.schedule.run(until_seconds=3 * HOUR)
    assert world.waited == []
