"""A proxy on loopback between a product and a vendor, that breaks what goes through it.

It knows as much of HTTP as it takes to tell one request from the next, and passes on all others as
they are.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_PIECE = 65_536


class Break(StrEnum):
    """What becomes of a request."""

    RESET_BEFORE = "reset before"
    """The connection is reset, and nothing of it reaches the vendor."""
    CUT_REQUEST = "cut request"
    """The vendor gets as many bytes of it as `at` says, then the connection ends."""
    LOSE_ANSWER = "lose answer"
    """The vendor did it, and the connection is reset."""
    CUT_ANSWER = "cut answer"
    """The product gets as many bytes of the answer as `at` says, then the connection ends."""


@dataclass
class Fault:
    """What is to go wrong."""

    what: Break
    match: str = ""
    """The end of `METHOD /path` of a request; empty: of any."""
    times: int = 1
    at: int = 0
    """Bytes; a negative number counts from the end."""


@dataclass
class Proxy:
    """Listens on a port of its own; `url` takes the place of the vendor's."""

    vendor_url: str
    on_cut: Callable[[], object] = lambda: None
    """Called when an answer has been sent in part, before the connection ends."""
    rewrite: Callable[[bytes, bytes], bytes] = lambda request, answer: answer
    """What the product gets instead of a whole answer; both with head and body."""
    faults: list[Fault] = field(default_factory=list)
    came: list[str] = field(default_factory=list)
    """`METHOD /path` of each request that came to the proxy."""
    reached: list[str] = field(default_factory=list)
    """The same of each that reached the vendor whole."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.vendor_url)
        self._vendor = (parts.hostname or "", parts.port or 80)
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def fault(self, what: Break, match: str = "", *, times: int = 1, at: int = 0) -> None:
        """Let this go wrong from now on."""
        with self._lock:
            self.faults.append(Fault(what, match, times, at))

    def count(self, match: str) -> tuple[int, int]:
        """How many requests came, and how many reached the vendor."""
        came, reached = (
            sum(each.endswith(match) for each in some) for some in (self.came, self.reached)
        )
        return came, reached

    def _accept(self) -> None:
        while True:
            try:
                product, _ = self._socket.accept()
            except OSError:
                return
            self._open.append(product)
            threading.Thread(target=self._serve, args=(product,), daemon=True).start()

    def _serve(self, product: socket.socket) -> None:
        with suppress(OSError), product, socket.create_connection(self._vendor) as vendor:
            self._open.append(vendor)
            while (request := _message(product)) is not None:
                method, target, _ = request.split(b" ", 2)
                what = f"{method.decode()} {target.decode()}"
                self.came.append(what)
                fault = self._taken(what)
                if not self._forward(product, vendor, request, what, fault):
                    return

    def _forward(
        self,
        product: socket.socket,
        vendor: socket.socket,
        request: bytes,
        what: str,
        fault: Fault | None,
    ) -> bool:
        """Whether the connections can be used for another request."""
        if fault is not None and fault.what is Break.RESET_BEFORE:
            _reset(product)
            return False
        if fault is not None and fault.what is Break.CUT_REQUEST:
            vendor.sendall(request[: fault.at])
            return False
        vendor.sendall(request)
        self.reached.append(what)
        answer = _message(vendor)
        if answer is None:
            return False
        answer = self.rewrite(request, answer)
        if fault is None:
            product.sendall(answer)
            return b"connection: close" not in answer[:2000].lower()
        if fault.what is Break.CUT_ANSWER:
            product.sendall(answer[: fault.at])
            _ = self.on_cut()
        else:
            _reset(product)
        return False

    def _taken(self, what: str) -> Fault | None:
        with self._lock:
            for fault in self.faults:
                if fault.times > 0 and what.endswith(fault.match):
                    fault.times -= 1
                    return fault
        return None


def _message(connection: socket.socket) -> bytes | None:
    """A whole request or answer; None if the other side is gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(_PIECE)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    lengths = [int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")]
    if any(line.startswith(b"transfer-encoding:") for line in lines):
        while not body.endswith(b"0\r\n\r\n"):
            body += connection.recv(_PIECE)
    while lengths and len(body) < lengths[0]:
        more = connection.recv(_PIECE)
        if not more:
            return None
        body += more
    return head + b"\r\n\r\n" + body


def _reset(connection: socket.socket) -> None:
    """Drop the connection the hard way."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
