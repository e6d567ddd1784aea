"""A server that answers what a vendor has published."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from esign_core.sandbox import Server
from esign_core.testing import Recording


@contextmanager
def published_answers(recording: Recording) -> Generator[str]:
    """The base URL of a server that gives the recording's answers, in their order."""
    waiting = [each["response"] for each in recording.interactions]

    async def give(request: Request) -> Response:
        answer = waiting.pop(0)
        headers = {name: values[0] for name, values in answer["headers"].items()}
        return Response(answer["body"]["string"], answer["status"]["code"], headers)

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    server = Server(Starlette(routes=[Route("/{path:path}", give, methods=methods)]))
    server.start()
    try:
        yield server.url
    finally:
        server.stop()
