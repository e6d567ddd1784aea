"""What a request does whose time is over, over a real connection."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.engine import call
from esign_core.errors import EsignError, Outcome, RateLimited, Unavailable
from esign_core.model import Document
from esign_core.provider import Flow, JsonWithDocuments, Limit, Multipart, Part, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Vendor, Way

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
UNTIL = NOON + timedelta(seconds=900)
SIZE = 300_000


@dataclass
class Clock:
    """One that stands still until it is moved."""

    at: datetime = field(default=NOON)

    def now(self) -> datetime:
        """The time."""
        return self.at

    def run_out(self) -> None:
        """The last moment comes."""
        self.at = UNTIL


class Acting(io.BytesIO):
    """A file at whose last piece something happens."""

    def __init__(self, data: bytes, act: Callable[[], None]) -> None:
        super().__init__(data)
        self._act = act

    def read(self, size: int | None = -1, /) -> bytes:
        """The next piece."""
        if self.tell() == len(self.getbuffer()):
            self._act()
        return super().read(size)


def form(document: Document) -> Request:
    """As multipart."""
    part = Part("files", document, "application/pdf", document.name)
    return Request("POST", "/send", body=Multipart((part,)))


def text(document: Document) -> Request:
    """As base64 in JSON."""
    return Request("POST", "/send", body=JsonWithDocuments({"title": "Lease", "file": document}))


def slow(act: Callable[[], None]) -> Document:
    """A document that is read while something happens."""
    data = b"%PDF-1.7".ljust(SIZE, b"x")
    return Document.from_opener(lambda: Acting(data, act), name="lease.pdf", size=SIZE)


def refused(way: Way, session: Any, request: Request) -> EsignError:
    """What comes of a request that is too late."""
    with pytest.raises(Unavailable, match="2026-01-01 12:15:00 UTC") as caught:
        way.ask(session, request, operation="send", subject="Lease", until=UNTIL)
    return caught.value


@pytest.mark.promise("S1")
@pytest.mark.parametrize("write", [form, text])
@pytest.mark.parametrize("is_bounded", [True, False])
def test_upload_that_takes_too_long_is_never_whole(
    way: Way, vendor: Vendor, write: Any, *, is_bounded: bool
) -> None:
    """The vendor does not get its end; without a bound it gets all of it, however late."""
    clock = Clock()
    session = way.session(vendor, clock=clock.now)
    request = write(slow(clock.run_out))
    if not is_bounded:
        way.ask(session, request)
        assert [heard.is_whole for heard in vendor.heard] == [True]
        return
    error = refused(way, session, request)
    assert error.outcome is Outcome.NOT_DONE
    assert str(error).startswith('acme-eu did not send "Lease": the request had to be on its way')
    session.line.close()
    until = time.monotonic() + 5
    while not vendor.heard and time.monotonic() < until:  # it notices that the line is closed
        time.sleep(0.01)
    assert [heard.is_whole for heard in vendor.heard] == [False]


@pytest.mark.parametrize("write", [form, text])
def test_upload_in_time_arrives(way: Way, vendor: Vendor, write: Any) -> None:
    """The control: a bound that is not reached changes nothing."""
    session = way.session(vendor, clock=Clock().now)
    way.ask(session, write(slow(lambda: None)), until=UNTIL)
    assert [heard.is_whole for heard in vendor.heard] == [True]


@pytest.mark.promise("S1")
@pytest.mark.parametrize("size", [1, 100_000])
def test_request_that_is_too_late_does_not_begin(way: Way, vendor: Vendor, size: int) -> None:
    """A process that was suspended before it sends nothing when it wakes up."""
    session = way.session(vendor, clock=Clock(UNTIL).now)
    error = refused(way, session, Request("POST", "/send", json={"title": "x" * size}))
    assert error.outcome is Outcome.NOT_DONE
    assert vendor.heard == []
    way.ask(session, Request("GET", "/file"), until=UNTIL)
    assert len(vendor.heard) == 1, "what only reads may go out at any time"


@pytest.mark.promise("S8")
def test_request_that_rests_on_a_look_does_not_wait_for_its_turn(way: Way, vendor: Vendor) -> None:
    """What was seen may not be so any more when the vendor's limit has room again."""
    session = way.session(vendor)
    limits = (Limit("account", 1, 60.0),)
    request = Request("DELETE", "/file", limits=limits, patience_seconds=5.0)
    way.ask(session, request)
    with pytest.raises(RateLimited, match=r"room again in \d+ s") as caught:
        way.ask(session, request)
    assert caught.value.outcome is Outcome.NOT_DONE
    assert len(vendor.heard) == 1


@pytest.mark.promise("S8")
@pytest.mark.parametrize("seconds_late", [0.0, 100.0])
def test_request_that_rests_on_a_look_does_not_begin_late(
    way: Way, vendor: Vendor, seconds_late: float
) -> None:
    """A process that was suspended after it sends nothing when it wakes up."""
    clock = Clock()

    def woken() -> datetime:
        at = clock.at
        clock.at += timedelta(seconds=5 + seconds_late)
        return at

    session = way.session(vendor, clock=woken)
    with pytest.raises(Unavailable, match="had to be on its way by") as caught:
        way.ask(session, Request("DELETE", "/file", patience_seconds=5.0))
    assert caught.value.outcome is Outcome.NOT_DONE
    assert vendor.heard == []


@pytest.mark.promise("S1", "S4")
def test_request_is_not_repeated_too_late(way: Way, vendor: Vendor) -> None:
    """One that was made before may have been done, and that is told."""
    clock = Clock()

    def answer(_heard: object) -> bytes:
        clock.run_out()
        return vendor.reply(503, b"down")

    vendor.answer = answer
    session = way.session(vendor, clock=clock.now)
    with pytest.raises(Unavailable, match="down") as caught:
        way.ask(session, Request("POST", "/send", repeatable=True), until=UNTIL)
    assert caught.value.outcome is Outcome.UNCERTAIN
    assert len(vendor.heard) == 1


@pytest.mark.promise("S1", "S2")
def test_flow_that_is_stopped_half_way_is_in_doubt(way: Way, vendor: Vendor) -> None:
    """Its first step was done; what the vendor makes of that, nobody here knows."""
    clock = Clock()

    def steps() -> Flow[Response]:
        _ = yield Request("POST", "/drafts")
        clock.run_out()
        return (yield Request("POST", "/drafts/1/send"))

    session = way.session(vendor, clock=clock.now)
    with pytest.raises(Unavailable) as caught:
        way.run(call(session, steps(), operation="send", until=UNTIL))
    assert caught.value.outcome is Outcome.UNCERTAIN
    assert [heard.target for heard in vendor.heard] == ["/drafts"]
