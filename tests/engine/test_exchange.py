"""One request over a real connection, by both drivers: the same answers, the same errors."""

from __future__ import annotations

import asyncio
import gc
import time
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.engine import WireRequest, call
from esign_core.engine.transport import Transport
from esign_core.errors import (
    EsignError,
    Misconfigured,
    Outcome,
    RateLimited,
    Refused,
    Unavailable,
    Uncertain,
    UnreadableAnswer,
)
from esign_core.provider import Flow, Request, Response

if TYPE_CHECKING:
    from tests.engine.conftest import Heard, Vendor, Way

GET = Request("GET", "/things")
POST = Request("POST", "/things", json={"a": 1})
REPEATABLE = Request("POST", "/things", json={"a": 1}, repeatable=True)
EVERY = {"reading": GET, "repeatable": REPEATABLE, "unrepeatable": POST}


def failure(way: Way, vendor: Vendor, request: Request, **line: Any) -> EsignError:
    """What a request that fails raises."""
    with pytest.raises(EsignError) as caught:
        way.ask(way.session(vendor, **line), request, operation="send", subject="Lease 14")
    return caught.value


def test_an_answer_arrives_whole(way: Way, vendor: Vendor) -> None:
    """Status, headers in lower case, body; any status below 300 is good."""
    vendor.answers(vendor.reply(201, b'{"a": "\xc3\xa6"}', X_Thing="1"))
    answer = way.ask(way.session(vendor), GET)
    assert (answer.status, answer.headers["x-thing"]) == (201, "1")
    assert answer.json() == {"a": "æ"}


def test_a_request_arrives_as_it_was_written(way: Way, vendor: Vendor) -> None:
    """Method, address, query, JSON with its length, and nothing that invites compression."""
    way.ask(way.session(vendor), Request("POST", "/a/b", params={"q": "x y"}, json={"n": "æ"}))
    heard = vendor.heard[0]
    assert (heard.method, heard.target) == ("POST", "/a/b?q=x+y")
    assert heard.body == b'{"n":"\\u00e6"}'
    assert heard.headers["content-length"] == "14"
    assert heard.headers["accept-encoding"] == "identity"
    assert heard.headers["user-agent"].startswith("esign-core/")


def test_connections_are_used_again(way: Way, vendor: Vendor) -> None:
    """One client per connection: ten requests, one TCP connection."""
    session = way.session(vendor)
    for _ in range(10):
        way.ask(session, GET)
    assert (len(vendor.heard), vendor.connections) == (10, 1)


def test_a_vendor_sets_no_cookies(way: Way, vendor: Vendor) -> None:
    """A cookie would be a credential that nobody asked for."""
    vendor.answers(vendor.reply(200, b"{}", Set_Cookie="session=canary; Path=/"))
    session = way.session(vendor)
    way.ask(session, GET)
    way.ask(session, GET)
    assert "cookie" not in vendor.heard[1].headers


# --- how often, and what it leaves open ---------------------------------------------------------

CASES = [
    # what the vendor does, then for each kind of request: requests made, error, outcome
    ("is closed", (0, Unavailable, "not_done"), (0, Unavailable, "not_done"),
     (0, Unavailable, "not_done")),
    ("resets", (5, Unavailable, "not_done"), (5, Unavailable, "uncertain"),
     (1, Uncertain, "uncertain")),
    ("hangs up", (5, Unavailable, "not_done"), (5, Unavailable, "uncertain"),
     (1, Uncertain, "uncertain")),
    ("is silent", (5, Unavailable, "not_done"), (5, Unavailable, "uncertain"),
     (1, Uncertain, "uncertain")),
    ("breaks off", (5, Unavailable, "not_done"), (5, Unavailable, "uncertain"),
     (1, Uncertain, "uncertain")),
    ("talks nonsense", (5, Unavailable, "not_done"), (5, Unavailable, "uncertain"),
     (1, Uncertain, "uncertain")),
    ("503", (5, Unavailable, "not_done"), (5, Unavailable, "uncertain"),
     (1, Unavailable, "uncertain")),
    ("429", (5, RateLimited, "not_done"), (5, RateLimited, "not_done"),
     (1, RateLimited, "not_done")),
    ("400", (1, Refused, "not_done"), (1, Refused, "not_done"), (1, Refused, "not_done")),
    ("302", (1, UnreadableAnswer, "not_done"), (1, UnreadableAnswer, "uncertain"),
     (1, UnreadableAnswer, "uncertain")),
    ("compresses", (1, UnreadableAnswer, "not_done"), (1, UnreadableAnswer, "uncertain"),
     (1, UnreadableAnswer, "uncertain")),
]  # fmt: skip


