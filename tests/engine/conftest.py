from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import pytest
import stamina

from esign_core.engine import (
    AsyncDriver,
    MemoryBudgets,
    MemoryTokens,
    SavedFile,
    Session,
    SyncDriver,
    Task,
    bring,
    call,
)
from esign_core.engine.transport import Transport
from esign_core.errors import (
    AuthenticationFailed,
    EsignError,
    RateLimited,
    Refused,
    Unavailable,
)
from esign_core.model import Artifact, Capabilities, EnvelopeDraft, Snapshot
from esign_core.provider import (
    Download,
    Flow,
    HttpDownload,
    Provider,
    ProviderSettings,
    Request,
    Response,
    Token,
)

T = TypeVar("T")

# --- a vendor on loopback that does byte for byte what a test says ------------------------------


@dataclass(frozen=True)
class Heard:
    """One request as it arrived."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool
    """Whether as much of the body came as was announced."""


Act: TypeAlias = Callable[[socket.socket], None]
"""What to do with the connection instead of answering; it is closed after that."""


class Vendor:
    """Answers every request by `answer`; bytes keep the connection open, acts end it."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.connections = 0
        self.answer: Callable[[Heard], bytes | Act] = lambda _heard: self.reply(200, b"{}")
        self.reads_bodies = True
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._open: list[socket.socket] = []
        self._is_closed = False
        self._opening = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    @staticmethod
    def reply(status: int, body: bytes = b"", **headers: str) -> bytes:
        """A whole answer with its length."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{lines}\r\n"
        return head.encode() + body

    @staticmethod
    def sends(data: bytes, *, then: Act | None = None) -> Act:
        """Send just these bytes and close; or go on with another act."""

        def act(connection: socket.socket) -> None:
            connection.sendall(data)
            (then or Vendor.hang_up)(connection)

        return act

    @staticmethod
    def resets(connection: socket.socket) -> None:
        """Drop the connection the hard way."""
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    @staticmethod
    def hang_up(connection: socket.socket) -> None:
        """Close the connection without a word."""
        connection.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def stay_silent(connection: socket.socket) -> None:
        """Say nothing until the other side gives up."""
        while connection.recv(4096):
            pass

    @staticmethod
    def pause() -> None:
        """Let a few milliseconds pass."""
        threading.Event().wait(0.005)

    @staticmethod
    def trickle(connection: socket.socket) -> None:
        """Send a byte every few milliseconds, for ever."""
        while True:
            Vendor.pause()
            connection.sendall(b"x")

    @staticmethod
    def trickles(data: bytes) -> Act:
        """Send these bytes like that, and close."""

        def act(connection: socket.socket) -> None:
            for byte in data:
                Vendor.pause()
                connection.sendall(bytes([byte]))
            Vendor.hang_up(connection)

        return act

    def answers(self, *answers: bytes | Act) -> None:
        """One after the other; the last one for ever."""
        waiting = list(answers)

        def next_one(_heard: Heard) -> bytes | Act:
            return waiting.pop(0) if len(waiting) > 1 else waiting[0]

        self.answer = next_one

    def count(self, path: str) -> int:
        """How many requests for a path came."""
        return sum(heard.target.partition("?")[0] == path for heard in self.heard)

    def stop_listening(self) -> None:
        """Refuse connections from now on."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def close(self) -> None:
        with suppress(OSError):
            self.stop_listening()
        with self._opening:
            self._is_closed = True
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with self._opening:
                if self._is_closed:  # it came in while the others were being closed
                    connection.close()
                    return
                self.connections += 1
                self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            while (heard := self._read(connection)) is not None:
                self.heard.append(heard)
                if not heard.is_whole and self.reads_bodies:
                    return
                answer = self.answer(heard)
                if not isinstance(answer, bytes):
                    answer(connection)
                    return
                connection.sendall(answer)
                if b"connection: close" in answer.lower():
                    return

    def _read(self, connection: socket.socket) -> Heard | None:
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(4096)
            if not more:
                return None
            data += more
        head, _, start = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        pairs = (line.split(":", 1) for line in lines)
        headers = {name.lower(): value.strip() for name, value in pairs}
        body = bytearray(start)
        length = int(headers.get("content-length", "0"))
        while self.reads_bodies and len(body) < length:
            more = connection.recv(256 * 1024)
            if not more:
                break
            body += more
        return Heard(method, target, headers, bytes(body), is_whole=len(body) == length)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    """A vendor."""
    vendor = Vendor()
    yield vendor
    vendor.close()


@pytest.fixture
def another_vendor() -> Iterator[Vendor]:
    """A vendor at another origin."""
    vendor = Vendor()
    yield vendor
    vendor.close()


# --- its adapter --------------------------------------------------------------------------------


