"""A customer's webhook endpoint on loopback that keeps what a simulator delivers."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from esign_core.model import WebhookRequest


class Receiver:
    """Takes every delivery, answers 204, and keeps it as it arrived.

    ```python
    with Receiver() as receiver, SomeSandbox() as sandbox:
        settings = sandbox.connect(receiver.url)
        ...
        control.settle()
        assert receiver.received
    ```

    Needs the extra `sandbox`.
    """

    def __init__(self) -> None:
        from starlette.applications import Starlette  # an extra: imported where it is used
        from starlette.requests import Request
        from starlette.responses import Response
        from starlette.routing import Route

        from esign_core.sandbox import Server

        async def take(request: Request) -> Response:
            self.received.append(WebhookRequest.of(request.headers.raw, await request.body()))
            return Response(status_code=204)

        self.received: list[WebhookRequest] = []
        """Oldest first."""
        self._server = Server(Starlette(routes=[Route("/{path:path}", take, methods=["POST"])]))

    @property
    def url(self) -> str:
        """Where deliveries are to go. Any path below the same origin is taken too."""
        return f"{self._server.url}/hook"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop()
