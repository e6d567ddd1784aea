"""What may have been done stays in doubt, whatever is heard after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from esign_core.engine import call, explain
from esign_core.errors import (
    AuthenticationFailed,
    EsignError,
    NotFound,
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
ODD = ["login:form", "javascript:x", "mailto:a", "https:path", "http://xn--/", "http://[::1"]


def _failure(way: Way, vendor: Vendor, request: Request) -> EsignError:
    with pytest.raises(EsignError) as caught:
        way.ask(way.session(vendor), request, operation="send", subject="Lease 14")
    return caught.value


@pytest.mark.promise("S2")
@pytest.mark.parametrize("location", ODD)
def test_an_answer_that_leads_nowhere_came_after_the_deed(
    way: Way, vendor: Vendor, location: str
) -> None:
    """The HTTP library reads `Location` and stumbles; the vendor had the request all the same."""
    vendor.answers(vendor.reply(302, b"", Location=location))
    error = _failure(way, vendor, POST)
    assert error.outcome is Outcome.UNCERTAIN
    assert location not in str(error)


@pytest.mark.parametrize("location", ODD)
def test_a_look_that_leads_nowhere_leaves_no_doubt(way: Way, vendor: Vendor, location: str) -> None:
    """Nothing was asked for that could be half done."""
    vendor.answer = lambda heard: vendor.reply(302, b"", Location=location)
    assert _failure(way, vendor, GET).outcome is Outcome.NOT_DONE


@pytest.mark.promise("S2")
@pytest.mark.parametrize("status", [400, 403, 429])
def test_a_refusal_proves_nothing_of_a_lost_attempt(way: Way, vendor: Vendor, status: int) -> None:
    """The first attempt may have been done; that the second one was refused does not undo it."""
    vendor.answers(vendor.hang_up, *[vendor.reply(status, b"{}")] * 9)
    assert _failure(way, vendor, REPEATABLE).outcome is Outcome.UNCERTAIN


@pytest.mark.promise("S2")
def test_a_line_that_is_down_proves_nothing_of_a_lost_attempt(way: Way, vendor: Vendor) -> None:
    """No connection can be made any more; the request before that arrived."""

    def answer(heard: Heard) -> object:
        del heard
        vendor.stop_listening()
        return vendor.hang_up

    vendor.answer = answer  # type: ignore[assignment]
    error = _failure(way, vendor, REPEATABLE)
    assert isinstance(error, (Unavailable, Uncertain))
    assert error.outcome is Outcome.UNCERTAIN


def test_refusals_alone_leave_no_doubt(way: Way, vendor: Vendor) -> None:
    """Limited every time: nothing was done, and that can be said."""
    vendor.answer = lambda heard: vendor.reply(429, b"{}")
    assert _failure(way, vendor, REPEATABLE).outcome is Outcome.NOT_DONE


@pytest.mark.promise("S2")
@pytest.mark.parametrize("kind", [Refused, AuthenticationFailed, NotFound, RateLimited])
@pytest.mark.parametrize("status", [408, 460, 499, 500, 503])
def test_status_of_a_break_is_believed_before_its_words(
    vendor: Vendor,
    sync_way: Way,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    kind: type[EsignError],
) -> None:
    """A code of refusal in an answer that may have come after the deed proves nothing."""
    provider = sync_way.session(vendor).provider
    monkeypatch.setattr(provider, "explain", lambda _: kind("no", outcome=Outcome.NOT_DONE))
    assert explain(provider, POST, Response(status)).outcome is Outcome.UNCERTAIN
    assert explain(provider, GET, Response(status)).outcome is Outcome.NOT_DONE
    assert explain(provider, POST, Response(400)).outcome is Outcome.NOT_DONE


def _read(first: Request, *more: Request, outcome: Outcome | None = None) -> Flow[object]:
    """Ask one after the other; the last answer has to be JSON."""
    answer = yield first
    for request in more:
        answer = yield request
    try:
        return answer.json()
    except UnreadableAnswer as error:
        if outcome is not None:
            raise UnreadableAnswer("no", outcome=outcome) from error
        raise


@pytest.mark.promise("S2")
@pytest.mark.parametrize(
    ("requests", "outcome"),
    [
        ([GET], Outcome.NOT_DONE),
        ([GET, GET], Outcome.NOT_DONE),
        ([POST], Outcome.UNCERTAIN),
        ([REPEATABLE], Outcome.UNCERTAIN),
        ([POST, GET], Outcome.UNCERTAIN),
    ],
)
def test_answer_that_makes_no_sense_leaves_no_doubt_about_reading(
    way: Way, vendor: Vendor, requests: list[Request], outcome: Outcome
) -> None:
    """Who has only looked has asked nobody to sign, whatever the page says that came instead."""
    vendor.answers(vendor.reply(200, b"<h1>Under construction</h1>"))
    with pytest.raises(UnreadableAnswer) as caught:
        way.run(call(way.session(vendor), _read(*requests), operation="fetch", subject="17"))
    assert caught.value.outcome is outcome
    told = str(caught.value)
    assert told.startswith("acme-eu did not fetch") == (outcome is Outcome.NOT_DONE)
    assert ("It may be done" in told) == (outcome is Outcome.UNCERTAIN)


@pytest.mark.promise("S2")
@pytest.mark.parametrize("outcome", Outcome)
def test_adapter_that_says_what_it_leaves_open_is_believed(
    way: Way, vendor: Vendor, outcome: Outcome
) -> None:
    """What it has read may be about a deed of before: a job that nobody knows any more."""
    vendor.answers(vendor.reply(200, b"<h1>Under construction</h1>"))
    flow = _read(GET, outcome=outcome)
    with pytest.raises(UnreadableAnswer) as caught:
        way.run(call(way.session(vendor), flow, operation="poll"))
    assert caught.value.outcome is outcome
