"""The heart: what one more observation makes of an envelope.

An envelope's history is a set of facts that only grows. An observation adds facts and everything
they imply; what is new is emitted. So any order and any repetition of the same observations ends
in the same state, with the same set of once-only events.

The rules that follow are monotone, and look at nothing but the facts and the seats that an
envelope was made with. That is what makes the order not matter: a rule that looked at what is
*not* known yet would break it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from esign_core.model.envelope import FIRST_ROUND, Envelope, Evidence, Fact, Seat
from esign_core.model.event import Event, EventType
from esign_core.model.making import changer, maker
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
_COMPLETED = EventType.ENVELOPE_COMPLETED  # by themselves: a name of an enum takes time to look up
_SIGNED = EventType.SIGNER_SIGNED
_ARCHIVED = EventType.ENVELOPE_ARCHIVED
_IT_IS_SENT = Fact(EventType.ENVELOPE_SENT)
_IT_IS_IN_PROGRESS = Fact(EventType.ENVELOPE_IN_PROGRESS)
_IT_IS_FINALIZING = Fact(EventType.ENVELOPE_FINALIZING)
_IT_IS_IN_CONFLICT = Fact(EventType.ENVELOPE_CONFLICT)
_IMPLIED = Evidence(None, inferred=True)
_make_event = maker(Event)
_with_remote_id = changer(Seat, "remote_id")
_with_news = changer(Envelope, "facts", "remote_id", "seats")


def observe(envelope: Envelope, observation: Observation) -> tuple[Envelope, list[Event]]:
    """The envelope after an observation, and the events that are new, causes first.

    Pure. An observation that proves nothing changes nothing. Events have no position yet.
    """
    return observe_all(envelope, (observation,))


def observe_all(
    envelope: Envelope, observations: Iterable[Observation]
) -> tuple[Envelope, list[Event]]:
    """The envelope after observations, one after the other, and all events.

    The same as `observe` for each of them, and quicker where they are many.
    """
    history: _History | None = None
    events: list[Event] = []
    for observation in observations:
        if observation.authenticity.is_proof:
            if history is None:
                history = _History(envelope)
            events += history.learn(observation)
    return (envelope if history is None else history.envelope()), events


class _History:
    """What is known of an envelope, while more is learned."""

    def __init__(self, envelope: Envelope) -> None:
        self._before = envelope
        self._remote_id = envelope.remote_id
        self._seats = envelope.seats
        self._unknown = {seat.id for seat in self._seats if seat.remote_id is None}
        self._facts = dict(envelope.facts)
        self._types = {fact.type for fact in self._facts}
        self._is_concluded = False
        self._signatures = [
            _signature(seat.id) for seat in envelope.seats if seat.action is not SignerAction.VIEW
        ]

    def envelope(self) -> Envelope:
        """The envelope with all that was learned."""
        return _with_news(self._before, self._facts, self._remote_id, self._seats)

    def learn(self, observation: Observation) -> list[Event]:
        """Add what was observed; what is new of it and of what it implies, causes first."""
        self._remote_id = self._remote_id or observation.remote_id
        if not self._unknown.isdisjoint(observation.signer_remote_ids):
            self._seat(observation.signer_remote_ids)
        new: list[Fact] = []
        for fact, at in observation.facts.items():
            known = self._facts.get(fact)
            if known is None:
                self._add(fact, Evidence(at, False), new)
            elif known.inferred or at is not None:
                self._facts[fact] = Evidence(_earlier(known.occurred_at, at), False)
        if not self._is_concluded:
            self._conclude(new)
        return self._tell(new, observation) if new else []

    def _seat(self, remote_ids: Mapping[str, str]) -> None:
        self._seats = tuple(
            [
                _with_remote_id(seat, remote_ids[seat.id])
                if seat.id in self._unknown and seat.id in remote_ids
                else seat
                for seat in self._seats
            ]
        )
        self._unknown = {seat.id for seat in self._seats if seat.remote_id is None}

    def _add(self, fact: Fact, evidence: Evidence, new: list[Fact]) -> None:
        self._facts[fact] = evidence
        type_ = fact.type
        if type_ is _SIGNED or type_ not in self._types:  # nothing else can imply anything
            self._types.add(type_)
            self._is_concluded = False
        new.append(fact)

    def _conclude(self, new: list[Fact]) -> None:
        """Add what the facts imply, in an order in which no rule is needed twice."""
        facts, types = self._facts, self._types
        missing = [signature for signature in self._signatures if signature not in facts]
        if missing and not types.isdisjoint(_EVERYBODY_SIGNED):
            for signature in missing:
                self._add(signature, _IMPLIED, new)
            missing = []
        if _IT_IS_FINALIZING not in facts and (
            _COMPLETED in types or (self._signatures and not missing)
        ):
            self._add(_IT_IS_FINALIZING, _IMPLIED, new)
        if _SIGNED in types and _IT_IS_IN_PROGRESS not in facts:
            self._add(_IT_IS_IN_PROGRESS, _IMPLIED, new)
        if _IT_IS_SENT not in facts and not types.isdisjoint(_IMPLIES_SENT):
            self._add(_IT_IS_SENT, _IMPLIED, new)
        if len(types & _END_TYPES) > 1 and _IT_IS_IN_CONFLICT not in facts:
            self._add(_IT_IS_IN_CONFLICT, _IMPLIED, new)
        self._is_concluded = True

    def _tell(self, new: list[Fact], learned: Observation) -> list[Event]:
        if len(new) > 1:
            place = {seat.id: i for i, seat in enumerate(self._seats)}
            new.sort(key=lambda f: (_RANK[f.type], place.get(f.signer_id, -1), f.round, f.token))
        envelope, received_at = self._before, learned.received_at
        begin_of_id = f"evt_{int(received_at.timestamp() * 1000):012x}"  # ordered by time
        events: list[Event] = []
        for fact in new:
            type_, signer_id, round_, token = fact
            occurred_at, inferred = self._facts[fact]
            data: dict[str, Any] = {}
            if type_ in _HAS_REASON and signer_id in learned.reasons:
                data["reason"] = learned.reasons[signer_id]
            if type_ is _ARCHIVED:
                data.update(learned.files.get(token, {}))
            event = _make_event(
                0,
                begin_of_id + _end_of_id(envelope.id, fact),
                type_,
                envelope.id,
                envelope.connection,
                envelope.provider,
                self._remote_id,
                signer_id or None,
                round_ or None,
                occurred_at,
                received_at,
                learned.source,
                learned.authenticity,
                inferred,
                data,
                learned.raw,
            )
            events.append(event)
        return events


@lru_cache(maxsize=1024)
def _signature(signer_id: str) -> Fact:
    return Fact(_SIGNED, signer_id, FIRST_ROUND)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def _end_of_id(envelope_id: str, fact: Fact) -> str:
    """The same each time that the same observation is replayed."""
    told = "\0".join((envelope_id, *fact))
    return blake2b(told.encode(), digest_size=10).hexdigest()
