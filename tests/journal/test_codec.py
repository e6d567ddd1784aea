"""What is put together by hand is JSON, says all of it, and is read back whatever it holds."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esign_core.journal import codec
from esign_core.model import (
    Authenticity,
    Envelope,
    Event,
    EventType,
    Evidence,
    Fact,
    Observation,
    Source,
)

_WORDS = st.text() | st.sampled_from(["", '"', "\\", "\ud800", "\x00", "\u2028", "Løkke"])
_TIMES = st.datetimes(
    datetime(1990, 1, 1),  # noqa: DTZ001 - the time zones are drawn beside it
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7)), timezone.max]),
)
_RAW = st.none() | st.dictionaries(_WORDS, st.integers() | st.lists(_WORDS, max_size=2), max_size=2)
_FACTS = st.builds(Fact, st.sampled_from(EventType), _WORDS, _WORDS, _WORDS)
_EVENTS = st.builds(
    Event,
    seq=st.integers(0, 2**62),
    id=_WORDS,
    type=st.sampled_from(EventType),
    envelope_id=_WORDS,
    connection=_WORDS,
    provider=_WORDS,
    remote_id=st.none() | _WORDS,
    signer_id=st.none() | _WORDS,
    round=st.none() | _WORDS,
    occurred_at=st.none() | _TIMES,
    received_at=_TIMES,
    source=st.sampled_from(Source),
    authenticity=st.sampled_from(Authenticity),
    inferred=st.booleans(),
    data=st.dictionaries(_WORDS, _WORDS, max_size=1),
    raw=_RAW,
)
_OBSERVATIONS = st.builds(
    Observation,
    source=st.sampled_from(Source),
    authenticity=st.sampled_from(Authenticity),
    received_at=_TIMES,
    facts=st.dictionaries(_FACTS, st.none() | _TIMES, max_size=2),
    remote_id=st.none() | _WORDS,
    signer_remote_ids=st.dictionaries(_WORDS, _WORDS, max_size=1),
    reasons=st.dictionaries(_WORDS, _WORDS, max_size=1),
    raw=_RAW,
    files=st.dictionaries(_WORDS, st.dictionaries(_WORDS, st.integers(), max_size=1), max_size=1),
)


def decoded(text: str) -> dict[str, Any]:
    """The text as any reader of JSON has it; in the database it is ASCII."""
    assert text.isascii()
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.mark.promise("R4")
@given(_EVENTS)
def test_event_is_stored_whole(event: Event) -> None:
    """Each of its fields, under its name, as its own JSON has it but for the spelling of times."""
    text = codec.dump_event(event)
    stored, told = decoded(text), event.to_json()
    assert list(stored) == list(told) == [each.name for each in fields(Event)]
    times = {"occurred_at", "received_at"}
    assert {name: stored[name] for name in stored.keys() - times} == {
        name: json.loads(json.dumps(told[name])) for name in told.keys() - times
    }
    assert codec.load_event(text) == event
    assert text == codec.dump_event(event, codec.dump_json(event.raw))


@pytest.mark.promise("R4")
@given(_OBSERVATIONS)
def test_observation_is_stored_whole(observation: Observation) -> None:
    """Replaying it is replaying what was observed."""
    text = codec.dump_observation(observation)
    assert decoded(text).keys() == {each.name for each in fields(Observation)}
    assert codec.load_observation(text) == observation
    assert text == codec.dump_observation(observation, codec.dump_json(observation.raw))


@pytest.mark.promise("R4")
@given(
    st.dictionaries(_FACTS, st.builds(Evidence, st.none() | _TIMES, st.booleans()), max_size=3),
    st.randoms(),
)
def test_facts_are_stored_in_one_order(facts: dict[Fact, Evidence], random: Any) -> None:
    """In whatever order they became known, what is stored is the same, and is read back."""
    shuffled = list(facts.items())
    random.shuffle(shuffled)
    texts = {
        codec.dump_facts(Envelope("env_1", "acme-eu", "acme", "Lease 14", facts=known))
        for known in (facts, dict(shuffled))
    }
    (text,) = texts
    assert text.isascii()
    assert codec._load_facts(text) == facts


def test_what_earlier_versions_stored_is_read() -> None:
    """They did not know of files, put times in other words, and may have nested without end."""
    text = (
        '{"source":"poll","authenticity":"fetched","received_at":"2026-01-01T00:00:00+00:00",'
        '"facts":[["envelope.sent","","","",null]],"remote_id":null,"signer_remote_ids":{},'
        f'"reasons":{{}},"raw":{"[" * 300}NaN{"]" * 300}}}'
    )
    found = codec.load_observation(text)
    assert (found.files, found.facts) == ({}, {Fact(EventType.ENVELOPE_SENT): None})
    assert found.received_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert str(found.raw) == f"{'[' * 300}nan{']' * 300}"
