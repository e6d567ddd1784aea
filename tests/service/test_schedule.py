from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from esign_core.journal import Hearing, WorkKind
from esign_core.model import (
    Envelope,
    EnvelopeStatus,
    EventType,
    Evidence,
    Fact,
    Seat,
)
from esign_core.service.schedule import (
    LONGEST_PAUSE_SECONDS,
    TRIES,
    arrive,
    gives_up,
    jittered,
    job_pause,
    list_pause,
    next_pause,
    pace,
    was_missed,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
OPEN = Envelope("env_1", "acme", "fake", "Lease 14", (Seat("s1", "Jane Doe"),))


def _ago(minutes: float) -> datetime:
    return NOON - timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("heard", "missed", "arriving"),
    [
        (None, None, False),
        (None, 5, False),
        (5, None, True),
        (600, None, True),
        (5, 30, False),  # one was missed half an hour ago: let them prove themselves
        (5, 70, True),
        (70, 5, False),
    ],
)
def test_deliveries_arrive_once_they_have_gone_on_arriving(
    heard: float | None, missed: float | None, *, arriving: bool
) -> None:
    """A proven one counts, a missed one counts for more, and an hour of good ones heals it."""
    times = [None if minutes is None else _ago(minutes) for minutes in (heard, missed)]
    assert arrive(Hearing(*times)) is arriving


@pytest.mark.parametrize(
    ("type_", "happened", "last_look", "missed"),
    [
        (EventType.ENVELOPE_COMPLETED, 60, 60, True),
        (EventType.ENVELOPE_COMPLETED, 1, 6000, False),  # it may still be on its way
        (EventType.ENVELOPE_DECLINED, None, 6000, True),  # the vendor does not say when
        (EventType.ENVELOPE_DECLINED, None, 60, False),
        (EventType.ENVELOPE_IN_PROGRESS, 60, 60, True),
        (EventType.SIGNER_VIEWED, 60, 6000, False),  # not every vendor tells of it
        (EventType.ENVELOPE_EXPIRED, 60, 6000, False),  # nor of this
    ],
)
def test_only_what_a_delivery_should_have_told_by_now_was_missed(
    type_: EventType, happened: float | None, last_look: float, *, missed: bool
) -> None:
    """What signers do is told by every vendor that tells anything, within ten minutes."""
    at = None if happened is None else _ago(happened)
    after = replace(OPEN, facts={Fact(type_): Evidence(at, inferred=False)})
    assert was_missed(OPEN, after, last_look, NOON) is missed
    assert was_missed(after, after, last_look, NOON) is False, "it was known"


def test_pauses_double_up_to_the_longest() -> None:
    """Without deliveries: a minute at first, six hours at the most."""
    usual = pace(EnvelopeStatus.SENT, 60, with_deliveries=False)
    pauses = [usual.first_seconds]
    while len(pauses) < 12:
        pauses.append(usual.after(pauses[-1]))
    assert pauses[:4] == [60, 120, 240, 480]
    assert pauses[-1] == LONGEST_PAUSE_SECONDS
    assert usual.after(0) == 60, "what was asked for now begins anew"


def test_where_deliveries_arrive_looking_is_rare() -> None:
    """An hour at first, a day at the most; whatever the setting, never more often than without."""
    rare = pace(EnvelopeStatus.SENT, 60, with_deliveries=True)
    assert (rare.first_seconds, rare.longest_seconds) == (3600, 86400)
    for seconds in (0.1, 60, 3600, 10**6):
        often = pace(EnvelopeStatus.SENT, seconds, with_deliveries=False)
        rare = pace(EnvelopeStatus.SENT, seconds, with_deliveries=True)
        assert rare.first_seconds >= often.first_seconds
        assert rare.longest_seconds >= often.longest_seconds


def test_who_wants_looks_every_few_seconds_gets_them() -> None:
    """That is a demonstration or a test, and somebody waits for what was lost."""
    paces = [pace(EnvelopeStatus.SENT, 9, with_deliveries=arrive) for arrive in (True, False)]
    assert paces[0] == paces[1]


@pytest.mark.parametrize("with_deliveries", [True, False])
def test_files_that_are_being_made_are_asked_for_soon(*, with_deliveries: bool) -> None:
    """Whoever tells of it, there are seconds between the last signature and the file."""
    soon = pace(EnvelopeStatus.FINALIZING, 60, with_deliveries=with_deliveries)
    assert (soon.first_seconds, soon.longest_seconds) == (1, LONGEST_PAUSE_SECONDS)


def test_listing_takes_a_page_a_minute_at_the_most() -> None:
    """A thousand pages are listed less often than one; and rarely where deliveries arrive."""
    assert list_pause(60, 1, with_deliveries=False) == 900
    assert list_pause(60, 1000, with_deliveries=False) == 60_000
    assert list_pause(60, 1, with_deliveries=True) == 6 * 3600
    assert list_pause(86400, 1, with_deliveries=True) == 86400


def test_old_jobs_are_asked_for_rarely_and_new_ones_as_the_vendor_says() -> None:
    """What is found has waited a quarter longer than it had to, or an hour."""
    assert job_pause(2, 0) == 2
    assert job_pause(2, 400) == 100
    assert job_pause(2, 10**7) == 3600
    assert job_pause(7200, 0) == 7200
    assert job_pause(0.1, 0) == 1


def test_jitter_makes_pauses_longer_and_never_shorter() -> None:
    """What a vendor asked for is obeyed to the second."""
    assert jittered(100, lambda: 0.0) == timedelta(seconds=100)
    assert jittered(100, lambda: 1.0) == timedelta(seconds=125)


def test_failures_are_patient_for_two_days() -> None:
    """What fails over a weekend's evening is not lost by the morning."""
    seconds, pause = 0, 60
    for _ in range(TRIES - 1):
        pause = next_pause(pause)
        seconds += pause
    assert timedelta(days=1.5) < timedelta(seconds=seconds) < timedelta(days=3)


@pytest.mark.parametrize("kind", list(WorkKind))
def test_what_is_in_doubt_is_never_given_up_silently(kind: WorkKind) -> None:
    """Looking for an envelope ends with a person's decision; others concern no single thing."""
    never = {WorkKind.LOOK_UP, WorkKind.RECONCILE, WorkKind.DROP_RAW}
    assert gives_up(kind, TRIES) is (kind not in never)
    assert not gives_up(kind, TRIES - 1)
