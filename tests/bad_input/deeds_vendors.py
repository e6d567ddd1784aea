"""Vendors that refuse, break, or say what nobody understands."""

from __future__ import annotations

import socket
from collections.abc import Generator
from contextlib import contextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from esign_core.engine.transport import Transport
from esign_core.sandbox import Server
from esign_penneo import PenneoOptions
from esign_penneo.sandbox import PenneoSandbox
from esign_penvio.sandbox import PenvioSandbox
from tests.bad_input.scene import Scene

_CREATING = {"penneo": "POST /send/api", "penvio": "POST /api/v1/esign/envelopes"}
"""Part of the request that makes an envelope, as faults are matched."""
_TIMEOUT_SECONDS = 0.4
_LATE_SECONDS = 0.8


def wrong_key(scene: Scene) -> None:
    """Nobody has it."""
    scene.settings["api_key"] = "not-the-right-one-0123456789"
    scene.send()


def expired_token(scene: Scene) -> None:
    """It was good for the first envelope, and is not for the second."""
    scene.send(scene.draft(title="Lease 13"), key="lease-13")
    scene.control.advance(3600)
    scene.send()


def token_refused_twice(scene: Scene) -> None:
    """Each token is good where it comes from, and not where it is shown."""
    with PenneoSandbox() as other:
        scene.settings["oauth_url"] = other.base_url
        for name in ("client_id", "client_secret", "api_key", "api_secret"):
            scene.settings[name] = other.connect()[name]
        scene.send()


def key_that_only_reads(scene: Scene) -> None:
    """It may look, and not send."""
    scene.settings["api_key"] = _penvio(scene).read_only_key
    scene.send()


def unknown_template(scene: Scene) -> None:
    """The mapping names one that the vendor does not have."""
    scene.settings["templates"]["lease"]["id"] = "tmpl_gone"
    scene.send()


def unknown_envelope(scene: Scene) -> None:
    """An id of nobody's."""
    scene.fetch("9999999")


def key_of_another_draft(scene: Scene) -> None:
    """It was used for a lease, and is now for another."""
    scene.send()
    scene.send(scene.draft(title="Lease 15"))


def quota_used_up(scene: Scene) -> None:
    """The month's envelopes are sent."""
    scene.play_at_own(PenvioSandbox(quota=0))
    scene.send()


def too_many_requests(scene: Scene) -> None:
    """The vendor wants to be left alone for an hour."""
    scene.control.fault(
        "rate_limited", match=_CREATING[scene.vendor], times=None, retry_after_seconds=3600
    )
    scene.send()


def down_when_sending(scene: Scene) -> None:
    """503, and nobody says whether before or after the deed; it was before."""
    scene.control.fault("error_before", match=_CREATING[scene.vendor], status=503, times=None)
    scene.send()


def down_after_sending(scene: Scene) -> None:
    """503, and it was after."""
    scene.control.fault("error_after", match=_CREATING[scene.vendor], status=503)
    scene.send()


def down_when_looking(scene: Scene) -> None:
    """503 for an hour; nothing was asked for that could be half done."""
    envelope = scene.send()
    scene.control.fault(
        "error_before", match="GET ", status=503, times=None, retry_after_seconds=3600
    )
    scene.fetch(envelope)


def unreachable(scene: Scene) -> None:
    """Nobody listens at the address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    scene.settings["base_url"] = f"http://127.0.0.1:{port}"
    scene.send()


def silent(scene: Scene) -> None:
    """The answer comes after the time-out, and the envelope is sent all the same."""
    scene.line = Transport(_TIMEOUT_SECONDS)
    scene.control.fault("latency", match=_CREATING[scene.vendor], seconds=_LATE_SECONDS)
    scene.send()


def lost_when_cancelling(scene: Scene) -> None:
    """The envelope is cancelled, and the answer lost."""
    envelope = scene.send()
    match = {"penneo": "DELETE ", "penvio": "/cancel"}[scene.vendor]
    scene.control.fault("lost_answer", match=match)
    scene.cancel(envelope)


def down_while_it_is_made(scene: Scene) -> None:
    """The envelope is accepted; then nobody can be asked what has become of it."""
    scene.control.fault(
        "error_before", match="/queue/", status=503, times=None, retry_after_seconds=3600
    )
    scene.send(patience_seconds=1.5)


def never_made(scene: Scene) -> None:
    """It is accepted, and cannot be made: its folder is not there."""
    scene.send(scene.draft(options=[PenneoOptions(folder_id=99)]))


def html_instead(scene: Scene) -> None:
    """A page of somebody's in between, as good news: 200."""
    with _page(200) as url:
        scene.settings["base_url"] = url
        scene.send()


def html_with_a_refusal(scene: Scene) -> None:
    """The same as bad news: 502."""
    with _page(502) as url:
        scene.settings["base_url"] = url
        scene.send()


def cancelled_twice(scene: Scene) -> None:
    """Once is enough."""
    envelope = scene.send()
    scene.cancel(envelope)
    scene.cancel(envelope)


def cancelled_after_completion(scene: Scene) -> None:
    """A contract must not be destroyed."""
    envelope = scene.send()
    scene.complete(envelope)
    scene.cancel(envelope)


def _penvio(scene: Scene) -> PenvioSandbox:
    assert isinstance(scene.sandbox, PenvioSandbox)
    return scene.sandbox


@contextmanager
def _page(status: int) -> Generator[str]:
    """A server that answers everything with a page, such as a hotel's or a proxy's."""

    async def page(_: Request) -> HTMLResponse:
        return HTMLResponse("<!doctype html><h1>Welcome, jane@example.com</h1>", status)

    methods = ["GET", "POST", "PUT", "DELETE"]
    server = Server(Starlette(routes=[Route("/{path:path}", page, methods=methods)]))
    server.start()
    try:
        yield server.url
    finally:
        server.stop()