class Acme(Provider[ProviderSettings]):
    """What an adapter is at the least."""

    name = "acme"
    title = "Acme"
    Settings = ProviderSettings
    capabilities = Capabilities()

    def __init__(
        self, settings: ProviderSettings, urls: Mapping[str, str], clock: Callable[[], datetime]
    ) -> None:
        super().__init__(settings, clock=clock)
        self._urls = urls

    @property
    def hosts(self) -> Mapping[str, str]:
        return self._urls

    def send(self, draft: EnvelopeDraft) -> Flow[Snapshot]:
        raise AssertionError("nobody asks for this here")

    def fetch(self, remote_id: str) -> Flow[Snapshot]:
        raise AssertionError("nobody asks for this here")

    def download(self, snapshot: Snapshot, artifact: Artifact) -> Flow[Download]:
        raise AssertionError("nobody asks for this here")

    def explain(self, response: Response) -> EsignError:
        said = response.text() or "without a word"
        after = response.headers.get("retry-after")
        kind = {401: AuthenticationFailed, 429: RateLimited}.get(
            response.status, Unavailable if response.status >= 500 else Refused
        )
        return kind(said, retry_after_seconds=float(after) if after else None)


class TokenAcme(Acme):
    """An adapter whose vendor hands out tokens."""

    def grant(self) -> Flow[Token]:
        response = yield self.post("/token", auth=False, repeatable=True)
        said = response.json()
        return Token(said["token"], self.now() + timedelta(seconds=said.get("seconds", 600)))

    def authorize(self, request: Request, token: Token | None) -> Request:
        assert token is not None
        return request.with_headers(X_Auth_Token=token.value)


@pytest.fixture
def granter(vendor: Vendor) -> Granter:
    """A vendor that hands out tokens."""
    granter = Granter()
    vendor.answer = granter.answer
    return granter


@dataclass
class Granter:
    """The token endpoint's memory: it hands out t1, t2 ... and takes only the last one."""

    handed_out: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, heard: Heard) -> bytes:
        with self.lock:
            if heard.target == "/token":
                self.handed_out += 1
                return Vendor.reply(200, json.dumps({"token": f"t{self.handed_out}"}).encode())
            if heard.headers.get("x-auth-token") != f"t{self.handed_out}":
                return Vendor.reply(401, b"who are you")
        return Vendor.reply(200, b'{"ok": true}')


# --- both ways to drive -------------------------------------------------------------------------


class Way:
    """One of the drivers, called the same way, and accounts to drive with it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._sync = SyncDriver()
        self._async = AsyncDriver()
        self._runner = asyncio.Runner()
        self._lines: list[Transport] = []

    def run(self, task: Task[T]) -> T:
        if self.name == "sync":
            return self._sync.run(task)
        return self._runner.run(self._async.run(task))

    def run_all(self, tasks: Sequence[Task[T]]) -> list[T | BaseException]:
        """All at once, in threads or as tasks; what each answered or raised."""
        if self.name == "sync":
            return self._in_threads(tasks)

        async def together() -> list[T | BaseException]:
            return await asyncio.gather(*map(self._async.run, tasks), return_exceptions=True)

        return self._runner.run(together())

    def _in_threads(self, tasks: Sequence[Task[T]]) -> list[T | BaseException]:
        ready = threading.Barrier(len(tasks))

        def one(task: Task[T]) -> T | BaseException:
            ready.wait()
            try:
                return self._sync.run(task)
            except EsignError as error:
                return error

        with ThreadPoolExecutor(len(tasks)) as pool:
            return list(pool.map(one, tasks))

    def await_(self, work: Coroutine[Any, Any, T]) -> T:
        """What comes of it, on this way's event loop."""
        return self._runner.run(work)

    def session(
        self,
        *vendors: Vendor,
        tokens: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        **line: Any,
    ) -> Session:
        """An account at the first vendor; the second one is its host `other`."""
        urls: dict[str, str] = dict(
            zip(("api", "other"), (each.url for each in vendors), strict=False)
        )
        provider = (TokenAcme if tokens else Acme)(ProviderSettings(), urls, clock)
        options: dict[str, Any] = {"timeout_seconds": 5.0, **line}
        transport = Transport(**options)
        self._lines.append(transport)
        return Session("acme-eu", provider, transport, MemoryTokens(), MemoryBudgets())

    def ask(
        self, session: Session, request: Request, *, operation: str = "request", **options: Any
    ) -> Response:
        """What comes of one request."""
        return self.run(call(session, once(request), operation=operation, **options))

    def download(self, session: Session, to: Path, **options: Any) -> SavedFile:
        """A file of the vendor's."""
        return self.run(bring(session, HttpDownload(Request("GET", "/file", **options)), to))

    def close(self) -> None:
        for line in self._lines:
            self._runner.run(line.aclose())
        self._runner.close()


def once(request: Request) -> Flow[Response]:
    """The flow of a single request."""
    return (yield request)


@pytest.fixture(params=["sync", "async"])
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    """Both drivers, one after the other."""
    way = Way(request.param)
    yield way
    way.close()


@pytest.fixture
def sync_way() -> Iterator[Way]:
    """The sync driver only."""
    way = Way("sync")
    yield way
    way.close()


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    """Retries follow each other at once; how many there are stays as it is."""
    with stamina.set_testing(True, attempts=100, cap=True):
        yield


@pytest.fixture
def real_pauses(_no_pauses: None) -> Iterator[None]:
    """Retries wait as long as they do in life."""
    with stamina.set_testing(False):
        yield
