"""One account at a simulated vendor, with a journal or without, for something bad to happen to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from esign_core import (
    Connection,
    EnvelopeDraft,
    Esign,
    Outcome,
    Signer,
    TemplateRef,
)
from esign_core.engine import Line
from esign_core.sandbox import Control, Simulator
from esign_penneo.sandbox.vendor import PenneoVendor

PDF = b"%PDF-1.7\n" + b"% a lease\n" * 50 + b"%%EOF\n"
"""Enough of a PDF for whoever looks at its first bytes alone."""
_PATIENCE_SECONDS = 20


class Way(StrEnum):
    """How the account is reached."""

    CONNECTION = "connection"
    """Without a journal: nothing is remembered."""
    ESIGN = "esign"
    """With a journal in a file."""


class Scene:
    """An account, what can be done with it, and what there is to see afterwards.

    Nothing is opened before it is used, so a deed can change the settings first.
    """

    people = ("jane@example.com", "bo@example.com", "Jane Doe", "Bo Ek")
    """What no message may show, though the vendor's own answer in `raw` may."""

    def __init__(self, sandbox: Simulator, way: Way, folder: Path) -> None:
        self.way = way
        self.folder = folder
        self.vendor = sandbox.name
        self.via = f"{sandbox.name}-dk"
        """What the connection is called."""
        self.journal = f"sqlite:///{folder / 'esign.db'}"
        self.line: Line | None = None
        """The way to the vendor, if it is not the usual one."""
        self._closing = ExitStack()
        self._opened: Connection | Esign | None = None
        self.play_at(sandbox)

    def play_at(self, sandbox: Simulator) -> None:
        """Have the account at this simulator from now on."""
        self.sandbox = sandbox
        self.control = self._closing.enter_context(Control(sandbox.control_url))
        self.settings = sandbox.connect()
        self._before = len(self.control.ledger())

    def play_at_own(self, sandbox: Simulator) -> None:
        """Have the account at a simulator that nobody else uses."""
        self.play_at(self._closing.enter_context(sandbox))

    # what a caller does

    def draft(self, **changes: Any) -> EnvelopeDraft:
        """A good draft of the template `lease`, or one with what is given instead."""
        given: dict[str, Any] = {
            "title": "Lease 14",
            "signers": [
                Signer(name="Jane Doe", email="jane@example.com", role="tenant"),
                Signer(name="Bo Ek", email="bo@example.com", role="landlord"),
            ],
        }
        if "documents" not in changes:
            given["template"] = TemplateRef("lease")
        return EnvelopeDraft(**{**given, **changes})

    def file(self, content: bytes = PDF, name: str = "lease.pdf") -> Path:
        """A file on the disk."""
        path = self.folder / name
        _ = path.write_bytes(content)
        return path

    @property
    def connection(self) -> Connection:
        """The account without a journal."""
        if self._opened is None:
            opened = Connection(self.vendor, name=self.via, line=self.line, **self.settings)
            self._opened = self._closing.enter_context(opened)
        assert isinstance(self._opened, Connection)
        return self._opened

    @property
    def esign(self) -> Esign:
        """The account with one."""
        if self._opened is None:
            connections = {self.via: {"provider": self.vendor, **self.settings}}
            opened = Esign(connections, journal=self.journal)
            if self.line is not None:
                sessions = opened._workspace._sessions
                sessions[self.via] = replace(sessions[self.via], line=self.line)
            self._opened = self._closing.enter_context(opened)
        assert isinstance(self._opened, Esign)
        return self._opened

    def send(
        self,
        draft: EnvelopeDraft | None = None,
        *,
        key: str = "lease-14",
        patience_seconds: float = 60,
    ) -> str:
        """Ask for signatures, and wait for the envelope; its id."""
        draft, patience = draft or self.draft(), patience_seconds
        if self.way is Way.CONNECTION:
            return self.connection.send(draft, patience_seconds=patience).remote_id
        sent = self.esign.send(draft, via=self.via, key=key, wait=True, patience_seconds=patience)
        return sent.id

    def fetch(self, envelope: str) -> object:
        """Look how it stands."""
        if self.way is Way.ESIGN:
            return self.esign.fetch(envelope)
        return self.connection.fetch(envelope)

    def cancel(self, envelope: str) -> object:
        """Call it off."""
        if self.way is Way.ESIGN:
            return self.esign.cancel(envelope)
        return self.connection.cancel(envelope)

    def download(self, envelope: str) -> object:
        """Bring the signed file to `saved_to`."""
        if self.way is Way.ESIGN:
            return self.esign.download(envelope, to=self.saved_to)
        return self.connection.download(envelope, to=self.saved_to)

    @property
    def saved_to(self) -> Path:
        """Where downloads go."""
        return self.folder / "archive"

    def complete(self, envelope: str) -> None:
        """Have everybody sign, and the vendor make its files."""
        for link in self.control.links(self._remote_id(envelope)):
            self.control.sign_page(link)
        self.control.advance(60)

    # what there is to see afterwards

    def delivered(self, *, at_least: int) -> int:
        """How many envelopes reached a signer, once all that is on its way has arrived.

        Raises:
            AssertionError: Somebody was asked twice.
        """
        self.control.clear_faults()
        patience = time.monotonic() + _PATIENCE_SECONDS
        while True:
            self.control.advance(1)  # no further, or what is still on its way comes with old tokens
            asked = [
                (entry["envelope"], entry["signer"])
                for entry in self.control.ledger()[self._before :]
                if entry["what"] == "asked"
            ]
            found = len({envelope for envelope, _ in asked})
            if found >= at_least or time.monotonic() > patience:
                break
            time.sleep(0.02)
        assert len(asked) == len(set(asked)), "somebody was asked twice"
        return found

    def recorded(self) -> tuple[list[Outcome], list[str]]:
        """The outcomes of all envelopes in the journal, and why those failed that did.

        Raises:
            AssertionError: One is in doubt and nobody is going to look for it, or one failed and
                nothing says why.
        """
        if self.way is Way.CONNECTION:
            return [], []
        found = self.esign.list()
        todo = self.esign._workspace.journal.read(lambda tx: tx.work.list())
        for envelope in found:
            is_planned = envelope.id in {item.subject for item in todo}
            assert is_planned or envelope.outcome is not Outcome.UNCERTAIN
            assert envelope.failure or envelope.outcome is not Outcome.NOT_DONE
        failures = [envelope.failure for envelope in found if envelope.failure]
        return [envelope.outcome for envelope in found], failures

    def left_over(self) -> list[str]:
        """The files that a download left behind."""
        return [path.name for path in self.saved_to.rglob("*") if path.is_file()]

    def secrets(self) -> Iterator[str]:
        """What may be nowhere: credentials, signing links and the handles of jobs."""
        yield from self.control.links()
        for name, value in {**self.settings, **self.settings.get("storage_options", {})}.items():
            if any(word in name for word in ("key", "secret")):
                yield from [value] if isinstance(value, str) else value
        vendor = self.sandbox.simulation.vendor
        if isinstance(vendor, PenneoVendor):
            for job in vendor._jobs._jobs.values():
                yield from (job.uuid, job.payload_hash)

    def _remote_id(self, envelope: str) -> str:
        if self.way is Way.CONNECTION:
            return envelope
        remote_id = self.esign.get(envelope).remote_id
        assert remote_id is not None
        return remote_id

    def forget(self) -> None:
        """Have the usual journal from now on; nothing is in it."""
        self.journal = f"sqlite:///{self.folder / 'esign.db'}"
        self._opened = None

    def close(self) -> None:
        """Close what is open."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


Deed = Callable[[Scene], object]
"""Something that is done, and that goes wrong."""
