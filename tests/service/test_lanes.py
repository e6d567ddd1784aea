from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from esign_core.errors import NotFound, RateLimited, Refused, Unavailable
from esign_core.service.lanes import Lanes, is_of_the_lane

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def _at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def _closed(lanes: Lanes, seconds: float = 0) -> set[str]:
    return set(lanes.choice(_at(seconds)).without)


def _fail(lanes: Lanes, name: str, seconds: float) -> None:
    lanes.begin(name, 1)
    lanes.failed(name, _at(seconds))
    lanes.end(name, 1)


def test_every_account_has_its_turn_in_a_round() -> None:
    """Who had it comes after those who had not, and then anew."""
    lanes = Lanes()
    served = []
    for name in ("a", "b", "c", "b"):
        lanes.begin(name, 1)
        lanes.end(name, 1)
        served.append(set(lanes.choice(NOON).rather_not))
    assert served == [{"a"}, {"a", "b"}, {"a", "b", "c"}, {"b"}]


def test_every_other_turn_is_for_what_has_just_begun() -> None:
    """Neither the old nor the new waits for all of the other."""
    lanes = Lanes()
    turns = []
    for _ in range(4):
        turns.append(lanes.choice(NOON).quickest_first)
        lanes.begin("a", 1)
        lanes.end("a", 1)
    assert turns == [False, True, False, True]


def test_limited_account_waits_until_there_is_room() -> None:
    """And no longer than a quarter of an hour, whatever a vendor asks for: it is asked again."""
    lanes = Lanes()
    lanes.is_limited("a", _at(30), NOON)
    lanes.is_limited("b", _at(10**6), NOON)
    assert (_closed(lanes, 29), _closed(lanes, 30)) == ({"a", "b"}, {"b"})
    assert _closed(lanes, 901) == set()


def test_limited_account_waits_though_something_went_well() -> None:
    """What was on its way when the vendor said "not before" does not mean "now"."""
    lanes = Lanes()
    lanes.is_limited("a", _at(30), NOON)
    lanes.went_well("a")
    assert _closed(lanes, 29) == {"a"}
    _fail(lanes, "a", 0)
    assert _closed(lanes, 29) == {"a"}


def test_account_that_fails_is_tried_by_one_at_a_time() -> None:
    """One failure may be chance; until something goes well, the other threads stay away."""
    lanes = Lanes()
    _fail(lanes, "a", 0)
    assert _closed(lanes) == set()
    lanes.begin("a", 1)
    assert _closed(lanes) == {"a"}
    lanes.end("a", 1)
    assert _closed(lanes) == set()
    lanes.begin("a", 1)
    lanes.went_well("a")
    assert _closed(lanes) == set()


def test_account_that_stays_down_is_tried_more_and_more_rarely() -> None:
    """Up to five minutes; one success opens it."""
    lanes = Lanes()
    closed_for = []
    for _ in range(12):
        _fail(lanes, "a", 0)
        open_at = next(s for s in range(1000) if "a" not in _closed(lanes, s))
        closed_for.append(open_at)
    assert closed_for == [0, 0, 5, 10, 20, 40, 80, 160, 300, 300, 300, 300]
    lanes.went_well("a")
    assert _closed(lanes) == set()


@pytest.mark.promise("D10")
@pytest.mark.parametrize(("threads", "most"), [(2, 1), (3, 2)])
def test_last_free_thread_is_for_other_accounts(threads: int, most: int) -> None:
    """Whoever has all the others may be inside of an adapter that blocks."""
    lanes = Lanes(keeps_one=True)
    lanes.come(threads)
    assert [lanes.begin("a", 1) for _ in range(threads)] == [True] * most + [False]
    assert _closed(lanes) == {"a"}
    assert lanes.begin("b", 1)
    lanes.end("a", 1)
    assert lanes.begin("a", 1)


def test_one_thread_is_for_everybody() -> None:
    """There is none that could be kept; nor where there is one account, or nobody knows."""
    for keeps_one, threads in ((True, 1), (False, 2), (True, 0)):
        lanes = Lanes(keeps_one=keeps_one)
        lanes.come(threads)
        assert [lanes.begin("a", 1) for _ in range(3)] == [True] * 3
        assert _closed(lanes) == set()


@pytest.mark.promise("R9")
def test_one_poison_thing_does_not_close_its_account() -> None:
    """Failures between which others go well are the thing's own."""
    lanes = Lanes()
    for _ in range(50):
        _fail(lanes, "a", 0)
        lanes.went_well("a")
    assert _closed(lanes) == set()


def test_only_what_would_have_met_everybody_is_the_accounts() -> None:
    """A vendor that is down, and not an envelope that is gone."""
    kinds = (Unavailable, RateLimited, NotFound, Refused)
    assert [is_of_the_lane(kind("x")) for kind in kinds] == [True, True, False, False]
