from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from esign_core.integrations import Intake, receiver
from esign_core.journal import InboxEntry, Journal
from tests.integrations.accounts import Posted
from tests.integrations.slow import MakeApp, Receiver
from tests.integrations.wire import Reply, post

ROOT = Path(__file__).parents[2]
FRAMEWORKS = (
    "asgi",
    "starlette",
    "fastapi",
    "django-asgi",
    "django-gunicorn",
    "django-wsgiref",
    "flask",
)


class Product:
    """A product that receives, in a process of its own."""

    def __init__(self, framework: str, folder: Path) -> None:
        self.framework = framework
        url = f"sqlite:///{folder / 'esign.db'}"
        self.journal = Journal(url)
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.integrations.servers", framework, url],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def deliver(self, posted: Posted, **changes: Any) -> Reply:
        """What the vendor is answered."""
        length = {"content-length": str(len(posted.body))}
        headers = {**posted.headers, **length, **changes.pop("headers", {})}
        path = changes.pop("path", posted.path)
        reply = post(self.port, path, headers, [posted.body], **changes)
        assert reply is not None, "no answer"
        return reply

    def inbox(self) -> list[InboxEntry]:
        """What is on disk, the newest first."""
        return self.journal.read(lambda tx: tx.inbox.list(limit=1000))

    def close(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=30)
        self.journal.close()


@pytest.fixture(scope="module", params=FRAMEWORKS)
def product(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    """The same product in each framework."""
    served = Product(request.param, tmp_path_factory.mktemp(request.param))
    yield served
    served.close()


class Start(Protocol):
    """Starts a receiver over a slow disk."""

    def __call__(
        self,
        intake: Intake | None = None,
        *,
        make_app: MakeApp = receiver,
        is_quick: bool = False,
        folder: Path | None = None,
    ) -> Receiver: ...


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Start]:
    """Starts a receiver over a slow disk."""
    opened: list[Receiver] = []

    def start(
        intake: Intake | None = None,
        *,
        make_app: MakeApp = receiver,
        is_quick: bool = False,
        folder: Path | None = None,
    ) -> Receiver:
        served = Receiver(
            folder or tmp_path, intake or Intake(), make_app=make_app, is_quick=is_quick
        )
        opened.append(served)
        return served

    yield start
    for each in opened:
        each.close()
