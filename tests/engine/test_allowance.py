"""What a vendor says of its limits is heeded, by all who ask it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esign_core.engine import MemoryBudgets, Ticket, Told, call
from esign_core.engine.allowance import Allowance, read_allowance
from esign_core.engine.budget import LONGEST_WORD_SECONDS
from esign_core.engine.limits import told_of
from esign_core.errors import RateLimited
from esign_core.provider import Flow, Limit, Request, Response

if TYPE_CHECKING:
    from tests.engine.conftest import Vendor, Way

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
UNIX = round(NOW.timestamp())
LIMIT = Limit("all", 10, 60.0)
MINUTES = 900.0


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        (
            {
                "x-ratelimit-limit": "10000",
                "x-ratelimit-remaining": "17",
                "x-ratelimit-reset": str(UNIX + 42),
            },
            Allowance(17, 42.0, 10000),
        ),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "30"}, Allowance(0, 30.0)),
        ({"ratelimit-remaining": "3", "ratelimit-reset": "1.5"}, Allowance(3, 1.5)),
        (
            {
                "ratelimit-limit": "100, 100;w=60",
                "ratelimit-remaining": "3",
                "ratelimit-reset": "5",
            },
            Allowance(3, 5.0, 100),
        ),
        ({"ratelimit": '"default";r=50;t=30'}, Allowance(50, 30.0)),
        ({"ratelimit": '"a";r=5;t=30, "b";r=1;t=1'}, Allowance(5, 30.0)),
    ],
)
def test_the_usual_headers_are_read(headers: dict[str, str], said: Allowance) -> None:
    """As vendors write them: a reset is a time, or how long it is until then."""
    assert read_allowance(headers, lambda: NOW) == said


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-ratelimit-limit": "10000"},
        {"x-ratelimit-remaining": "17"},
        {"x-ratelimit-remaining": "17", "x-ratelimit-reset": "soon"},
        {"x-ratelimit-remaining": "-1", "x-ratelimit-reset": "30"},
        {"x-ratelimit-remaining": "1e9", "x-ratelimit-reset": "30"},
        {"x-ratelimit-remaining": "17", "x-ratelimit-reset": "0"},
        {"x-ratelimit-remaining": "17", "x-ratelimit-reset": str(UNIX - 1)},
        {"x-ratelimit-remaining": "9" * 5000, "x-ratelimit-reset": "30"},
        {"ratelimit": "r=50"},
        {"ratelimit": "nonsense"},
    ],
)
def test_what_says_nothing_is_left_alone(headers: dict[str, str]) -> None:
    """Half of it, or what is no number, or what is over: no reason to wait."""
    assert read_allowance(headers, lambda: NOW) is None


@given(text=st.text(max_size=60))
def test_no_header_breaks_anything(text: str) -> None:
    """Whatever a vendor, or somebody on the way, writes there."""
    for name in ("ratelimit", "ratelimit-remaining", "x-ratelimit-reset"):
        told = {"x-ratelimit-remaining": "1", "x-ratelimit-reset": "1", name: text}
        said = read_allowance(told, lambda: NOW)
        assert said is None or said.seconds > 0


@pytest.mark.parametrize(
    ("limits", "allowance", "name"),
    [
        ((LIMIT,), Allowance(1, 30.0), "all"),
        ((LIMIT,), Allowance(1, 30.0, 99), "all"),
        ((LIMIT,), Allowance(1, 90.0), None),  # it starts anew later than this one ever can
        ((LIMIT,), Allowance(1, 90.0, 10), "all"),  # and says so itself
        ((LIMIT, Limit("job", 2, 60.0)), Allowance(1, 30.0, 2), "job"),
        ((LIMIT, Limit("job", 2, 60.0)), Allowance(1, 30.0), None),
        ((), Allowance(1, 30.0), None),
    ],
)
def test_headers_are_about_a_limit_that_is_known(
    limits: tuple[Limit, ...], allowance: Allowance, name: str | None
) -> None:
    """By how many it takes in all, or because there is no other one; else nobody can say."""
    told = told_of(limits, allowance)
    assert (told.limit if told is not None else None) == name


@pytest.mark.promise("S5")
def test_everybody_holds_back_when_less_is_left_than_we_think() -> None:
    """Somebody else uses the account too: what is left is used, then all wait for the reset."""
    budgets = MemoryBudgets()
    asked = [Ticket((LIMIT,)) for _ in range(3)]
    assert [budgets.take(ticket, 0.0) for ticket in asked] == [0, 0, 0]
    budgets.give_back(asked[0], 1.0, Told("all", 4, 20.0))  # it may not have heard of two of them
    assert [budgets.take(Ticket((LIMIT,)), 1.0) for _ in range(3)] == [0, 0, pytest.approx(20.0)]
    assert budgets.take(Ticket((LIMIT,)), 21.0) == 0


def test_what_the_vendor_has_left_is_used_by_those_who_came_first() -> None:
    """The line is the same for slots and for what the vendor allows."""
    budgets = MemoryBudgets()
    budgets.take(first := Ticket((LIMIT,)), 0.0)
    budgets.give_back(first, 0.0, Told("all", 0, 20.0))
    waiting = [Ticket((LIMIT,)) for _ in range(5)]
    assert [budgets.take(ticket, 1.0) for ticket in waiting] == [pytest.approx(19.0)] * 5
    assert [budgets.take(ticket, 20.1) for ticket in reversed(waiting)] == [0] * 5


def test_newer_words_count() -> None:
    """Once the vendor has as much left as we think, nobody holds back any more."""
    budgets = MemoryBudgets()
    tickets = [Ticket((LIMIT,)) for _ in range(2)]
    for ticket in tickets:
        budgets.take(ticket, 0.0)
    budgets.give_back(tickets[0], 1.0, Told("all", 1, 50.0))
    assert budgets.take(Ticket((LIMIT,)), 2.0) == pytest.approx(49.0)
    budgets.give_back(tickets[1], 2.0, Told("all", 9, 50.0))
    assert budgets.take(Ticket((LIMIT,)), 2.0) == 0


def test_nobody_waits_for_years() -> None:
    """A word that cannot be meant is believed for an hour."""
    budgets = MemoryBudgets()
    budgets.take(ticket := Ticket((LIMIT,)), 0.0)
    budgets.give_back(ticket, 0.0, Told("all", 0, 1e9))
    assert budgets.take(Ticket((LIMIT,)), 0.0) == LONGEST_WORD_SECONDS


# --- in the drivers -----------------------------------------------------------------------------


def limited(*limits: Limit) -> Flow[Response]:
    """One request inside limits, which is not repeated."""
    return (yield Request("POST", "/things", limits=limits))


@pytest.mark.promise("S5")
def test_what_an_answer_says_holds_the_next_request_back(way: Way, vendor: Vendor) -> None:
    """The vendor has none left, though we have nine: it is not asked."""
    session = way.session(vendor)
    limit = Limit("all", 10, MINUTES)
    headers = {"X_RateLimit_Limit": "10", "X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "500"}
    vendor.answers(vendor.reply(200, b"{}", **headers))
    way.run(call(session, limited(limit), operation="request"))
    with pytest.raises(RateLimited, match=r"there is room again in (499|500) s"):
        way.run(call(session, limited(limit), operation="request"))
    assert len(vendor.heard) == 1


@pytest.mark.promise("S4", "S5")
def test_a_refusal_for_a_while_holds_back_those_who_would_be_refused_too(
    way: Way, vendor: Vendor
) -> None:
    """`Retry-After` is about the narrowest limit of the request: others go on."""
    session = way.session(vendor)
    one, other = Limit("job/1", 20, MINUTES), Limit("job/2", 20, MINUTES)
    wide = Limit("all", 100, MINUTES)
    vendor.answers(vendor.reply(429, b"slowly", Retry_After="300"), vendor.reply(200, b"{}"))
    with pytest.raises(RateLimited, match="slowly"):
        way.run(call(session, limited(wide, one), operation="request"))
    with pytest.raises(RateLimited, match="there is room again in"):
        way.run(call(session, limited(wide, one), operation="request"))
    assert way.run(call(session, limited(wide, other), operation="request")).status == 200
    assert len(vendor.heard) == 2
