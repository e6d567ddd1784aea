from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from esign_core.sandbox import (
    Act,
    Channel,
    Control,
    Delivery,
    LedgerEntry,
    Server,
    SigningPage,
    Simulator,
    Stationery,
    Vendor,
    VendorRequest,
    VendorResponse,
)

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
NASTY = "<script>alert('x')</script> & \"more\""


class Toy(Vendor):
    """The least that can be a vendor: `POST /things` asks somebody to sign, in an hour it ends."""

    name: ClassVar[str] = "toy"
    signing_path: ClassVar[str] = "/toy/sign"

    def __init__(self, webhook_url: str = "") -> None:
        super().__init__()
        self.webhook_url = webhook_url
        self.states: list[str] = []
        self.ends: list[datetime] = []
        self.stuck: list[tuple[str, int | None]] = []

    def handle(
        self, request: VendorRequest, now: datetime
    ) -> tuple[VendorResponse, list[Delivery]]:
        if request.method != "POST":
            return VendorResponse.json(200, {"things": self.states, "query": request.query}), []
        number = len(self.states)
        self.states.append("open")
        self.ends.append(now + timedelta(hours=1))
        link = f"{self.base_url}{self.signing_path}/t{number}"
        self._note("asked", number, now, channel=Channel.EMAIL, link=link)
        return VendorResponse.json(201, {"id": str(number)}), self._tell("thing.asked", number)

    def advance(self, now: datetime) -> list[Delivery]:
        told = []
        for number, state in enumerate(self.states):
            if state == "open" and self.ends[number] <= now:
                self.states[number] = "closed"
                told += self._tell("thing.expired", number)
        return told

    def page(self, token: str) -> SigningPage | None:
        number = self._number(token)
        if number is None:
            return None
        return SigningPage(NASTY, NASTY, NASTY, [NASTY], self.states[number])

    def document(self, token: str, index: int) -> bytes | None:
        if self._number(token) is None or index != 0:
            return None
        return Stationery().document("Thing", [["Read me"]])

    def act(self, token: str, act: Act, now: datetime, reason: str = "") -> list[Delivery]:
        number = self._number(token)
        if number is None or self.states[number] != "open":
            return []
        what = {Act.OPEN: "opened", Act.SIGN: "signed", Act.DECLINE: "declined"}[act]
        self._note(f"{what} {reason}".strip(), number, now)
        if act is not Act.OPEN:
            self.states[number] = what
        return self._tell(f"thing.{what}", number)

    def fault(self, kind: str, times: int | None) -> None:
        self.stuck.append((kind, times))

    def _number(self, token: str) -> int | None:
        number = int(token[1:]) if token[1:].isdigit() else len(self.states)
        return number if number < len(self.states) else None

    def _note(self, what: str, number: int, now: datetime, **more: Any) -> None:
        self.ledger.append(LedgerEntry(now, what, str(number), signer="Ann", **more))

    def _tell(self, event: str, number: int) -> list[Delivery]:
        if not self.webhook_url:
            return []
        return [Delivery(self.webhook_url, {"x-toy": event}, event.encode(), event, str(number))]


class ToySimulator(Simulator):
    name: ClassVar[str] = "toy"

    def open_vendor(self, folder: Path) -> Toy:
        self.toy = Toy()
        return self.toy

    def announce(self) -> dict[str, str]:
        return {"base_url": self.base_url, "control_url": self.control_url}

    def connect(self, webhook_url: str | None = None) -> dict[str, Any]:
        self.toy.webhook_url = webhook_url or ""
        return {"base_url": self.base_url}


@dataclass
class Receiver:
    """Somebody who takes webhooks, and answers what the test has prepared, else 204."""

    url: str = ""
    bodies: list[str] = field(default_factory=list)
    answers: deque[int] = field(default_factory=deque)

    async def take(self, request: Request) -> Response:
        self.bodies.append((await request.body()).decode())
        return Response(status_code=self.answers.popleft() if self.answers else 204)


@pytest.fixture
def toy() -> Toy:
    """A vendor, to be driven without HTTP."""
    return Toy()


@pytest.fixture
def simulator() -> Iterator[ToySimulator]:
    """The same vendor, running; its delays and retries are twenty times quicker."""
    with ToySimulator(scale=0.05) as running:
        yield running


@pytest.fixture
def control(simulator: ToySimulator) -> Iterator[Control]:
    """The simulator's control API."""
    with Control(simulator.control_url) as client:
        yield client


@pytest.fixture
def http(simulator: ToySimulator) -> Iterator[httpx.Client]:
    """A customer's client."""
    with httpx.Client(base_url=simulator.base_url, trust_env=False) as client:
        yield client


@pytest.fixture
def receiver(simulator: ToySimulator) -> Iterator[Receiver]:
    """The customer's end of the webhooks, set up at the vendor."""
    receiver = Receiver()
    server = Server(Starlette(routes=[Route("/hook", receiver.take, methods=["POST"])]))
    server.start()
    receiver.url = f"{server.url}/hook"
    simulator.connect(receiver.url)
    yield receiver
    server.stop()
