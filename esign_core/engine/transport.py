"""The one module that knows httpx: one client of each kind per connection and process."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio.to_thread
import httpx

from esign_core.engine import quiet
from esign_core.engine.bodies import BodyStream
from esign_core.engine.effects import SavedFile, WireRequest
from esign_core.engine.files import write_whole
from esign_core.errors import Outcome, ProviderError, Unavailable, Uncertain, UnreadableAnswer
from esign_core.provider import Response

MAX_ANSWER_BYTES = 16 * 1024**2
"""How much of an answer is read at the most; files have their own cap."""
LARGE_BODY_BYTES = 1024**2
"""Bodies above this go through the sync client, in a worker thread where the caller is async."""
ANSWER_SECONDS = 120.0
"""How long an answer may take in all, however it trickles."""

_CONNECT_SECONDS = 10.0
_OK_BELOW = 300
_NEVER_CONNECTED = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


@dataclass
class Transport:
    """The line to one vendor. Safe for many threads; a forked process gets clients of its own."""

    timeout_seconds: float = 30.0
    """How long the vendor may be silent."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _process: int = field(default=0, repr=False)
    _sync: httpx.Client | None = field(default=None, repr=False)
    _async: httpx.AsyncClient | None = field(default=None, repr=False)

    def exchange(self, request: WireRequest, *, is_reading: bool, is_repeatable: bool) -> Response:
        """Send a request and read the whole answer; any status is an answer.

        Raises:
            Unavailable: No connection was made; or none came to an answer, and asking again does
                no harm.
            Uncertain: The request may have arrived, and must not be made twice.
            UnreadableAnswer: More than `MAX_ANSWER_BYTES`, or compressed though not asked for.
            DocumentChanged: From the body; the vendor did not get the end of it.
        """
        with self._named(is_reading=is_reading, is_repeatable=is_repeatable):
            client = self._client()
            sent = client.build_request(
                request.method, request.url, headers=request.headers, content=_content(request)
            )
            answer = client.send(sent, stream=True)
            try:
                content = _Answer(answer)
                for chunk in answer.iter_raw():
                    content.add(chunk)
                return content.whole()
            finally:
                answer.close()

    async def exchange_async(
        self, request: WireRequest, *, is_reading: bool, is_repeatable: bool
    ) -> Response:
        """`exchange`, awaited. Large bodies go through the sync client in a worker thread: an
        early refusal reads the same in both then.
        """
        if _length(request) > LARGE_BODY_BYTES:
            return await anyio.to_thread.run_sync(
                lambda: self.exchange(request, is_reading=is_reading, is_repeatable=is_repeatable)
            )
        with self._named(is_reading=is_reading, is_repeatable=is_repeatable):
            client = self._async_client()
            body = request.body
            if isinstance(body, BodyStream):
                body = await anyio.to_thread.run_sync(b"".join, body)
            sent = client.build_request(
                request.method, request.url, headers=request.headers, content=body
            )
            answer = await client.send(sent, stream=True)
            try:
                content = _Answer(answer)
                async for chunk in answer.aiter_raw():
                    content.add(chunk)
                return content.whole()
            finally:
                await answer.aclose()

    def save(self, request: WireRequest, to: Path) -> SavedFile | Response:
        """Stream the body of a good answer into a file; an answer of 300 or more is returned.

        Raises:
            Unavailable: No connection, or it broke before the end. Nothing is left of the file.
            DownloadFailed: The disk refused, or the file is too large.
        """
        with self._named(is_reading=True, is_repeatable=True):
            client = self._client()
            sent = client.build_request(request.method, request.url, headers=request.headers)
            answer = client.send(sent, stream=True)
            try:
                if answer.status_code < _OK_BELOW:
                    _refuse_compressed(answer)
                    return write_whole(answer.iter_raw(), to)
                content = _Answer(answer)
                for chunk in answer.iter_raw():
                    content.add(chunk)
                return content.whole()
            finally:
                answer.close()

    def close(self) -> None:
        """Close the sync client; the async one is closed by `aclose`."""
        with self._lock:
            client, self._sync = self._sync, None
        if client is not None and self._process == os.getpid():
            client.close()

    async def aclose(self) -> None:
        """Close both clients."""
        with self._lock:
            client, self._async = self._async, None
        if client is not None and self._process == os.getpid():
            await client.aclose()
        self.close()

    def _client(self) -> httpx.Client:
        with self._lock:
            self._forget_after_fork()
            if self._sync is None:
                self._sync = httpx.Client(timeout=self._timeout(), follow_redirects=False)
            return self._sync

    def _async_client(self) -> httpx.AsyncClient:
        with self._lock:
            self._forget_after_fork()
            if self._async is None:
                self._async = httpx.AsyncClient(timeout=self._timeout(), follow_redirects=False)
            return self._async

    def _forget_after_fork(self) -> None:
        if self._process != os.getpid():
            self._sync = self._async = None
            self._process = os.getpid()
            quiet.install()

    def _timeout(self) -> httpx.Timeout:
        return httpx.Timeout(self.timeout_seconds, connect=_CONNECT_SECONDS)

    @contextmanager
    def _named(self, *, is_reading: bool, is_repeatable: bool) -> Iterator[None]:
        """httpx's errors by our names, with what they mean for the request."""
        try:
            with quiet.our_request():
                yield
        except httpx.TransportError as error:
            raise self._error(error, is_reading, is_repeatable) from None

    def _error(
        self,
        error: httpx.TransportError,
        is_reading: bool,
        is_repeatable: bool,  # noqa: FBT001
    ) -> ProviderError:
        what = type(error).__name__
        if isinstance(error, _NEVER_CONNECTED):
            return Unavailable(
                f"no connection could be made ({what}). Look at the network and the base URL.",
                outcome=Outcome.NOT_DONE,
            )
        silent = isinstance(error, httpx.TimeoutException)
        how = f"no answer within {self.timeout_seconds:g} s" if silent else "the connection broke"
        if is_reading:
            return Unavailable(f"{how} ({what}).", outcome=Outcome.NOT_DONE)
        if is_repeatable:
            return Unavailable(f"{how} ({what}).", outcome=Outcome.UNCERTAIN)
        return Uncertain(f"{how} ({what}).")


