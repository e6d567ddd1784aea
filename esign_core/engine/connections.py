"""The blocking client's connections, which hold a deadline, however the other side trickles.

A time-out of httpx is for one read: a vendor that sends a byte of a head now and then keeps it
quiet for ever. Here each read and each write may only take what is left until the deadline.
"""

from __future__ import annotations

import math
import time
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any, Self
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

_PIECE_BYTES = 256 * 1024
_until: ContextVar[float] = ContextVar("esign_until", default=math.inf)


class Deadline:
    """Until when an exchange may go on: for what its thread asks while the `with` block lasts."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until = time.monotonic() + seconds

    @property
    def has_passed(self) -> bool:
        """Whether it is over."""
        return time.monotonic() >= self._until

    def lift(self) -> None:
        """No longer hold it: what goes on now is bounded by whoever does it."""
        self._until = math.inf
        _ = _until.set(math.inf)

    def __enter__(self) -> Self:
        self._token: Token[float] = _until.set(self._until)
        return self

    def __exit__(self, *_: object) -> None:
        _until.reset(self._token)


class Connections(httpx.BaseTransport):
    """A pool of connections; through a proxy where the environment names one, as httpx does."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._direct = _Transport(context, None)
        self._proxied = {
            scheme: _Transport(context, proxy)
            for scheme, proxy in getproxies().items()
            if scheme in {"http", "https", "all"}
        }

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, its body still to be read."""
        return self._transport_for(request.url).handle_request(request)

    def close(self) -> None:
        """Close them all."""
        for transport in (self._direct, *self._proxied.values()):
            transport.close()

    def _transport_for(self, url: httpx.URL) -> _Transport:
        if not self._proxied:
            return self._direct
        transport = self._proxied.get(url.scheme) or self._proxied.get("all")
        return self._direct if transport is None or proxy_bypass(url.host) else transport


class _Transport(httpx.HTTPTransport):
    """httpx's own, which recorders of cassettes know, on connections that hold the deadline."""

    def __init__(self, context: ssl.SSLContext, proxy: str | None) -> None:
        super().__init__(verify=context)
        self._pool = _pool(context, proxy)


def _pool(context: ssl.SSLContext, proxy: str | None) -> httpcore.ConnectionPool:
    options: dict[str, Any] = {
        "ssl_context": context,
        "max_connections": 100,
        "max_keepalive_connections": 20,
        "keepalive_expiry": 5.0,
        "network_backend": _Network(),
    }
    if proxy is None:
        return httpcore.ConnectionPool(**options)
    given = httpx.Proxy(proxy if "://" in proxy else f"http://{proxy}")
    is_socks = given.url.scheme.startswith("socks")
    kind = httpcore.SOCKSProxy if is_socks else httpcore.HTTPProxy
    return kind(proxy_url=str(given.url), proxy_auth=given.raw_auth, **options)


class _Network(httpcore.SyncBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        timeout = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(super().connect_tcp(host, port, timeout, local_address, socket_options))


class _Stream(httpcore.NetworkStream):
    """A connection that is no longer read from nor written to once the deadline has passed."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE_BYTES):  # the time-out is for each that is sent
            piece = buffer[start : start + _PIECE_BYTES]
            self._stream.write(piece, _left(timeout, httpcore.WriteTimeout))

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        timeout = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(timeout: float | None, overdue: type[httpcore.TimeoutException]) -> float | None:
    until = _until.get()
    if until == math.inf:
        return timeout
    left = until - time.monotonic()
    if left <= 0:
        raise overdue("the deadline of the exchange has passed")
    return left if timeout is None else min(timeout, left)
