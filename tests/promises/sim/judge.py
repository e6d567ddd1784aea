"""What is left of a world, held against what really happened at the vendors."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from esign_core.errors import Outcome
from esign_core.journal import Transaction, WorkKind
from esign_core.model import Envelope, Event, EventType, Fact, observe
from tests.promises.sim.account import Account
from tests.promises.sim.person import LONGEST_DELAY
from tests.promises.sim.world import World

_MARK = re.compile(r"esign:(env_[0-9a-f]{32})")
_ENDS = ("completed", "declined", "cancelled", "expired", "failed")
"""Of an envelope, the one that counts first; as a ledger calls them, and as the journal does."""
_ENDING_WORK = {
    WorkKind.POLL_JOB,
    WorkKind.DISPATCH,
    WorkKind.LOOK_UP,
    WorkKind.REFRESH,
    WorkKind.IDENTIFY,
}
"""Work that is not for ever."""


@dataclass
class There:
    """One envelope as its vendor has it, by the ledger."""

    account: str
    remote_id: str
    envelope_id: str
    """Ours, by its mark."""
    asked: Counter[str] = field(default_factory=Counter)
    """How often each signer was asked to sign."""
    asked_at: datetime | None = None
    signed: set[str] = field(default_factory=set)
    ends: list[str] = field(default_factory=list)
    """In the order in which they came."""


@dataclass
class Verdict:
    """What is wrong with a world; nothing where the promises were kept."""

    duplicates: list[str] = field(default_factory=list)
    """Keys for which somebody was asked to sign two envelopes."""
    losses: list[str] = field(default_factory=list)
    """What happened and is not known, or was accepted and is not kept."""
    lies: list[str] = field(default_factory=list)
    """What the journal says and is not so, and whatever else must not be."""

    @property
    def is_good(self) -> bool:
        """Whether the promises were kept."""
        return not (self.duplicates or self.losses or self.lies)

    def __str__(self) -> str:
        rows = [
            *(f"duplicate: {each}" for each in self.duplicates),
            *(f"lost: {each}" for each in self.losses),
            *(f"wrong: {each}" for each in self.lies),
        ]
        return "\n".join(rows) or "all promises were kept"


def judge(world: World) -> Verdict:
    """The verdict on a world that has come to rest."""
    records = world.journal.read(_Records)
    there = [each for account in world.accounts.values() for each in _at_vendor(account)]
    verdict = Verdict(lies=list(world.failures))
    verdict.duplicates += _duplicates(records, there)
    verdict.losses += _losses(world, records, there)
    verdict.lies += _wrong_states(world, records, there)
    verdict.lies += _wrong_stream(world, records)
    for account in world.accounts.values():
        verdict.lies += [f"{account.name} limited {what}" for what in account.limited]
    return verdict


class _Records:
    """All that the journal holds."""

    def __init__(self, tx: Transaction) -> None:
        self.envelopes = {each.id: each for each in tx.envelopes.list(limit=10_000)}
        self.events = tx.stream.read(limit=100_000)
        self.bodies = {(e.connection, e.request.body) for e in tx.inbox.list(limit=100_000)}
        self.work = tx.work.list(limit=10_000)
        self.observations = {id_: tx.stream.observations(id_) for id_ in self.envelopes}
        self.jobs = {id_ for id_ in self.envelopes if tx.envelopes.job(id_) is not None}


def _at_vendor(account: Account) -> Iterator[There]:
    found: dict[str, There] = {}
    for entry in account.site.vendor.ledger:
        marked = _MARK.search(entry.mark)
        each = found.setdefault(
            entry.envelope,
            There(account.name, entry.envelope, marked[1] if marked else ""),
        )
        if entry.what == "asked":
            each.asked[entry.signer] += 1
            each.asked_at = each.asked_at or entry.at
        elif entry.what == "signed":
            each.signed.add(entry.signer)
        elif entry.what in {*_ENDS, "destroyed"}:
            each.ends.append(entry.what)
    yield from found.values()


def _duplicates(records: _Records, there: list[There]) -> Iterator[str]:
    """Titles are as unique as keys in a world, and stay when a key is freed."""
    asked: dict[str, list[str]] = defaultdict(list)
    for each in there:
        known = records.envelopes.get(each.envelope_id)
        if each.asked:
            asked[known.title if known else each.envelope_id].append(each.remote_id)
        for signer, times in each.asked.items():
            if times > 1:
                yield f"{signer} was asked {times} times to sign {each.remote_id}"
    for title, remote_ids in asked.items():
        if len(remote_ids) > 1:
            yield f'"{title}" was sent as {" and as ".join(remote_ids)}'


def _losses(world: World, records: _Records, there: list[There]) -> Iterator[str]:
    for each in there:
        if each.asked:
            yield from _lost(records, each)
    for wish in world.wishes:
        for id_ in wish.told - records.envelopes.keys():
            yield f"{wish.key}: the product was told of {id_}, which is not there"
    for account in world.accounts.values():
        for delivery in account.accepted:
            if (account.name, delivery.body) not in records.bodies:
                yield f"{account.name}: an accepted {delivery.event} of {delivery.subject}"


def _lost(records: _Records, there: There) -> Iterator[str]:
    ours = records.envelopes.get(there.envelope_id)
    if ours is None:
        yield f"{there.account} asked people to sign {there.remote_id}: nobody knows of it"
    elif ours.remote_id is None and ours.id not in records.jobs:
        if ours.outcome is not Outcome.UNCERTAIN:
            yield f"{there.remote_id} was sent, and {ours.id} is {ours.outcome} without an id"
        elif _was_to_be_found(ours, there):
            yield f"{there.remote_id} was there in time, and {ours.id} never found it"


def _was_to_be_found(ours: Envelope, there: There) -> bool:
    """Whether it was at the vendor within the delay that the vendor is known for."""
    assert ours.created_at is not None
    assert there.asked_at is not None
    return not ours.is_final and there.asked_at <= ours.created_at + LONGEST_DELAY


def _wrong_states(world: World, records: _Records, there: list[There]) -> Iterator[str]:
    by_place = {(e.connection, e.remote_id): e for e in records.envelopes.values() if e.remote_id}
    for each in there:
        ours = by_place.get((each.account, each.remote_id))
        if ours is None or not each.asked:
            continue
        is_excused = each.remote_id in world.accounts[each.account].blind
        yield from _wrong_end(ours, each, is_excused=is_excused)
        signed = {
            seat.name
            for seat in ours.seats
            if Fact(EventType.SIGNER_SIGNED, seat.id, "1") in ours.facts
        }
        if signed != each.signed:
            yield f"{ours.id}: {sorted(signed)} signed, and really {sorted(each.signed)}"
    for item in records.work:
        known = records.envelopes.get(item.subject)
        is_open = known is not None and known.is_in_doubt and known.remote_id is not None
        # What was deleted so is in conflict, and gone: a person is told that it cannot be fetched.
        is_gone = known is not None and known.remote_id in world.accounts[known.connection].blind
        if item.kind in _ENDING_WORK and not is_open and not is_gone:
            yield f"{item.kind} of {item.subject} never ends: {item.error}"


def _wrong_end(ours: Envelope, there: There, *, is_excused: bool) -> Iterator[str]:
    if "destroyed" in there.ends and not is_excused:
        yield f"{ours.id} was finished, and calling it off has destroyed it"
    if "completed" in there.ends and there.ends[-1] != "completed" and not is_excused:
        yield f"{ours.id} was completed, and then it was {there.ends[-1]}"
    ends = ["cancelled" if end == "destroyed" else end for end in there.ends]
    if not ends:
        yield f"{ours.id} has not ended: {ours.status}"
    elif ours.status.value not in ends or not ours.is_final:
        yield f"{ours.id} is {ours.status}, and really {' then '.join(ends)}"
    elif ours.outcome is not Outcome.DONE:
        yield f"{ours.id} was sent, and its outcome is {ours.outcome}"


def _wrong_stream(world: World, records: _Records) -> Iterator[str]:
    events = records.events
    if [event.seq for event in events] != list(range(1, len(events) + 1)):
        yield "the positions of the stream have gaps, or are not in order"
    for id_, times in Counter(event.id for event in events).items():
        if times > 1:
            yield f"the event {id_} is there {times} times"
    once = Counter(
        (e.envelope_id, e.type, e.signer_id, e.round) for e in events if not e.type.is_repeatable
    )
    yield from (f"{what} happened {n} times" for what, n in once.items() if n > 1)
    for envelope in records.envelopes.values():
        mine = [event for event in events if event.envelope_id == envelope.id]
        yield from _wrong_replay(records, envelope, mine)
    written = [(event.seq, event.id) for event in events]
    for process in world.processes:
        heard = list(dict.fromkeys(process.heard))
        if process.follows and heard != written:
            yield f"{process.name} heard {len(heard)} events, or in another order: {len(written)}"


def _wrong_replay(records: _Records, envelope: Envelope, events: list[Event]) -> Iterator[str]:
    """The stored observations, taken in again from nothing, give the same facts and events."""
    bare = tuple(replace(seat, remote_id=None) for seat in envelope.seats)
    again = replace(envelope, facts={}, seats=bare)
    told: list[str] = []
    for stored in records.observations[envelope.id]:
        again, new = observe(again, stored)
        told += [event.id for event in new]
    if (again.facts, again.seats) != (envelope.facts, envelope.seats):
        yield f"{envelope.id}: replaying what was observed gives another state"
    if told != [event.id for event in events]:
        yield f"{envelope.id}: replaying what was observed gives other events"
