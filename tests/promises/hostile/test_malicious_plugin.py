"""A provider that does its worst, beside one that does its work."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from esign_core import Document, Envelope, EnvelopeDraft, EnvelopeStatus, EsignError, Signer
from esign_core.engine import SyncDriver, Task
from esign_core.engine.simulate import SimulatedDriver, VirtualClock
from esign_core.journal import Journal, WorkItem
from esign_core.provider import Request, utc_now
from esign_core.service import verbs
from esign_core.service import worker as worker_module
from esign_core.service.config import Config
from esign_core.service.receive import receive
from esign_core.service.resolve import resolve
from esign_core.service.send import send
from esign_core.service.worker import Worker, turn
from esign_core.service.workspace import Workspace
from esign_core.testing import FakeVendor, fake_registry
from esign_core.testing.fake_provider import FakeProvider
from tests.promises.page import ROOT

OPERATIONS = (
    *("send", "poll", "dispatch", "fetch", "find", "cancel", "remind", "signing_links"),
    *("download", "list_envelopes", "log", "explain", "authorize", "inspect", "probe"),
)
Attack = Callable[..., Any]


def raising(error: BaseException) -> Attack:
    """Raises it wherever it is called."""

    def attack(*_: object, **__: object) -> Any:
        raise error

    return attack


def answering(value: object) -> Attack:
    """Answers that, whatever it is asked."""
    return lambda *_, **__: value


def deep(*_: object, **__: object) -> Any:
    """Exhausts the stack."""
    return deep()


def yielding(value: object) -> Attack:
    """Wants something without end."""

    def attack(*_: object, **__: object) -> Iterator[Any]:
        while True:
            yield value

    return attack


ATTACKS: dict[str, Attack] = {
    "raises": raising(ZeroDivisionError("canary")),
    "exhausts the stack": deep,
    "runs out of memory": raising(MemoryError()),
    "cancels": raising(asyncio.CancelledError()),
    "ends generators": raising(GeneratorExit()),
    "stops iterations": raising(StopIteration("canary")),
    "answers nothing": answering(None),
    "answers nonsense": answering(object()),
    "answers itself": answering(FakeProvider),
    "yields nonsense": yielding(17),
    "asks without end": yielding(Request("GET", "/envelopes/1")),
}


def malicious(attack: Attack) -> type[FakeProvider]:
    """A provider whose every method does that, those of its webhooks too."""

    class Hooks:
        verify = staticmethod(attack)
        parse = staticmethod(attack)
        confirmation_token = staticmethod(attack)

    methods: dict[str, Any] = dict.fromkeys(OPERATIONS, attack)
    return type("Malicious", (FakeProvider,), {**methods, "webhooks": Hooks(), "name": "bad"})


class Bad(FakeProvider):
    """The same provider before its upgrade."""

    name = "bad"


@dataclass
class Product:
    """A good account and a bad one, in one product."""

    vendor: FakeVendor
    kinds: dict[str, type[FakeProvider]]
    now: Callable[[], datetime]
    driver: SimulatedDriver | SyncDriver
    refresh_after_seconds: float = 60.0

    def __post_init__(self) -> None:
        self.journal = Journal("sqlite://")
        self.open()

    def open(self) -> None:
        """A new process, with the providers as they are now."""
        registry = fake_registry()
        registry.providers.update(self.kinds)
        accounts = {"good": {"provider": "fake"}, "bad": {"provider": "bad"}}
        self.workspace = Workspace(
            Config(accounts, "sqlite://", self.refresh_after_seconds),
            self.journal,
            registry,
            clock=self.now,
            open_session=self.vendor.open_session,
        )

    def run(self, task: Task[Any]) -> Any:
        return self.driver.run(task)

    def send(self, via: str, key: str) -> Envelope:
        document = Document.from_bytes(b"%PDF-1.7 a lease", name="lease.pdf")
        signers = [Signer(name="Jane Doe", email="jane@example.com")]
        draft = EnvelopeDraft(title="Lease", documents=[document], signers=signers)
        sent: Envelope = self.run(send(self.workspace, draft, via=via, key=key))
        return sent

    def hear(self, endpoint: str, remote_id: str) -> Any:
        delivery = self.vendor.delivery(self.vendor.event(remote_id, f"e{remote_id}"))
        return self.run(receive(self.workspace, endpoint, delivery))

    def work(self, clock: VirtualClock, seconds: float, *, step: float) -> None:
        for _ in range(round(seconds / step)):
            for _turn in range(20):
                if self.run(turn(self.workspace)) > 0:
                    break
            clock.pass_time(step)

    def left(self) -> list[WorkItem]:
        """What there is to do for the bad account."""
        found = self.journal.read(lambda tx: tx.work.list())
        return [item for item in found if item.connection == "bad"]

    def get(self, envelope: Envelope) -> Envelope:
        found: Envelope = self.run(self.workspace.envelope(envelope.id))
        return found


@pytest.fixture
def clock() -> VirtualClock:
    """The time in here."""
    return VirtualClock()


@pytest.fixture
def product(clock: VirtualClock) -> Iterator[Product]:
    """As long as nothing is wrong with the bad account's provider."""
    kinds = {"fake": FakeProvider, "bad": Bad}
    product = Product(FakeVendor(clock.now), kinds, clock.now, SimulatedDriver(clock=clock))
    yield product
    product.workspace.close()


