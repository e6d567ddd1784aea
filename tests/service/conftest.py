"""A workspace over the vendor in memory and a journal in a file, in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from pydantic import SecretStr

from esign_core.engine import Task
from esign_core.engine.simulate import SimulatedDriver, VirtualClock
from esign_core.errors import EsignError
from esign_core.journal import InboxEntry, Journal, Vault, WorkItem, WorkKind
from esign_core.model import Document, Envelope, EnvelopeDraft, Event, Signer, WebhookRequest
from esign_core.provider import Registry, Webhooks, utc_now
from esign_core.service import Receipt
from esign_core.service.config import Config
from esign_core.service.receive import receive
from esign_core.service.send import send
from esign_core.service.worker import turn
from esign_core.service.workspace import Workspace
from esign_core.testing import FakeVendor, fake_registry
from esign_core.testing.fake_provider import FakeProvider
from tests.databases import DATABASES, Schemas, fresh
from tests.service.listing import ListingVendor

T = TypeVar("T")
PDF = b"%PDF-1.7 a lease"


class World:
    """One process after the other over the same journal and the same vendor."""

    def __init__(self, folder: Path, url: str, connections: dict[str, dict[str, Any]]) -> None:
        self.folder = folder
        self.closing = ExitStack()
        self.clock = VirtualClock()
        self.vendor = ListingVendor(self.clock.now)
        self.connections = connections
        self.registry = fake_registry()
        self.url = url
        self.refresh_after_seconds = 60.0
        self.archive: str | None = None
        self.keys: tuple[SecretStr, ...] = ()
        self.keep_raw_days: float | None = None
        self.driver = SimulatedDriver(clock=self.clock)
        self.workspace = self._open()

    def _open(self) -> Workspace:
        return Workspace(
            Config(
                self.connections,
                self.url,
                self.refresh_after_seconds,
                self.archive,
                keep_raw_days=self.keep_raw_days,
            ),
            Journal(self.url, Vault(self.keys)),
            self.registry,
            clock=self.clock.now,
            open_session=self.vendor.open_session,
            jitter=lambda: 0.0,
        )

    def end(self) -> None:
        """It is over, and what its journal holds may go; more than once is no harm."""
        self.workspace.close()
        self.closing.close()

    def restart(self, *, crash_at: int | None = None) -> None:
        """A new process, which dies instead of its n-th effect if told."""
        self.workspace.journal.close()
        self.driver = SimulatedDriver(clock=self.clock, crash_at=crash_at)
        self.workspace = self._open()

    def with_provider(self, kind: type[FakeProvider]) -> None:
        """A new process, with another version of the adapter."""
        self.registry.providers["fake"] = kind
        self.restart()

    def with_webhooks(self, kind: type[Webhooks] | None) -> None:
        """A new process, whose adapter checks and reads deliveries another way."""

        class Other(FakeProvider):
            @property
            def webhooks(self) -> Any:
                return kind() if kind is not None else None

        self.with_provider(Other)

    def run(self, task: Task[T]) -> T:
        return self.driver.run(task)

    def draft(self, title: str = "Lease 14", **changes: Any) -> EnvelopeDraft:
        said: dict[str, Any] = {
            "title": title,
            "documents": [Document.from_bytes(PDF, name="lease.pdf")],
            "signers": [
                Signer(name="Jane Doe", email="jane@example.com"),
                Signer(name="Bo Ek", email="bo@example.com"),
            ],
        }
        return EnvelopeDraft(**{**said, **changes})

    def send(
        self, key: str = "lease-14", draft: EnvelopeDraft | None = None, **options: Any
    ) -> Envelope:
        options = {"via": "acme", **options}
        return self.run(send(self.workspace, draft or self.draft(), key=key, **options))

    def failed(self, *arguments: Any, **options: Any) -> EsignError:
        """What `send` raises."""
        with pytest.raises(EsignError) as caught:
            self.send(*arguments, **options)
        return caught.value

    def work(self, seconds: float = 0.0) -> int:
        """Let a worker work for so long; how often it did something."""
        until = self.clock.seconds + seconds
        turns = 0
        while True:
            if self.run(turn(self.workspace)) == 0:
                turns += 1
                continue
            due = [item.leased_until or item.due_at for item in self.todo()]
            due += self.workspace.lanes._closed_until.values()  # what is due may wait for these
            pauses = [(each - self.clock.now()).total_seconds() for each in due]
            pause = min((each for each in pauses if each > 0), default=seconds + 1)
            if self.clock.seconds + pause > until:
                self.clock.seconds = max(self.clock.seconds, until)
                return turns
            self.clock.pass_time(max(pause, 0.001))

    def receive(self, request: WebhookRequest, endpoint: str = "acme") -> Receipt:
        return self.run(receive(self.workspace, endpoint, request))

    def refused(self, request: WebhookRequest, endpoint: str = "acme") -> EsignError:
        """What `receive` raises."""
        with pytest.raises(EsignError) as caught:
            self.receive(request, endpoint)
        return caught.value

    def tell(self, remote_id: str, key: str | None = None, **options: Any) -> Receipt:
        """The vendor makes a delivery about an envelope as it is now."""
        return self.receive(self.vendor.delivery(self.vendor.event(remote_id, key), **options))

    def ago(self, seconds: float) -> Any:
        """A time in the past of this world."""
        return self.clock.now() - timedelta(seconds=seconds)

    # what is in the journal

    def get(self, envelope_id: str) -> Envelope:
        return self.workspace.journal.read(lambda tx: tx.envelopes.get(envelope_id))

    def all(self) -> list[Envelope]:
        return self.workspace.journal.read(lambda tx: tx.envelopes.list())

    def events(self) -> list[Event]:
        return self.workspace.journal.read(lambda tx: tx.stream.read(limit=1000))

    def types(self) -> list[str]:
        return [" ".join(filter(None, (e.type.value, e.signer_id))) for e in self.events()]

    def inbox(self) -> list[InboxEntry]:
        return self.workspace.journal.read(lambda tx: tx.inbox.list())

    def todo(self) -> list[WorkItem]:
        return self.workspace.journal.read(lambda tx: tx.work.list())

    def kinds(self) -> list[WorkKind]:
        return sorted(item.kind for item in self.todo())

    def fetches(self, remote_id: str) -> int:
        """How often the vendor was asked for an envelope."""
        return self.vendor.requests.count(f"GET /envelopes/{remote_id}")


@pytest.fixture(autouse=True)
def _no_power_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes die here, machines do not: the disk need not be waited for."""
    quick = ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=OFF")
    monkeypatch.setattr("esign_core.journal.sqlite._DURABLE", quick)


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    """Where the journals of this test are."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def schemas() -> Iterator[Schemas]:
    """Places for journals in PostgreSQL."""
    with Schemas() as schemas:
        yield schemas


@pytest.fixture
def make_world(database: str, tmp_path: Path, schemas: Schemas) -> Iterator[Callable[..., World]]:
    """Worlds by the vendor's style: `direct`, `job`, `draft`; a second account is `other`."""
    made: list[World] = []

    def make(style: str = "direct", **settings: Any) -> World:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        account = {"provider": "fake", "style": style, **settings}
        other = {**account, "webhook_secrets": ["secret-two"], "endpoint": "other"}
        place = fresh(database, folder) if database == "sqlite" else schemas.empty(folder)
        with ExitStack() as opening:
            url = opening.enter_context(place)
            world = World(folder, url, {"acme": account, "other": other})
            world.closing = opening.pop_all()
        made.append(world)
        return world

    yield make
    for world in made:
        world.end()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """One whose vendor makes envelopes at once."""
    return make_world()


@pytest.fixture
def registry() -> Registry:
    """The adapter for the vendor in memory, and no other."""
    return fake_registry()


@pytest.fixture
def vendor() -> FakeVendor:
    """The vendor in memory, on the clock of this machine."""
    return FakeVendor(utc_now)
