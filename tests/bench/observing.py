"""How many events `observe` makes of what is told of envelopes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from esign_core.model import (
    Authenticity,
    Envelope,
    EventType,
    Fact,
    Observation,
    Seat,
    Source,
    observe,
)
from tests.bench.medians import medians, times
from tests.bench.row import Row

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_LIVES = 200
_ROUNDS = 15


def rows() -> Iterator[Row]:
    """A whole life with two signers, told step by step."""
    envelope = Envelope("env_1", "acme-eu", "acme", "Lease", (_seat("s1"), _seat("s2")))
    told = list(_life())
    events = _lived(envelope, told)
    ours, floor = medians(
        times(_LIVES, lambda: _lived(envelope, told)),
        times(_LIVES, lambda: _united(told)),
        rounds=_ROUNDS,
        clock=time.process_time,
    )
    yield Row(
        "observe",
        f"{_LIVES * events / ours:,.0f} events/s CPU",
        f"the union of the same facts: {_LIVES * events / floor:,.0f}/s",
        ours / floor,
    )


def _seat(name: str) -> Seat:
    return Seat(name, name=name, email=f"{name}@example.com")


def _life() -> Iterator[Observation]:
    """What a vendor tells of an envelope from its sending to its end."""
    steps = [Fact(EventType.ENVELOPE_SENT)]
    for kind in (EventType.SIGNER_NOTIFIED, EventType.SIGNER_VIEWED, EventType.SIGNER_SIGNED):
        steps += [Fact(kind, "s1", "1"), Fact(kind, "s2", "1")]
    steps += [Fact(EventType.ENVELOPE_FINALIZING), Fact(EventType.ENVELOPE_COMPLETED)]
    for number, fact in enumerate(steps):
        at = _AT + timedelta(minutes=number)
        yield Observation(Source.WEBHOOK, Authenticity.SIGNED_FRESH, at, {fact: at})


def _lived(envelope: Envelope, told: list[Observation]) -> int:
    """How many events there were."""
    count = 0
    for observation in told:
        envelope, new = observe(envelope, observation)
        count += len(new)
    return count


def _united(told: list[Observation]) -> frozenset[Fact]:
    """The least that a set of facts which only grows has to do."""
    facts: frozenset[Fact] = frozenset()
    for observation in told:
        facts |= observation.facts.keys()
    return facts