def misbehave(vendor: Vendor, how: str) -> None:
    """Let the vendor do it."""
    if how == "is closed":
        vendor.stop_listening()
        return
    acts: dict[str, Any] = {
        "resets": vendor.resets,
        "hangs up": vendor.hang_up,
        "is silent": vendor.stay_silent,
        "breaks off": vendor.sends(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"),
        "talks nonsense": vendor.sends(b"220 smtp.invalid ready\r\n\r\n"),
        "503": vendor.reply(503, b"down"),
        "429": vendor.reply(429, b"slowly"),
        "400": vendor.reply(400, b"no"),
        "302": vendor.reply(302, Location="https://elsewhere.invalid/"),
        "compresses": vendor.reply(200, b"\x1f\x8b", Content_Encoding="gzip"),
    }
    vendor.answers(acts[how])


@pytest.mark.promise("S4")
@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_only_what_may_be_repeated_is(way: Way, vendor: Vendor, case: Any, kind: str) -> None:
    """Repeatable requests are retried and no others; every error tells what may have been done."""
    how, *expected = case
    misbehave(vendor, how)
    patience = 0.1 if how == "is silent" else 5.0
    error = failure(way, vendor, EVERY[kind], timeout_seconds=patience)
    count, wanted, outcome = expected[list(EVERY).index(kind)]
    assert (type(error), error.outcome) == (wanted, Outcome(outcome))
    _settle(vendor, count)
    assert len(vendor.heard) == count


def _settle(vendor: Vendor, count: int) -> None:
    """Let the vendor hear what is on its way: who does not wait for an answer is sooner done."""
    until = time.monotonic() + 5
    while len(vendor.heard) < count and time.monotonic() < until:
        time.sleep(0.01)


@pytest.mark.promise("S4")
def test_a_vendor_that_recovers_is_answered_to(way: Way, vendor: Vendor) -> None:
    """A repeatable request goes on until it is answered."""
    vendor.answers(vendor.reply(503), vendor.hang_up, vendor.reply(429), vendor.reply(200, b"[1]"))
    assert way.ask(way.session(vendor), REPEATABLE).json() == [1]
    assert len(vendor.heard) == 4


@pytest.mark.promise("S4")
def test_a_vendor_that_wants_too_much_patience_gets_none(way: Way, vendor: Vendor) -> None:
    """`Retry-After` past the deadline is the caller's to know at once, with the time in it."""
    vendor.answers(vendor.reply(429, b"slowly", Retry_After="91"))
    error = failure(way, vendor, GET)
    assert (type(error), error.retry_after_seconds) == (RateLimited, 91.0)
    assert len(vendor.heard) == 1


@pytest.mark.promise("S4")
def test_retry_after_is_obeyed(way: Way, vendor: Vendor, real_pauses: None) -> None:
    """The next attempt does not arrive before the time that the vendor named."""
    arrivals: list[float] = []

    def answer(_heard: Heard) -> bytes:
        arrivals.append(time.monotonic())
        first = len(arrivals) == 1
        return vendor.reply(429, Retry_After="0.3") if first else vendor.reply(200, b"{}")

    vendor.answer = answer
    way.ask(way.session(vendor), GET)
    assert arrivals[1] - arrivals[0] >= 0.3


def test_an_error_tells_where_it_happened(way: Way, vendor: Vendor) -> None:
    """Who, what, to what, the number, and what it means."""
    vendor.answers(vendor.reply(400, b"the role is too short."))
    error = failure(way, vendor, POST)
    assert (error.provider, error.connection, error.status_code) == ("acme", "acme-eu", 400)
    assert str(error) == (
        'acme-eu did not send "Lease 14": the role is too short. Nothing was sent.'
    )


def test_a_lost_answer_says_so(way: Way, vendor: Vendor) -> None:
    """Silence after a request that must not be made twice: it may have been sent."""
    vendor.answers(vendor.stay_silent)
    error = failure(way, vendor, POST, timeout_seconds=0.1)
    assert str(error) == (
        'acme-eu was asked to send "Lease 14": no answer within 0.1 s (ReadTimeout). '
        "It may have been sent."
    )


def test_a_base_url_that_is_none_is_named(way: Way, vendor: Vendor) -> None:
    """An address that cannot be read is a setting to look at, not a crash."""
    session = way.session(vendor)
    session.provider.hosts["api"] = "http://127.0.0.1:port"  # type: ignore[index]  # a dict in here
    with pytest.raises(Misconfigured, match="base URL"):
        way.ask(session, GET)


# --- where credentials go -----------------------------------------------------------------------


@pytest.mark.promise("D2")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(
    way: Way, vendor: Vendor, another_vendor: Vendor, status: int
) -> None:
    """Credentials do not go where a vendor's answer points."""
    vendor.answers(vendor.reply(status, Location=f"{another_vendor.url}/landed"))
    request = GET.with_headers(Authorization="Bearer canary", X_Auth_Token="canary")
    with pytest.raises(UnreadableAnswer, match=f"{status}, the vendor leads elsewhere"):
        way.ask(way.session(vendor), request)
    assert vendor.heard[0].headers["x-auth-token"] == "canary"
    assert another_vendor.connections == 0


def test_a_line_can_be_closed_and_used_again(way: Way, vendor: Vendor) -> None:
    """Closing gives connections back, twice does no harm, and the next request opens a new one."""
    session = way.session(vendor)
    for _ in range(2):
        session.line.close()
        way.await_(session.line.aclose())
        way.ask(session, GET)
    assert vendor.connections == 2


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_each_event_loop_gets_connections_of_its_own(vendor: Vendor) -> None:
    """One account, used from one event loop after the other, as scripts and WSGI servers do."""
    line = Transport()
    request = WireRequest("GET", f"{vendor.url}/things", {})

    async def ask(*, close: bool) -> Response:
        answer = await line.exchange_async(request, is_reading=True, is_repeatable=True)
        if close:
            await line.aclose()
        return answer

    answers = [asyncio.run(ask(close=close)) for close in (False, True)]
    gc.collect()  # what the first loop left open goes now, with its warning
    assert [answer.status for answer in answers] == [200, 200]
    assert vendor.connections == 2


def test_no_operation_makes_a_request_by_itself(way: Way, vendor: Vendor) -> None:
    """A flow that asks for nothing costs nothing."""

    def flow() -> Flow[str]:
        yield from ()
        return "done"

    session = way.session(vendor)
    assert way.run(call(session, flow(), operation="request")) == "done"
    assert vendor.connections == 0
