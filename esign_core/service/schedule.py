"""When to look again: the rules, which know neither clock nor database.

Where deliveries arrive, looking is for the one that got lost: open envelopes are looked at rarely.
Where they do not, looking is all there is. Which of the two it is shows by itself: a delivery that
proves itself was *heard*; news that a look found, and that a delivery should have brought by then,
were *missed*.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from esign_core.journal import Hearing, WorkKind
from esign_core.model import Envelope, EnvelopeStatus

HOUR = 3600
LONGEST_PAUSE_SECONDS = 6 * HOUR
"""How long anything waits at the most that nobody else tells of."""
OUTAGE_PAUSE_SECONDS = 900
"""How long one thing waits at the most for a vendor that is down."""
TRIES = 16
"""How often something may fail that is in the way of nothing but itself: some two days."""

_RARELY = 60
"""How much rarer the first look is where deliveries arrive."""
_IN_EARNEST_SECONDS = 10
"""Whoever wants a look more often than that is trying something out, and waits for it."""
_LONGEST_WITH_DELIVERIES_SECONDS = 24 * HOUR
_SOON_SECONDS = 1
_TRUST = timedelta(hours=1)
"""How long deliveries have to go on arriving after one was missed."""
_ON_ITS_WAY = timedelta(minutes=10)
"""How long a delivery may take."""
_TOLD = frozenset({EnvelopeStatus.IN_PROGRESS, EnvelopeStatus.COMPLETED, EnvelopeStatus.DECLINED})
"""What every vendor tells that tells anything: what signers do."""
_LONGEST_JOB_PAUSE_SECONDS = HOUR
_LIST_SECONDS = 900
_LIST_WITH_DELIVERIES_SECONDS = 6 * HOUR
_SECONDS_A_PAGE = 60
_JITTER = 0.25
_NEVER_GIVEN_UP = frozenset({WorkKind.LOOK_UP, WorkKind.RECONCILE, WorkKind.DROP_RAW})
"""What ends by itself, with a person's decision; and what is not about any one thing."""


def arrive(hearing: Hearing) -> bool:
    """Whether an account's deliveries arrive."""
    if hearing.heard_at is None:
        return False
    return hearing.missed_at is None or hearing.heard_at >= hearing.missed_at + _TRUST


def was_missed(
    before: Envelope, after: Envelope, seconds_since_last_look: float, now: datetime
) -> bool:
    """Whether a look has found what a delivery should have told by then."""
    if after.status is before.status or after.status not in _TOLD:
        return False
    new = after.facts.keys() - before.facts.keys()
    times = [at for at in (after.facts[fact].occurred_at for fact in new) if at is not None]
    happened_at = max(times, default=now - timedelta(seconds=seconds_since_last_look))
    return now - happened_at > _ON_ITS_WAY


@dataclass(frozen=True)
class Again:
    """It went well, and is to be done again after a pause."""

    seconds: int


@dataclass(frozen=True)
class Pace:
    """How often an open envelope is looked at while nothing changes; the pauses double."""

    first_seconds: int
    longest_seconds: int

    def after(self, pause_seconds: int) -> int:
        """The pause after one in which nothing has changed."""
        return min(max(pause_seconds * 2, self.first_seconds), self.longest_seconds)


def pace(status: EnvelopeStatus, refresh_after_seconds: float, *, with_deliveries: bool) -> Pace:
    """How often an envelope is looked at."""
    usual = max(1, round(refresh_after_seconds))
    if status is EnvelopeStatus.FINALIZING:  # the vendor is about to be ready
        return Pace(min(_SOON_SECONDS, usual), LONGEST_PAUSE_SECONDS)
    if with_deliveries and refresh_after_seconds >= _IN_EARNEST_SECONDS:
        first = max(usual, min(usual * _RARELY, LONGEST_PAUSE_SECONDS))
        return Pace(first, max(first, _LONGEST_WITH_DELIVERIES_SECONDS))
    return Pace(usual, max(usual, LONGEST_PAUSE_SECONDS))


def list_pause(refresh_after_seconds: float, pages: int, *, with_deliveries: bool) -> int:
    """Seconds until an account's envelopes are listed again.

    One page a minute on average at the most, so that listing takes little of any budget.
    """
    usual = _LIST_WITH_DELIVERIES_SECONDS if with_deliveries else _LIST_SECONDS
    return max(usual, math.ceil(refresh_after_seconds), pages * _SECONDS_A_PAGE)


def job_pause(asked_seconds: float, age_seconds: float) -> int:
    """Seconds until a job is asked for again: as the vendor says, and more rarely with its age.

    So what is found has waited a quarter longer than it had to at the most, and a thousand jobs
    that never end leave room for one that has just begun.
    """
    patience = min(age_seconds / 4, _LONGEST_JOB_PAUSE_SECONDS)
    return max(1, round(asked_seconds), round(patience))


def next_pause(seconds: int) -> int:
    """The pause after a failure."""
    return min(max(seconds, 1) * 2, LONGEST_PAUSE_SECONDS)


def jittered(seconds: float, jitter: Callable[[], float]) -> timedelta:
    """A pause that is up to a quarter longer, so that what failed together comes back apart."""
    return timedelta(seconds=seconds * (1 + _JITTER * jitter()))


def gives_up(kind: WorkKind, attempts: int) -> bool:
    """Whether something has failed often enough to be set aside."""
    return attempts >= TRIES and kind not in _NEVER_GIVEN_UP