@pytest.mark.promise("D10")
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=list(ATTACKS))
def test_malicious_provider_harms_only_its_own_connections(
    product: Product, clock: VirtualClock, attack: Attack, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever it does, wherever it is called: an error of ours, and the other account goes on."""
    mine = [product.send("good", f"mine-{i}") for i in range(2)]
    theirs = product.send("bad", "theirs")
    product.vendor.complete(str(theirs.remote_id))
    product.kinds["bad"] = malicious(attack)
    product.open()
    workspace, folder, told = product.workspace, Path("nowhere"), list[str]()
    for deed in (
        lambda: product.send("bad", "new"),
        lambda: product.hear("bad", str(theirs.remote_id)),
        lambda: product.run(verbs.fetch(workspace, theirs.id)),
        lambda: product.run(verbs.cancel(workspace, theirs.id, None)),
        lambda: product.run(verbs.remind(workspace, theirs.id, None)),
        lambda: product.run(verbs.signing_links(workspace, theirs.id)),
        lambda: product.run(verbs.download(workspace, theirs.id, folder, ())),
        lambda: product.run(resolve(workspace, theirs.id, abandon=True)),
    ):
        try:
            deed()
        except EsignError as error:
            told.append(str(error))
    product.vendor.complete(str(mine[0].remote_id))
    product.vendor.complete(str(mine[1].remote_id))
    assert product.hear("good", str(mine[0].remote_id)).is_new
    product.work(clock, 200, step=10)
    assert [product.get(each).status for each in mine] == [EnvelopeStatus.COMPLETED] * 2
    assert product.get(product.send("good", "another")).status is EnvelopeStatus.SENT
    assert product.get(theirs).status is EnvelopeStatus.SENT
    assert told
    assert "canary" not in f"{told} {caplog.text}"
    product.kinds["bad"] = Bad
    product.open()
    product.work(clock, 4000, step=200)
    assert product.get(theirs).status is EnvelopeStatus.COMPLETED, "it is made up for later"


class Blocked(FakeProvider):
    """Waits inside of its own code, where nobody can stop it."""

    name = "bad"
    inside: set[int]
    """The threads that are."""
    finish: threading.Event

    def fetch(self, remote_id: str) -> Any:
        self.inside.add(threading.get_ident())
        assert self.finish.wait(60)
        return super().fetch(remote_id)


class Exits(FakeProvider):
    """Would end the program."""

    name = "bad"

    def fetch(self, remote_id: str) -> Any:
        raise SystemExit(remote_id)


@pytest.fixture
def make_product() -> Iterator[Callable[[type[FakeProvider]], Product]]:
    """A product in real time, beside an account whose provider is bad."""
    made: list[Product] = []

    def make(bad: type[FakeProvider]) -> Product:
        kinds: dict[str, type[FakeProvider]] = {"fake": FakeProvider, "bad": bad}
        vendor = FakeVendor(utc_now)
        made.append(Product(vendor, kinds, utc_now, SyncDriver(), refresh_after_seconds=0.05))
        return made[-1]

    yield make
    for product in made:
        product.workspace.close()


def completes(product: Product, worker: Worker) -> None:
    """The good account's envelope is completed by the worker.

    Raises:
        AssertionError: No thread is left that could.
    """
    mine = product.send("good", "mine")
    product.vendor.complete(str(mine.remote_id))
    for _ in range(60):
        if product.get(mine).is_final:
            return
        assert all(each.is_alive() for each in worker._threads)
        product.journal.wait_for_news(product.journal.seen(), 1)
    pytest.fail("nobody works for the good account")


@pytest.mark.promise("D10")
@pytest.mark.parametrize("threads", [2, 3])
def test_blocked_provider_leaves_the_last_thread_to_the_others(
    make_product: Callable[[type[FakeProvider]], Product],
    monkeypatch: pytest.MonkeyPatch,
    threads: int,
) -> None:
    """Threads inside of it cannot be stopped, which the page says; it never gets all of them."""
    monkeypatch.setattr(Blocked, "inside", set(), raising=False)
    monkeypatch.setattr(Blocked, "finish", threading.Event(), raising=False)
    turns: list[float] = []

    def counted(workspace: Workspace) -> Task[float]:
        pause = yield from turn(workspace)
        turns.append(pause)
        return pause

    monkeypatch.setattr(worker_module, "turn", counted)
    product = make_product(Blocked)
    for i in range(threads):
        product.send("bad", f"theirs-{i}")
    worker = Worker(product.workspace, SyncDriver(), threads=threads)
    with worker:
        try:
            while len(Blocked.inside) < threads - 1:
                product.journal.wait_for_news(product.journal.seen(), 0.01)
            while any(item.due_at > utc_now() for item in product.left() if not item.leased_until):
                product.journal.wait_for_news(product.journal.seen(), 0.01)
            before = len(turns)  # there is more of theirs, and the last thread looks for work
            while len(turns) < before + 3 and len(Blocked.inside) < threads:
                product.journal.wake()
                product.journal.wait_for_news(product.journal.seen(), 0.01)
            assert len(Blocked.inside) == threads - 1
            completes(product, worker)
        finally:
            Blocked.finish.set()
    assert "blocked inside of one cannot be stopped" in (ROOT / "SECURITY.md").read_text("utf-8")


@pytest.mark.promise("D10")
def test_provider_that_exits_ends_no_thread(
    make_product: Callable[[type[FakeProvider]], Product],
) -> None:
    """Only the main thread is told to stop; anywhere else it is the adapter's own doing."""
    product = make_product(Exits)
    product.send("bad", "theirs")
    with Worker(product.workspace, SyncDriver(), threads=1) as worker:
        completes(product, worker)
