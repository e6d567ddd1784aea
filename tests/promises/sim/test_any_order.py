"""A real life of each vendor, told in every order there is, with an end that contradicts it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from esign_core.engine.simulate import EPOCH
from esign_core.model import (
    Authenticity,
    Envelope,
    EnvelopeStatus,
    Event,
    Notice,
    Observation,
    Snapshot,
    Source,
    WebhookRequest,
    from_notice,
    from_snapshot,
    observe,
)
from esign_core.provider import Provider, Registry
from tests.promises.sim.deal import Deal, Ending, play

PEOPLE = ["Jane Doe", "Bo Ek"]
TOLD = {
    "penneo": [
        "sign.signer.requestSent",
        "sign.signer.opened",
        "sign.signer.signed",
        "sign.casefile.completed",
    ],
    "penvio": ["envelope.sent", "envelope.viewed", "envelope.signed", "envelope.completed"],
}
"""The deliveries that are shuffled with what is seen at the vendor: of each kind the last."""
OTHER_END = {"penneo": "sign.casefile.rejected", "penvio": "envelope.declined"}
STEPS = ["draft", "queued", "scheduled", "sent", "in_progress", "finalizing"]
ENDS = ["failed", "expired", "cancelled", "declined", "completed"]
Fold = Callable[[Envelope, Observation], tuple[Envelope, list[Event]]]


@pytest.fixture(scope="module", params=TOLD)
def life(request: pytest.FixtureRequest) -> tuple[Envelope, list[Observation]]:
    """An envelope as it was drafted, and seven observations of it: five told, two seen.

    One that is told is the end of another deal, with this one's number in its place: whoever
    reads it is told that this one was declined.
    """
    via: str = request.param
    deal = play(via, Ending.SIGNED, PEOPLE, is_watched=True)
    other = play(via, Ending.DECLINED, PEOPLE)
    bare = tuple(replace(seat, remote_id=None) for seat in deal.envelope.seats)
    drafted = replace(deal.envelope, facts={}, remote_id=None, seats=bare)
    notices = [_last(via, deal, event) for event in TOLD[via]]
    notices.append(_as_of(deal, other, _last(via, other, OTHER_END[via])))
    seen = [_step(deal.observed, EnvelopeStatus.IN_PROGRESS), deal.observed[-1]]
    ways = {"authenticity": Authenticity.SIGNED, "received_at": EPOCH}
    told = [from_notice(deal.envelope, each, **ways) for each in notices]  # type: ignore[arg-type]
    looked = [
        from_snapshot(
            deal.envelope, each, source=Source.POLL, received_at=EPOCH + timedelta(days=1)
        )
        for each in seen
    ]
    return drafted, [*told, *looked]


@pytest.mark.promise("R3")
def test_every_order_of_a_real_life_ends_the_same(
    life: tuple[Envelope, list[Observation]],
) -> None:
    """5,040 orders, each observation twice in each: one state, one set of events, no way back."""
    expect_one_end(observe, *life, permutations(life[1]))


@pytest.mark.promise("R3")
def test_the_end_that_counts_more_stays_and_the_other_is_marked(
    life: tuple[Envelope, list[Observation]],
) -> None:
    """Completed and declined: it is completed, and somebody is told that both were said."""
    envelope, stream = told(observe, *life)
    assert (envelope.status, envelope.has_conflict) == (EnvelopeStatus.COMPLETED, True)
    types = [event.type.value for event in stream]
    assert types.count("envelope.conflict") == 1
    assert {"envelope.completed", "envelope.declined"} <= set(types)
    signed = [each.name for each in envelope.signers if each.status.value == "signed"]
    assert signed == PEOPLE


@pytest.mark.negative_control("R3")
def test_believing_what_came_last_does_not(life: tuple[Envelope, list[Observation]]) -> None:
    """The naive way: an observation replaces what was known of the envelope as a whole."""

    def last_word(envelope: Envelope, learned: Observation) -> tuple[Envelope, list[Event]]:
        kept = {fact: at for fact, at in envelope.facts.items() if fact.signer_id}
        return observe(replace(envelope, facts=kept), learned)

    with pytest.raises(AssertionError, match=r"went back|another"):
        expect_one_end(last_word, *life, permutations(life[1]))


def expect_one_end(
    fold: Fold,
    envelope: Envelope,
    learned: Sequence[Observation],
    orders: Iterable[Sequence[Observation]],
) -> None:
    """Whatever the order, and with each of them again at once and at the end."""
    first, _ = told(fold, envelope, learned)
    expected = (dict(first.facts), first.signers)
    for order in orders:
        after, stream = told(fold, envelope, [*_doubled(order), *order])
        assert (dict(after.facts), after.signers) == expected, "another state"
        once = [(e.type, e.signer_id, e.round) for e in stream]
        assert len(once) == len(set(once)) == len(first.facts), "another set of events"


def told(
    fold: Fold, envelope: Envelope, learned: Iterable[Observation]
) -> tuple[Envelope, list[Event]]:
    """The envelope after all of it, and the stream; its status has only risen."""
    rank = [*STEPS, *ENDS]
    stream: list[Event] = []
    for each in learned:
        after, events = fold(envelope, each)
        assert rank.index(after.status) >= rank.index(envelope.status), "status went back"
        envelope, stream = after, stream + events
    return envelope, stream


def _doubled(order: Sequence[Observation]) -> Iterator[Observation]:
    for each in order:
        yield from (each, each)


def _provider(via: str, deal: Deal) -> Provider[Any]:
    kind = Registry.installed().provider(via)
    settings = {k: v for k, v in deal.account.site.settings.items() if k != "provider"}
    return kind(kind.Settings(**settings))


def _last(via: str, deal: Deal, event: str) -> Notice:
    webhooks = _provider(via, deal).webhooks
    assert webhooks is not None
    made = [delivery for delivery in deal.account.made if delivery.event == event]
    request = WebhookRequest.of(made[-1].headers.items(), made[-1].body)
    (notice,) = webhooks.parse(request)
    return notice


def _as_of(deal: Deal, other: Deal, notice: Notice) -> Notice:
    """What was told of another deal, as if it were about this one; of the same people."""
    places = {seat.remote_id: place for place, seat in enumerate(other.envelope.seats)}
    signers = tuple(
        each._replace(remote_id=deal.envelope.seats[places[each.remote_id]].remote_id)
        for each in notice.signers
    )
    return notice._replace(remote_id=deal.envelope.remote_id, signers=signers)


def _step(seen: Sequence[Snapshot], status: EnvelopeStatus) -> Snapshot:
    return next(each for each in seen if each.status is status)
