"""What a process takes in hand, without any web server."""

from __future__ import annotations

import os
import random
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from esign_core.engine.records import DELIVERY_TURNED_AWAY
from esign_core.engine.seldom import EVERY_SECONDS
from esign_core.errors import (
    BrokenProvider,
    EsignError,
    JournalUnusable,
    NotSupported,
    UnknownConnection,
    WebhookRejected,
)
from esign_core.integrations import Answer, Intake
from esign_core.journal import DeliveryState
from esign_core.service import Receipt
from tests.logged import Heard

RECEIPT = Receipt("acme", DeliveryState.OBSERVED, is_new=True)


class Clock:
    """Time that a test lets pass."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Slow:
    """A journal that has everything wait until the test says that it is on disk."""

    def __init__(self, **limits: float) -> None:
        self.clock = Clock()
        self.answers: list[tuple[Answer, float]] = []
        self.intake = Intake(
            **limits,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            clock=self.clock,
            on_answer=lambda answer, seconds: self.answers.append((answer, seconds)),
        )
        self._waiting: deque[Iterator[None]] = deque()

    def arrive(self, body: bytes = b"{}") -> None:
        """One more delivery comes, and is answered or waits."""
        visit = self._visit(body)
        if next(visit, "answered") != "answered":
            self._waiting.append(visit)

    def keep(self) -> None:
        """The one that has been waiting for longest is on disk."""
        assert next(self._waiting.popleft(), "answered") == "answered"

    def _visit(self, body: bytes) -> Iterator[None]:
        with self.intake.delivery() as delivery:
            delivery.begin("POST", str(len(body)))
            delivery.feed(body)
            _ = delivery.request({})
            yield
            delivery.kept(RECEIPT)

    @property
    def last(self) -> tuple[int, str | None]:
        """Status and reason of the last answer."""
        answer, _ = self.answers[-1]
        return answer.status, answer.reason


@pytest.mark.promise("R10")
def test_no_more_than_so_many_are_in_hand() -> None:
    """One more is answered 503 at once; a place is free as soon as one is answered."""
    slow = Slow(max_in_hand=3)
    for _ in range(4):
        slow.arrive()
    assert slow.last == (503, "too_many_in_hand")
    assert slow.answers[-1][0].headers["Retry-After"] == "5"
    assert (slow.intake.in_hand, slow.intake.shedding) == (3, "too_many_in_hand")
    slow.keep()
    slow.arrive()
    assert slow.intake.in_hand == 3
    assert [answer.outcome for answer, _ in slow.answers] == ["shed", "kept"]


@pytest.mark.promise("R10")
def test_no_more_than_so_many_bytes_are_in_hand() -> None:
    """Large deliveries fill it sooner."""
    slow = Slow(max_bytes_in_hand=100)
    slow.arrive(b"x" * 60)
    slow.arrive(b"x" * 60)
    slow.arrive()
    assert slow.last == (503, "too_much_in_hand")
    assert slow.intake.bytes_in_hand == 120
    slow.keep()
    slow.keep()
    assert (slow.intake.bytes_in_hand, slow.intake.shedding) == (0, None)


@pytest.mark.promise("R10")
def test_bodies_that_are_still_arriving_count_by_what_has_come() -> None:
    """Whoever announces much and sends nothing takes nobody's place; memory is what counts."""
    intake = Intake(max_bytes_in_hand=100, max_in_hand=1)
    with ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(intake.delivery()).begin("POST", "1000")
        assert (intake.shedding, intake.bytes_in_hand) == (None, 0)
        first, second = (stack.enter_context(intake.delivery()) for _ in range(2))
        first.feed(b"x" * 100)
        with stack.pop_all():
            second.feed(b"x")
    assert (second.answer.status, second.answer.reason) == (503, "too_much_in_hand")
    assert intake.bytes_in_hand == 0


@pytest.mark.promise("R10")
def test_nothing_is_taken_while_one_has_been_waiting_for_too_long() -> None:
    """A journal that hangs is noticed by time, long before memory is full."""
    slow = Slow(max_waiting_seconds=0.5)
    slow.arrive()
    slow.clock.now = 0.5
    slow.arrive()
    slow.clock.now = 0.6
    slow.arrive()
    assert slow.last == (503, "waiting_too_long")
    slow.keep()  # the first one; the second has waited for a tenth
    assert slow.intake.shedding is None
    assert slow.answers[-1][1] == 0.6


@pytest.mark.promise("R10")
def test_places_are_found_out_by_how_long_keeping_takes() -> None:
    """64 at first; quick ones let more in, up to the limit; a slow one halves what waits."""
    slow = Slow(max_in_hand=100, max_waiting_seconds=0.5)
    for _ in range(65):
        slow.arrive()
    assert (slow.intake.in_hand, slow.last) == (64, (503, "too_many_in_hand"))
    for _ in range(64):
        slow.keep()
    for _ in range(101):
        slow.arrive()
    assert (slow.intake.in_hand, slow.last) == (100, (503, "too_many_in_hand"))
    slow.clock.now = 0.6
    for _ in range(100):  # the first tells; the others were let in before that
        slow.keep()
    for _ in range(50):
        slow.arrive()
    assert slow.intake.in_hand == 49


@dataclass(frozen=True)
class Outcome:
    """What became of the deliveries of some virtual seconds."""

    p99_seconds: float
    """Of those that were kept."""
    kept: float
    """As a part of what the disk could keep."""
    shed: int


