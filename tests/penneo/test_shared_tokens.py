"""One token for eight processes: asked for once, renewed once, there after a restart."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from esign_core.journal.vault import new_key
from esign_penneo.sandbox import PenneoSandbox

PROCESSES = 8
_OFFICE = """
import json, os, sys, traceback
from esign_core import Esign

said = json.loads(sys.stdin.readline())
Esign(said["connections"], journal="sqlite://").close()  # whatever is imported, is now
heard, tell = os.pipe()
children = []


def work(orders):
    options = {"journal": said["journal"], "encryption_keys": said["keys"]}
    with Esign(said["connections"], **options) as esign:
        for line in orders:
            for _ in range(int(line)):
                assert esign.request("penneo-dk", "GET", "/api/v1/folders").status == 200
            os.write(tell, b".")


for _ in range(said["processes"]):
    orders, child = os.pipe()
    if os.fork() == 0:
        for other in (child, *children):
            os.close(other)
        try:
            work(os.fdopen(orders))
        except BaseException:
            traceback.print_exc()
            os.write(tell, b"x")
        os._exit(0)
    os.close(orders)
    children.append(child)
for line in sys.stdin:
    for child in children:
        os.write(child, line.encode())
    print("".join(os.read(heard, 1).decode() for _ in children), flush=True)
"""


class Office:
    """Several processes, forked from one, that ask the vendor when they are told to, at once."""

    def __init__(self, vendor: PenneoSandbox, journal: str, keys: Sequence[str]) -> None:
        connections = {"penneo-dk": {"provider": "penneo", **vendor.connect()}}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _OFFICE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        said = {"connections": connections, "journal": journal, "keys": keys}
        self._say(json.dumps({**said, "processes": PROCESSES}))

    def ask(self, times: int) -> None:
        """Have each of them ask so often."""
        self._say(str(times))
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == f"{'.' * PROCESSES}\n"

    def end(self) -> None:
        """Let them go home."""
        self._process.communicate(timeout=30)
        assert self._process.returncode == 0

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()


@pytest.fixture
def vendor() -> Generator[PenneoSandbox]:
    """A simulator, on HTTP."""
    with PenneoSandbox() as sandbox:
        yield sandbox


@pytest.fixture
def grants(vendor: PenneoSandbox) -> list[str]:
    """The path of each request for a token, as it comes in."""
    heard: list[str] = []
    at_vendor: Any = vendor.simulation.vendor
    handle: Callable[..., Any] = at_vendor.handle

    def counting(request: Any, now: Any) -> Any:
        if request.path.endswith("/oauth/token"):
            heard.append(request.path)
        return handle(request, now)

    at_vendor.handle = counting
    return heard


@contextmanager
def office(vendor: PenneoSandbox, journal: str, keys: Sequence[str]) -> Generator[Office]:
    """Eight processes over one journal."""
    opened = Office(vendor, journal, keys)
    yield opened
    opened.end()


def forget_tokens(vendor: PenneoSandbox) -> None:
    """Every token that was handed out is no good any more."""
    at_vendor: Any = vendor.simulation.vendor
    vendor.simulation.ask(lambda _: at_vendor._oauth._access.clear())


def test_eight_processes_share_one_token(
    vendor: PenneoSandbox, grants: list[str], journal_url: str, tmp_path: Path
) -> None:
    """One grant at the beginning, one when the vendor forgets it, none after a restart."""
    keys = [new_key()]
    with office(vendor, journal_url, keys) as opened:
        opened.ask(2)
        assert len(grants) == 1
        forget_tokens(vendor)
        opened.ask(2)
        assert len(grants) == 2
    with office(vendor, journal_url, keys) as opened:
        opened.ask(1)
    assert len(grants) == 2
    tokens: Any = vendor.simulation.vendor
    for token in tokens._oauth._access:
        for file in tmp_path.iterdir():
            assert token.encode() not in file.read_bytes()


def test_without_a_key_each_process_has_its_own(
    vendor: PenneoSandbox, grants: list[str], journal_url: str
) -> None:
    """The control: nothing is shared, and nothing breaks."""
    with office(vendor, journal_url, []) as opened:
        opened.ask(1)
        assert len(grants) == PROCESSES
