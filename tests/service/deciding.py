"""What tests of decisions share: an envelope in doubt, a decision, and what it leaves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.engine import call
from esign_core.errors import EsignError
from esign_core.journal import WorkKind
from esign_core.model import Envelope, observe
from esign_core.provider import Provider
from esign_core.service.delays import SENDING_SECONDS
from esign_core.service.resolve import resolve
from esign_core.testing import Fault
from esign_core.testing.fake_provider import FakeProvider

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.service.conftest import World

DELAY = SENDING_SECONDS + FakeProvider.longest_delay_seconds
LONG = 5000
"""Seconds until nothing is tried any more by itself."""
DISPATCH = "POST /envelopes/1/send"
STYLES = ("direct", "job", "draft")
ADOPT, RESEND, ABANDON = {"adopt": "1"}, {"resend": True}, {"abandon": True}
DECISIONS: tuple[dict[str, Any], ...] = (ADOPT, RESEND, ABANDON)


class Blind(FakeProvider):
    """A vendor that cannot look for a mark."""

    find = Provider.find


def doubt(world: World, fault: Fault = Fault.REQUEST_LOST, *, seconds: float = LONG) -> Envelope:
    """An envelope of which nobody knows, after a worker has looked for so long."""
    world.vendor.fail(fault)
    world.failed()
    (envelope,) = world.all()
    if seconds:
        world.work(seconds)
    return world.get(envelope.id)


def forgotten(world: World, fault: Fault) -> Envelope:
    """One that nobody has looked for until the vendor's longest delay was over."""
    envelope = doubt(world, fault, seconds=0)
    world.workspace.journal.write(lambda tx: tx.work.drop(WorkKind.LOOK_UP, envelope.id))
    world.clock.pass_time(DELAY + 1)
    return envelope


def decide(world: World, envelope: Envelope, **decision: Any) -> Envelope:
    """What a decision answers, which is also what it leaves in the journal."""
    answer = world.run(resolve(world.workspace, envelope.id, **decision))
    assert answer == world.get(envelope.id)
    return answer


def refused(world: World, envelope: Envelope, **decision: Any) -> EsignError:
    """What a decision raises that changes nothing."""
    before, todo, events = world.all(), world.todo(), world.events()
    with pytest.raises(EsignError) as caught:
        _ = decide(world, envelope, **decision)
    assert (world.all(), world.todo(), world.events()) == (before, todo, events)
    return caught.value


def make_elsewhere(world: World, mark: str | None) -> None:
    """Somebody sends an envelope in the vendor's own app."""
    session = world.workspace.session("acme")
    draft = world.draft().model_copy(update={"mark": mark})
    world.run(call(session, session.provider.send(draft), operation="send"))


def between(world: World, act: Callable[[], object], *, when: str) -> None:
    """Something happens while the next request is on its way (`there`), or its answer (`back`)."""
    exchange = world.vendor.exchange

    def slow(request: Any, **options: bool) -> Any:
        world.vendor.exchange = exchange  # type: ignore[method-assign]
        if when == "there":
            act()
        try:
            return exchange(request, **options)
        finally:
            if when == "back":
                act()

    world.vendor.exchange = slow  # type: ignore[method-assign]


def expect_replayed(world: World, envelope: Envelope) -> None:
    """The stored observations, taken in again from nothing, give the same facts and events."""
    after = world.get(envelope.id)
    again = replace(after, facts={}, seats=tuple(replace(s, remote_id=None) for s in after.seats))
    told: list[str] = []
    for stored in world.workspace.journal.read(lambda tx: tx.stream.observations(envelope.id)):
        again, events = observe(again, stored)
        told += [event.id for event in events]
    assert (again.facts, again.seats) == (after.facts, after.seats)
    assert told == [event.id for event in world.events() if event.envelope_id == envelope.id]
    assert sorted(set(world.types())) == sorted(world.types())
