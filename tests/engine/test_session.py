"""Flows as tasks: what they get, what they answer, and what their errors leave open."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.engine import Ticket, call
from esign_core.errors import (
    EnvelopeClosed,
    EsignError,
    NotFound,
    Outcome,
    Refused,
    Unavailable,
)
from esign_core.provider import Flow, Limit, Request, Response
from tests.engine.failing import GET, POST, failure

if TYPE_CHECKING:
    from tests.engine.conftest import Heard, Vendor, Way


def good_then_bad(vendor: Vendor) -> Callable[[Heard], bytes]:
    """POST is answered well, everything else by 404."""
    return lambda heard: vendor.reply(200 if heard.method == "POST" else 404, b"{}")


def test_a_flow_gets_answers_and_errors(way: Way, vendor: Vendor) -> None:
    """Answers are sent into a flow, errors thrown into it, and what it returns is the answer."""
    vendor.answers(vendor.reply(200, b"1"), vendor.reply(400, b"no"), vendor.reply(200, b"3"))

    def flow() -> Flow[list[Any]]:
        seen: list[Any] = [(yield GET).json()]
        try:
            yield POST
        except Refused as error:
            seen.append(error.message)
        seen.append((yield GET).json())
        return seen

    session = way.session(vendor)
    assert way.run(call(session, flow(), operation="request")) == [1, "no", 3]


def test_an_error_that_a_flow_raises_is_located(way: Way, vendor: Vendor) -> None:
    """What a flow raises itself passes through, told where it happened."""

    def flow() -> Flow[None]:
        yield from ()
        raise EnvelopeClosed("it is completed already.")

    error = failure(way, vendor, flow(), "cancel")
    assert type(error) is EnvelopeClosed
    assert (error.provider, error.connection, error.operation) == ("acme", "acme-eu", "cancel")


# --- an error says NOT_DONE only where that is known --------------------------------------------


@pytest.mark.promise("S2")
def test_an_error_after_the_deed_is_uncertain(way: Way, vendor: Vendor) -> None:
    """The vendor took the request; that the look at it failed does not undo it.

    `NOT_DONE` would free the key, and the envelope could be sent twice.
    """
    vendor.answer = good_then_bad(vendor)

    def flow() -> Flow[Response]:
        yield POST
        return (yield GET)

    error = failure(way, vendor, flow(), "send")
    assert (error.status_code, error.outcome) == (404, Outcome.UNCERTAIN)


@pytest.mark.promise("S2")
@pytest.mark.parametrize("outcome", [Outcome.NOT_DONE, None])
def test_a_refusal_inside_of_a_good_answer_is_believed_if_it_says_so(
    way: Way, vendor: Vendor, outcome: Outcome | None
) -> None:
    """An adapter that has read the refusal may say that nothing was done; a mere error may not."""

    def flow() -> Flow[None]:
        yield POST
        raise Refused('the answer says "error".', outcome=outcome)

    error = failure(way, vendor, flow(), "send")
    assert error.outcome is (outcome or Outcome.UNCERTAIN)


@pytest.mark.promise("S2")
def test_an_older_error_says_nothing_of_what_came_after_it(way: Way, vendor: Vendor) -> None:
    """A flow that fails with what it was told before the deed does not know of the deed."""
    vendor.answer = lambda heard: vendor.reply(200 if heard.method == "POST" else 404, b"{}")

    def flow() -> Flow[None]:
        try:
            yield GET
        except EsignError as error:
            yield POST
            raise error  # noqa: TRY201

    assert failure(way, vendor, flow(), "send").outcome is Outcome.UNCERTAIN


@pytest.mark.promise("S2")
def test_a_lost_answer_stays_uncertain_whatever_comes_after(way: Way, vendor: Vendor) -> None:
    """A flow that looks for what became of a lost answer, and is refused, is as wise as before."""

    def answer(heard: Heard) -> Any:
        return vendor.hang_up if heard.method == "POST" else vendor.reply(404, b"nothing there")

    vendor.answer = answer

    def flow() -> Flow[Response]:
        try:
            return (yield POST)
        except EsignError:
            return (yield GET)

    assert failure(way, vendor, flow(), "send").outcome is Outcome.UNCERTAIN


@pytest.mark.parametrize("refused_first", ["POST", "GET"])
def test_an_error_before_the_deed_is_not_done(way: Way, vendor: Vendor, refused_first: str) -> None:
    """A look that fails before anything was asked for, or a refusal, leaves nothing behind."""
    vendor.answers(vendor.reply(404, b"no"))

    def flow() -> Flow[Response]:
        if refused_first == "GET":
            return (yield GET)
        try:
            return (yield POST)
        except EsignError:
            return (yield GET)

    assert failure(way, vendor, flow(), "send").outcome is Outcome.NOT_DONE


def test_what_a_flow_knows_to_be_done_stays_done(way: Way, vendor: Vendor) -> None:
    """`DONE` is not weakened."""

    def flow() -> Flow[None]:
        yield POST
        raise NotFound("it is gone.", outcome=Outcome.DONE)

    assert failure(way, vendor, flow()).outcome is Outcome.DONE


def test_what_is_retried_is_one_request_of_the_flow(way: Way, vendor: Vendor) -> None:
    """Attempts do not count as requests, and the flow sees the last error only."""
    vendor.answers(vendor.reply(503, b"1"), vendor.reply(503, b"2"), vendor.reply(200, b"{}"))

    def flow() -> Flow[int]:
        return (yield GET).status

    assert way.run(call(way.session(vendor), flow(), operation="request")) == 200


def test_limits_of_a_request_and_of_the_account_both_count(
    way: Way, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is counted for this connection: two accounts do not share a budget."""
    session = way.session(vendor)
    seen: list[Any] = []
    take = session.budgets.take
    monkeypatch.setattr(session.provider, "limits", (Limit("all", 10, 60.0),))

    def spied(ticket: Ticket, now: float) -> float:
        seen.append(ticket.limits)
        return take(ticket, now)

    monkeypatch.setattr(session.budgets, "take", spied)
    way.ask(session, Request("GET", "/things", limits=(Limit("job/1", 2, 60.0),)))
    assert [[limit.name for limit in limits] for limits in seen] == [
        ["acme-eu/all", "acme-eu/job/1"]
    ]


def test_an_unavailable_vendor_is_told_apart_from_a_broken_adapter(
    way: Way, vendor: Vendor
) -> None:
    """What the vendor does wrong is not blamed on the adapter."""
    vendor.answers(vendor.hang_up)

    def flow() -> Flow[Response]:
        return (yield GET)

    assert type(failure(way, vendor, flow())) is Unavailable
