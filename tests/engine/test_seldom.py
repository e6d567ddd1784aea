"""Records that strangers can cause: the first of each kind, and then how many more there were."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator

import pytest

from esign_core.engine import records
from esign_core.engine.logs import Fields
from esign_core.engine.seldom import EVERY_SECONDS, MOST_KINDS, Seldom
from tests.logged import Heard

FORGED = records.DELIVERY_REJECTED
FIELDS: Fields = {"esign_connection": "acme", "esign_reason": "wrong_signature"}


class Clock:
    """Time that a test lets pass."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The time."""
    return Clock()


@pytest.fixture
def seldom(clock: Clock) -> Seldom:
    """What is told seldom, by that clock."""
    return Seldom(clock)


@pytest.fixture
def hurried_threads() -> Iterator[None]:
    """Threads take turns as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.promise("D8")
def test_a_flood_is_a_record_a_minute(seldom: Seldom, clock: Clock, heard: Heard) -> None:
    """The first is told at once; the first of another minute tells how many were not."""
    for minute in range(3):
        clock.now = 1000.0 + minute * EVERY_SECONDS
        for _ in range(100):
            seldom.write(FORGED, FIELDS)
        clock.now += EVERY_SECONDS - 0.1
        seldom.write(FORGED, FIELDS)
    told = heard.told(FORGED)
    assert told == [FIELDS, {**FIELDS, "esign_left_out": 100}, {**FIELDS, "esign_left_out": 100}]


def test_after_a_quiet_time_nothing_was_left_out(
    seldom: Seldom, clock: Clock, heard: Heard
) -> None:
    """One now and then is told each time, with no count."""
    for _ in range(3):
        seldom.write(FORGED, FIELDS)
        clock.now += EVERY_SECONDS
    assert heard.told(FORGED) == [FIELDS] * 3


def test_each_kind_is_told(seldom: Seldom, heard: Heard) -> None:
    """A flood of one hides no other: not of another reason, connection, error or record."""
    others: list[Fields] = [
        {"esign_connection": "acme", "esign_reason": "unsigned"},
        {"esign_connection": "penvio-eu", "esign_reason": "wrong_signature"},
    ]
    for fields in (FIELDS, *others, FIELDS):
        seldom.write(FORGED, fields)
    seldom.write(records.DELIVERY_ASTRAY, {"esign_duration_seconds": 0.5})
    for kind in ("JournalUnusable", "BrokenProvider"):
        seldom.write(records.DELIVERY_LOST, {"esign_error": kind})
    assert heard.told(FORGED) == [FIELDS, *others]
    assert heard.told(records.DELIVERY_ASTRAY) == [{"esign_duration_seconds": 0.5}]
    assert len(heard.told(records.DELIVERY_LOST)) == 2


def test_kinds_without_end_are_one(seldom: Seldom, heard: Heard) -> None:
    """An adapter that makes up a reason for each delivery fills neither memory nor log."""
    for number in range(MOST_KINDS * 3):
        seldom.write(FORGED, {"esign_connection": "acme", "esign_reason": f"reason_{number}"})
    assert len(heard.told(FORGED)) == MOST_KINDS + 1


def test_what_nobody_hears_is_not_counted(seldom: Seldom, clock: Clock, heard: Heard) -> None:
    """Who starts to listen is not told of what was never meant to be logged."""
    logger = logging.getLogger(FORGED.logger)
    logger.setLevel(logging.CRITICAL)
    try:
        seldom.write(FORGED, FIELDS)
        seldom.write(FORGED, FIELDS)
    finally:
        logger.setLevel(logging.NOTSET)
    seldom.write(FORGED, FIELDS)
    assert heard.told(FORGED) == [FIELDS]


def test_threads_lose_no_count(
    seldom: Seldom, clock: Clock, heard: Heard, hurried_threads: None
) -> None:
    """One of all of them is told, and the others are counted."""

    def flood() -> None:
        for _ in range(500):
            seldom.write(FORGED, FIELDS)

    threads = [threading.Thread(target=flood) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    clock.now += EVERY_SECONDS
    seldom.write(FORGED, FIELDS)
    assert heard.told(FORGED) == [FIELDS, {**FIELDS, "esign_left_out": 8 * 500 - 1}]


def test_forked_process_tells_for_itself(seldom: Seldom, heard: Heard) -> None:
    """It has a count of its own, and no lock of its parent's."""
    seldom.write(FORGED, FIELDS)
    child = os.fork()
    if child == 0:
        seldom.write(FORGED, FIELDS)
        os._exit(0 if len(heard.told(FORGED)) == 2 else 1)
    assert os.waitpid(child, 0)[1] == 0
