"""What knows httpx, with `connections`: one client of each kind per connection and process."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.metadata import version
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx

from esign_core.engine import quiet
from esign_core.engine.connections import Connections, Deadline
from esign_core.engine.effects import SavedFile, WireRequest
from esign_core.engine.files import write_whole
from esign_core.engine.limits import UPLOAD_SECONDS
from esign_core.engine.process import PerProcess
from esign_core.errors import (
    DownloadFailed,
    EsignError,
    Misconfigured,
    Outcome,
    Unavailable,
    Uncertain,
    UnreadableAnswer,
)
from esign_core.provider import Response

_CONNECT_SECONDS = 10.0
_WITH_A_FILE = 200
_NEVER_CONNECTED = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_TOO_LATE = (httpx.TimeoutException, TimeoutError)


@dataclass
class Transport:
    """The line to one vendor. Safe for many threads; a forked process gets clients of its own."""

    timeout_seconds: float = 30.0
    """How long the vendor may be silent."""
    answer_seconds: float = 120.0
    """How long an answer may take in all, head and body, however it trickles: from when the request
    begins, with `UPLOAD_SECONDS` on top of it where documents are uploaded."""
    max_answer_bytes: int = 16 * 1024**2
    """How much of an answer is read at the most; files have their own cap."""
    _clients: PerProcess[_Clients] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._clients = PerProcess(lambda: _Clients(self.timeout_seconds))

    def exchange(self, request: WireRequest, *, is_reading: bool, is_repeatable: bool) -> Response:
        """Send a request and read the whole answer; any status is an answer.

        Raises:
            Unavailable: No connection was made; or none came to an answer, and asking again does
                no harm.
            Uncertain: The request may have arrived, and must not be made twice.
            UnreadableAnswer: Longer than `max_answer_bytes`, slower than `answer_seconds`, or
                compressed though not asked for.
            DocumentChanged: From the body; the vendor did not get the end of it.
            Misconfigured: The base URL is none.
        """
        with self._named(request, is_reading=is_reading, is_repeatable=is_repeatable) as going:
            answer = _send(self._clients.get().sync(), request)
            try:
                return self._whole(answer, going)
            finally:
                answer.close()

    async def exchange_async(
        self, request: WireRequest, *, is_reading: bool, is_repeatable: bool
    ) -> Response:
        """`exchange`, awaited; not for bodies that stream, nor for large ones."""
        with (
            self._named(request, is_reading=is_reading, is_repeatable=is_repeatable) as going,
            anyio.fail_after(going.seconds),
        ):
            client = self._clients.get().awaited()
            answer = await client.send(_built(client, request), stream=True)
            try:
                bounds = _Bounds(self, answer, going)
                return _response(answer, [bounds.passed(c) async for c in answer.aiter_raw()])
            finally:
                await answer.aclose()

    def save(self, request: WireRequest, to: Path) -> SavedFile | Response:
        """Stream the body of a 200 into a file; any other answer is returned.

        Raises:
            Unavailable: No connection, or it broke before the end. Nothing is left of the file.
            DownloadFailed: The disk refused; the file is too large, too slow, or has no end that
                could be told from a broken connection.
        """
        with self._named(request, is_reading=True, is_repeatable=True) as going:
            answer = _send(self._clients.get().sync(), request)
            try:
                if answer.status_code != _WITH_A_FILE:
                    return self._whole(answer, going)
                _refuse_compressed(answer)
                _expect_an_end(answer)
                going.lift()  # a file has more time, and is watched over as it is written
                return write_whole(answer.iter_raw(), to)
            finally:
                answer.close()

    def close(self) -> None:
        """Close the sync client; the async one is closed by `aclose`."""
        with quiet.our_request():
            self._clients.get().close()

    async def aclose(self) -> None:
        """Close both clients."""
        with quiet.our_request():
            await self._clients.get().aclose()

    def _whole(self, answer: httpx.Response, going: _Going) -> Response:
        bounds = _Bounds(self, answer, going)
        return _response(answer, [bounds.passed(chunk) for chunk in answer.iter_raw()])

    @contextmanager
    def _named(
        self, request: WireRequest, *, is_reading: bool, is_repeatable: bool
    ) -> Generator[_Going]:
        """What goes wrong by our names, with what it means for the request; until its deadline."""
        upload = 0.0 if isinstance(request.body, bytes) else UPLOAD_SECONDS
        going = _Going(self.answer_seconds + upload)
        try:
            with quiet.our_request(), going:
                yield going
        except UnreadableAnswer as error:
            if is_reading:
                error.outcome = Outcome.NOT_DONE
            raise
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, TimeoutError) as error:
            failure = self._failure(error, going)
            if is_reading:
                failure.outcome = Outcome.NOT_DONE
            elif (
                not is_repeatable
                and isinstance(failure, Unavailable)
                and failure.outcome is not Outcome.NOT_DONE
            ):
                failure = Uncertain(failure.message)
            raise failure from None

    def _failure(self, error: Exception, going: _Going) -> EsignError:
        what = type(error).__name__
        if not isinstance(error, (httpx.HTTPError, TimeoutError)):
            return Unavailable(
                f"the answer leads to an address that is none ({what}).", outcome=Outcome.UNCERTAIN
            )
        if isinstance(error, _NEVER_CONNECTED):
            return Unavailable(
                f"no connection could be made ({what}). Look at the network and the base URL."
            )
        how = "the connection broke"
        if isinstance(error, _TOO_LATE):
            is_over = going.has_passed or isinstance(error, TimeoutError)
            if is_over and going.status is not None:
                return going.too_slow()
            how = f"no answer within {going.seconds if is_over else self.timeout_seconds:g} s"
        return Unavailable(f"{how} ({what}).", outcome=Outcome.UNCERTAIN)


class _Going(Deadline):
    """An exchange that goes on."""

    status: int | None = None
    """The answer's, once its head is there."""

    def too_slow(self) -> UnreadableAnswer:
        """The error for an answer that came, and has no end in time."""
        return _unreadable(self.status, f"slower than {self.seconds:g} s")


