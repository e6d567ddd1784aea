"""A receiver whose disk hangs: `python -m tests.integrations.stalled FOLDER {bounded,boundless}`.

`GET /peak` tells what it has in hand and how much memory it has ever had.
"""

from __future__ import annotations

import re
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from esign_core.integrations import Intake, receiver
from esign_core.service import AsyncEsign
from tests.integrations.accounts import CONNECTIONS, registry

BOUND = 16 * 1024 * 1024


def _app(folder: str, *, is_bounded: bool) -> Starlette:
    journal = f"sqlite:///{folder}/esign.db"
    esign = AsyncEsign(CONNECTIONS, journal=journal, registry=registry())

    def hang(works: Sequence[Any]) -> Sequence[Any]:
        threading.Event().wait()
        return works

    esign._workspace.journal._database.write_all = hang  # type: ignore[method-assign]
    intake = Intake(max_bytes_in_hand=BOUND)
    if not is_bounded:
        intake = Intake(10**9, 10**9, 10**12, 10.0**9)
        intake._in_hand.get().places = 10**9

    def peak(request: Request) -> JSONResponse:
        status = Path("/proc/self/status").read_text("ascii")
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        told = {"in_hand": intake.in_hand, "bytes": intake.bytes_in_hand}
        return JSONResponse({**told, "peak": int(found[1]) * 1024})

    return Starlette(
        routes=[Route("/peak", peak), Mount("/webhooks", receiver(esign, intake=intake))]
    )


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0), backlog=512) as taken:
        sys.stdout.write(f"{taken.getsockname()[1]}\n")
        sys.stdout.flush()
        app = _app(sys.argv[1], is_bounded=sys.argv[2] == "bounded")
        uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[taken])
