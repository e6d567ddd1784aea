"""Simulated vendors with a faulty proxy in front of each."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import stamina

from esign_core import Connection, EnvelopeDraft, Signer, Snapshot, TemplateRef
from esign_core.engine.transport import Transport
from esign_core.sandbox import Control, Simulator
from tests.promises.proxy.faulty import Proxy

PATIENCE_SECONDS = 20.0


class Account:
    """An account without a journal, whose requests all go through the proxy."""

    def __init__(self, sandbox: Simulator, proxy: Proxy, control: Control) -> None:
        self.proxy = proxy
        self.control = control
        self.vendor = sandbox.name
        self.creating = {"penneo": "/20251022/create", "penvio": "POST /api/v1/esign/envelopes"}[
            sandbox.name
        ]
        """The one request that must not be made twice."""
        self.settings = _through(proxy, sandbox.connect())
        line = Transport(timeout_seconds=PATIENCE_SECONDS)
        self.connection = Connection(sandbox.name, line=line, **self.settings)
        self._before = len(control.ledger())

    def draft(self, title: str = "Lease 14") -> EnvelopeDraft:
        """Of the template `lease`, for two signers."""
        return EnvelopeDraft(
            title=title,
            template=TemplateRef("lease"),
            signers=[
                Signer(name="Jane Doe", email="jane@example.com", role="tenant"),
                Signer(name="Bo Ek", email="bo@example.com", role="landlord"),
            ],
        )

    def send(self) -> Snapshot:
        """An envelope whose signers were asked."""
        sent = self.connection.send(self.draft())
        assert isinstance(sent, Snapshot)
        return sent

    def asked(self) -> list[tuple[str, str]]:
        """Who was asked to sign what, once all that is on its way has arrived."""
        self.control.advance(5)
        entries = self.control.ledger()[self._before :]
        return [(each["envelope"], each["signer"]) for each in entries if each["what"] == "asked"]

    def completed(self) -> str:
        """The id of an envelope that everybody has signed, with its files."""
        sent = self.send()
        for link in self.control.links(sent.remote_id):
            self.control.sign_page(link)
        self.control.advance(60)
        return sent.remote_id


def folder_of(path: Path) -> list[str]:
    """The names of the files in a folder that are there under their own names."""
    return sorted(each.name for each in path.rglob("*") if not each.name.startswith(".esign-"))


def _through(proxy: Proxy, settings: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.replace(proxy.vendor_url, proxy.url) if name.endswith("_url") else value
        for name, value in settings.items()
    }


@contextmanager
def account_at(sandbox: Simulator) -> Generator[Account]:
    """A new account of a vendor, with a proxy of its own."""
    with Proxy(sandbox.base_url) as proxy, Control(sandbox.control_url) as control:
        account = Account(sandbox, proxy, control)
        with account.connection:
            yield account


@pytest.fixture(params=["penneo", "penvio"])
def account(
    request: pytest.FixtureRequest, simulators: dict[str, Simulator], quick_jobs: None
) -> Iterator[Account]:
    """An account at each vendor."""
    with account_at(simulators[request.param]) as account:
        yield account


@pytest.fixture
def at_penneo(simulators: dict[str, Simulator], quick_jobs: None) -> Iterator[Account]:
    """An account at the vendor that hands out files itself."""
    with account_at(simulators["penneo"]) as account:
        yield account


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    """Retries follow each other at once; how many there are stays as it is."""
    with stamina.set_testing(True, attempts=100, cap=True):
        yield
