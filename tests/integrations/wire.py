"""HTTP by hand: what no client library would send."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class Reply:
    """What was answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def reason(self) -> str | None:
        """The code that it was answered; None where it is the framework's own answer."""
        try:
            told: Any = json.loads(self.body)
        except ValueError:
            return None
        reason: str | None = told.get("reason")
        return reason


def post(
    port: int,
    path: str,
    headers: Mapping[str, str | bytes] | None = None,
    pieces: Iterable[bytes] = (),
    *,
    method: str = "POST",
    ends: bool = False,
) -> Reply | None:
    """The answer to a request; None if there is none.

    Args:
        port: Where it goes, on loopback.
        path: Its path.
        headers: Besides `Host`; `Content-Length` has to be one of them.
        pieces: What is sent after the head.
        method: Its method.
        ends: Whether nothing more can come after that.
    """
    head = [f"{method} {path} HTTP/1.1".encode(), b"Host: 127.0.0.1"]
    for name, value in (headers or {}).items():
        told = value.encode() if isinstance(value, str) else value
        head.append(name.encode() + b": " + told)
    with closing(socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)) as line:
        with suppress(OSError):  # it may have answered already
            line.sendall(b"\r\n".join(head) + b"\r\n\r\n")
            for piece in pieces:
                line.sendall(piece)
            if ends:
                line.shutdown(socket.SHUT_WR)
        reply = HTTPResponse(line, method=method)
        try:
            reply.begin()
        except (ConnectionError, ValueError, OSError):
            return None
        told_headers = {name.lower(): value for name, value in reply.getheaders()}
        return Reply(reply.status, told_headers, reply.read())


def chunked(*pieces: bytes, is_last: bool = True) -> Iterable[bytes]:
    """Pieces as `Transfer-Encoding: chunked` has them."""
    for piece in pieces:
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
    if is_last:
        yield b"0\r\n\r\n"
