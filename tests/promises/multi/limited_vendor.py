"""A vendor on loopback that writes down when each request arrives, and is not equally near."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager, suppress
from types import TracebackType
from typing import Self

from anyio import (
    BrokenResourceError,
    EndOfStream,
    IncompleteRead,
    create_task_group,
    create_tcp_listener,
    sleep,
)
from anyio.abc import SocketAttribute, SocketStream
from anyio.from_thread import start_blocking_portal
from anyio.streams.buffered import BufferedByteReceiveStream

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class LimitedVendor:
    """Answers every request; it is known when each arrived, by one clock.

    Args:
        slowest_seconds: How long a request is on its way at the most, and its answer back.
    """

    def __init__(self, slowest_seconds: float) -> None:
        self._slowest_seconds = slowest_seconds
        self._arrived: list[float] = []
        self._more = threading.Condition()
        self._dice = random.Random(1)
        self._portal = ExitStack()
        self.url = ""

    @property
    def arrived(self) -> list[float]:
        """When requests arrived, in seconds."""
        with self._more:
            return sorted(self._arrived)

    def wait_for(self, count: int, *, seconds: float = 60.0) -> None:
        """Wait until so many have come; it fails if they do not come at all."""
        with self._more:
            came = self._more.wait_for(lambda: len(self._arrived) >= count, timeout=seconds)
            assert came, f"{len(self._arrived)} of {count} requests came"

    def __enter__(self) -> Self:
        portal = self._portal.enter_context(start_blocking_portal())
        self.url = self._portal.enter_context(portal.wrap_async_context_manager(self._open()))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._portal.close()

    @asynccontextmanager
    async def _open(self) -> AsyncGenerator[str]:
        async with await create_tcp_listener(local_host="127.0.0.1", backlog=200) as listener:
            port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - no Django
            async with create_task_group() as together:
                together.start_soon(listener.serve, self._serve)
                yield f"http://127.0.0.1:{port}"
                together.cancel_scope.cancel()

    async def _serve(self, line: SocketStream) -> None:
        heard = BufferedByteReceiveStream(line)
        with suppress(BrokenResourceError, EndOfStream, IncompleteRead):  # whoever asks was killed
            async with line:
                while True:
                    _ = await heard.receive_until(b"\r\n\r\n", 4096)
                    await sleep(self._travel_seconds())
                    with self._more:
                        self._arrived.append(time.monotonic())
                        self._more.notify_all()
                    await sleep(self._travel_seconds())
                    await line.send(_ANSWER)

    def _travel_seconds(self) -> float:
        """Mostly a little, now and then all of it."""
        return self._slowest_seconds * self._dice.random() * self._dice.choice((0.1, 0.1, 1.0))