class _Clients:
    """The clients of one process, made when they are first needed."""

    def __init__(self, timeout_seconds: float) -> None:
        self._lock = threading.Lock()
        self._sync: httpx.Client | None = None
        self._async: httpx.AsyncClient | None = None
        self._loop: object = None
        self._options: dict[str, Any] = {
            "timeout": httpx.Timeout(timeout_seconds, connect=_CONNECT_SECONDS),
            "follow_redirects": False,
            "headers": {"user-agent": f"esign-core/{version('esign-core')}"},
        }
        quiet.install()

    def sync(self) -> httpx.Client:
        with self._lock:
            if self._sync is None:
                self._sync = httpx.Client(
                    **self._options,
                    transport=Connections(httpx.create_ssl_context()),
                    cookies=_no_cookies(),
                )
            return self._sync

    def awaited(self) -> httpx.AsyncClient:
        """The client of the running event loop; connections of another loop cannot be used."""
        loop = anyio.lowlevel.current_token()
        with self._lock:
            if self._async is None or self._loop != loop:
                self._async = httpx.AsyncClient(**self._options, cookies=_no_cookies())
                self._loop = loop
            return self._async

    def close(self) -> None:
        with self._lock:
            client, self._sync = self._sync, None
        if client is not None:
            client.close()

    async def aclose(self) -> None:
        self.close()
        with self._lock:
            client, self._async = self._async, None
        if client is not None and self._loop == anyio.lowlevel.current_token():
            await client.aclose()


def _no_cookies() -> CookieJar:
    """A jar that stays empty: a cookie would be a credential that nobody asked for."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=()))


def _built(client: httpx.Client | httpx.AsyncClient, request: WireRequest) -> httpx.Request:
    body = request.body if isinstance(request.body, bytes) else iter(request.body)
    try:
        return client.build_request(
            request.method, request.url, headers=request.headers, content=body
        )
    except (httpx.InvalidURL, UnicodeError) as error:  # told apart from what an answer leads to
        raise Misconfigured(f"the base URL cannot be used: {error}.") from None


def _send(client: httpx.Client, request: WireRequest) -> httpx.Response:
    return client.send(_built(client, request), stream=True)


def _response(answer: httpx.Response, chunks: list[bytes]) -> Response:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Response(answer.status_code, headers, b"".join(chunks))


class _Bounds:
    """What the body of an answer may be, checked piece by piece."""

    def __init__(self, transport: Transport, answer: httpx.Response, going: _Going) -> None:
        going.status = answer.status_code
        _refuse_compressed(answer)
        self._most = self._left = transport.max_answer_bytes
        self._going = going

    def passed(self, chunk: bytes) -> bytes:
        self._left -= len(chunk)
        if self._left < 0:
            raise _unreadable(self._going.status, f"longer than {self._most} bytes")
        if self._going.has_passed:
            raise self._going.too_slow()
        return chunk


def _unreadable(status: int | None, how: str) -> UnreadableAnswer:
    return UnreadableAnswer(
        f"{status}, the answer is {how} and was not read on.", status_code=status
    )


def _refuse_compressed(answer: httpx.Response) -> None:
    encoding = answer.headers.get("content-encoding", "").strip().lower()
    if encoding not in {"", "identity"}:
        raise UnreadableAnswer(
            f"{answer.status_code}, the answer is compressed though that was not asked for.",
            status_code=answer.status_code,
        )


def _expect_an_end(answer: httpx.Response) -> None:
    """Without a length or chunks, half a file looks like a whole one."""
    if "content-length" not in answer.headers and "transfer-encoding" not in answer.headers:
        raise DownloadFailed(
            f"{answer.status_code}, the vendor does not say where the file ends, so that half of "
            "it could be taken for all. It was not kept.",
            status_code=answer.status_code,
        )
