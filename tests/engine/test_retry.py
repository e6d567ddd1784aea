"""When to ask again: the pure rule, and what is logged of it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
import stamina
from hypothesis import given
from hypothesis import strategies as st

from esign_core.engine.retry import ATTEMPTS, DEADLINE_SECONDS, pause
from esign_core.errors import (
    EsignError,
    NotFound,
    RateLimited,
    Refused,
    Unavailable,
    Uncertain,
    UnreadableAnswer,
)
from esign_core.provider import Request

if TYPE_CHECKING:
    from tests.engine.conftest import Vendor, Way

anything = st.floats(allow_nan=True, allow_infinity=True)


@pytest.mark.parametrize("kind", [Refused, NotFound, Uncertain, UnreadableAnswer, EsignError])
def test_what_will_not_get_better_is_not_asked_again(kind: type[EsignError]) -> None:
    """Only a vendor that is down, or asks for patience, is asked again."""
    assert pause(1, kind("no"), 90) is None


@pytest.mark.promise("S4")
def test_pauses_double_with_jitter() -> None:
    """Between half and all of a quarter second, a half, one, two."""
    error = Unavailable("down")
    shortest = [pause(i, error, 90, lambda: 0.0) for i in range(1, ATTEMPTS)]
    longest = [pause(i, error, 90, lambda: 1.0) for i in range(1, ATTEMPTS)]
    assert (shortest, longest) == ([0.125, 0.25, 0.5, 1.0], [0.25, 0.5, 1.0, 2.0])
    assert pause(ATTEMPTS, error, 90) is None


@pytest.mark.promise("S4")
@given(
    asked=anything, left=st.floats(-1e9, 1e9), attempt=st.integers(1, 10), jitter=st.floats(0, 1)
)
def test_a_pause_is_never_shorter_than_asked_nor_longer_than_allowed(
    asked: float, left: float, attempt: int, jitter: float
) -> None:
    """Whatever number a vendor sends: obeyed to the second, or given up at once."""
    wait = pause(attempt, RateLimited("slowly", retry_after_seconds=asked), left, lambda: jitter)
    if wait is not None:
        assert asked <= wait <= left or (asked < 0 <= wait <= left)
        assert wait >= 0
        assert attempt < ATTEMPTS
    elif 0 <= asked < left - 0.1 < 1e9:
        assert attempt >= ATTEMPTS


@pytest.mark.promise("S4")
def test_the_deadline_is_the_callers() -> None:
    """A vendor's wish that goes past it is told, not slept through."""
    error = RateLimited("slowly", retry_after_seconds=10)
    assert pause(1, error, DEADLINE_SECONDS) is not None
    assert pause(1, error, 9.9) is None


def test_retries_can_be_switched_off(way: Way, vendor: Vendor) -> None:
    """A product that switches stamina off in its tests gets the first error."""
    vendor.answers(vendor.reply(503, b"down"))
    stamina.set_active(False)
    try:
        with pytest.raises(Unavailable):
            way.ask(way.session(vendor), Request("GET", "/things"))
    finally:
        stamina.set_active(True)
    assert len(vendor.heard) == 1


def test_a_products_test_mode_makes_nothing_repeatable(way: Way, vendor: Vendor) -> None:
    """stamina's test mode sets how often is tried; what must not be repeated is not."""
    vendor.answers(vendor.reply(503, b"down"))
    with stamina.set_testing(True, attempts=7), pytest.raises(Unavailable):
        way.ask(way.session(vendor), Request("POST", "/things"))
    assert len(vendor.heard) == 1


@pytest.mark.promise("D1")
def test_what_is_logged_of_a_retry_has_no_secrets(
    way: Way, vendor: Vendor, caplog: pytest.LogCaptureFixture
) -> None:
    """stamina logs what caused a retry: the kind of error, whatever the vendor said with it."""
    vendor.answers(
        vendor.hang_up,
        vendor.reply(503, b"down: canary", X_Canary="canary"),
        vendor.reply(200),
    )
    request = Request(
        "POST",
        "/canary",
        params={"link": "canary"},
        json={"ssn": "canary"},
        headers={"X-Auth-Token": "canary"},
        repeatable=True,
    )
    with caplog.at_level(logging.DEBUG):
        way.ask(way.session(vendor), request)
    retries = [record for record in caplog.records if record.name == "stamina"]
    assert [vars(each)["stamina.caused_by"] for each in retries] == [
        "AttemptFailed('Unavailable')",
        "AttemptFailed('Unavailable')",
    ]
    assert {vars(each)["stamina.args"] for each in retries} == {()}
    assert "canary" not in "".join(str(vars(record)) for record in caplog.records)


def test_who_gives_up_gets_the_error_itself(way: Way, vendor: Vendor) -> None:
    """stamina is told of a stand-in; callers never see it, and nothing hangs on the error."""
    vendor.answers(vendor.hang_up, vendor.reply(503, b"down"))
    with pytest.raises(Unavailable, match="down") as caught:
        way.ask(way.session(vendor), Request("GET", "/things"))
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
