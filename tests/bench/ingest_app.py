"""The web servers of the ingest benchmark: `python -m tests.bench.ingest_app KIND PORT JOURNAL`."""

from __future__ import annotations

import sys
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from tests.bench.ledger import CONNECTION, SETTINGS


def bare(_journal: str) -> Any:
    """Reads the body and answers; the floor."""

    async def take(request: Request) -> Response:
        _ = await request.body()
        return Response(status_code=204)

    return Starlette(routes=[Route("/webhooks/{endpoint}", take, methods=["POST"])])


def ours(journal: str) -> Any:
    """The receiver, with a journal on disk."""
    from esign_core import AsyncEsign
    from esign_core.integrations import receiver

    esign = AsyncEsign({CONNECTION: SETTINGS}, journal=journal)
    return Starlette(routes=[Mount("/webhooks", receiver(esign))])


def anymail(_journal: str) -> Any:
    """django-anymail's Mailgun view, which checks a signature and stores nothing."""
    from tests.bench.mailgun import asgi

    return asgi()


KINDS = {"bare": bare, "ours": ours, "anymail": anymail}


if __name__ == "__main__":
    kind, port, journal = sys.argv[1:]
    uvicorn.run(
        KINDS[kind](journal), port=int(port), log_config=None, access_log=False, lifespan="off"
    )
