"""A receiver over a disk that is as slow as the test wants it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import uvicorn

from esign_core.integrations import Intake
from esign_core.service import AsyncEsign
from tests.integrations.accounts import CONNECTIONS, Posted, registry
from tests.integrations.wire import Reply, post

PATIENCE_SECONDS = 30
MakeApp = Callable[..., Any]


class Disk:
    """Around the real journal: a commit goes to the real disk when the test lets it."""

    def __init__(self, journal: Any) -> None:
        self._keep = journal._database.write_all
        self._commits = threading.Semaphore(0)
        self._is_quick = False
        self.error: Exception | None = None
        """What a commit comes to instead."""
        journal._database.write_all = self._write_all

    def _write_all(self, works: Sequence[Any]) -> Sequence[Any]:
        if not self._is_quick:
            self._commits.acquire()
        if self.error is not None:
            raise self.error
        kept: Sequence[Any] = self._keep(works)
        return kept

    def commit(self) -> None:
        """Let one commit through."""
        self._commits.release()

    def be_quick(self) -> None:
        """Let all of them through from here on."""
        self._is_quick = True
        self._commits.release(10_000)


class Receiver:
    """A receiver over a slow disk, in a thread of this process."""

    def __init__(self, folder: Path, intake: Intake, *, make_app: MakeApp, is_quick: bool) -> None:
        journal = f"sqlite:///{folder / 'esign.db'}"
        self.esign = AsyncEsign(CONNECTIONS, journal=journal, registry=registry())
        self.intake = intake
        self.disk = Disk(self.esign._workspace.journal)
        if is_quick:
            self.disk.be_quick()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._socket.getsockname()[1]
        app = make_app(self.esign, intake=intake)
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))
        self._thread.start()
        self._people = ThreadPoolExecutor(max_workers=200)

    def deliver(self, posted: Posted) -> Future[Reply | None]:
        """What the vendor will be answered."""
        headers = {**posted.headers, "content-length": str(len(posted.body))}
        return self._people.submit(post, self.port, posted.path, headers, [posted.body])

    def announce(self) -> Reply:
        """What is answered to a delivery whose body is never sent."""
        reply = post(self.port, "/webhooks/acme", {"content-length": "1000"})
        assert reply is not None
        return reply

    def get(self, path: str) -> Reply:
        """What is answered to those who watch."""
        return self.request(path, method="GET")

    def request(self, path: str, **changes: Any) -> Reply:
        """What is answered to anything."""
        reply = post(self.port, path, **changes)
        assert reply is not None
        return reply

    def inbox(self) -> set[bytes]:
        entries = self.esign._workspace.journal.read(lambda tx: tx.inbox.list(limit=1000))
        bodies = [entry.request.body for entry in entries]
        assert len(set(bodies)) == len(bodies)
        return set(bodies)

    def close(self) -> None:
        self.disk.be_quick()
        self._people.shutdown()
        self._server.should_exit = True
        self._thread.join(PATIENCE_SECONDS)
        self._socket.close()
        self.esign._workspace.close()


def until(condition: Callable[[], bool]) -> None:
    """Wait for what must happen; nothing is decided by how long it takes."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.002)
