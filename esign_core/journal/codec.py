"""Values of the model as text for the database, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

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


def dump_time(at: datetime) -> str:
    """A time as text that sorts by time, to the microsecond."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def load_time(text: str) -> datetime:
    """`dump_time` read back."""
    return datetime.fromisoformat(text)


def _maybe(at: datetime | None) -> str | None:
    return dump_time(at) if at is not None else None


def _time(text: str | None) -> datetime | None:
    return load_time(text) if text is not None else None


def dump_json(data: Any) -> str:
    """Compact JSON. What a vendor's words hold is stored whatever it is, as text if need be."""
    return json.dumps(data, separators=(",", ":"), default=str)


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
        Seat(id_, name, email, role, order, SignerAction(action), remote_id)
        for id_, name, email, role, order, action, remote_id in json.loads(text)
    )


def dump_facts(envelope: Envelope) -> str:
    """An envelope's facts, in one order whatever way they came."""
    return dump_json(
        [
            [*fact, _maybe(evidence.occurred_at), evidence.inferred]
            for fact, evidence in sorted(envelope.facts.items())
        ]
    )


def _load_facts(text: str) -> dict[Fact, Evidence]:
    return {
        Fact(EventType(type_), signer_id, round_, token): Evidence(_time(at), inferred)
        for type_, signer_id, round_, token, at, inferred in json.loads(text)
    }


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


def dump_event(event: Event) -> str:
    """An event, whole."""
    return dump_json(event.to_json())


def load_event(text: str) -> Event:
    """`dump_event` read back."""
    data: dict[str, Any] = json.loads(text)
    data["type"] = EventType(data["type"])
    data["occurred_at"] = _time(data["occurred_at"])
    data["received_at"] = load_time(data["received_at"])
    data["source"] = Source(data["source"])
    data["authenticity"] = Authenticity(data["authenticity"])
    return Event(**data)


def dump_observation(observation: Observation) -> str:
    """An observation, whole: replaying these from the start gives the same state and events."""
    return dump_json(
        {
            "source": observation.source,
            "authenticity": observation.authenticity,
            "received_at": dump_time(observation.received_at),
            "facts": [[*fact, _maybe(at)] for fact, at in observation.facts.items()],
            "remote_id": observation.remote_id,
            "signer_remote_ids": dict(observation.signer_remote_ids),
            "reasons": dict(observation.reasons),
            "raw": observation.raw,
            **({"files": dict(observation.files)} if observation.files else {}),
        }
    )


def load_observation(text: str) -> Observation:
    """`dump_observation` read back."""
    data = json.loads(text)
    return Observation(
        source=Source(data["source"]),
        authenticity=Authenticity(data["authenticity"]),
        received_at=load_time(data["received_at"]),
        facts={
            Fact(EventType(type_), signer_id, round_, token): _time(at)
            for type_, signer_id, round_, token, at in data["facts"]
        },
        remote_id=data["remote_id"],
        signer_remote_ids=data["signer_remote_ids"],
        reasons=data["reasons"],
        raw=data["raw"],
        files=data.get("files", {}),
    )


def dump_job(job: Job) -> str:
    """A job's handle: whoever reads it can ask for the result."""
    return dump_json({"handle": dict(job.handle), "poll_after_seconds": job.poll_after_seconds})


def load_job(text: str) -> Job:
    """`dump_job` read back."""
    data = json.loads(text)
    return Job(handle=data["handle"], poll_after_seconds=data["poll_after_seconds"])
