"""One thing learned about one envelope, from wherever: translated into facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from esign_core.model.envelope import Envelope, Fact, Seat
from esign_core.model.event import Authenticity, EventType, Source
from esign_core.model.making import maker
from esign_core.model.snapshot import SignerSnapshot, Snapshot
from esign_core.model.status import EnvelopeStatus, SignerStatus
from esign_core.model.webhook import Notice, SignerNotice


@dataclass(frozen=True, slots=True)
class Observation:
    """What was learned, as facts, and how."""

    source: Source
    """How we learned of it."""
    authenticity: Authenticity
    """How far it is proven."""
    received_at: datetime
    """When we learned of it."""
    facts: Mapping[Fact, datetime | None] = field(default_factory=dict)
    """Each with the vendor's time for it, if it gave one."""
    remote_id: str | None = None
    """The vendor's id of the envelope."""
    signer_remote_ids: Mapping[str, str] = field(default_factory=dict)
    """Our id of a signer, and the vendor's."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Our id of a signer, and why they declined; an empty id for why the envelope failed."""
    raw: Any = field(default=None, repr=False)
    """The vendor's words, without secrets."""
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What is told of files that were archived, by the token of each one's fact; JSON data."""


make_observation = maker(Observation)

_ENVELOPE_FACT: Mapping[EnvelopeStatus | None, Fact] = {
    status: Fact(EventType(f"envelope.{status}"))
    for status in EnvelopeStatus
    if status not in {EnvelopeStatus.DRAFT, EnvelopeStatus.UNKNOWN}
}
_SIGNER_FACT = {
    status: EventType(f"signer.{status}")
    for status in SignerStatus
    if status not in {SignerStatus.WAITING, SignerStatus.UNKNOWN}
}


def from_snapshot(
    envelope: Envelope, snapshot: Snapshot, *, source: Source, received_at: datetime
) -> Observation:
    """What a look at the vendor, or its answer to our own call, tells about an envelope."""
    facts: dict[Fact, datetime | None] = {}
    if snapshot.status in _ENVELOPE_FACT:
        at = snapshot.ended_at if snapshot.status.is_final else None
        facts[_ENVELOPE_FACT[snapshot.status]] = at
    if snapshot.sent_at is not None:
        facts[Fact(EventType.ENVELOPE_SENT)] = snapshot.sent_at
    if snapshot.is_purged:
        facts[Fact(EventType.ENVELOPE_PURGED)] = None
    ids: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for seat, signer in match(envelope.seats, snapshot.signers):
        if signer.remote_id is not None:
            ids[seat.id] = signer.remote_id
        if signer.decline_reason:
            reasons[seat.id] = signer.decline_reason
        facts.update(_signer_facts(seat.id, signer))
    return Observation(
        source=source,
        authenticity=Authenticity.FETCHED,
        received_at=received_at,
        facts=facts,
        remote_id=snapshot.remote_id,
        signer_remote_ids=ids,
        reasons=reasons,
        raw=snapshot.raw,
    )


def from_notice(
    envelope: Envelope, notice: Notice, *, authenticity: Authenticity, received_at: datetime
) -> Observation:
    """What a delivery tells about an envelope."""
    facts: dict[Fact, datetime | None] = {}
    if notice.status in _ENVELOPE_FACT:
        facts[_ENVELOPE_FACT[notice.status]] = notice.occurred_at
    ids: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for seat, signer in match(envelope.seats, notice.signers):
        if signer.remote_id is not None:
            ids[seat.id] = signer.remote_id
        if signer.reason:
            reasons[seat.id] = signer.reason
        at = signer.occurred_at
        token = _token(signer.type, at, notice.key)
        facts[Fact(signer.type, seat.id, signer.round, token)] = at
    return make_observation(
        Source.WEBHOOK,
        authenticity,
        received_at,
        facts,
        notice.remote_id,
        ids,
        reasons,
        raw=notice.raw,
    )


