"""A person says that nothing went out: the key is free, if the vendor has nothing of it either."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from esign_core.errors import NotReady, Outcome, Unavailable
from esign_core.model import EnvelopeStatus
from esign_core.testing import Fault
from esign_core.testing.fake_provider import FakeProvider
from tests.service.deciding import (
    DELAY,
    DISPATCH,
    LONG,
    STYLES,
    Blind,
    decide,
    doubt,
    expect_replayed,
    forgotten,
    make_elsewhere,
    refused,
)

if TYPE_CHECKING:
    from tests.service.conftest import World

MakeWorld = Callable[..., "World"]


@pytest.mark.promise("S2")
@pytest.mark.parametrize("style", STYLES)
def test_freed_key_sends_once_more(make_world: MakeWorld, style: str) -> None:
    """Where nothing went out, the same call goes out now, as another envelope."""
    world = make_world(style)
    envelope = doubt(world)
    after = decide(world, envelope, resend=True)
    assert (after.outcome, after.key, after.remote_id) == (Outcome.NOT_DONE, None, None)
    assert "A person decided that nothing went out" in str(after.failure)
    assert "no answer" in str(after.failure), "what was known before is still told"
    assert world.todo() == []
    assert world.events() == [], "nobody was told of it"
    second = world.send(wait_seconds=30)
    assert second.id != envelope.id
    assert second.outcome is Outcome.DONE
    assert len(world.vendor.asked("Lease 14")) == 1
    assert {each.id for each in world.all()} == {envelope.id, second.id}


@pytest.mark.promise("S1")
@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.LATE])
@pytest.mark.parametrize("style", STYLES)
def test_last_look_adopts_what_went_out_after_all(
    make_world: MakeWorld, style: str, fault: Fault
) -> None:
    """A person who is mistaken frees nothing."""
    world = make_world(style)
    envelope = forgotten(world, fault)
    world.vendor.asked("")
    world.clock.pass_time(10)  # a queue begins when the vendor does
    after = decide(world, envelope, resend=True)
    assert (after.remote_id, after.key) == ("1", "lease-14")
    world.work(100)
    assert world.get(envelope.id).outcome is Outcome.DONE
    assert world.send().id == envelope.id
    assert len(world.vendor.asked("Lease 14")) == 1


@pytest.mark.promise("S1")
def test_key_is_not_freed_before_the_vendors_longest_delay(world: World) -> None:
    """An empty search proves nothing yet: it is told for how long, and the wish goes out once."""
    envelope = doubt(world, Fault.LATE, seconds=0)
    error = refused(world, envelope, resend=True)
    assert isinstance(error, NotReady)
    assert error.retry_after_seconds is not None
    assert DELAY - 5 < error.retry_after_seconds <= DELAY
    assert "until 2026-01-01 00:30:00 UTC" in str(error)
    world.work(error.retry_after_seconds + 1)
    assert world.get(envelope.id).outcome is Outcome.DONE
    assert len(world.vendor.asked("Lease 14")) == 1


def test_key_that_is_freed_at_once_sends_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without the wait, what is late goes out beside what is sent again."""
    envelope = doubt(world, Fault.LATE, seconds=0)
    monkeypatch.setattr(FakeProvider, "longest_delay_seconds", -DELAY)
    _ = decide(world, envelope, resend=True)
    _ = world.send()
    world.clock.pass_time(LONG)
    assert len(world.vendor.asked("Lease 14")) == 2


def test_look_that_fails_decides_nothing(world: World) -> None:
    """A vendor that is down is asked again later."""
    envelope = doubt(world)
    for _ in range(20):
        world.vendor.fail(Fault.BROKEN, on="GET /envelopes")
    error = refused(world, envelope, resend=True)
    assert isinstance(error, Unavailable)
    assert error.__notes__ == [f"Nothing was decided about {envelope.id}."]
    assert str(error).startswith('acme did not find "Lease 14"')


