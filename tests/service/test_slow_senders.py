"""Senders that are slower than a person's patience: they know until when they may send."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.errors import EsignError, NotReady, Outcome, Unavailable
from esign_core.journal import WorkKind
from esign_core.model import Document, EnvelopeDraft, Job, Snapshot
from esign_core.provider import Flow, JsonWithDocuments, Request
from esign_core.service.chores import work_once
from esign_core.service.delays import SENDING_SECONDS
from esign_core.testing.fake_provider import FakeProvider, snapshot
from tests.service.deciding import ABANDON, DELAY, LONG, RESEND, decide, doubt, make_elsewhere
from tests.service.deciding import refused as refused_to

if TYPE_CHECKING:
    from tests.service.conftest import World

MakeWorld = Callable[..., "World"]
PDF = b"%PDF-1.7".ljust(1000, b"x")


class Uploading(FakeProvider):
    """An adapter that sends the document itself."""

    def send(self, draft: EnvelopeDraft) -> Flow[Snapshot | Job]:
        """The envelope."""
        signers = [{"name": s.name, "email": s.email, "role": s.role} for s in draft.signers]
        data = {"title": draft.title, "mark": draft.mark, "signers": signers}
        body = JsonWithDocuments({**data, "file": draft.documents[0]})
        return snapshot((yield Request("POST", "/envelopes", body=body)).json())


@pytest.fixture(params=["upload", "template"])
def slow(request: pytest.FixtureRequest, world: World) -> Callable[[Callable[[], Any]], Any]:
    """Sends while something happens: as the document is read, or before the request begins.

    Answers what became of the sender.
    """

    def opened(act: Callable[[], Any]) -> io.BytesIO:
        if world.all():
            act()
        return io.BytesIO(PDF)

    def send(act: Callable[[], Any]) -> Any:
        acts = [act]

        def once() -> None:
            if acts:
                acts.pop()()

        if request.param == "upload":
            world.with_provider(Uploading)
            document = Document.from_opener(lambda: opened(once), name="l.pdf", size=len(PDF))
            return _sent(world, world.draft(documents=[document]))
        journal = world.workspace.journal
        write = journal.write

        def intended(work: Callable[..., Any]) -> Any:
            answer = write(work)
            once()
            return answer

        journal.write = intended  # type: ignore[method-assign]
        return _sent(world, world.draft(documents=[Document.from_bytes(PDF, name="l.pdf")]))

    return send


def _sent(world: World, draft: EnvelopeDraft) -> Any:
    try:
        return world.send(draft=draft)
    except EsignError as error:
        return error


def _again(world: World) -> Any:
    """Somebody else's call with the same key and the same draft."""
    return _sent(world, world.draft(documents=[Document.from_bytes(PDF, name="l.pdf")]))


def _resent(world: World) -> Callable[[], Any]:
    """A person frees the key as soon as that is allowed, and sends again."""

    def act() -> None:
        (envelope,) = world.all()
        world.clock.pass_time(DELAY + 1)
        assert decide(world, envelope, resend=True).key is None
        assert _again(world).outcome is Outcome.DONE

    return act


@pytest.mark.promise("S1")
def test_sender_that_outlasts_the_delay_sends_nothing(world: World, slow: Any) -> None:
    """What was freed and sent again goes out once."""
    error = slow(_resent(world))
    assert isinstance(error, Unavailable)
    assert error.outcome is Outcome.NOT_DONE
    world.work(LONG)
    assert len(world.vendor.asked("Lease 14")) == 1
    assert sorted(each.outcome for each in world.all()) == [Outcome.DONE, Outcome.NOT_DONE]


def test_sender_without_an_end_sends_twice(
    world: World, slow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the same history, if the sender does not know until when it may send."""
    for_ever = "esign_core.service.send.may_go_out_until"
    monkeypatch.setattr(for_ever, lambda envelope: envelope.created_at + timedelta(days=1))
    assert slow(_resent(world)).outcome is Outcome.DONE
    assert len(world.vendor.asked("Lease 14")) == 2


@pytest.mark.promise("S1")
def test_sender_that_gives_up_frees_its_key(world: World, slow: Any) -> None:
    """Nothing was sent, so the same call sends now."""
    error = slow(lambda: world.clock.pass_time(SENDING_SECONDS))
    assert "Nothing was sent. Try again later." in str(error)
    (envelope,) = world.all()
    assert (envelope.outcome, envelope.key, world.todo()) == (Outcome.NOT_DONE, None, [])
    assert world.vendor.asked("Lease 14") == []
    assert _again(world).outcome is Outcome.DONE
    assert len(world.vendor.asked("Lease 14")) == 1


@pytest.mark.promise("S1")
@pytest.mark.parametrize(("decision", "outcome"), [(RESEND, "not_done"), (ABANDON, "uncertain")])
def test_sender_that_gives_up_undoes_no_decision(
    world: World, slow: Any, decision: Any, outcome: str
) -> None:
    """A key that a person has kept stays taken."""

    def act() -> None:
        world.clock.pass_time(DELAY + 1)
        _ = decide(world, world.all()[0], **decision)

    error = slow(act)
    (envelope,) = world.all()
    assert (error.outcome, envelope.outcome) == (outcome, outcome)
    assert "A person" in str(envelope.failure)
    assert world.vendor.asked("Lease 14") == []


@pytest.mark.promise("S1")
def test_sender_that_gives_up_leaves_what_was_adopted(world: World, slow: Any) -> None:
    """What a person has found there is followed on."""

    def act() -> None:
        (envelope,) = world.all()
        world.clock.pass_time(SENDING_SECONDS)
        make_elsewhere(world, mark=None)
        _ = decide(world, envelope, adopt="1")

    error = slow(act)
    (envelope,) = world.all()
    assert (error.outcome, envelope.outcome, envelope.remote_id) == ("done", "done", "1")
    assert envelope.key == "lease-14"


@pytest.mark.promise("S1")
def test_key_is_not_freed_while_a_delivery_may_be_about_it(world: World) -> None:
    """Webhooks come while no worker runs; the first look tells whose they are."""
    envelope = doubt(world)
    make_elsewhere(world, mark=None)
    world.workspace.journal.write(
        lambda tx: tx.work.plan(
            WorkKind.IDENTIFY,
            "acme/1",
            connection="acme",
            due_at=_turned_up(envelope) - timedelta(seconds=1),
        )
    )
    error = refused_to(world, envelope, resend=True)
    assert isinstance(error, NotReady)
    assert "`esign worker`" in str(error)
    world.run(work_once(world.workspace))
    assert decide(world, envelope, resend=True).outcome is Outcome.NOT_DONE


@pytest.mark.parametrize(("connection", "seconds"), [("other", -1), ("acme", 1)])
def test_deliveries_about_others_hold_nobody_up(
    world: World, connection: str, seconds: float
) -> None:
    """One at another account, or from when this could not turn up any more."""
    envelope = doubt(world)
    world.workspace.journal.write(
        lambda tx: tx.work.plan(
            WorkKind.IDENTIFY,
            f"{connection}/1",
            connection=connection,
            due_at=_turned_up(envelope) + timedelta(seconds=seconds),
        )
    )
    assert decide(world, envelope, resend=True).outcome is Outcome.NOT_DONE


def _turned_up(envelope: Any) -> Any:
    return envelope.created_at + timedelta(seconds=DELAY)
