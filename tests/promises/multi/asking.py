"""Processes that ask a vendor for something, over and over, until they are killed.

`python -m tests.promises.multi.asking JOURNAL VENDOR GUARD COUNT SECONDS` forks one for each line
that it reads, `sync` or `async`, and tells its id. They share nothing but the journal; being forked
they need not all load the same modules.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Mapping
from typing import Any, NoReturn

import anyio

from esign_core.engine import (
    AsyncDriver,
    BudgetStore,
    MemoryBudgets,
    Session,
    SyncDriver,
    Task,
    Ticket,
    Told,
    call,
)
from esign_core.errors import EsignError, Refused
from esign_core.journal import Journal, JournalBudgets
from esign_core.model import Artifact, Capabilities, EnvelopeDraft, Snapshot
from esign_core.provider import (
    Download,
    Flow,
    Limit,
    Provider,
    ProviderSettings,
    Registry,
    Request,
    Response,
)
from esign_core.service.config import Config
from esign_core.service.workspace import Workspace

WORKERS = 3
ARRIVES_IN_SECONDS = 1.5
"""Here vendors are near and nothing else takes long."""


class AcmeSettings(ProviderSettings):
    """Where it is, and what it allows."""

    url: str
    count: int
    seconds: float


class Acme(Provider[AcmeSettings]):
    """A vendor with a limit."""

    name = "acme"
    title = "Acme"
    Settings = AcmeSettings
    capabilities = Capabilities()

    @property
    def hosts(self) -> Mapping[str, str]:
        """One."""
        return {"api": self.settings.url}

    def send(self, draft: EnvelopeDraft) -> Flow[Snapshot]:
        raise AssertionError("nobody asks for this here")

    def fetch(self, remote_id: str) -> Flow[Snapshot]:
        raise AssertionError("nobody asks for this here")

    def download(self, snapshot: Snapshot, artifact: Artifact) -> Flow[Download]:
        raise AssertionError("nobody asks for this here")

    def explain(self, response: Response) -> EsignError:
        return Refused("no")


class Shared(JournalBudgets):
    """As they are, but for how soon a dead process's slots come free: tests are short."""

    def take(self, ticket: Ticket, now: float) -> float:
        ticket.arrives_in_seconds = ARRIVES_IN_SECONDS
        return super().take(ticket, now)


class StampedWhenSent(JournalBudgets):
    """The naive way: a slot comes free one window after the request was *sent*."""

    def take(self, ticket: Ticket, now: float) -> float:
        wait = super().take(ticket, now)
        if wait == 0:
            super().give_back(ticket, now)
        return wait

    def give_back(self, ticket: Ticket, now: float, told: Told | None = None) -> None:
        if ticket.is_waiting:
            super().give_back(ticket, now, told)


class FixedWindow(JournalBudgets):
    """The naive way: so many in each second of the clock, two seconds, three ..."""

    def take(self, ticket: Ticket, now: float) -> float:
        (limit,) = ticket.limits
        window = now // limit.seconds
        once = Limit(f"{limit.name}/{window}", limit.count, 1e6)
        wait = super().take(Ticket((once,), until=now), now)
        return 0.0 if wait == 0 else (window + 1) * limit.seconds - now + 0.001

    def give_back(self, ticket: Ticket, now: float, told: Told | None = None) -> None: ...


class Alone(MemoryBudgets):
    """The naive way: each process has budgets of its own."""

    def __init__(self, _journal: Journal) -> None:
        super().__init__()


GUARDS: dict[str, Any] = {
    each.__name__: each for each in (Shared, StampedWhenSent, FixedWindow, Alone)
}


def main(journal_url: str, vendor_url: str, guard: str, *limit: str) -> None:
    """Fork them."""
    count, seconds = limit
    account = {
        "provider": "acme",
        "url": vendor_url,
        "count": int(count),
        "seconds": float(seconds),
    }
    config = Config({"acme": account}, journal_url)
    _ = signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that are killed
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _go_on_asking(config, guard, is_awaited=line.strip() == "async")
        _ = sys.stdout.write(f"{child}\n")
        _ = sys.stdout.flush()


def _go_on_asking(config: Config, guard: str, *, is_awaited: bool) -> NoReturn:
    """From several threads or tasks at once."""
    try:
        journal = Journal(config.journal)
        budgets: BudgetStore = GUARDS[guard](journal)
        registry = Registry(providers={"acme": Acme})
        session = Workspace(config, journal, registry, budgets=budgets).session("acme")
        if is_awaited:
            anyio.run(_ask_awaited, session)
        for _ in range(WORKERS):
            threading.Thread(target=_ask, args=(session,), daemon=True).start()
        threading.Event().wait()
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(1)


def _once(session: Session) -> Task[Response]:
    settings = session.provider.settings
    limit = Limit("all", settings.count, settings.seconds)

    def flow() -> Flow[Response]:
        return (yield Request("GET", "/things", limits=(limit,)))

    return call(session, flow, operation="request")


def _ask(session: Session) -> None:
    driver = SyncDriver()
    while True:
        _ = driver.run(_once(session))


async def _ask_awaited(session: Session) -> None:
    driver = AsyncDriver()

    async def ask() -> None:
        while True:
            _ = await driver.run(_once(session))

    async with anyio.create_task_group() as together:
        for _ in range(WORKERS):
            together.start_soon(ask)


if __name__ == "__main__":
    main(*sys.argv[1:])
