"""A person says which envelope it is at the vendor; and what is nothing to decide."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from esign_core import AsyncEsign, Esign
from esign_core.errors import EnvelopeClosed, Misconfigured, NotFound, Outcome, UnknownEnvelope
from esign_core.journal import WorkKind
from esign_core.model import EnvelopeStatus
from esign_core.service.resolve import resolve
from esign_core.testing import Fault
from tests.service.deciding import (
    DECISIONS,
    DISPATCH,
    Blind,
    decide,
    doubt,
    expect_replayed,
    make_elsewhere,
    refused,
)

if TYPE_CHECKING:
    from tests.service.conftest import World

MakeWorld = Callable[..., "World"]


def test_adopted_envelope_is_followed_as_any_other(world: World) -> None:
    """What a person found at the vendor, mark or not, is this envelope from now on."""
    envelope = doubt(world)
    make_elsewhere(world, mark=None)
    after = decide(world, envelope, adopt="1")
    assert (after.outcome, after.remote_id, after.failure) == (Outcome.DONE, "1", None)
    assert (after.status, after.key) == (EnvelopeStatus.SENT, "lease-14")
    assert world.types() == ["envelope.sent"]
    assert world.kinds() == [WorkKind.REFRESH]
    world.vendor.sign("1", 0)
    world.work(1000)
    assert world.get(envelope.id).status is EnvelopeStatus.IN_PROGRESS
    assert world.send().id == envelope.id
    expect_replayed(world, envelope)


def test_adoption_ends_the_search(world: World) -> None:
    """Nobody looks for what a person has found."""
    envelope = doubt(world, seconds=10)
    assert WorkKind.LOOK_UP in world.kinds()
    make_elsewhere(world, mark=f"esign:{envelope.id}")
    _ = decide(world, envelope, adopt="1")
    assert world.kinds() == [WorkKind.REFRESH]


def test_adopted_draft_is_sent_by_the_worker(make_world: MakeWorld) -> None:
    """The wish stands: what is stored at the vendor goes out, once, and not from here."""
    world = make_world("draft")
    world.with_provider(Blind)
    envelope = doubt(world, Fault.ANSWER_LOST)
    after = decide(world, envelope, adopt="1")
    assert (after.outcome, after.remote_id) == (Outcome.UNCERTAIN, "1")
    assert world.vendor.asked("Lease 14") == []
    world.work(100)
    assert world.get(envelope.id).outcome is Outcome.DONE
    assert len(world.vendor.asked("Lease 14")) == 1


@pytest.mark.promise("S1")
def test_adopted_draft_whose_sending_is_in_doubt_is_not_taken_for_unsent(
    make_world: MakeWorld,
) -> None:
    """A try that was made before may still come true: refused ones free no key."""
    world = make_world("draft")
    world.vendor.fail(Fault.LATE, on=DISPATCH)
    for _ in range(3):
        world.vendor.fail(Fault.REFUSED, on=DISPATCH)
    world.failed()
    (envelope,) = world.all()
    after = decide(world, envelope, adopt="1")
    assert (after.outcome, after.key) == (Outcome.UNCERTAIN, "lease-14")
    world.work(300)
    assert world.get(envelope.id).outcome is Outcome.DONE
    assert world.send().id == envelope.id
    assert len(world.vendor.asked("Lease 14")) == 1


@pytest.mark.parametrize("remote_id", ["", " ", "1\n2"])
def test_what_is_no_id_is_not_looked_for(world: World, remote_id: str) -> None:
    """An empty id would ask the vendor for something else."""
    envelope = doubt(world)
    before = len(world.vendor.requests)
    assert isinstance(refused(world, envelope, adopt=remote_id), Misconfigured)
    assert len(world.vendor.requests) == before


def test_what_the_vendor_does_not_have_is_not_adopted(world: World) -> None:
    """The error says that nothing was decided."""
    envelope = doubt(world)
    error = refused(world, envelope, adopt="999")
    assert isinstance(error, NotFound)
    assert error.envelope_id == envelope.id
    assert error.__notes__ == [f"Nothing was decided about {envelope.id}."]


def test_envelope_with_the_mark_of_another_is_not_adopted(world: World) -> None:
    """Whatever journal the other one is in; a word that is no mark of ours is nobody's."""
    envelope = doubt(world)
    make_elsewhere(world, mark="esign:env_elsewhere")
    make_elsewhere(world, mark="my own note")
    error = refused(world, envelope, adopt="1")
    assert isinstance(error, EnvelopeClosed)
    assert "esign:env_elsewhere" in str(error)
    assert decide(world, envelope, adopt="2").outcome is Outcome.DONE


