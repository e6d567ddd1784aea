"""`esign`, with all of its modules loaded already: most commands take less long than their start.

`python -m tests.docs.ready SOCKET` forks a process for each command that `tests.docs.asking` hands
to it, with its words, folder, environment and open files. What is run is the same `main`. Commands
that last are started as readers start them; so are those of `test_session.py`.
"""

from __future__ import annotations

import gc
import json
import os
import pkgutil
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
_LOADED = ("esign_core.cli", "esign_core.service", "esign_penneo", "esign_penvio")
_WITH_THEM = ("httpx", "rich.table", "sqlalchemy.dialects.sqlite", "cryptography.fernet")


@contextmanager
def loaded() -> Generator[Path]:
    """A folder with an `esign` that answers at once, for the PATH."""
    with tempfile.TemporaryDirectory(prefix="esign-ready-") as name:
        folder, place = Path(name), Path(name) / "socket"
        words = [sys.executable, "-IS", str(Path(__file__).with_name("asking.py")), str(place)]
        esign = folder / "esign"
        _ = esign.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
        esign.chmod(0o755)
        program = subprocess.Popen(
            [sys.executable, "-m", "tests.docs.ready", str(place)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            assert program.stdout is not None
            assert program.stdout.readline() == b"ready\n"
            yield folder
        finally:
            os.killpg(program.pid, signal.SIGKILL)  # with what a page has left behind
            _ = program.communicate()


def main(place: str) -> None:
    """Load, and answer until somebody ends it."""
    for package in _LOADED:
        for module in pkgutil.iter_modules(import_module(package).__path__, f"{package}."):
            if not module.name.endswith(("__main__", "sandbox")):
                _ = import_module(module.name)
    for name in _WITH_THEM:
        _ = import_module(name)
    gc.freeze()
    _ = signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them here
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(place)
        server.listen()
        print("ready", flush=True)  # noqa: T201 - what `loaded` waits for
        while True:
            line, _ = server.accept()
            with line:
                if os.fork() == 0:
                    server.close()
                    _run(line)


def _run(line: socket.socket) -> NoReturn:
    """One command, in a process of its own, which ends with it."""
    from esign_core.cli import main as esign

    _ = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    said, files, _, _ = socket.recv_fds(line, 1 << 20, 3)
    told = json.loads(said)
    for number, file in enumerate(files):
        _ = os.dup2(file, number)
        os.close(file)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout, sys.stderr = (os.fdopen(n, "w", buffering=1, closefd=False) for n in (1, 2))
    os.chdir(told["folder"])
    os.environ.clear()
    os.environ.update(told["environment"])
    sys.argv = ["esign", *told["words"]]
    status = 1
    try:
        status = esign()
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
    sys.stdout.flush()
    line.sendall(b"%d" % status)
    sys.exit()


if __name__ == "__main__":
    main(sys.argv[1])
