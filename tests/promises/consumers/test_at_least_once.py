from __future__ import annotations

import pytest

from esign_core import AsyncEsign, Esign, Misconfigured
from esign_core.testing import fake_registry

ALL = list(range(1, 11))


class Crash(Exception):
    """The product dies here."""


@pytest.mark.promise("R5")
@pytest.mark.parametrize("dies_at", ALL)
def test_follower_resumes_where_it_left_off(esign: Esign, dies_at: int) -> None:
    """Who dies while it handles an event gets that one again, and none is passed over."""
    handled: list[int] = []

    def live(*, dies: bool) -> None:
        for event in esign.events.follow("billing", forever=False):
            handled.append(event.seq)
            if dies and event.seq == dies_at:
                raise Crash

    with pytest.raises(Crash):
        live(dies=True)
    live(dies=False)
    assert handled == [*range(1, dies_at + 1), *range(dies_at, 11)]


@pytest.mark.promise("R5")
def test_batch_is_handed_out_until_it_is_acknowledged(esign: Esign) -> None:
    """What nobody has said to be done comes again; what was, never."""
    batches = esign.events.batches("billing", size=4, forever=False)
    first = next(batches)
    again = next(batches)
    assert [e.seq for e in first] == [e.seq for e in again] == [1, 2, 3, 4]
    again.ack()
    first.ack()  # twice is no harm
    rest = []
    for batch in batches:
        rest.append([e.seq for e in batch])
        batch.ack()
    assert rest == [[5, 6, 7, 8], [9, 10]]
    assert list(esign.events.batches("billing", forever=False)) == []


def test_consumers_have_places_of_their_own(esign: Esign) -> None:
    """One that is done takes nothing from another."""
    assert [e.seq for e in esign.events.follow("billing", forever=False)] == ALL
    assert [e.seq for e in esign.events.follow("archive", forever=False)] == ALL
    assert list(esign.events.follow("billing", forever=False)) == []


async def test_batches_are_the_same_when_awaited(esign: Esign) -> None:
    """`AsyncEsign` hands out the same batches, and its `ack` is awaited."""
    seen: list[list[int]] = []
    async with AsyncEsign(
        {}, journal=esign._workspace.journal.url, registry=fake_registry()
    ) as other:
        async for batch in other.events.batches("billing", size=6, forever=False):
            seen.append([e.seq for e in batch.events])
            await batch.ack()
    assert seen == [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10]]
    assert list(esign.events.follow("billing", forever=False)) == []


def test_late_acknowledgement_takes_nobody_back(esign: Esign) -> None:
    """An old batch that is acknowledged late moves no place backwards."""
    old = next(esign.events.batches("billing", size=3, forever=False))
    list(esign.events.follow("billing", forever=False))
    old.ack()
    assert list(esign.events.follow("billing", forever=False)) == []


@pytest.mark.parametrize(
    "name", ["", "billing'; DROP TABLE x; --", "a b", "a:b", "ü", "x" * 101, 7]
)
def test_name_that_cannot_be_is_refused(esign: Esign, name: str) -> None:
    """A consumer's name stands in SQL that products run: it is a plain word."""
    with pytest.raises(Misconfigured, match="a consumer's name is"):
        next(esign.events.batches(name))
    with pytest.raises(Misconfigured, match="a consumer's name is"):
        next(esign.events.follow(name))


@pytest.mark.parametrize("size", [0, -1, 1001])
def test_size_that_cannot_be_is_refused(esign: Esign, size: int) -> None:
    """A batch has some events, and not all there are."""
    with pytest.raises(Misconfigured, match="a batch has 1 to 1000 events"):
        next(esign.events.batches("billing", size=size))
