"""Values of the model as text for the database, and back.

All of it is JSON. What is written with each delivery is put together by hand, which takes a third
of the time that an encoder needs for it; a test reads it with the usual decoder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from pydantic_core import from_json

from esign_core.errors import Outcome
from esign_core.model import (
    Authenticity,
    Envelope,
    Event,
    EventType,
    Evidence,
    Fact,
    Job,
    Observation,
    Seat,
    SignerAction,
    Source,
)
from esign_core.model.making import maker
from esign_core.model.observation import make_observation


@lru_cache(maxsize=4096)  # the same ones are written again with everything that is learned
def dump_time(at: datetime) -> str:
    """A time as text that sorts by time, to the microsecond."""
    in_utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    return in_utc.isoformat(timespec="microseconds")


def load_time(text: str) -> datetime:
    """`dump_time` read back."""
    return datetime.fromisoformat(text)


def _time(text: str | None) -> datetime | None:
    return load_time(text) if text is not None else None


def dump_json(data: Any) -> str:
    """Compact JSON. What a vendor's words hold is stored whatever it is, as text if need be."""
    return _encode(data)


_encode = json.JSONEncoder(separators=(",", ":"), default=str).encode
_quoted = json.encoder.encode_basestring_ascii
_BOOLEAN = ("false", "true")


def _maybe_quoted(text: str | None) -> str:
    return "null" if text is None else _quoted(text)


def _time_quoted(at: datetime | None) -> str:
    return "null" if at is None else f'"{dump_time(at)}"'


def _object(data: Mapping[str, Any]) -> str:
    return _encode(dict(data)) if data else "{}"


def _load_json(text: str) -> Any:
    """`dump_json` read back; half a character and endless nesting take the longer way."""
    try:
        return from_json(text)
    except ValueError:
        return json.loads(text)


def dump_seats(envelope: Envelope) -> str:
    """An envelope's seats."""
    return dump_json(
        [
            [seat.id, seat.name, seat.email, seat.role, seat.order, seat.action, seat.remote_id]
            for seat in envelope.seats
        ]
    )


def _load_seats(text: str) -> tuple[Seat, ...]:
    return tuple(
        [
            _make_seat(id_, name, email, role, order, _ACTIONS[action], remote_id)
            for id_, name, email, role, order, action, remote_id in _load_json(text)
        ]
    )


_make_seat = maker(Seat)
_ACTIONS = {each.value: each for each in SignerAction}


def dump_facts(envelope: Envelope) -> str:
    """An envelope's facts, in one order whatever way they came."""
    told = [
        f"[{_fact_text(fact)},{_time_quoted(at)},{_BOOLEAN[inferred]}]"
        for fact, (at, inferred) in envelope.facts.items()
    ]
    told.sort()
    return f"[{','.join(told)}]"


def _load_facts(text: str) -> dict[Fact, Evidence]:
    return {
        _fact(type_, signer_id, round_, token): Evidence(_time(at), inferred)
        for type_, signer_id, round_, token, at, inferred in _load_json(text)
    }


@lru_cache(maxsize=4096)
def _fact_text(fact: Fact) -> str:
    return ",".join(map(_quoted, fact))


@lru_cache(maxsize=4096)
def _fact(type_: str, signer_id: str, round_: str, token: str) -> Fact:
    """A fact from its words; nearly all envelopes have the same ones."""
    return Fact(EventType(type_), signer_id, round_, token)


def load_envelope(row: Mapping[str, Any]) -> Envelope:
    """An envelope from its row."""
    return Envelope(
        id=row["id"],
        connection=row["connection"],
        provider=row["provider"],
        title=row["title"],
        seats=_load_seats(row["seats"]),
        facts=_load_facts(row["facts"]),
        remote_id=row["remote_id"],
        outcome=Outcome(row["outcome"]),
        key=row["key"],
        tenant=row["tenant"],
        created_at=load_time(row["created_at"]),
        failure=row["failure"],
    )


def dump_event(event: Event, raw: str | None = None) -> str:
    """An event, whole; `raw` is the text of its `raw`, if that was made already."""
    return (
        f'{{"seq":{event.seq},"id":{_quoted(event.id)},"type":{_quoted(event.type)},'
        f'"envelope_id":{_quoted(event.envelope_id)},"connection":{_quoted(event.connection)},'
        f'"provider":{_quoted(event.provider)},"remote_id":{_maybe_quoted(event.remote_id)},'
        f'"signer_id":{_maybe_quoted(event.signer_id)},"round":{_maybe_quoted(event.round)},'
        f'"occurred_at":{_time_quoted(event.occurred_at)},'
        f'"received_at":{_time_quoted(event.received_at)},"source":{_quoted(event.source)},'
        f'"authenticity":{_quoted(event.authenticity)},"inferred":{_BOOLEAN[event.inferred]},'
        f'"data":{_object(event.data)},"raw":{_encode(event.raw) if raw is None else raw}}}'
    )


def load_event(text: str) -> Event:
    """`dump_event` read back."""
    data: dict[str, Any] = _load_json(text)
    data["type"] = EventType(data["type"])
    data["occurred_at"] = _time(data["occurred_at"])
    data["received_at"] = load_time(data["received_at"])
    data["source"] = _SOURCES[data["source"]]
    data["authenticity"] = _GRADES[data["authenticity"]]
    return _make_event(**data)


_make_event = maker(Event)


def dump_observation(observation: Observation, raw: str | None = None) -> str:
    """An observation, whole: replaying these from the start gives the same state and events.

    `raw` is the text of its `raw`, if that was made already.
    """
    facts = ",".join(
        [f"[{_fact_text(fact)},{_time_quoted(at)}]" for fact, at in observation.facts.items()]
    )
    return (
        f'{{"source":{_quoted(observation.source)},'
        f'"authenticity":{_quoted(observation.authenticity)},'
        f'"received_at":{_time_quoted(observation.received_at)},"facts":[{facts}],'
        f'"remote_id":{_maybe_quoted(observation.remote_id)},'
        f'"signer_remote_ids":{_object(observation.signer_remote_ids)},'
        f'"reasons":{_object(observation.reasons)},"files":{_object(observation.files)},'
        f'"raw":{_encode(observation.raw) if raw is None else raw}}}'
    )


def load_observation(text: str) -> Observation:
    """`dump_observation` read back."""
    data = _load_json(text)
    return make_observation(
        _SOURCES[data["source"]],
        _GRADES[data["authenticity"]],
        load_time(data["received_at"]),
        {
            _fact(type_, signer_id, round_, token): _time(at)
            for type_, signer_id, round_, token, at in data["facts"]
        },
        data["remote_id"],
        data["signer_remote_ids"],
        data["reasons"],
        data["raw"],
        data.get("files", {}),
    )


_SOURCES = {each.value: each for each in Source}
_GRADES = {each.value: each for each in Authenticity}


def dump_job(job: Job) -> str:
    """A job's handle: whoever reads it can ask for the result."""
    return dump_json({"handle": dict(job.handle), "poll_after_seconds": job.poll_after_seconds})


def load_job(text: str) -> Job:
    """`dump_job` read back."""
    data = json.loads(text)
    return Job(handle=data["handle"], poll_after_seconds=data["poll_after_seconds"])
