"""What goes wrong in a world, by its seed, and how often it did."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

LONGEST_TRAVEL_SECONDS = 90.0
"""How long a request, or its answer, is on its way at the most."""


class Trouble(StrEnum):
    """One kind of thing that goes wrong."""

    # with a request
    NO_CONNECTION = "no connection"
    """The vendor cannot be reached."""
    REQUEST_LOST = "request lost"
    """It never arrives, and no answer comes."""
    ANSWER_LOST = "answer lost"
    """It is done, and no answer comes."""
    LATE_EFFECT = "late effect"
    """No answer comes, and it is done some time after that."""
    LIMITED = "429"
    """Nothing is done; mostly it is said when to come back."""
    ERROR_BEFORE = "5xx before"
    """Nothing is done, and nobody can know that."""
    ERROR_AFTER = "5xx after"
    """It is done, and the answer says that something broke."""
    LATENCY = "slow line"
    """It is long on its way, or its answer is."""
    STUCK = "stuck job"
    """What the vendor has accepted is not begun for hours."""

    # with a delivery
    DROPPED = "delivery dropped"
    """It is never sent."""
    DUPLICATED = "delivery doubled"
    """It is sent twice, the second time later."""
    OVERTAKEN = "delivery overtaken"
    """It is sent some seconds later: others come first."""
    DELAYED = "delivery hours late"
    """It is sent hours later."""
    WEEKS_LATE = "delivery weeks late"
    """It is sent weeks later."""
    UNANSWERED = "delivery unanswered"
    """It is taken in, and its answer lost: the vendor sends it again."""

    # with a process
    CRASH = "crash"
    """It dies, at any moment."""
    JOURNAL_REFUSES = "journal refuses"
    """The database is locked, full or away for a moment: nothing of the step is kept."""
    COMMIT_UNKNOWN = "commit unknown"
    """The step is kept, and the process is told that it failed."""


_OF_REQUESTS: Sequence[tuple[Trouble, int]] = (
    (Trouble.NO_CONNECTION, 3),
    (Trouble.REQUEST_LOST, 3),
    (Trouble.ANSWER_LOST, 5),
    (Trouble.LATE_EFFECT, 4),
    (Trouble.LIMITED, 3),
    (Trouble.ERROR_BEFORE, 3),
    (Trouble.ERROR_AFTER, 4),
    (Trouble.STUCK, 3),
)
_OF_DELIVERIES: Sequence[tuple[Trouble, int]] = (
    (Trouble.DROPPED, 4),
    (Trouble.DUPLICATED, 4),
    (Trouble.OVERTAKEN, 4),
    (Trouble.DELAYED, 2),
    (Trouble.WEEKS_LATE, 1),
    (Trouble.UNANSWERED, 2),
)


@dataclass
class Chaos:
    """Decides what goes wrong. The same seed decides the same for the same questions.

    Args:
        random: Where it decides from.
        level: How much goes wrong, from 0 to 1: 1 spoils one request in three.
    """

    random: Random
    level: float
    counts: Counter[Trouble] = field(default_factory=Counter)
    """How often each kind happened."""
    is_calm: bool = False
    """Whether nothing goes wrong any more."""

    def of_request(self, *, creates: bool) -> Trouble | None:
        """What goes wrong with a request; more with those that create something."""
        if not self.happens(0.55 if creates else 0.25):
            return None
        trouble = self._one_of(_OF_REQUESTS)
        return self.count(trouble) if creates or trouble is not Trouble.STUCK else None

    def of_delivery(self) -> Trouble | None:
        """What goes wrong with a delivery."""
        return self.count(self._one_of(_OF_DELIVERIES)) if self.happens(0.55) else None

    def of_writing(self) -> Trouble | None:
        """What goes wrong with a step of the journal."""
        if not self.happens(0.02):
            return None
        refuses = self.random.random() < 0.6
        return self.count(Trouble.JOURNAL_REFUSES if refuses else Trouble.COMMIT_UNKNOWN)

    def travel_seconds(self) -> float:
        """How long a request or an answer is on its way."""
        if self.happens(0.03):
            _ = self.count(Trouble.LATENCY)
            return self.random.uniform(1, LONGEST_TRAVEL_SECONDS)
        return self.random.random() * 0.1

    def moments_of_a_life(self) -> float:
        """After how many moments a process dies."""
        return self.random.randrange(20, 800) if self.happens(0.6) else math.inf

    def moments_of_a_send(self) -> float:
        """After how many moments of a call of `send` its process dies."""
        return self.random.randrange(1, 25) if self.happens(0.25) else math.inf

    def happens(self, probability: float) -> bool:
        """Whether something does, that is this likely where most goes wrong."""
        return not self.is_calm and self.random.random() < probability * self.level

    def count(self, trouble: Trouble) -> Trouble:
        """It has happened."""
        self.counts[trouble] += 1
        return trouble

    def _one_of(self, kinds: Sequence[tuple[Trouble, int]]) -> Trouble:
        choices, weights = zip(*kinds, strict=True)
        chosen: Trouble = self.random.choices(choices, weights)[0]
        return chosen
