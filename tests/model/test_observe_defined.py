"""`observe` beside its definition: the rules written down plainly, without regard to speed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esign_core.model import (
    Authenticity,
    Envelope,
    Event,
    EventType,
    Evidence,
    Fact,
    Observation,
    Seat,
    SignerAction,
    Source,
    observe,
    observe_all,
)
from esign_core.model.observe import _RANK

ENDS = {EventType(f"envelope.{end}") for end in ["completed", "declined", "cancelled", "expired"]}
FAILED = EventType.ENVELOPE_FAILED


def closure(facts: set[Fact], seats: tuple[Seat, ...]) -> set[Fact]:
    """The facts with everything that they imply: each rule again until none adds anything."""
    types = {fact.type for fact in facts}
    signing = [seat.id for seat in seats if seat.action is not SignerAction.VIEW]
    signatures = {Fact(EventType.SIGNER_SIGNED, seat, "1") for seat in signing}
    implied = set[Fact]()
    if types & {EventType.ENVELOPE_COMPLETED, EventType.ENVELOPE_FINALIZING}:
        implied |= signatures
    if EventType.ENVELOPE_COMPLETED in types or (signing and signatures <= facts):
        implied.add(Fact(EventType.ENVELOPE_FINALIZING))
    if EventType.SIGNER_SIGNED in types:
        implied.add(Fact(EventType.ENVELOPE_IN_PROGRESS))
    going_on = {EventType.ENVELOPE_IN_PROGRESS, EventType.ENVELOPE_FINALIZING}
    if types & (ENDS | going_on) or any(type_.value.startswith("signer.") for type_ in types):
        implied.add(Fact(EventType.ENVELOPE_SENT))
    if len(types & (ENDS | {FAILED})) > 1:
        implied.add(Fact(EventType.ENVELOPE_CONFLICT))
    return facts if implied <= facts else closure(facts | implied, seats)


def defined(envelope: Envelope, observation: Observation) -> tuple[Envelope, list[Event]]:
    """What `observe` answers."""
    if not observation.authenticity.is_proof:
        return envelope, []
    before, told = envelope.facts, observation.facts
    facts: dict[Fact, Evidence] = {}
    for fact in closure({*before, *told}, envelope.seats):
        known = before.get(fact, Evidence(None, inferred=True))
        times = [at for at in (known.occurred_at, told.get(fact)) if at is not None]
        facts[fact] = Evidence(min(times, default=None), known.inferred and fact not in told)
    ids = observation.signer_remote_ids
    seats = tuple(replace(s, remote_id=s.remote_id or ids.get(s.id)) for s in envelope.seats)
    remote_id = envelope.remote_id or observation.remote_id
    after = replace(envelope, facts=facts, remote_id=remote_id, seats=seats)
    places = ["", *(seat.id for seat in envelope.seats)]

    def place(fact: Fact) -> tuple[int, int, str, str]:
        return _RANK[fact.type], places.index(fact.signer_id), fact.round, fact.token

    new = sorted(facts.keys() - before.keys(), key=place)
    return after, [event_of(after, fact, observation) for fact in new]


def event_of(envelope: Envelope, fact: Fact, observation: Observation) -> Event:
    """The event that tells of a new fact."""
    milliseconds = int(observation.received_at.timestamp() * 1000)
    told = "\0".join((envelope.id, *fact)).encode()
    tells_why = fact.type in {EventType.SIGNER_DECLINED, FAILED}
    why = observation.reasons.get(fact.signer_id) if tells_why else None
    return Event(
        seq=0,
        id=f"evt_{milliseconds:012x}{hashlib.blake2b(told, digest_size=10).hexdigest()}",
        type=fact.type,
        envelope_id=envelope.id,
        connection=envelope.connection,
        provider=envelope.provider,
        remote_id=envelope.remote_id,
        signer_id=fact.signer_id or None,
        round=fact.round or None,
        occurred_at=envelope.facts[fact].occurred_at,
        received_at=observation.received_at,
        source=observation.source,
        authenticity=observation.authenticity,
        inferred=envelope.facts[fact].inferred,
        data={} if why is None else {"reason": why},
        raw=observation.raw,
    )


_TIMES = st.integers(0, 9).map(lambda minute: datetime(2026, 3, 1, 12, minute, tzinfo=UTC))
_FACTS = st.builds(
    Fact,
    st.sampled_from([type_ for type_ in EventType if type_ is not EventType.ENVELOPE_ARCHIVED]),
    st.sampled_from(["", "s1", "s2", "s3"]),  # an adapter may say of a signer what is no act
    st.sampled_from(["", "1", "2"]),
    st.sampled_from(["", "token"]),
)
_PLAIN_FACTS = _FACTS.map(lambda f: Fact(f.type, f.signer_id, "1") if f.signer_id else Fact(f.type))
_ENVELOPES = st.builds(
    lambda actions, ids, facts: Envelope(
        "env_1",
        "acme-eu",
        "acme",
        "Lease 14",
        seats=tuple(
            Seat(f"s{i}", "Ann", action=action, remote_id=id_)
            for i, (action, id_) in enumerate(zip(actions, ids, strict=True), start=1)
        ),
        facts=facts,
    ),
    st.tuples(*[st.sampled_from(SignerAction)] * 3),
    st.tuples(*[st.sampled_from([None, "r1"])] * 3),
    st.dictionaries(_FACTS, st.builds(Evidence, st.none() | _TIMES, st.booleans()), max_size=3),
)
"""Envelopes of which less is known than follows, too: rules may be added in a later version."""
_OBSERVATIONS = st.builds(
    Observation,
    source=st.sampled_from(Source),
    authenticity=st.sampled_from(Authenticity),
    received_at=_TIMES,
    facts=st.dictionaries(_FACTS | _PLAIN_FACTS, st.none() | _TIMES, max_size=4),
    remote_id=st.sampled_from([None, "r", "q"]),
    signer_remote_ids=st.dictionaries(st.sampled_from(["s1", "s2"]), st.just("r2"), max_size=2),
    reasons=st.dictionaries(st.sampled_from(["", "s1"]), st.just("Too dear"), max_size=2),
    raw=st.sampled_from([None, {"a": 1}]),
)


@pytest.mark.promise("R3")
@given(_ENVELOPES, st.lists(_OBSERVATIONS, max_size=5))
def test_observing_is_what_it_is_defined_to_be(
    envelope: Envelope, learned: list[Observation]
) -> None:
    """The same envelope and the same events, ids and order included, at each step and at once."""
    plain, told = envelope, list[Event]()
    for observation in learned:
        quick, events = observe(plain, observation)
        plain, expected = defined(plain, observation)
        assert (quick, events) == (plain, expected)
        told += expected
    assert observe_all(envelope, learned) == (plain, told)


def test_nothing_proven_leaves_the_very_envelope() -> None:
    """No new one is made of it, however often somebody tries."""
    envelope = Envelope("env_1", "acme-eu", "acme", "Lease 14")
    at = datetime(2026, 3, 1, tzinfo=UTC)
    forged = Observation(Source.WEBHOOK, Authenticity.NONE, at, {Fact(FAILED): at})
    assert observe_all(envelope, [forged, forged])[0] is envelope
    assert observe_all(envelope, [])[0] is envelope
