"""HTTP around a simulation: the vendor's API, the signing page, and the control API."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from esign_core.sandbox.control import control_routes
from esign_core.sandbox.page import PAGE_HEADERS, render_page, render_result, render_unknown
from esign_core.sandbox.simulation import Simulation
from esign_core.sandbox.vendor import Act, SigningPage, VendorRequest

_TICK_SECONDS = 0.05
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create_app(simulation: Simulation) -> Starlette:
    """The whole vendor as an ASGI application; webhooks go out while its lifespan lasts."""
    signing = f"{simulation.vendor.signing_path}/{{token}}"
    pages = _SigningPages(simulation)
    return Starlette(
        routes=[
            *control_routes(simulation),
            Route(signing, pages.show),
            Route(f"{signing}/sign", pages.sign, methods=["POST"]),
            Route(f"{signing}/decline", pages.decline, methods=["POST"]),
            Route(f"{signing}/documents/{{index:int}}", pages.document),
            Route("/{path:path}", _api(simulation), methods=_METHODS),
        ],
        lifespan=_lifespan(simulation),
    )


def _api(simulation: Simulation) -> Callable[[Request], Awaitable[Response]]:
    async def api(request: Request) -> Response:
        try:
            body = await request.body()
        except ClientDisconnect:  # the caller has given up on its own upload, and hears nothing
            return Response(status_code=400)
        arrived = VendorRequest(
            method=request.method,
            path=request.url.path,
            query=dict(request.query_params),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=body,
        )
        latency, fault = simulation.faults.take_for_request(arrived)
        await asyncio.sleep(latency)
        answer = await run_in_threadpool(simulation.answer, arrived, fault)
        if answer is None:
            return _NoAnswer()
        return Response(answer.body, answer.status, dict(answer.headers))

    return api


class _SigningPages:
    """What a signer's browser sees. A script can do the same."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    async def show(self, request: Request) -> Response:
        done = await self._act(request, Act.OPEN)
        if done is None:
            return _html(render_unknown(), 404)
        return _html(render_page(done[1], action=request.url.path))

    async def sign(self, request: Request) -> Response:
        return self._result(await self._act(request, Act.SIGN))

    async def decline(self, request: Request) -> Response:
        async with request.form() as form:
            reason = form.get("reason", "")
        return self._result(
            await self._act(request, Act.DECLINE, reason if isinstance(reason, str) else "")
        )

    async def document(self, request: Request) -> Response:
        data = await run_in_threadpool(
            self._simulation.document, request.path_params["token"], request.path_params["index"]
        )
        if data is None:
            return _html(render_unknown(), 404)
        return Response(data, media_type="application/pdf", headers={"cache-control": "no-store"})

    async def _act(
        self, request: Request, act: Act, reason: str = ""
    ) -> tuple[bool, SigningPage] | None:
        token: str = request.path_params["token"]
        return await run_in_threadpool(self._simulation.act, token, act, reason)

    def _result(self, done: tuple[bool, SigningPage] | None) -> Response:
        if done is None:
            return _html(render_unknown(), 404)
        return _html(render_result(done[1]), 200 if done[0] else 409)


def _html(page: str, status: int = 200) -> Response:
    return HTMLResponse(page, status, headers=PAGE_HEADERS)


def _lifespan(
    simulation: Simulation,
) -> Callable[[Starlette], contextlib.AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:  # noqa: ARG001  # asked for
        tasks = [asyncio.create_task(work) for work in (_tick(simulation), simulation.outbox.run())]
        try:
            yield
        finally:
            for task in tasks:
                _ = task.cancel()
            _ = await asyncio.gather(*tasks, return_exceptions=True)

    return lifespan


async def _tick(simulation: Simulation) -> None:
    while True:
        await asyncio.sleep(_TICK_SECONDS)
        await run_in_threadpool(simulation.tick)


class _NoAnswer(Response):
    """Closes the connection where an answer was due."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        scope["state"]["cut"]()
        while (await receive())["type"] != "http.disconnect":
            pass
