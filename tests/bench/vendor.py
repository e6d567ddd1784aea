"""A vendor in a process of its own, on loopback: it takes whatever is sent, and answers at once.

It does as little as it can, so that what is measured is the caller.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any

TOKEN = {"access_token": "token", "expires_in": 600}
JOB = {"status": "success", "jobs": [{"uuid": "job", "payloadHash": "hash"}]}
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_END = b"\r\n\r\n"
_PIECE_BYTES = 1024**2


@contextmanager
def running() -> Generator[str]:
    """Its address, while it runs."""
    command = [sys.executable, "-m", __name__]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def _answer(said: Any) -> bytes:
    body = json.dumps(said).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + _END + body


_ANSWERS = {b"/oauth": _answer(TOKEN), b"/send/": _answer(JOB), b"/thing": _answer({"ok": True})}
"""By the first letters of the path."""


def _serve(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    room = memoryview(bytearray(_PIECE_BYTES))
    with suppress(OSError), connection:
        while head := _read_head(connection):
            head, _, begun = head.partition(_END)
            found = _LENGTH.search(head)
            left = (int(found[1]) if found else 0) - len(begun)
            while left > 0:
                left -= connection.recv_into(room, min(left, _PIECE_BYTES)) or left
            path = head.split(b" ", 2)[1]
            connection.sendall(_ANSWERS[path[:6]])


def _read_head(connection: socket.socket) -> bytes:
    """The head of a request and what of its body came with it; nothing at the end."""
    data = b""
    while _END not in data:
        more = connection.recv(_PIECE_BYTES)
        if not more:
            return b""
        data += more
    return data


def _end_with_the_parent() -> None:
    _ = sys.stdin.read()  # nothing is ever written: it ends when who holds the other end does
    os._exit(0)


def main() -> None:
    """Tell the port, and serve until the end."""
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        _ = sys.stdout.write(f"{listening.getsockname()[1]}\n")
        _ = sys.stdout.flush()
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=_serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
