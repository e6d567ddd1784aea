"""The web server of `esign serve`."""

from __future__ import annotations

import socket
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from esign_core.errors import Misconfigured

MAX_HEAD_BYTES = 64 * 1024
"""How long a request's line and headers may be."""


def listening(host: str, port: int) -> socket.socket:
    """A socket that takes connections already; they wait until the server is up.

    Raises:
        Misconfigured: The address cannot be had.
    """
    try:
        return socket.create_server((host, port), backlog=2048)
    except OSError as error:
        raise Misconfigured(
            f"cannot listen at {host}:{port}: {error.strerror}. Nothing was taken in; name another "
            "place with --port or --host."
        ) from None


def run(app: Any, at: socket.socket) -> bool:
    """Serve an ASGI app until interrupted; False if it did not come up: its log says why."""
    # log_config: what uvicorn logs is warnings only, on stderr; stdout has our line
    settings = uvicorn.Config(
        app, http=_BoundedHead, log_config=None, access_log=False, server_header=False
    )
    server = uvicorn.Server(settings)
    server.run(sockets=[at])
    return server.started


class _BoundedHead(HttpToolsProtocol):
    """HTTP/1.1 that gives up on a head without end: `httptools` would keep all of it in memory."""

    _head_bytes: int | None = None
    """None between heads."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        self._head_bytes = None
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_bytes is not None:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._head_bytes = None
                self.send_400_response("The head of the request is too long.")
