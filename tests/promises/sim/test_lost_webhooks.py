"""Whatever is never delivered, polling finds it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import pytest

from esign_core.journal import Journal
from esign_core.model import EventType
from tests.promises.sim.deal import Deal, Ending, play

MOST = 8
"""How many deliveries of a deal may be lost in every combination."""
DEALS = {
    "penneo": ("penneo", ["Jane Doe"], 7),  # each step is a delivery: of two people, twice as many
    "penvio, as one page has it": ("penvio", ["Jane Doe", "Bo Ek"], 7),
    "penvio, as another has it": ("penvio", ["Jane Doe", "Bo Ek"], 5),
}
_STEPS = {EventType.SIGNER_VIEWED, EventType.SIGNER_NOTIFIED}
"""What no end implies: afterwards nobody can tell it, or is asked for it."""


def subsets(count: int) -> Iterator[frozenset[int]]:
    """Every choice among the places of some deliveries."""
    for size in range(count + 1):
        yield from map(frozenset, combinations(range(count), size))


def shape(deal: Deal) -> tuple[object, ...]:
    """All that must be the same, whatever was lost."""
    envelope = deal.envelope
    signers = [(each.name, each.status) for each in envelope.signers]
    return (envelope.status, envelope.outcome, envelope.has_conflict, signers)


@pytest.mark.promise("R6")
@pytest.mark.parametrize("ending", Ending)
@pytest.mark.parametrize("dialect", DEALS)
def test_any_subset_of_webhooks_may_be_lost(dialect: str, ending: Ending) -> None:
    """The same end, the same signers, each event once; only untellable steps may be missing."""
    via, people, seed = DEALS[dialect]
    journal = Journal("sqlite://")
    whole = play(via, ending, people, seed=seed, journal=journal)
    count = len(whole.account.made)
    assert 2 <= count <= MOST
    whole_facts = set(whole.envelope.facts)
    for lost in subsets(count):
        deal = play(via, ending, people, seed=seed, lost=lost, journal=journal)
        told = [delivery.event for delivery in whole.account.made]
        without = [told[place] for place in sorted(lost)]
        assert len(deal.account.made) == count, without
        assert shape(deal) == shape(whole), without
        missing = {fact.type for fact in whole_facts - set(deal.envelope.facts)}
        assert missing <= _STEPS, without
        assert set(deal.envelope.facts) <= whole_facts, without
        once = [(e.type, e.signer_id, e.round) for e in deal.events]
        assert len(once) == len(set(once)), without