def _outcome(slow: Slow, *, load: float, together: int = 1) -> Outcome:
    """A disk that keeps 400 deliveries a second, so many together, at a multiple of that load."""
    disorder = random.Random(10)
    capacity, duration = 400.0, 20.0
    arrives_at = done_at = 0.0
    while (now := min(arrives_at, done_at if slow.intake.in_hand else arrives_at)) < duration:
        slow.clock.now = now
        if now == arrives_at:
            was_idle = not slow.intake.in_hand
            slow.arrive()
            arrives_at += disorder.expovariate(capacity * load)
        else:
            was_idle = True
            for _ in range(min(together, slow.intake.in_hand)):
                slow.keep()
        if was_idle:
            done_at = now + disorder.uniform(0, 2 * together / capacity)
    seconds = sorted(took for answer, took in slow.answers if answer.status == 204)
    shed = sum(answer.status == 503 for answer, _ in slow.answers)
    p99 = seconds[int(len(seconds) * 0.99)]
    return Outcome(p99, len(seconds) / capacity / duration, shed)


@pytest.mark.promise("R10")
@pytest.mark.parametrize("together", [1, 20])
def test_ten_times_the_load_is_kept_within_a_second_or_answered_503(together: int) -> None:
    """p99 of what is kept stays under 1 s, the disk is busy all the time, the rest is shed."""
    usual = _outcome(Slow(), load=0.8, together=together)
    assert usual.p99_seconds < 0.5
    assert usual.shed == 0
    outcome = _outcome(Slow(), load=10, together=together)
    assert outcome.p99_seconds < 1.0
    assert outcome.kept > 0.9
    assert outcome.shed > 60_000


@pytest.mark.negative_control("R10")
def test_the_same_load_without_bounds_waits_for_ever() -> None:
    """Negative control of the test above."""
    slow = Slow(max_in_hand=10**9, max_waiting_seconds=10.0**9)
    slow.intake._in_hand.get().places = 10**9
    outcome = _outcome(slow, load=10)
    assert outcome.p99_seconds > 10
    assert outcome.shed == 0


@pytest.mark.promise("A1", "D9", "D10")
@pytest.mark.parametrize(
    ("error", "status", "reason", "retry_after"),
    [
        (UnknownConnection("no connection has that endpoint"), 404, "unknown_endpoint", None),
        (NotSupported("the vendor makes no deliveries"), 404, "unknown_endpoint", None),
        (WebhookRejected("wrong_signature", "..."), 401, "wrong_signature", None),
        (JournalUnusable("the disk is full"), 503, "not_kept", "30"),
        (BrokenProvider("verify raised"), 503, "not_kept", "30"),
        (EsignError("something else of ours"), 503, "not_kept", "30"),
    ],
)
def test_each_error_has_one_answer(
    error: Exception, status: int, reason: str, retry_after: str | None
) -> None:
    """What may work later is 503, and the vendor comes back; what never will is 4xx."""
    intake = Intake()
    with intake.delivery() as delivery:
        delivery.begin("POST", None)
        _ = delivery.request({})
        raise error
    assert (delivery.answer.status, delivery.answer.reason) == (status, reason)
    assert delivery.answer.headers.get("Retry-After") == retry_after
    assert intake.in_hand == 0


def test_fault_in_a_program_is_not_swallowed() -> None:
    """The framework tells of it as of every other; nothing stays in hand."""
    answers: list[Answer] = []
    intake = Intake(on_answer=lambda answer, _: answers.append(answer))

    def fails() -> None:
        with intake.delivery() as delivery:
            delivery.begin("POST", None)
            _ = delivery.request({})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert [(answer.status, answer.outcome) for answer in answers] == [(500, "failed")]
    assert (intake.in_hand, intake.bytes_in_hand) == (0, 0)


def test_forked_process_has_nothing_in_hand() -> None:
    """What its parent has in hand it can neither finish nor count."""
    intake = Intake(max_in_hand=1)
    with intake.delivery() as delivery:
        delivery.begin("POST", None)
        _ = delivery.request({})
        child = os.fork()
        if child == 0:
            os._exit(0 if intake.shedding is None and intake.in_hand == 0 else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert intake.shedding == "too_many_in_hand"


@pytest.mark.promise("R10")
def test_what_is_turned_away_is_logged_once_a_minute(heard: Heard) -> None:
    """With why, and how many more there were; each of them is answered and counted all the same."""
    slow = Slow(max_in_hand=1, max_body_bytes=10, max_waiting_seconds=1000.0)
    slow.arrive()
    for _ in range(100):
        slow.arrive()
        slow.arrive(b"x" * 11)
    assert [each["esign_reason"] for each in heard.told(DELIVERY_TURNED_AWAY)] == [
        "too_many_in_hand",
        "too_large",
    ]
    slow.clock.now += EVERY_SECONDS
    slow.arrive(b"x" * 11)
    assert heard.told(DELIVERY_TURNED_AWAY)[2:] == [
        {"esign_reason": "too_large", "esign_left_out": 99, "esign_duration_seconds": 0.0}
    ]
    assert len(slow.answers) == 201
    slow.keep()
    assert len(heard.ours) == 3


@pytest.mark.parametrize("error", [WebhookRejected("unsigned", "x"), JournalUnusable("full")])
def test_what_is_refused_later_is_not_logged_twice(heard: Heard, error: EsignError) -> None:
    """Whoever looked at it has logged it."""
    with Intake().delivery() as delivery:
        delivery.begin("POST", None)
        raise error
    assert heard.ours == []
