"""An envelope as we know it: a grow-only set of facts, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, cast

from esign_core.errors import Outcome
from esign_core.model.draft import EnvelopeDraft
from esign_core.model.event import EventType
from esign_core.model.signer import SignerAction
from esign_core.model.status import ENDS, STEPS, EnvelopeStatus, SignerStatus

FIRST_ROUND = "1"
"""The round of vendors that have none."""


class Fact(NamedTuple):
    """Something that is known. Two observations of the same thing make the same fact."""

    type: EventType
    """What happened."""
    signer_id: str = ""
    """Our id of the signer; empty for facts of the whole envelope."""
    round: str = ""
    """The vendor's own round; empty for what is about the whole envelope."""
    token: str = ""
    """Tells apart what can happen many times: the vendor's time to the second, or its event id."""


class Evidence(NamedTuple):
    """How well a fact is known."""

    occurred_at: datetime | None
    """The earliest time that the vendor gave for it."""
    inferred: bool
    """Whether nobody has said it outright yet."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One signer of an envelope, as it was drafted. What they did is in the facts."""

    id: str
    """Ours: `s1`, `s2` ... in the order of the draft."""
    name: str
    """As it was drafted."""
    email: str | None = field(default=None, repr=False)
    """As it was drafted."""
    role: str | None = None
    """As it was drafted."""
    order: int | None = None
    """As it was drafted."""
    action: SignerAction = SignerAction.SIGN
    """What was asked of them."""
    remote_id: str | None = None
    """The vendor's id, once it is known."""


@dataclass(frozen=True, slots=True)
class SignerState:
    """Where one signer of an envelope stands."""

    id: str
    """Our id, such as `s1`."""
    name: str
    """As it was drafted."""
    role: str | None
    """As it was drafted."""
    order: int | None
    """As it was drafted."""
    status: SignerStatus
    """In the last round."""
    is_undeliverable: bool
    """Whether the vendor could not reach them."""


_LEAST_FIRST = (*STEPS, *reversed(ENDS))
_HEIGHT = {f"envelope.{status}": i for i, status in enumerate(_LEAST_FIRST)}
_CONFLICT = Fact(EventType.ENVELOPE_CONFLICT)
_PURGED = Fact(EventType.ENVELOPE_PURGED)
_SIGNER_STATUS = (  # what counts first, when a signer did several things in a round
    (EventType.SIGNER_SIGNED, SignerStatus.SIGNED),
    (EventType.SIGNER_DECLINED, SignerStatus.DECLINED),
    (EventType.SIGNER_EXPIRED, SignerStatus.EXPIRED),
    (EventType.SIGNER_VIEWED, SignerStatus.VIEWED),
    (EventType.SIGNER_NOTIFIED, SignerStatus.NOTIFIED),
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """An envelope as we know it. It never changes; `observe` makes the next one."""

    id: str
    """Ours: `env_` and a UUIDv7."""
    connection: str
    """The account that it goes through."""
    provider: str
    """That account's provider."""
    title: str
    """What it is called, for people."""
    seats: tuple[Seat, ...] = field(default=(), repr=False)
    """Its signers, as they were drafted."""
    facts: Mapping[Fact, Evidence] = field(default_factory=dict, repr=False)
    """What is known, and when and how it became known."""
    remote_id: str | None = None
    """The vendor's id, once it is known."""
    outcome: Outcome = Outcome.DONE
    """Whether sending it happened."""
    key: str | None = None
    """The caller's key; None for an envelope that came from outside."""
    tenant: str = ""
    """Whose key it is."""
    created_at: datetime | None = None
    """When it was first asked for."""
    failure: str | None = None
    """Why it was not sent, or why nobody can say."""
    _status: EnvelopeStatus | None = field(default=None, init=False, repr=False, compare=False)
    """Worked out once: it is asked for many times with each delivery."""

    @property
    def status(self) -> EnvelopeStatus:
        """Where it stands."""
        if self._status is None:
            height = max([_HEIGHT.get(fact.type, 0) for fact in self.facts], default=0)
            object.__setattr__(self, "_status", _LEAST_FIRST[height])
        return cast("EnvelopeStatus", self._status)

    @property
    def is_final(self) -> bool:
        """Whether nothing can follow."""
        return self.status.is_final

    @property
    def is_in_doubt(self) -> bool:
        """Whether nobody knows if it was sent, and nobody has given it up."""
        return self.outcome is Outcome.UNCERTAIN and not self.is_final

    @property
    def has_conflict(self) -> bool:
        """Whether two different ends were reported."""
        return _CONFLICT in self.facts

    @property
    def is_purged(self) -> bool:
        """Whether the vendor no longer keeps it."""
        return _PURGED in self.facts

    @property
    def signers(self) -> tuple[SignerState, ...]:
        """Where each signer stands, in the order of the draft."""
        return tuple(self._state(seat) for seat in self.seats)

    def _state(self, seat: Seat) -> SignerState:
        mine = [fact for fact in self.facts if fact.signer_id == seat.id]
        last = max((fact.round for fact in mine), default=FIRST_ROUND, key=_round_number)
        types = {fact.type for fact in mine if fact.round == last}
        status = next((s for type_, s in _SIGNER_STATUS if type_ in types), SignerStatus.WAITING)
        undeliverable = any(fact.type is EventType.SIGNER_UNDELIVERABLE for fact in mine)
        return SignerState(seat.id, seat.name, seat.role, seat.order, status, undeliverable)


def seats_of(draft: EnvelopeDraft) -> tuple[Seat, ...]:
    """A seat for each signer of a draft, with ids of ours."""
    return tuple(
        Seat(f"s{i}", signer.name, signer.email, signer.role, signer.order, signer.action)
        for i, signer in enumerate(draft.signers, start=1)
    )


def _round_number(name: str) -> tuple[int, str]:
    return (int(name) if name.isdecimal() else 0, name)
