"""A receiver of several processes whose webhook secrets are changed, one process at a time.

Run as a program, it is the receiver: it forks its processes, each listening at a place of its own,
and takes orders on stdin to put a new one in the place of an old one, as `gunicorn` does when it
reloads. Nobody is refused a connection meanwhile.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from esign_core.provider import utc_now
from esign_core.testing.fake_webhooks import signed

ENDPOINT = "acme"
_SENDERS = 4
_BUSY = 503
_PATIENCE_SECONDS = 60


class Receiver:
    """The processes, as a test orders them about."""

    def __init__(self, journal: str, places: int, secrets: Sequence[str]) -> None:
        self._program = subprocess.Popen(
            [sys.executable, __file__, journal, str(places)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[3],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
            text=True,
        )
        self.ports: list[int] = json.loads(self._line())
        self.rotate(secrets)

    def rotate(self, secrets: Sequence[str], *, places: Sequence[int] | None = None) -> None:
        """Give every process, or those, another list of secrets, one after the other."""
        for place in places if places is not None else range(len(self.ports)):
            assert self._program.stdin is not None
            self._program.stdin.write(f"{json.dumps([place, list(secrets)])}\n")
            self._program.stdin.flush()
            assert self._line() == "done\n"

    def end(self) -> None:
        """Stop them."""
        self._program.communicate(timeout=_PATIENCE_SECONDS)
        assert self._program.returncode == 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def _line(self) -> str:
        assert self._program.stdout is not None
        return self._program.stdout.readline()


@dataclass
class Vendor:
    """Delivers without a pause, each once, to any of the processes."""

    ports: Sequence[int]
    secrets: Sequence[str]
    """What it signs with: any of them."""
    answers: Counter[int] = field(default_factory=Counter)
    """How often each status was answered."""
    delivered: list[str] = field(default_factory=list)
    """The ids of events that were answered 2xx."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _turns: threading.Condition = field(default_factory=threading.Condition, repr=False)
    _made: int = 0
    _is_over: bool = False
    _threads: list[threading.Thread] = field(default_factory=list, repr=False)

    def begin(self) -> None:
        """Deliver from now on."""
        self._threads = [threading.Thread(target=self._go) for _ in range(_SENDERS)]
        for thread in self._threads:
            thread.start()

    def wait_for(self, more: int) -> None:
        """Go on after so many more were answered; those that were under way before among them."""
        with self._turns:
            until = self.answers.total() + max(more, _SENDERS)
            assert self._turns.wait_for(lambda: self.answers.total() >= until, _PATIENCE_SECONDS)

    def end(self) -> None:
        """Deliver no more."""
        self._is_over = True
        for thread in self._threads:
            thread.join()

    def deliver(self, secret: str, port: int) -> int:
        """One delivery; what it is answered, in the end if somebody was too busy for it."""
        with self._lock:
            self._made += 1
            name = f"e{self._made}"
        shown: dict[str, Any] = {
            "id": "17",
            "title": "Lease 14",
            "mark": None,
            "status": "sent",
            "signers": [],
        }
        event = {"key": name, "at": utc_now().isoformat(), "envelope": shown}
        request = signed(json.dumps({"events": [event]}).encode(), secret, utc_now())
        status = _posted(port, request.body, dict(request.headers))
        with self._turns:
            self.answers[status] += 1
            if status < 300:
                self.delivered.append(name)
            self._turns.notify_all()
        return status

    def _go(self) -> None:
        while not self._is_over:
            self.deliver(random.choice(self.secrets), random.choice(self.ports))


def _posted(port: int, body: bytes, headers: dict[str, str]) -> int:
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)
        try:
            connection.request("POST", f"/webhooks/{ENDPOINT}", body, headers)
            status = connection.getresponse().status
            if status != _BUSY:
                return status
        except (ConnectionError, http.client.HTTPException):
            pass  # the same again, as a vendor does
        finally:
            connection.close()


# the program


def _main() -> None:
    from esign_core.cli.web import run
    from esign_core.integrations.serving import create_app
    from esign_core.service import AsyncEsign
    from esign_core.testing import fake_registry

    journal, places = sys.argv[1], int(sys.argv[2])
    sockets = [socket.create_server(("127.0.0.1", 0), backlog=512) for _ in range(places)]
    processes: dict[int, int] = {}
    _say(json.dumps([each.getsockname()[1] for each in sockets]))

    def serve(place: int, secrets: Sequence[str], ready: int) -> None:
        account: dict[str, Any] = {"provider": "fake", "webhook_secrets": secrets}
        esign = AsyncEsign({ENDPOINT: account}, journal=journal, registry=fake_registry())
        app = create_app(esign, ready=lambda: _told(ready))
        run(app, sockets[place])

    for line in sys.stdin:
        place, secrets = json.loads(line)
        heard, ready = os.pipe()
        child = os.fork()
        if child == 0:
            serve(place, secrets, ready)
            os._exit(0)
        os.close(ready)
        assert os.read(heard, 1) == b"."
        os.close(heard)
        _stop(processes.get(place))
        processes[place] = child
        _say("done")
    for child in processes.values():
        _stop(child)


def _stop(process: int | None) -> None:
    if process is not None:
        os.kill(process, signal.SIGTERM)
        os.waitpid(process, 0)


def _told(pipe: int) -> None:
    os.write(pipe, b".")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _main()
