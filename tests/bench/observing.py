"""How many events `observe` makes of what is told of envelopes, and a replay of what is stored."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from esign_core.journal.codec import dump_observation, load_observation
from esign_core.model import (
    Authenticity,
    Envelope,
    Event,
    EventType,
    Fact,
    Observation,
    Seat,
    Source,
    observe,
    observe_all,
)
from tests.bench.medians import medians, times
from tests.bench.row import Row

BAR = 150_000
_AT = datetime(2026, 1, 1, tzinfo=UTC)
_RAW = {
    "event": "envelope.signed",
    "timestamp": "2024-01-25T14:30:00Z",
    "data": {
        "envelopeId": "env_def456",
        "status": "IN_PROGRESS",
        "signer": {
            "id": "signer_xyz789",
            "email": "john@example.com",
            "name": "John Doe",
            "signedAt": "2024-01-25T14:30:00Z",
        },
    },
}
"""What is kept of a delivery of Penvio's."""
_LIVES = 100
_ROUNDS = 25


def rows() -> Iterator[Row]:
    """A whole life with two signers, told step by step, by deliveries as long as Penvio's."""
    envelope = Envelope("env_1", "acme-eu", "acme", "Lease", (_seat("s1"), _seat("s2")))
    told = list(_life())
    stored = [dump_observation(observation) for observation in told]
    events = len(_observed(envelope, told))
    assert _replayed(envelope, stored) == _observed(envelope, told)
    steps, at_once, replay, union, parsing = (
        _LIVES * events / seconds
        for seconds in medians(
            times(_LIVES, lambda: _observed(envelope, told)),
            times(_LIVES, lambda: observe_all(envelope, told)),
            times(_LIVES, lambda: _replayed(envelope, stored)),
            times(_LIVES, lambda: _united(told)),
            times(_LIVES, lambda: [json.loads(text) for text in stored]),
            rounds=_ROUNDS,
            clock=time.process_time,
        )
    )
    floor = f"the union of the same facts: {union:,.0f}/s"
    yield Row("observe, one by one", f"{steps:,.0f} events/s CPU", floor, steps / union)
    yield Row("observe, many at once", f"{at_once:,.0f} events/s CPU", floor, at_once / union)
    yield Row(
        "replay of stored observations",
        f"{replay:,.0f} events/s CPU",
        f"json.loads of the same: {parsing:,.0f}/s",
        replay / parsing,
        f"{BAR:,}/s",
        replay >= BAR,
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
        ids = {fact.signer_id: f"remote-{fact.signer_id}"} if fact.signer_id else {}
        proof = Authenticity.SIGNED_FRESH
        yield Observation(Source.WEBHOOK, proof, at, {fact: at}, "remote-1", ids, raw=_RAW)


def _observed(envelope: Envelope, told: list[Observation]) -> list[Event]:
    events: list[Event] = []
    for observation in told:
        envelope, new = observe(envelope, observation)
        events += new
    return events


def _replayed(envelope: Envelope, stored: list[str]) -> list[Event]:
    _, events = observe_all(envelope, map(load_observation, stored))
    return events


def _united(told: list[Observation]) -> frozenset[Fact]:
    """The least that a set of facts which only grows has to do."""
    facts: frozenset[Fact] = frozenset()
    for observation in told:
        facts |= observation.facts.keys()
    return facts
