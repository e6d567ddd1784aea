"""A product as its users build it: an account at a simulated vendor, a journal, and a receiver."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from esign_core import (
    Document,
    Envelope,
    EnvelopeDraft,
    Esign,
    Event,
    Signer,
    TemplateRef,
    WebhookRequest,
)
from esign_core.engine.transport import Transport
from esign_core.journal import InboxEntry, WorkItem
from esign_core.provider import utc_now
from esign_core.sandbox import Control, Simulator
from esign_core.testing.receiver import Receiver
from esign_core.testing.recording import RecordingLine

PDF = b"%PDF-1.7\n" + b"% a lease\n" * 50 + b"%%EOF\n"


class Product:
    """Sends, hears what the vendor delivers when a test says so, and works when it says so."""

    def __init__(
        self, sandbox: Simulator, folder: Path, *, journal: str | None = None, **settings: Any
    ) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.via = f"{sandbox.name}-dk"
        """What the connection is called."""
        self._closing = ExitStack()
        self.receiver = self._closing.enter_context(Receiver())
        self.control = self._closing.enter_context(Control(sandbox.control_url))
        self.settings = {**sandbox.connect(self.receiver.url), **settings}
        self.journal = journal or f"sqlite:///{folder / 'esign.db'}"
        connections = {self.via: {"provider": sandbox.name, **self.settings}}
        self.esign = self._closing.enter_context(Esign(connections, journal=self.journal))
        self.line = RecordingLine(Transport(timeout_seconds=5))
        sessions = self.esign._workspace._sessions
        sessions[self.via] = replace(sessions[self.via], line=self.line)

    # what a product does

    def draft(self, title: str = "Lease 14", **changes: Any) -> EnvelopeDraft:
        """Of the template `lease`, for two signers."""
        given: dict[str, Any] = {
            "title": title,
            "signers": [
                Signer(name="Jane Doe", email="jane@example.com", role="tenant"),
                Signer(name="Bo Ek", email="bo@example.com", role="landlord"),
            ],
        }
        if "documents" not in changes:
            given["template"] = TemplateRef("lease")
        return EnvelopeDraft(**{**given, **changes})

    def document(self, name: str = "lease.pdf") -> Document:
        """A small one."""
        return Document.from_bytes(PDF, name=name)

    def send(self, key: str = "lease-14", draft: EnvelopeDraft | None = None) -> Envelope:
        """An envelope whose signers were asked."""
        return self.esign.send(draft or self.draft(), via=self.via, key=key, wait=True)

    def hear(self, delivery: WebhookRequest) -> Any:
        """Take a delivery in."""
        return self.esign.receive(self.via, delivery)

    def hear_all(self) -> list[WebhookRequest]:
        """Take in all that the vendor has delivered since the last time."""
        _ = self.control.settle()
        came, self.receiver.received[:] = list(self.receiver.received), []
        for delivery in came:
            self.hear(delivery)
        return came

    def sign(self, envelope: Envelope, *, at_most: int = 2) -> None:
        """Have signers sign, and the vendor make its files."""
        assert envelope.remote_id is not None
        for link in self.control.links(envelope.remote_id)[:at_most]:
            self.control.sign_page(link)
        self.control.advance(60)

    def work(self, turns: int = 50) -> None:
        """Do all that is due."""
        from esign_core.engine import SyncDriver
        from esign_core.service.worker import turn

        for _ in range(turns):
            if SyncDriver().run(turn(self.esign._workspace)) > 0:
                return

    def leap(self, by: timedelta) -> None:
        """Let the product's clock go on; the vendor's stays."""
        self.esign._workspace.clock = lambda: utc_now() + by

    # what there is to see

    @property
    def requests(self) -> Sequence[str]:
        """`METHOD /path` of all that the vendor was asked."""
        return [each.path for each in self.line.exchanges]

    def events(self) -> list[Event]:
        """The stream."""
        return self.esign._workspace.journal.read(lambda tx: tx.stream.read(limit=10_000))

    def inbox(self) -> list[InboxEntry]:
        """What was kept of deliveries, the newest first."""
        return self.esign._workspace.journal.read(lambda tx: tx.inbox.list(limit=10_000))

    def todo(self) -> list[WorkItem]:
        """What is left to do."""
        return self.esign._workspace.journal.read(lambda tx: tx.work.list())

    def known(self) -> tuple[object, ...]:
        """All that could change when a delivery comes."""
        inbox = [(each.id, each.state) for each in self.inbox()]
        return self.esign.list(), self.events(), inbox, self.todo()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.close()
