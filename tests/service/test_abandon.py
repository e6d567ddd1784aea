"""A person gives an envelope up: nobody looks for it any more."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from esign_core.errors import Outcome
from esign_core.journal import WorkKind
from esign_core.model import Authenticity, EnvelopeStatus, EventType, Source
from esign_core.service.record import is_over
from esign_core.testing import Fault
from tests.service.deciding import (
    DISPATCH,
    LONG,
    STYLES,
    decide,
    doubt,
    expect_replayed,
    refused,
)

if TYPE_CHECKING:
    from tests.service.conftest import World

MakeWorld = Callable[..., "World"]


@pytest.mark.promise("S2")
@pytest.mark.parametrize("style", STYLES)
def test_given_up_envelope_fails_and_keeps_its_key(make_world: MakeWorld, style: str) -> None:
    """Nobody looks for it, nothing is sent, and consumers hear of it once, from a person."""
    world = make_world(style)
    envelope = doubt(world, seconds=10)
    assert WorkKind.LOOK_UP in world.kinds()
    after = decide(world, envelope, abandon=True)
    assert (after.outcome, after.status) == (Outcome.UNCERTAIN, EnvelopeStatus.FAILED)
    assert (after.key, after.is_in_doubt) == ("lease-14", False)
    assert "A person gave it up" in str(after.failure)
    assert "no answer" in str(after.failure), "what was known before is still told"
    assert world.todo() == []
    (event,) = world.events()
    assert (event.type, event.source) == (EventType.ENVELOPE_FAILED, Source.DECISION)
    assert (event.authenticity, event.inferred) == (Authenticity.DECIDED, False)
    assert event.data["reason"].startswith("A person gave it up")
    requests = list(world.vendor.requests)
    assert world.send().id == envelope.id
    world.work(LONG)
    assert world.vendor.requests == requests
    expect_replayed(world, envelope)


def test_given_up_draft_is_not_sent(make_world: MakeWorld) -> None:
    """What is stored at the vendor stays there, whatever the vendor tells of it."""
    world = make_world("draft")
    world.vendor.fail(Fault.BROKEN, on=DISPATCH)
    world.failed()
    (envelope,) = world.all()
    assert WorkKind.DISPATCH in world.kinds()
    _ = decide(world, envelope, abandon=True)
    world.work(LONG)
    world.tell("1")
    world.work(LONG)
    assert decide(world, envelope, adopt="1").outcome is Outcome.UNCERTAIN
    assert WorkKind.DISPATCH not in world.kinds()
    world.work(LONG)
    assert world.vendor.asked("Lease 14") == []


def test_given_up_key_is_never_freed(world: World) -> None:
    """For ever, as it was said."""
    envelope = doubt(world)
    _ = decide(world, envelope, abandon=True)
    assert "use a new one" in str(refused(world, envelope, resend=True))


@pytest.mark.promise("R6")
@pytest.mark.parametrize("how", ["delivery", "person"])
def test_given_up_envelope_that_turns_up_is_followed_to_its_end(world: World, how: str) -> None:
    """It stays failed until the vendor tells of another end, and that one counts."""
    world.vendor.late_seconds = 10**5
    envelope = doubt(world, Fault.LATE)
    _ = decide(world, envelope, abandon=True)
    world.clock.pass_time(10**5)
    assert len(world.vendor.asked("Lease 14")) == 1
    if how == "delivery":
        world.tell("1")
        world.work(40)
    else:
        _ = decide(world, envelope, adopt="1")
    after = world.get(envelope.id)
    assert (after.outcome, after.status) == (Outcome.DONE, EnvelopeStatus.FAILED)
    assert "although it was given up" in str(after.failure)
    assert not is_over(after)
    assert decide(world, envelope, adopt="1") == after
    world.work(LONG)
    world.vendor.sign("1", 0)
    world.work(10**5)
    assert "signer.signed s1" in world.types()
    world.vendor.complete("1")
    world.work(10**5)
    after = world.get(envelope.id)
    assert (after.status, after.has_conflict) == (EnvelopeStatus.COMPLETED, True)
    assert world.todo() == []
    expect_replayed(world, envelope)


def test_given_up_envelope_that_fails_at_the_vendor_too_is_over(world: World) -> None:
    """Nobody asks for ever for what the vendor has given up as well."""
    world.vendor.late_seconds = 10**5
    envelope = doubt(world, Fault.LATE)
    _ = decide(world, envelope, abandon=True)
    world.clock.pass_time(10**5)
    world.vendor.asked("")
    _ = decide(world, envelope, adopt="1")
    world.vendor.envelopes["1"].status = "failed"
    world.work(LONG)
    assert world.todo() == []
    assert world.types() == ["envelope.failed", "envelope.sent"]


def test_given_up_job_is_not_asked_for(make_world: MakeWorld) -> None:
    """Its handle is a secret, and nobody needs it any more."""
    world = make_world("job")
    _ = world.send("first", wait_seconds=30)
    world.vendor.envelopes.clear()  # it counts from 1 again, and so gives an id twice
    _ = world.send("second")
    world.work(100)
    envelope = world.all()[0]
    assert envelope.is_in_doubt
    assert world.workspace.journal.read(lambda tx: tx.envelopes.job(envelope.id)) is not None
    _ = decide(world, envelope, abandon=True)
    assert world.workspace.journal.read(lambda tx: tx.envelopes.job(envelope.id)) is None
    assert WorkKind.POLL_JOB not in world.kinds()


def test_failure_that_the_vendor_tells_of_a_stored_draft_is_no_giving_up(
    make_world: MakeWorld,
) -> None:
    """The vendor has ended it: there is no doubt left, and nothing to send."""
    world = make_world("draft")
    world.vendor.fail(Fault.BROKEN, on=DISPATCH)
    world.failed()
    (envelope,) = world.all()
    world.receive(world.vendor.delivery(world.vendor.event("1", status="failed")))
    after = world.get(envelope.id)
    assert (after.outcome, after.status) == (Outcome.DONE, EnvelopeStatus.FAILED)
    assert after.failure is None
    assert WorkKind.DISPATCH not in world.kinds()