def test_word_of_a_person_is_enough_where_the_vendor_cannot_search(world: World) -> None:
    """Somebody who has looked there knows more than can be asked for."""
    world.with_provider(Blind)
    envelope = doubt(world)
    world.clock.pass_time(DELAY)
    before = len(world.vendor.requests)
    assert decide(world, envelope, resend=True).outcome is Outcome.NOT_DONE
    assert len(world.vendor.requests) == before


def test_stored_draft_keeps_the_key_until_it_is_gone(make_world: MakeWorld) -> None:
    """What is there can go out; what a person has deleted at the vendor cannot."""
    world = make_world("draft")
    for _ in range(100):
        world.vendor.fail(Fault.BROKEN, on=DISPATCH)
    world.failed()
    (envelope,) = world.all()
    world.work(DELAY)
    assert decide(world, envelope, resend=True).key == "lease-14"
    world.vendor.envelopes.clear()
    after = decide(world, envelope, resend=True)
    assert (after.outcome, after.key) == (Outcome.NOT_DONE, None)
    assert world.todo() == []


@pytest.mark.promise("R2")
def test_freed_envelope_that_was_queued_ends_in_the_stream(make_world: MakeWorld) -> None:
    """Who was told that it is being made is told that it is not."""
    world = make_world("job")
    _ = world.send()
    world.vendor._jobs.clear()
    world.vendor._agenda.clear()
    world.work(LONG)
    (envelope,) = world.all()
    assert (envelope.outcome, envelope.status) == (Outcome.UNCERTAIN, EnvelopeStatus.QUEUED)
    after = decide(world, envelope, resend=True)
    assert (after.outcome, after.status) == (Outcome.NOT_DONE, EnvelopeStatus.FAILED)
    assert world.types() == ["envelope.queued", "envelope.failed"]
    expect_replayed(world, envelope)


@pytest.mark.promise("S2")
def test_freed_envelope_that_turns_up_later_is_visible(world: World) -> None:
    """The vendor counts for more than a person: both are in the journal, and it says why."""
    world.vendor.late_seconds = 10**5
    envelope = doubt(world, Fault.LATE)
    _ = decide(world, envelope, resend=True)
    second = world.send()
    world.clock.pass_time(10**5)
    assert [each.id for each in world.vendor.asked("Lease 14")] == ["1", "2"]
    world.tell("2", "late")
    world.work(100)
    after = world.get(envelope.id)
    assert (after.outcome, after.remote_id) == (Outcome.DONE, "2")
    assert after.status is EnvelopeStatus.SENT
    assert "there may be another one under that key" in str(after.failure)
    told = [(each.type, each.envelope_id) for each in world.events()]
    assert told == [("envelope.sent", second.id), ("envelope.sent", envelope.id)]
    assert world.get(second.id).remote_id == "1"
    for _ in range(2):
        assert decide(world, envelope, adopt="2").failure is None, "a person has looked"


def test_freed_envelope_that_a_person_finds_later_is_adopted(world: World) -> None:
    """It is known again, and nothing of the second one is touched."""
    envelope = doubt(world)
    _ = decide(world, envelope, resend=True)
    second = world.send()
    make_elsewhere(world, mark=f"esign:{envelope.id}")
    after = decide(world, envelope, adopt="2")
    assert (after.outcome, after.key, after.failure) == (Outcome.DONE, None, None)
    assert world.get(second.id) == second


def test_stored_draft_of_a_freed_key_is_never_sent(make_world: MakeWorld) -> None:
    """Where a person said that nothing went out, nothing goes out later."""
    world = make_world("draft")
    world.vendor.late_seconds = 10**5
    envelope = doubt(world, Fault.LATE)
    _ = decide(world, envelope, resend=True)
    world.clock.pass_time(10**5)
    world.vendor.asked("")
    after = decide(world, envelope, adopt="1")
    assert (after.outcome, after.remote_id) == (Outcome.NOT_DONE, "1")
    world.work(LONG)
    assert world.vendor.asked("Lease 14") == []