def _signer_facts(seat_id: str, signer: SignerSnapshot) -> dict[Fact, datetime | None]:
    facts: dict[Fact, datetime | None] = {}
    if signer.status in _SIGNER_FACT:
        facts[Fact(_SIGNER_FACT[signer.status], seat_id, signer.round)] = None
    for type_, at in (
        (EventType.SIGNER_NOTIFIED, signer.notified_at),
        (EventType.SIGNER_VIEWED, signer.viewed_at),
        (EventType.SIGNER_SIGNED, signer.signed_at),
        (EventType.SIGNER_DECLINED, signer.declined_at),
    ):
        if at is not None:
            facts[Fact(type_, seat_id, signer.round)] = at
    if signer.is_undeliverable:
        facts[Fact(EventType.SIGNER_UNDELIVERABLE, seat_id, signer.round)] = None
    return facts


def _token(type_: EventType, at: datetime | None, key: str | None) -> str:
    """What tells apart two of a kind: the vendor's time, or its event id where there is none."""
    if not type_.is_repeatable:
        return ""
    if at is None:
        return key or "once"
    return at.astimezone(UTC).replace(microsecond=0).isoformat()


SignerT = TypeVar("SignerT", SignerSnapshot, SignerNotice)
_Who = Callable[[Seat | SignerSnapshot | SignerNotice], object]


def match(seats: Sequence[Seat], signers: Iterable[SignerT]) -> list[tuple[Seat, SignerT]]:
    """Which seat each of the vendor's signers sits in, the surest sign first.

    A sign counts only where it fits one person and one seat alone. A seat is taken by one person,
    who may be listed several times, and a known id of the vendor's is never overruled. A signer
    whom nothing fits is left out.
    """
    listed = list(signers)
    at_once = _by_id(seats, listed)
    if at_once is not None:
        return at_once
    people = {_person(signer): signer for signer in reversed(listed)}
    taken: dict[object, Seat] = {}
    for sign in _SIGNS:
        free = [seat for seat in seats if seat not in taken.values()]
        waiting = [(who, signer) for who, signer in people.items() if who not in taken]
        wanted = Counter(sign(signer) for _, signer in waiting)
        for who, signer in waiting:
            fitting = [seat for seat in free if _fits(sign, seat, signer)]
            if len(fitting) == 1 and wanted[sign(signer)] == 1:
                taken[who] = fitting[0]
    return [(taken[_person(signer)], signer) for signer in listed if _person(signer) in taken]


def _by_id(seats: Sequence[Seat], signers: Sequence[SignerT]) -> list[tuple[Seat, SignerT]] | None:
    """The same by the surest sign alone; None where that is not enough for everybody.

    Once the vendor's ids are known it nearly always is, and this is quick.
    """
    if not signers:
        return []
    known = [seat for seat in seats if seat.remote_id]
    seat_of = {seat.remote_id: seat for seat in known}
    if len(seat_of) < len(known):
        return None
    try:
        return [(seat_of[signer.remote_id], signer) for signer in signers]
    except KeyError:
        return None


def _person(signer: SignerSnapshot | SignerNotice) -> object:
    return signer.remote_id or (signer.role, signer.name, signer.email)


def _fits(sign: _Who, seat: Seat, signer: SignerSnapshot | SignerNotice) -> bool:
    is_same = sign(signer) is not None and sign(signer) == sign(seat)
    return is_same and not _is_somebody_else(seat, signer)


def _is_somebody_else(seat: Seat, signer: SignerSnapshot | SignerNotice) -> bool:
    return None not in {seat.remote_id, signer.remote_id} and seat.remote_id != signer.remote_id


def _remote_id(who: Seat | SignerSnapshot | SignerNotice) -> object:
    return who.remote_id


def _role_and_name(who: Seat | SignerSnapshot | SignerNotice) -> object:
    return (who.role, who.name.casefold()) if who.role and who.name else None


def _email_and_name(who: Seat | SignerSnapshot | SignerNotice) -> object:
    return (who.email.casefold(), who.name.casefold()) if who.email and who.name else None


def _email(who: Seat | SignerSnapshot | SignerNotice) -> object:
    return who.email.casefold() if who.email else None


def _role(who: Seat | SignerSnapshot | SignerNotice) -> object:
    return who.role


def _name(who: Seat | SignerSnapshot | SignerNotice) -> object:
    return who.name.casefold() if who.name else None


_SIGNS: tuple[_Who, ...] = (_remote_id, _role_and_name, _email_and_name, _role, _name, _email)
