"""A product on a machine whose disk can fail, and whose power can be cut."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from esign_core.engine.simulate import SimulatedDriver, VirtualClock
from esign_core.journal import Journal
from esign_core.journal.database import Database
from esign_core.model import Document, EnvelopeDraft, Job, Signer
from esign_core.service.config import Config
from esign_core.service.receive import receive
from esign_core.service.send import send
from esign_core.service.workspace import Workspace
from esign_core.testing import FakeVendor, fake_registry
from tests.promises.power import apsw_sqlite
from tests.promises.power.disk import Disk, plugged_in

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - only for speed
ENVELOPES = 6


@dataclass
class Machine:
    """A machine with such a disk, and a product on it."""

    disk: Disk
    folder: Path
    style: str

    def __post_init__(self) -> None:
        self.clock = VirtualClock()
        self.vendor = FakeVendor(self.clock.now)
        self.url = f"sqlite:///{self.folder / 'esign.db'}"
        self.driver = SimulatedDriver(clock=self.clock)
        config = Config({"acme": {"provider": "fake", "style": self.style}}, self.url)
        self.workspace = Workspace(
            config,
            Journal(self.url),
            fake_registry(),
            clock=self.clock.now,
            open_session=self.vendor.open_session,
        )
        self.workspace.journal.read(lambda tx: tx.stream.last())
        self.disk.note("open")

    def send(self, key: str) -> Any:
        draft = EnvelopeDraft(
            title=key,
            documents=[Document.from_bytes(b"%PDF-1.7 a lease", name="lease.pdf")],
            signers=[Signer(name="Jane Doe", email="jane@example.com")],
        )
        envelope = self.driver.run(send(self.workspace, draft, via="acme", key=key))
        self.disk.note(("sent", envelope.id))
        return envelope

    def job(self, envelope_id: str) -> Job | None:
        return self.workspace.journal.read(lambda tx: tx.envelopes.job(envelope_id))

    def tell(self, remote_id: str, key: str) -> None:
        request = self.vendor.delivery(self.vendor.event(remote_id, key, note="x" * 900))
        self.driver.run(receive(self.workspace, "acme", request))
        self.disk.note(("kept", request.body))


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Machine]]:
    """Machines whose SQLite syncs as told."""
    made: list[Machine] = []
    real = Database.__post_init__

    def with_apsw(database: Database[Any]) -> None:
        database.sqlite_module = apsw_sqlite
        real(database)

    with plugged_in() as disk, tempfile.TemporaryDirectory(dir=MEMORY) as folder:

        def make(synchronous: str = "FULL", style: str = "direct", name: str = "0") -> Machine:
            monkeypatch.setattr(Database, "__post_init__", with_apsw)
            pragmas = ("PRAGMA journal_mode=WAL", f"PRAGMA synchronous={synchronous}")
            monkeypatch.setattr("esign_core.journal.sqlite._DURABLE", pragmas)
            place = Path(folder) / name
            place.mkdir()
            disk.log.clear()
            made.append(Machine(disk, place, style))
            return made[-1]

        yield make
        for machine in made:
            machine.workspace.close()
