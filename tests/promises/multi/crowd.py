"""Many processes on one PostgreSQL: receivers, workers and readers, under a storm of webhooks.

    python -m tests.promises.multi.crowd --webhooks 20000 --envelopes 500

Real commands (`esign serve`, `esign worker`, `esign events --follow`) share one journal. Envelopes
go out through both vendors' simulators and people act. What the simulators deliver is collected,
and posted to the receivers shuffled and many times over. At the end the stream is held against
what the vendors themselves say, and the readers against each other.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from esign_core import Channel, Envelope, EnvelopeDraft, Esign, Feature, Registry, Signer
from esign_core.cli.simulators import running, simulators_of
from esign_core.sandbox import Control, Server, Simulator
from esign_core.sandbox.simulation import Simulation
from tests.databases import fresh
from tests.promises.multi.verdict import Truth, differences, last_seen, readers_differ

_POSTERS = 8


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    envelopes: int = 40
    penneo: int = 12
    """How many of them go through Penneo, whose limit of a hundred requests a minute is real."""
    webhooks: int = 1000
    receivers: int = 4
    workers: int = 4
    readers: int = 3
    seed: int = 14
    patience_seconds: float = 120.0


@dataclass
class Outcome:
    """What came of it."""

    envelopes: int = 0
    events: int = 0
    distinct: int = 0
    posted: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    vendor_answers: dict[str, Counter[int]] = field(default_factory=dict)
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        limited = {name: counts[429] for name, counts in self.vendor_answers.items()}
        asked = {name: counts.total() for name, counts in self.vendor_answers.items()}
        lines = [
            f"envelopes {self.envelopes}, events {self.events}",
            f"webhooks: {self.distinct} distinct, {self.posted} posted in {self.seconds:.1f} s",
            f"answers: {dict(self.answers)}",
            f"requests at the vendors: {asked}, of them 429: {limited}",
            *(f"WRONG: {each}" for each in self.wrong),
        ]
        return "\n".join(lines)


@dataclass(frozen=True)
class Told:
    """A webhook as a simulator made it."""

    provider: str
    headers: dict[str, str]
    body: bytes


def play(size: Size) -> Outcome:
    """All of it, from the first envelope to the judgement."""
    outcome = Outcome()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="esign-crowd-")))
        url = stack.enter_context(fresh("postgresql", folder))
        _ = stack.enter_context(_counted(outcome))
        told: list[Told] = []
        simulators = stack.enter_context(running(simulators_of(Registry.installed()), scale=0.05))
        collector = stack.enter_context(_collector(told))
        config = _configured(folder, url, simulators, collector)
        esign = stack.enter_context(Esign.from_config(config))
        receivers = [stack.enter_context(_receiver(config)) for _ in range(size.receivers)]
        workers = stack.enter_context(ExitStack())
        for _ in range(size.workers):
            workers.enter_context(_worker(config))
        readers = [folder / f"reader-{i}.jsonl" for i in range(size.readers)]
        for i, file in enumerate(readers):
            stack.enter_context(_reader(config, f"reader-{i}", file))
        envelopes = _sent(esign, size)
        outcome.envelopes = len(envelopes)
        dice = random.Random(size.seed)
        controls = {
            name: stack.enter_context(Control(simulator.control_url))
            for name, simulator in simulators.items()
        }
        _act(controls, envelopes, dice)
        for control in controls.values():
            _ = control.settle(seconds=size.patience_seconds)
        outcome.distinct = len(told)
        began = time.monotonic()
        _post(told, receivers, size, dice, outcome)
        outcome.seconds = time.monotonic() - began

        def wrong() -> list[str]:
            truth = Truth({name: control.ledger() for name, control in controls.items()})
            return differences(esign, truth, envelopes)

        _until(lambda: not wrong(), size.patience_seconds)
        outcome.wrong += wrong()
        workers.close()  # from here on nothing new is learned
        outcome.events = esign.condition().last_seq
        _until(
            lambda: all(last_seen(file) >= outcome.events for file in readers),
            size.patience_seconds,
        )
        outcome.wrong += readers_differ(esign, readers)
        limited = {name: counts[429] for name, counts in outcome.vendor_answers.items()}
        outcome.wrong += [f"{name} answered 429 {n} times" for name, n in limited.items() if n]
    return outcome


@contextmanager
def _counted(outcome: Outcome) -> Generator[None]:
    """Every answer of every simulator is counted, by its status."""
    plain = Simulation.answer

    def answer(self: Simulation, request: Any, fault: Any = None) -> Any:
        response = plain(self, request, fault)
        counts = outcome.vendor_answers.setdefault(type(self.vendor).__name__, Counter())
        counts[response.status if response is not None else 0] += 1
        return response

    Simulation.answer = answer  # type: ignore[method-assign]
    try:
        yield
    finally:
        Simulation.answer = plain  # type: ignore[method-assign]


@contextmanager
def _collector(told: list[Told]) -> Generator[str]:
    async def take(request: Request) -> Response:
        provider = request.path_params["provider"]
        told.append(Told(provider, dict(request.headers), await request.body()))
        return Response(status_code=204)

    server = Server(Starlette(routes=[Route("/{provider}", take, methods=["POST"])]))
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


def _configured(folder: Path, url: str, simulators: dict[str, Simulator], collector: str) -> Path:
    lines = [f"journal = {json.dumps(url)}", "refresh_after_seconds = 5"]
    for name, simulator in simulators.items():
        settings: dict[str, Any] = {
            "provider": name,
            **simulator.connect(f"{collector}/{name}"),
        }
        templates = settings.pop("templates", {})
        lines.append(f"[connections.{name}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
        for template, target in templates.items():
            lines.append(f"[connections.{name}.templates.{template}]")
            for key, value in target.items():
                if not isinstance(value, dict):
                    lines.append(f"{key} = {json.dumps(value)}")
            for key, value in target.items():
                if isinstance(value, dict):
                    lines.append(f"[connections.{name}.templates.{template}.{key}]")
                    lines += [f"{json.dumps(k)} = {json.dumps(v)}" for k, v in value.items()]
    config = folder / "esign.toml"
    _ = config.write_text("\n".join(lines), encoding="utf-8")
    return config


@contextmanager
def _running(config: Path, *words: str, out: IO[str] | None = None) -> Generator[str]:
    """A command while it runs; answers its first line, if nobody else reads them."""
    command = [sys.executable, "-m", "esign_core.cli", *words, "--json", "--config", str(config)]
    process = subprocess.Popen(command, stdout=out or subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline() if process.stdout is not None else ""
    finally:
        process.terminate()
        _ = process.wait(30)
        if process.stdout is not None:
            process.stdout.close()


@contextmanager
def _worker(config: Path) -> Generator[None]:
    with _running(config, "worker", "--threads", "2") as line:
        assert line, "esign worker did not come up"
        yield


@contextmanager
def _receiver(config: Path) -> Generator[str]:
    with _running(config, "serve", "--port", "0") as line:
        yield json.loads(line)["url"]


@contextmanager
def _reader(config: Path, name: str, file: Path) -> Generator[None]:
    with (
        file.open("w", encoding="utf-8") as out,
        _running(config, "events", "--consumer", name, "--follow", out=out),
    ):
        yield


def _sent(esign: Esign, size: Size) -> list[Envelope]:
    registry = Registry.installed()
    names = ["penneo"] * size.penneo + ["penvio"] * (size.envelopes - size.penneo)

    def send(i: int) -> Envelope:
        has_links = registry.providers[names[i]].capabilities.supports(Feature.LINK_DELIVERY)
        draft = EnvelopeDraft.model_validate(
            {
                "title": f"Lease {i}",
                "template": {"name": "lease"},
                "signers": [
                    Signer(name=f"Tess {i}", email=f"tess{i}@example.com", role="tenant"),
                    Signer(name=f"Lars {i}", email=f"lars{i}@example.com", role="landlord"),
                ],
            }
        )
        draft = draft.delivered_by(Channel.LINK if has_links else Channel.EMAIL)
        return esign.send(draft, via=names[i], key=f"lease-{i}")

    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(send, range(size.envelopes)))
    _until(lambda: all(esign.get(e.id).remote_id for e in sent), 600)
    return [esign.get(envelope.id) for envelope in sent]


def _act(controls: dict[str, Control], envelopes: list[Envelope], dice: random.Random) -> None:
    """People open, sign and decline: a fifth is completed, a fifth declined, a tenth untouched."""
    plans = {0: (), 1: ("open",), 2: ("open", "sign"), 3: ("open", "decline"), 4: ("decline",)}
    deeds: list[tuple[str, str, str, tuple[str, ...]]] = []
    for place, envelope in enumerate(envelopes):
        lot = place % 10
        first = plans.get(lot, ("open", "sign"))
        second = ("open", "sign") if lot in {5, 6} else ()
        for signer, acts in zip(envelope.signers, (first, second), strict=True):
            deeds.append((envelope.provider, envelope.remote_id or "", signer.name, acts))
    dice.shuffle(deeds)
    for provider, remote_id, name, acts in deeds:
        for act in acts:
            _ = controls[provider].act(act, envelope=remote_id, signer=name)


def _post(
    told: list[Told], receivers: list[str], size: Size, dice: random.Random, outcome: Outcome
) -> None:
    """Each at least once, the rest again and again, in no order."""
    posts = [*told, *dice.choices(told, k=max(0, size.webhooks - len(told)))]
    dice.shuffle(posts)
    outcome.posted = len(posts)
    lock = threading.Lock()

    def post(share: list[Told], url: str) -> None:
        place = urlsplit(url)
        line = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
        counts: Counter[int] = Counter()
        for each in share:
            while True:
                line.request("POST", f"/webhooks/{each.provider}", each.body, _kept(each.headers))
                answer = line.getresponse()
                _ = answer.read()
                counts[answer.status] += 1
                if answer.status != 503:
                    break
                time.sleep(0.2)  # as vendors do, only sooner
        line.close()
        with lock:
            outcome.answers += counts

    shares = [posts[i::_POSTERS] for i in range(_POSTERS)]
    with ThreadPoolExecutor(_POSTERS) as pool:
        places = [receivers[i % len(receivers)] for i in range(_POSTERS)]
        _ = list(pool.map(post, shares, places))
    if set(outcome.answers) - {204, 503}:
        outcome.wrong.append(f"receivers answered {dict(outcome.answers)}")


def _kept(headers: dict[str, str]) -> dict[str, str]:
    dropped = {"host", "content-length", "connection", "transfer-encoding"}
    return {name: value for name, value in headers.items() if name not in dropped}


def _until(is_so: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.25)


def main() -> int:
    """Play at the size that is asked for; 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.promises.multi.crowd")
    plain = Size()
    for name in ("envelopes", "penneo", "webhooks", "receivers", "workers", "readers", "seed"):
        _ = parser.add_argument(f"--{name}", type=int, default=getattr(plain, name))
    _ = parser.add_argument("--patience-seconds", type=float, default=600.0)
    outcome = play(Size(**vars(parser.parse_args())))
    print(outcome)  # noqa: T201 - it is a command
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
