"""What a call costs over the same request on a bare, shared httpx client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from statistics import median

import httpx

from esign_core import AsyncConnection, Connection, EnvelopeDraft, EsignError, Registry, Snapshot
from esign_core.model import Artifact, Capabilities
from esign_core.provider import (
    Download,
    Flow,
    Limit,
    Provider,
    ProviderSettings,
    Request,
    Response,
    Token,
)
from tests.bench.medians import taken, times
from tests.bench.row import Row
from tests.bench.vendor import running

BAR_SECONDS = 100e-6
_PATH = "/things/17"
_KEY = {"x-api-key": "a-key-of-thirty-two-characters--"}
_CALLS = 10
_ROUNDS = 200


class AcmeSettings(ProviderSettings):
    """Where the vendor is."""

    url: str


class Acme(Provider[AcmeSettings]):
    """An adapter that adds a key, and has a limit that is never reached."""

    name = "acme"
    title = "Acme"
    Settings = AcmeSettings
    capabilities = Capabilities()
    limits = (Limit("account", 1_000_000, 60.0),)

    @property
    def hosts(self) -> dict[str, str]:
        return {"api": self.settings.url}

    def authorize(self, request: Request, token: Token | None) -> Request:
        del token
        return request.with_headers(**_KEY)

    def send(self, draft: EnvelopeDraft) -> Flow[Snapshot]:
        raise AssertionError("nobody asks for this here")

    def fetch(self, remote_id: str) -> Flow[Snapshot]:
        raise AssertionError("nobody asks for this here")

    def download(self, snapshot: Snapshot, artifact: Artifact) -> Flow[Download]:
        raise AssertionError("nobody asks for this here")

    def explain(self, response: Response) -> EsignError:
        return EsignError(response.text())


def rows() -> Iterator[Row]:
    """A small request, blocking and awaited, in CPU time: whatever waits, waits for the vendor."""
    registry = Registry(providers={"acme": Acme})
    with running() as url:
        with (
            Connection("acme", registry=registry, url=url) as connection,
            httpx.Client(base_url=url, headers=_KEY) as client,
        ):
            more, alone = _added(
                times(_CALLS, lambda: connection.request("GET", _PATH)),
                times(_CALLS, lambda: client.get(_PATH)),
            )
        bar = f"{BAR_SECONDS * 1e6:.0f} us"
        yield _row("a call: what our layer adds", more, alone, bar, is_met=more <= BAR_SECONDS)
        more, alone = _added_awaited(registry, url)
        yield _row("the same, awaited", more, alone)


def _added_awaited(registry: Registry, url: str) -> tuple[float, float]:
    connection = AsyncConnection("acme", registry=registry, url=url)
    client = httpx.AsyncClient(base_url=url, headers=_KEY)

    async def ours() -> None:
        for _ in range(_CALLS):
            _ = await connection.request("GET", _PATH)

    async def bare() -> None:
        for _ in range(_CALLS):
            _ = await client.get(_PATH)

    with asyncio.Runner() as runner:  # both clients belong to its event loop
        found = _added(lambda: runner.run(ours()), lambda: runner.run(bare()))
        runner.run(connection.aclose())
        runner.run(client.aclose())
    return found


def _added(ours: Callable[[], object], bare: Callable[[], object]) -> tuple[float, float]:
    """Seconds of a call that are ours, and those that are httpx's alone."""
    rounds = taken(ours, bare, rounds=_ROUNDS, clock=time.process_time)
    more = median(mine - theirs for mine, theirs in rounds)  # neighbours have like luck
    return more / _CALLS, median(theirs for _, theirs in rounds) / _CALLS


def _row(what: str, more: float, alone: float, bar: str = "", *, is_met: bool | None = None) -> Row:
    beside = f"a bare shared httpx client: {alone * 1e6:.0f} us"
    return Row(what, f"{more * 1e6:.0f} us CPU", beside, (alone + more) / alone, bar, is_met)