@pytest.mark.promise("A8")
def test_envelope_that_is_known_already_is_not_adopted(world: World) -> None:
    """Two keys never share one envelope at the vendor."""
    first = world.send("first")
    world.vendor.envelopes["1"].mark = None
    world.vendor.fail(Fault.REQUEST_LOST)
    world.failed("second")
    second = world.all()[0]
    error = refused(world, second, adopt="1")
    assert isinstance(error, EnvelopeClosed)
    assert first.id in str(error)
    assert "its outcome is uncertain" in str(error)


def test_another_id_is_not_adopted_over_a_known_one(world: World) -> None:
    """What the vendor has told of an envelope stays."""
    envelope = world.send()
    make_elsewhere(world, mark=None)
    assert 'It is "1" at the vendor' in str(refused(world, envelope, adopt="2"))


def test_adoption_ends_the_doubt_that_there_may_be_two(world: World) -> None:
    """A person who has looked says which one it is."""
    envelope = world.send()
    make_elsewhere(world, mark=None)
    world.workspace.journal.write(
        lambda tx: tx.envelopes.settle(envelope, Outcome.DONE, "there may be two.")
    )
    after = decide(world, envelope, adopt="1")
    assert (after.failure, after.outcome, after.remote_id) == (None, Outcome.DONE, "1")


# nothing to decide


@pytest.mark.parametrize("decision", [{"resend": True}, {"abandon": True}])
def test_sent_envelope_is_not_in_doubt(world: World, decision: dict[str, Any]) -> None:
    """The error says how it stands, and what could be meant instead."""
    error = refused(world, world.send(), **decision)
    assert isinstance(error, EnvelopeClosed)
    assert "its outcome is done, its status sent" in str(error)
    assert "esign cancel" in str(error)


@pytest.mark.parametrize("decision", DECISIONS)
def test_queued_envelope_is_not_in_doubt(make_world: MakeWorld, decision: dict[str, Any]) -> None:
    """The vendor has accepted it; the worker asks what has become of it."""
    world = make_world("job")
    error = refused(world, world.send(), **decision)
    assert "its outcome is done, its status queued" in str(error)


def test_refused_envelope_is_not_given_up(world: World) -> None:
    """Its key is free already, which is what freeing it would come to."""
    world.vendor.fail(Fault.REFUSED)
    world.failed()
    (envelope,) = world.all()
    assert "Its key is free" in str(refused(world, envelope, abandon=True))
    assert decide(world, envelope, resend=True) == envelope


@pytest.mark.parametrize("decision", DECISIONS)
def test_decision_made_twice_changes_nothing(world: World, decision: dict[str, Any]) -> None:
    """Whoever does not know whether it worked does it again."""
    envelope = doubt(world)
    make_elsewhere(world, mark=None)
    first = decide(world, envelope, **decision)
    events, kinds = world.events(), world.kinds()
    assert decide(world, envelope, **decision) == first
    assert (world.events(), world.kinds()) == (events, kinds)


@pytest.mark.parametrize(
    "decision",
    [{}, {"adopt": "1", "resend": True}, {"resend": True, "abandon": True}, {"adopt": None}],
)
def test_it_is_exactly_one_decision(world: World, decision: dict[str, Any]) -> None:
    """Anything else is a mistake of whoever calls."""
    with pytest.raises(TypeError, match="exactly one"):
        _ = decide(world, doubt(world), **decision)


@pytest.mark.parametrize("decision", DECISIONS)
def test_unknown_envelope_is_named(world: World, decision: dict[str, Any]) -> None:
    """As everywhere."""
    with pytest.raises(UnknownEnvelope, match="env_0"):
        world.run(resolve(world.workspace, "env_0", **decision))


async def test_both_classes_decide(tmp_path: Path) -> None:
    """The blocking word and the awaited one are the same."""
    url = f"sqlite:///{tmp_path / 'esign.db'}"
    with Esign({}, journal=url) as esign:
        with pytest.raises(UnknownEnvelope):
            esign.resolve("env_0", abandon=True)
        with pytest.raises(TypeError):
            esign.resolve("env_0")
    async with AsyncEsign({}, journal=url) as awaited:
        with pytest.raises(UnknownEnvelope):
            await awaited.resolve("env_0", resend=True)


def test_error_and_journal_name_the_way_to_decide(world: World) -> None:
    """Whoever reads what went wrong learns who looks, and what a person can do."""
    world.vendor.fail(Fault.REQUEST_LOST)
    error = world.failed()
    (envelope,) = world.all()
    command = f"`esign resolve {envelope.id}`"
    assert command in "".join(error.__notes__)
    world.work(5000)
    assert command in str(world.get(envelope.id).failure)