class _Answer:
    """An answer that is being read, inside its bounds."""

    def __init__(self, answer: httpx.Response) -> None:
        _refuse_compressed(answer)
        self._answer = answer
        self._chunks: list[bytes] = []
        self._size = 0
        self._until = time.monotonic() + ANSWER_SECONDS

    def add(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > MAX_ANSWER_BYTES:
            raise self._unreadable(f"the answer is longer than {MAX_ANSWER_BYTES} bytes")
        if time.monotonic() > self._until:
            raise self._unreadable(f"the answer took longer than {ANSWER_SECONDS:g} s")
        self._chunks.append(chunk)

    def whole(self) -> Response:
        headers = {name.lower(): value for name, value in self._answer.headers.items()}
        return Response(self._answer.status_code, headers, b"".join(self._chunks))

    def _unreadable(self, what: str) -> UnreadableAnswer:
        status = self._answer.status_code
        return UnreadableAnswer(f"{status}, {what} and was not read on.", status_code=status)


def _refuse_compressed(answer: httpx.Response) -> None:
    encoding = answer.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise UnreadableAnswer(
            f"{answer.status_code}, the answer is compressed though that was not asked for.",
            status_code=answer.status_code,
        )


def _length(request: WireRequest) -> int:
    return len(request.body) if isinstance(request.body, bytes) else request.body.length


def _content(request: WireRequest) -> bytes | Iterator[bytes]:
    return request.body if isinstance(request.body, bytes) else iter(request.body)
