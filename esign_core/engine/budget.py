"""One limit as it stands: which of its slots are in use, and who stands in line for one.

It is pure, with the time as an argument, so that the same rules hold in memory, in the journal's
database, and in virtual time.

Whoever finds no slot stands in line, and is told when to ask again: when the slot comes free that
those before leave over. So nobody is overtaken, and nobody asks often. A place in line is lost if
its owner does not ask in time; a slot that then comes free, with nobody due, is for whoever asks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from esign_core.provider import Limit

IN_FLIGHT = math.inf
"""Until when a slot is held that nobody takes away from a request that has not come back."""
RECHECK_SECONDS = 0.05
"""When to look again for a slot that is overdue: its request has been out for a whole window."""
LATE_SECONDS = 2.0
"""How much too late somebody in line may ask without losing the place."""
LONGEST_WORD_SECONDS = 3600.0
"""How long a vendor's word is believed; one that says more has perhaps another idea of units."""

_MARGIN_SECONDS = 0.01
"""Two clocks do not run equally fast, and a vendor may read its own to the millisecond."""
_FINE, _COARSE = 1000.0, 256.0
"""Slots that come free within a thousandth of a second are remembered together; of a budget with
many slots, those within a 256th of its window."""


class Out(NamedTuple):
    """A slot whose request has not come back."""

    since: float
    lapses_at: float
    """When it is taken to have come back unseen: whoever had it must have died."""


class Claim(NamedTuple):
    """A place in line."""

    at: float
    """From when on a slot is meant for it."""
    lapses_at: float
    """Until when it has to be claimed anew."""


class Word(NamedTuple):
    """What the vendor itself has said."""

    left: int
    """How many more requests it would take."""
    until: float


@dataclass(slots=True)
class Budget:
    """The slots of one limit, and the line for them. All times are seconds on one clock."""

    out: dict[str, Out] = field(default_factory=dict)
    """By ticket."""
    back: dict[float, int] = field(default_factory=dict)
    """When how many slots come free whose requests have come back."""
    line: dict[str, Claim] = field(default_factory=dict)
    """By ticket, in the order in which they came."""
    word: Word | None = None

    @property
    def held(self) -> int:
        """How many slots are in use, or were when it was last tidied up."""
        return len(self.out) + sum(self.back.values())

    def wait(self, limit: Limit, ticket: str, now: float) -> float:
        """Seconds after which to ask again; 0 if there is a slot for it now."""
        if not self.line and self.word is None and self.held < limit.count:
            return 0.0  # the usual case, with nothing to look through
        self.forget(now)
        ahead = list(self._ahead_of(ticket))
        due = [claim for claim in ahead if claim.at <= now]
        return max(self._slot_wait(limit, ahead, due, now), self._word_wait(len(due), now))

    def take(self, limit: Limit, ticket: str, now: float, arrives_by: float) -> None:
        """Use a slot, for a request that the vendor may count until then."""
        _ = self.line.pop(ticket, None)
        self.out[ticket] = Out(now, arrives_by + _held(limit))
        if self.word is not None:
            self.word = Word(self.word.left - 1, self.word.until)

    def stand(self, ticket: str, at: float) -> None:
        """Stand in line until then, at the end of it or where it stands already."""
        before = self.line.get(ticket)
        claimed = at if before is None else min(at, before.at)
        self.line[ticket] = Claim(claimed, at + LATE_SECONDS)

    def leave(self, ticket: str) -> None:
        """Stand in line no more."""
        _ = self.line.pop(ticket, None)

    def give_back(self, limit: Limit, ticket: str, now: float) -> None:
        """Its request has come back; its slot stays held for one whole window more.

        One that had lapsed is held again: the vendor may have counted it only now.
        """
        _ = self.out.pop(ticket, None)
        grid = _COARSE / limit.seconds if limit.count > _COARSE and limit.seconds > 0 else _FINE
        free_at = math.ceil((now + _held(limit)) * grid) / grid
        self.back[free_at] = self.back.get(free_at, 0) + 1

    def heed(self, limit: Limit, left: int, seconds: float, now: float) -> None:
        """The vendor says how many requests it would still take within so many seconds.

        The newest word counts. It matters if it is less than our own slots would allow: then
        somebody else uses the account too, or the limit is not what we think.
        """
        self.forget(now)
        ours = left - len(self.out)  # it may not have heard of them yet
        if ours < limit.count - self.held and seconds > 0:
            self.word = Word(max(ours, 0), now + min(seconds, LONGEST_WORD_SECONDS))
        else:
            self.word = None

    def forget(self, now: float) -> None:
        """Tidy up what is over."""
        if any(slot.lapses_at <= now for slot in self.out.values()):
            self.out = {key: each for key, each in self.out.items() if each.lapses_at > now}
        if any(free_at <= now for free_at in self.back):
            self.back = {at: count for at, count in self.back.items() if at > now}
        if any(claim.lapses_at <= now for claim in self.line.values()):
            self.line = {key: each for key, each in self.line.items() if each.lapses_at > now}
        if self.word is not None and self.word.until <= now:
            self.word = None

    def shift(self, seconds: float) -> None:
        """Move every time by as much: the clock was set anew."""
        self.out = {k: Out(*(at + seconds for at in each)) for k, each in self.out.items()}
        self.back = {free_at + seconds: count for free_at, count in self.back.items()}
        self.line = {k: Claim(*(at + seconds for at in each)) for k, each in self.line.items()}
        if self.word is not None:
            self.word = Word(self.word.left, self.word.until + seconds)

    def over_at(self) -> float:
        """When there is nothing left to remember, if nothing more happens."""
        times = [*self.back, *(slot.lapses_at for slot in self.out.values())]
        times += [claim.lapses_at for claim in self.line.values()]
        return max(times if self.word is None else [*times, self.word.until], default=-math.inf)

    def _ahead_of(self, ticket: str) -> Iterator[Claim]:
        for other, claim in self.line.items():
            if other == ticket:
                return
            yield claim

    def _slot_wait(
        self, limit: Limit, ahead: Sequence[Claim], due: Sequence[Claim], now: float
    ) -> float:
        room = limit.count - self.held
        if room > len(due):  # the others in line have slots coming that are meant for them
            return 0.0
        waits = []
        if self.held:
            waits.append(self._free_after(len(ahead) - room, limit, now) - now)
        if room > 0:  # meant for somebody who is due and does not come
            waits.append(min(claim.lapses_at for claim in due) - now)
        return min(waits)

    def _free_after(self, others: int, limit: Limit, now: float) -> float:
        """When a slot comes free after so many others, each of which is used again at once."""
        laps, others = divmod(others, self.held)
        overdue_at = now + RECHECK_SECONDS
        coming = [(max(slot.since + _held(limit), overdue_at), 1) for slot in self.out.values()]
        for free_at, count in sorted([*self.back.items(), *coming]):
            others -= count
            if others < 0:
                return free_at + laps * limit.seconds
        raise AssertionError("there are as many slots as are held")

    def _word_wait(self, due: int, now: float) -> float:
        if self.word is None or self.word.left > due:
            return 0.0
        return self.word.until - now


def _held(limit: Limit) -> float:
    return limit.seconds + _MARGIN_SECONDS
