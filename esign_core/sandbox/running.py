"""A simulated vendor as a running server, started and stopped from ordinary code."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from esign_core.sandbox.shell import create_app
from esign_core.sandbox.simulation import Simulation
from esign_core.sandbox.vendor import Vendor

_PATIENCE_SECONDS = 20


class Simulator(ABC):
    """A running simulated vendor, and what a customer of it has to know.

    ```python
    with SomeSandbox() as sandbox:
        connection = Connection(sandbox.name, **sandbox.connect())
    ```

    A provider's simulator says how to open an account (`open_vendor`), what to print (`announce`)
    and which settings reach it (`connect`). The rest is the same for all.
    """

    name: ClassVar[str]
    """The provider's name."""

    def __init__(self, *, port: int = 0, scale: float = 1.0) -> None:
        """`port` 0 takes a free one; `scale` 0.1 makes delays and retries ten times quicker."""
        self.port = port
        self.scale = scale
        self._running: _Running | None = None

    @abstractmethod
    def open_vendor(self, folder: Path) -> Vendor:
        """A new vendor account; files may be kept in `folder` until the simulator stops."""

    @abstractmethod
    def announce(self) -> dict[str, str]:
        """What `esign sandbox --json` prints about it: where it is and how to get in."""

    @abstractmethod
    def connect(self, webhook_url: str | None = None) -> dict[str, Any]:
        """Settings of a connection to it, with a mapping for the template `lease`.

        What an administrator would do in the vendor's dashboard, such as to set up a webhook to
        `webhook_url`, is done.
        """

    def start(self) -> Self:
        """This simulator, ready to answer.

        Raises:
            OSError: The port is taken.
            RuntimeError: It runs already, or did not come up.
        """
        if self._running is not None:
            raise RuntimeError(f"the {self.name} simulator runs already")
        self._running = _Running(self)
        return self

    def stop(self) -> None:
        """End it, with its connections, threads and files. Harmless when it does not run."""
        running, self._running = self._running, None
        if running is not None:
            running.stop()

    @property
    def base_url(self) -> str:
        """Where it listens, without a slash at the end."""
        return self._started.server.url

    @property
    def control_url(self) -> str:
        """Where its control API is."""
        return f"{self.base_url}/_control"

    @property
    def mail_url(self) -> str:
        """Where the e-mails that it writes can be read: a page for a browser, else JSON."""
        return f"{self.control_url}/mail"

    @property
    def folder(self) -> Path:
        """Its files, until it stops."""
        return self._started.folder

    @property
    def simulation(self) -> Simulation:
        """The vendor and its surroundings, to look inside without HTTP."""
        return self._started.simulation

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def _started(self) -> _Running:
        if self._running is None:
            raise RuntimeError(f"the {self.name} simulator does not run: call start() first")
        return self._running


class Server:
    """An ASGI application on a loopback port, served by a thread until `stop`."""

    def __init__(self, app: Starlette, *, port: int = 0) -> None:
        self._socket = _listening(port)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = _Ending(
            uvicorn.Config(
                app,
                http=_Cuttable,
                ws="none",
                loop="asyncio",
                lifespan="on",
                log_config=None,  # logging belongs to the program that runs this
                timeout_graceful_shutdown=1,
            )
        )
        self._thread = threading.Thread(target=self._serve, name=f"simulator {self.url}")
        self._thread.daemon = True  # a program that forgets to stop it can still end

    def start(self) -> None:
        """Serve; returns once requests are answered."""
        self._thread.start()
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"the server at {self.url} did not come up; its log says why")
            time.sleep(0.005)

    def stop(self) -> None:
        """End the thread and close its sockets."""
        self._server.should_exit = True
        self._thread.join(_PATIENCE_SECONDS)
        self._socket.close()

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])


class _Ending(uvicorn.Server):
    """A server that leaves no connection behind, also where its patience ends before they do."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0.01)  # what is aborted is closed in the loop's next turns


class _Running:
    """What exists between start and stop."""

    def __init__(self, simulator: Simulator) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix=f"{simulator.name}-sandbox-")
        try:
            self.folder = Path(self._temporary.name)
            vendor = simulator.open_vendor(self.folder)
            self.simulation = Simulation(vendor, scale=simulator.scale)
            self.server = Server(create_app(self.simulation), port=simulator.port)
            vendor.base_url = self.server.url
            self.server.start()
        except BaseException:
            self._temporary.cleanup()
            raise

    def stop(self) -> None:
        self.server.stop()
        self._temporary.cleanup()


class _Cuttable(H11Protocol):
    """HTTP whose connections an application can close without an answer, by `state["cut"]`.

    It writes no access log, whatever the program logs of its own server: signing links are paths.
    """

    def connection_made(  # type: ignore[override]  # uvicorn narrows it too
        self, transport: asyncio.Transport
    ) -> None:
        super().connection_made(transport)
        self.access_log = False
        self.app_state = {**self.app_state, "cut": transport.close}


def _listening(port: int) -> socket.socket:
    # asyncio turns Nagle's delay (40 ms an answer) off only where the protocol is named
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(128)
    except BaseException:
        listening.close()
        raise
    return listening
