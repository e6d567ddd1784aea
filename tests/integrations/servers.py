"""Products that receive, each in its framework: `python -m tests.integrations.servers NAME URL`.

They are written as the how-to pages say. The port is the only line that they print.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from esign_core.integrations import receiver
from esign_core.service import AsyncEsign, Esign
from tests.integrations.accounts import CONNECTIONS, registry


def bare(esign: AsyncEsign) -> Any:
    """Nothing around it."""
    return receiver(esign)


def starlette(esign: AsyncEsign) -> Any:
    """Mounted, with a life cycle."""
    from starlette.applications import Starlette
    from starlette.routing import Mount

    return Starlette(
        routes=[Mount("/webhooks", receiver(esign))], lifespan=lambda app: _lifespan(esign)
    )


def fastapi(esign: AsyncEsign) -> Any:
    """The same."""
    from fastapi import FastAPI

    app = FastAPI(lifespan=lambda app: _lifespan(esign))
    app.mount("/webhooks", receiver(esign))
    return app


def django(esign: Esign | AsyncEsign) -> None:
    """Set up with all of Django's usual middleware, and a limit that is not the receiver's."""
    import django
    from django.conf import settings
    from django.urls import path

    from esign_core.integrations.django import receiver

    class Urls:
        urlpatterns = (path("webhooks/<str:endpoint>", receiver(esign)),)

    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        DATA_UPLOAD_MAX_MEMORY_SIZE=64,
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
        ],
        ROOT_URLCONF=Urls,
        SECRET_KEY="of-the-test",
    )
    django.setup()


def flask(esign: Esign) -> Any:
    """A blueprint, and a limit that is not the receiver's."""
    from flask import Flask

    from esign_core.integrations.flask import receiver

    app = Flask("product")
    app.config["MAX_CONTENT_LENGTH"] = 64
    app.register_blueprint(receiver(esign), url_prefix="/webhooks")
    return app


@asynccontextmanager
async def _lifespan(esign: AsyncEsign) -> AsyncGenerator[None]:
    async with esign:
        yield


def _uvicorn(app: Any, listening: socket.socket, *, lifespan: Any = "on") -> None:
    import uvicorn

    config = uvicorn.Config(app, log_level="error", lifespan=lifespan)
    uvicorn.Server(config).run(sockets=[listening])


def _wsgiref(app: Any, listening: socket.socket) -> None:
    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
            """Say nothing."""

    class Threads(ThreadingMixIn, WSGIServer):
        daemon_threads = True

    server = Threads(listening.getsockname(), Quiet, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    server.server_name, server.server_port = listening.getsockname()
    server.setup_environ()
    server.set_app(app)
    server.serve_forever()


def _werkzeug(app: Any, listening: socket.socket) -> None:
    import logging

    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    make_server("127.0.0.1", 0, app, threaded=True, fd=listening.fileno()).serve_forever()


def _gunicorn(app: Any, listening: socket.socket) -> None:
    from gunicorn.app.base import (  # type: ignore[import-untyped]  # it has no types
        BaseApplication,
    )

    class Server(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            for name, value in {
                "bind": f"fd://{listening.fileno()}",
                "worker_class": "gthread",
                "workers": 2,
                "threads": 4,
                "loglevel": "critical",
            }.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            return app

    Server().run()


def _serve(name: str, journal: str, listening: socket.socket) -> None:
    def opened(kind: Callable[..., Any]) -> Any:
        return kind(CONNECTIONS, journal=journal, registry=registry())

    match name:
        case "asgi":
            _uvicorn(bare(opened(AsyncEsign)), listening, lifespan="off")
        case "starlette":
            _uvicorn(starlette(opened(AsyncEsign)), listening)
        case "fastapi":
            _uvicorn(fastapi(opened(AsyncEsign)), listening)
        case "django-asgi":
            django(opened(AsyncEsign))
            from django.core.asgi import get_asgi_application

            _uvicorn(get_asgi_application(), listening, lifespan="off")
        case "django-wsgiref" | "django-gunicorn":
            django(opened(Esign))
            from django.core.wsgi import get_wsgi_application

            run = _wsgiref if name == "django-wsgiref" else _gunicorn
            run(get_wsgi_application(), listening)
        case "flask":
            _werkzeug(flask(opened(Esign)), listening)
        case _:
            raise SystemExit(f"nobody knows {name}")


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0), backlog=128) as taken:
        sys.stdout.write(f"{taken.getsockname()[1]}\n")
        sys.stdout.flush()
        _serve(sys.argv[1], sys.argv[2], taken)
