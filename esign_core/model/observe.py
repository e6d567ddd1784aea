"""The heart: what one more observation makes of an envelope.

An envelope's history is a set of facts that only grows. An observation adds facts and everything
they imply; what is new is emitted. So any order and any repetition of the same observations ends
in the same state, with the same set of once-only events.

The rules that follow are monotone, and look at nothing but the facts and the seats that an
envelope was made with. That is what makes the order not matter: a rule that looked at what is
*not* known yet would break it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from esign_core.model.envelope import FIRST_ROUND, Envelope, Evidence, Fact, Seat
from esign_core.model.event import Event, EventType
from esign_core.model.observation import Observation
from esign_core.model.signer import SignerAction

_CAUSES_FIRST = (
    EventType.ENVELOPE_QUEUED,
    EventType.ENVELOPE_SCHEDULED,
    EventType.ENVELOPE_SENT,
    EventType.SIGNER_NOTIFIED,
    EventType.SIGNER_UNDELIVERABLE,
    EventType.SIGNER_REMINDED,
    EventType.SIGNER_VIEWED,
    EventType.SIGNER_SIGNED,
    EventType.SIGNER_DECLINED,
    EventType.SIGNER_EXPIRED,
    EventType.ENVELOPE_IN_PROGRESS,
    EventType.ENVELOPE_FINALIZING,
    EventType.ENVELOPE_COMPLETED,
    EventType.ENVELOPE_DECLINED,
    EventType.ENVELOPE_CANCELLED,
    EventType.ENVELOPE_EXPIRED,
    EventType.ENVELOPE_FAILED,
    EventType.ENVELOPE_CONFLICT,
    EventType.ENVELOPE_ARCHIVED,
    EventType.ENVELOPE_PURGED,
)
_RANK = {type_: i for i, type_ in enumerate(_CAUSES_FIRST)}
_END_TYPES = frozenset(
    {
        EventType.ENVELOPE_COMPLETED,
        EventType.ENVELOPE_DECLINED,
        EventType.ENVELOPE_CANCELLED,
        EventType.ENVELOPE_EXPIRED,
        EventType.ENVELOPE_FAILED,
    }
)
_IMPLIES_SENT = (_END_TYPES - {EventType.ENVELOPE_FAILED}) | {
    EventType.ENVELOPE_IN_PROGRESS,
    EventType.ENVELOPE_FINALIZING,
    *(type_ for type_ in EventType if type_.value.startswith("signer.")),
}
_HAS_REASON = frozenset({EventType.SIGNER_DECLINED, EventType.ENVELOPE_FAILED})
_EVERYBODY_SIGNED = frozenset({EventType.ENVELOPE_COMPLETED, EventType.ENVELOPE_FINALIZING})


def observe(envelope: Envelope, observation: Observation) -> tuple[Envelope, list[Event]]:
    """The envelope after an observation, and the events that are new, causes first.

    Pure. An observation that proves nothing changes nothing. Events have no position yet.
    """
    if not observation.authenticity.is_proof:
        return envelope, []
    before = envelope.facts
    closed = closure({*before, *observation.facts}, envelope.seats)
    facts = {
        fact: _evidence(before.get(fact), fact in observation.facts, observation.facts.get(fact))
        for fact in closed
    }
    after = replace(
        envelope,
        facts=facts,
        remote_id=envelope.remote_id or observation.remote_id,
        seats=_seated(envelope.seats, observation.signer_remote_ids),
    )
    place = {seat.id: i for i, seat in enumerate(envelope.seats)}
    new = sorted(
        (fact for fact in closed if fact not in before),
        key=lambda fact: (_RANK[fact.type], place.get(fact.signer_id, -1), fact.round, fact.token),
    )
    return after, [_event(after, fact, facts[fact], observation) for fact in new]


def closure(facts: set[Fact], seats: tuple[Seat, ...]) -> set[Fact]:
    """The facts with everything that they imply."""
    closed = set(facts)
    types = {fact.type for fact in closed}
    signing = [seat for seat in seats if seat.action is not SignerAction.VIEW]
    if types & _EVERYBODY_SIGNED:
        closed.update(Fact(EventType.SIGNER_SIGNED, seat.id, FIRST_ROUND) for seat in signing)
    if signing and all(
        Fact(EventType.SIGNER_SIGNED, seat.id, FIRST_ROUND) in closed for seat in signing
    ):
        closed.add(Fact(EventType.ENVELOPE_FINALIZING))
    if EventType.ENVELOPE_COMPLETED in types:
        closed.add(Fact(EventType.ENVELOPE_FINALIZING))
    if any(fact.type is EventType.SIGNER_SIGNED for fact in closed):
        closed.add(Fact(EventType.ENVELOPE_IN_PROGRESS))
    types = {fact.type for fact in closed}
    if types & _IMPLIES_SENT:
        closed.add(Fact(EventType.ENVELOPE_SENT))
    if len(types & _END_TYPES) > 1:
        closed.add(Fact(EventType.ENVELOPE_CONFLICT))
    return closed


def _evidence(known: Evidence | None, said: bool, at: datetime | None) -> Evidence:  # noqa: FBT001
    """The earliest time given, and whether anybody has said it: the same in every order."""
    if known is None:
        return Evidence(at, inferred=not said)
    if not said:
        return known
    times = [time for time in (known.occurred_at, at) if time is not None]
    return Evidence(min(times, default=None), inferred=False)


def _seated(seats: tuple[Seat, ...], remote_ids: Mapping[str, str]) -> tuple[Seat, ...]:
    if not any(seat.remote_id is None and seat.id in remote_ids for seat in seats):
        return seats
    return tuple(
        replace(seat, remote_id=seat.remote_id or remote_ids.get(seat.id)) for seat in seats
    )


def _event(envelope: Envelope, fact: Fact, evidence: Evidence, learned: Observation) -> Event:
    data: dict[str, Any] = {}
    if fact.type in _HAS_REASON and fact.signer_id in learned.reasons:
        data["reason"] = learned.reasons[fact.signer_id]
    if fact.type is EventType.ENVELOPE_ARCHIVED:
        data.update(learned.files.get(fact.token, {}))
    return Event(
        seq=0,
        id=_event_id(envelope.id, fact, learned.received_at),
        type=fact.type,
        envelope_id=envelope.id,
        connection=envelope.connection,
        provider=envelope.provider,
        remote_id=envelope.remote_id,
        signer_id=fact.signer_id or None,
        round=fact.round or None,
        occurred_at=evidence.occurred_at,
        received_at=learned.received_at,
        source=learned.source,
        authenticity=learned.authenticity,
        inferred=evidence.inferred,
        data=data,
        raw=learned.raw,
    )


def _event_id(envelope_id: str, fact: Fact, received_at: datetime) -> str:
    """Ordered by time, and the same each time the same observation is replayed."""
    milliseconds = int(received_at.timestamp() * 1000)
    digest = hashlib.blake2b("\0".join((envelope_id, *fact)).encode(), digest_size=10).hexdigest()
    return f"evt_{milliseconds:012x}{digest}"
