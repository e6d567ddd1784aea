"""HTTP libraries log whole addresses; of our requests they log nothing."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx
import pytest

from esign_core.errors import EsignError
from esign_core.provider import Request

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import Vendor, Way


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that anybody logs, at every level."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s"))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.mark.promise("D1")
def test_nothing_of_our_requests_is_logged(
    way: Way, vendor: Vendor, log: io.StringIO, tmp_path: Path
) -> None:
    """Good ones, refused ones, broken ones, downloads, closing: no line by httpx or httpcore."""
    vendor.answers(
        vendor.reply(200, b"{}", Set_Cookie="canary"),
        vendor.reply(400, b"no"),
        vendor.hang_up,
        vendor.reply(200, b"file"),
    )
    session = way.session(vendor)
    request = Request(
        "POST", "/signing/canary", params={"token": "canary"}, headers={"X-Auth-Token": "canary"}
    )
    way.ask(session, request)
    for _ in range(2):
        with pytest.raises(EsignError):
            way.ask(session, request)
    way.download(session, tmp_path / "canary")
    session.line.close()
    way.await_(session.line.aclose())
    logged = log.getvalue()
    assert "canary" not in logged
    assert not [line for line in logged.splitlines() if line.startswith(("httpx", "httpcore"))]


def test_others_log_as_before(way: Way, vendor: Vendor, log: io.StringIO) -> None:
    """The product's own use of httpx is none of our business, also while ours goes on."""
    way.ask(way.session(vendor), Request("GET", "/ours"))
    with httpx.Client() as client:
        client.get(f"{vendor.url}/theirs")
    assert f"httpx HTTP Request: GET {vendor.url}/theirs" in log.getvalue()
    assert "httpcore.connection connect_tcp" in log.getvalue()
    assert "/ours" not in log.getvalue()


def test_a_neighbours_request_is_logged_while_ours_is_out(
    sync_way: Way, vendor: Vendor, log: io.StringIO
) -> None:
    """Silence is for this thread or task, not for the process."""
    asked, go_on = threading.Event(), threading.Event()

    def answer(heard: object) -> bytes:
        if "/ours" in str(heard):
            asked.set()
            go_on.wait(10)
        return vendor.reply(200, b"{}")

    vendor.answer = answer
    session = sync_way.session(vendor)
    ours = threading.Thread(target=sync_way.ask, args=(session, Request("GET", "/ours")))
    ours.start()
    asked.wait(10)
    with httpx.Client() as client:
        client.get(f"{vendor.url}/theirs")
    go_on.set()
    ours.join()
    assert "/theirs" in log.getvalue()
    assert "/ours" not in log.getvalue()
