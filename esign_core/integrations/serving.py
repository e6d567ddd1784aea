"""What `esign serve` serves: the receiver, and what those who watch over it ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from esign_core.integrations.answering import RETRY_BUSY_SECONDS, Answer
from esign_core.integrations.asgi import App, Message, Receive, Send, receiver
from esign_core.integrations.intake import Intake
from esign_core.integrations.metrics import CONTENT_TYPE, Metrics
from esign_core.integrations.watch import Watch
from esign_core.service import AsyncEsign

_DELIVERIES = "/webhooks/"


def create_app(
    esign: AsyncEsign,
    *,
    worker: bool = False,
    intake: Intake | None = None,
    ready: Callable[[], None] | None = None,
) -> App:
    """The receiver with its probes and metrics as an ASGI app, which closes `esign` at its end.

    Args:
        esign: Where deliveries go.
        worker: Do what is left to do as well.
        intake: How much is taken in at a time; its `on_answer` is set here.
        ready: Called when it can take deliveries.
    """
    limits = intake or Intake()
    served = _Served(esign, limits)
    limits.on_answer = served.heed

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        del app
        async with AsyncExitStack() as stack:
            _ = await stack.enter_async_context(esign)
            if worker:
                _ = await stack.enter_async_context(esign.worker())
            watching = await stack.enter_async_context(anyio.create_task_group())
            _ = stack.callback(watching.cancel_scope.cancel)
            _ = watching.start_soon(served.watch.run)
            if ready is not None:
                ready()
            yield

    routes = [
        Route("/health", served.health),
        Route("/ready", served.ready),
        Route("/metrics", served.metrics),
    ]
    watched: App = Starlette(routes=routes, lifespan=lifespan)
    take = receiver(esign, intake=limits)

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        is_delivery = scope["type"] == "http" and scope["path"].startswith(_DELIVERIES)
        await (take if is_delivery else watched)(scope, receive, send)

    return app


class _Served:
    """What is answered to those who watch."""

    def __init__(self, esign: AsyncEsign, intake: Intake) -> None:
        self.watch = Watch(esign, intake)
        self._esign = esign
        self._metrics = Metrics(intake, self.watch)

    def heed(self, answer: Answer, seconds: float) -> None:
        """A delivery was answered."""
        self._metrics.count(answer, seconds)
        if answer.outcome == "not_kept":
            self.watch.look_again()

    async def health(self, request: Request) -> Response:
        """The process is up; and what it has turned away."""
        del request
        rejected = Counter[str]()  # by reason: the endpoint's name may be a secret
        for (_, reason), times in self._esign.rejected.items():
            rejected[reason] += times
        return JSONResponse({"status": "ok", "rejected": rejected})

    async def ready(self, request: Request) -> Response:
        """Whether deliveries should come here."""
        del request
        await self.watch.first_look()
        objection = self.watch.objection
        if objection is None:
            return JSONResponse({"status": "ready"})
        told = {"status": "not_ready", "reason": objection}
        return JSONResponse(told, 503, {"Retry-After": str(RETRY_BUSY_SECONDS)})

    async def metrics(self, request: Request) -> Response:
        """The numbers, for Prometheus."""
        del request
        return Response(self._metrics.text(), media_type=CONTENT_TYPE)
