"""Work that fails for good: set aside with its reason, seen by a person, taken up again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from esign_core.engine.simulate import Crash
from esign_core.errors import NotFound, NotInJournal, PermissionDenied, Refused, Unavailable
from esign_core.journal import WorkItem, WorkKind
from esign_core.model import Envelope, EnvelopeStatus, Snapshot
from esign_core.provider import Flow
from esign_core.service.schedule import TRIES
from esign_core.service.work import drop, next_of, retry
from esign_core.testing import Fault
from esign_core.testing.fake_provider import FakeProvider

if TYPE_CHECKING:
    from tests.service.conftest import World

MakeWorld = Callable[..., "World"]
DAYS = 86400.0


class _Forgetful(FakeProvider):
    """Whose vendor has lost one envelope."""

    def fetch(self, remote_id: str) -> Flow[Snapshot]:
        found = yield from super().fetch(remote_id)
        if remote_id == "1":
            raise NotFound("Jane Doe <jane@example.com> has nothing here.")
        return found


def _dead(world: World) -> list[WorkItem]:
    return world.workspace.journal.read(lambda tx: tx.work.list(dead=True))


def _give_up(world: World, key: str = "lease-14") -> Envelope:
    envelope = world.send(key)
    world.with_provider(_Forgetful)
    world.work(3 * DAYS)
    return envelope


@pytest.mark.promise("R9")
def test_what_fails_for_good_is_set_aside_with_its_reason(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """After so many tries nobody tries it any more; it is logged as an error, and blocks nobody."""
    envelope = _give_up(world)
    good = world.send("good")
    (item,) = _dead(world)
    assert (item.kind, item.subject, item.attempts) == (WorkKind.REFRESH, envelope.id, TRIES)
    assert world.fetches("1") == TRIES
    assert str(item.error).startswith("NotFound: acme did not fetch")
    (told,) = [each for each in caplog.records if "is set aside" in each.message]
    assert (told.levelno, told.esign_work_id) == (logging.ERROR, item.id)  # type: ignore[attr-defined]
    world.vendor.complete("2")
    world.work(61)
    assert world.get(good.id).is_final


@pytest.mark.promise("D1")
def test_reason_names_no_signer(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """What a vendor quotes of them is taken out before it is written down."""
    _ = _give_up(world)
    (item,) = _dead(world)
    assert "[...]" in str(item.error)
    assert "jane" not in (str(item.error) + caplog.text).lower()


def test_news_bring_it_back(world: World) -> None:
    """A delivery about it, and it is tried again as if it had never failed."""
    envelope = _give_up(world)
    world.vendor.sign("1", 0)
    world.tell("1", "e1")
    assert _dead(world) == []
    (item,) = world.todo()
    assert (item.attempts, item.error) == (0, None)
    assert world.get(envelope.id).status is EnvelopeStatus.IN_PROGRESS


def test_person_has_it_tried_again(world: World) -> None:
    """Once the reason is gone."""
    envelope = _give_up(world)
    world.with_provider(FakeProvider)
    world.vendor.complete("1")
    (item,) = _dead(world)
    assert world.run(retry(world.workspace, item.id)).id == item.id
    world.work(1)
    assert world.get(envelope.id).status is EnvelopeStatus.COMPLETED
    assert world.todo() == []


def test_person_drops_it(world: World) -> None:
    """And then nobody looks; only news bring it back."""
    envelope = _give_up(world)
    (item,) = _dead(world)
    assert world.run(drop(world.workspace, item.id)).id == item.id
    step = world.run(next_of(world.workspace, envelope.id))
    assert step is not None
    assert step.what == "nothing"
    for verb in (drop, retry):
        with pytest.raises(NotInJournal, match="esign work list"):
            _ = world.run(verb(world.workspace, item.id))


# whose fault it is


@pytest.mark.parametrize("fault", [Unavailable, "unknown"])
def test_outage_gives_nothing_up(world: World, fault: type[Unavailable] | str) -> None:
    """However long an account cannot be used, its work goes on when it can, and soon."""

    class Down(FakeProvider):
        def fetch(self, remote_id: str) -> Flow[Snapshot]:
            _ = yield self.get(f"/envelopes/{remote_id}")
            raise Unavailable("down.")

    envelopes = [world.send(f"lease-{i}") for i in range(3)]
    if fault == "unknown":
        hidden = world.workspace._sessions.pop("acme")
        world.workspace._broken["acme"] = "cannot be loaded"
        world.work(3 * DAYS)
        world.workspace._sessions["acme"] = hidden
    else:
        world.with_provider(Down)
        world.work(3 * DAYS)
        world.with_provider(FakeProvider)
    assert _dead(world) == []
    for each in envelopes:
        world.vendor.complete(str(each.remote_id))
    world.work(1200)
    assert [world.get(each.id).is_final for each in envelopes] == [True] * 3


def test_outage_is_asked_about_rarely(world: World) -> None:
    """A vendor that is down for a day gets a request now and then, whatever waits for it."""

    class Down(FakeProvider):
        def fetch(self, remote_id: str) -> Flow[Snapshot]:
            _ = yield self.get(f"/envelopes/{remote_id}")
            raise Unavailable("down.")

    for i in range(40):
        world.send(f"lease-{i}")
    world.with_provider(Down)
    before = len(world.vendor.requests)
    world.work(DAYS)
    asked = len(world.vendor.requests) - before
    assert DAYS / 300 * 0.8 < asked < DAYS / 300 * 1.2


@pytest.mark.promise("D10")
def test_account_that_is_down_keeps_nobody_waiting(world: World) -> None:
    """With a hundred things overdue for one account, those of the other are done at once."""

    class Down(FakeProvider):
        def fetch(self, remote_id: str) -> Flow[Snapshot]:
            if int(remote_id) <= 100:
                raise Unavailable("down.")
            return super().fetch(remote_id)

    for i in range(100):
        world.send(f"lease-{i}")
    other = world.send("other", via="other")
    world.with_provider(Down)
    world.vendor.complete("101")
    world.clock.pass_time(3600)
    turns = world.work(0)
    assert world.get(other.id).is_final
    assert turns < 10


@pytest.mark.promise("R9")
def test_work_that_kills_its_worker_is_given_up_too(world: World) -> None:
    """It is begun so many times and never ended: then somebody has to look."""
    world.send()
    for _ in range(TRIES):
        world.clock.pass_time(700)
        world.restart(crash_at=4)  # the look
        with pytest.raises(Crash):
            world.work(0)
    world.restart()
    world.clock.pass_time(700)
    world.work(0)
    (item,) = _dead(world)
    assert str(item.error).startswith("Whoever began it was gone")


# what is in doubt


def test_draft_that_cannot_be_sent_is_for_a_person(make_world: MakeWorld) -> None:
    """It is never dropped silently: the envelope says who has to decide, and how."""

    class Forbidding(FakeProvider):
        def dispatch(self, remote_id: str) -> Flow[Snapshot]:
            _ = yield self.get(f"/envelopes/{remote_id}")
            raise PermissionDenied("403, not yours.")

    world = make_world("draft")
    world.with_provider(Forbidding)
    world.failed()
    world.work(3 * DAYS)
    (item,) = _dead(world)
    assert item.kind is WorkKind.DISPATCH
    (envelope,) = world.all()
    assert envelope.is_in_doubt
    assert f"`esign work retry {item.id}` or `esign resolve {envelope.id}`" in str(envelope.failure)
    step = world.run(next_of(world.workspace, envelope.id))
    assert step is not None
    assert step.what == "decide"
    world.with_provider(FakeProvider)
    world.run(retry(world.workspace, item.id))
    world.work(1)
    assert world.get(envelope.id).status is EnvelopeStatus.SENT
    assert len(world.vendor.asked("Lease 14")) == 1


def test_search_that_is_refused_ends_with_a_person(world: World) -> None:
    """It goes on until it has failed often enough and nothing can turn up any more."""

    class Searchless(FakeProvider):
        def find(self, mark: str, since: object) -> Flow[Snapshot | None]:
            _ = yield self.get("/envelopes", params={"mark": mark})
            raise Refused("no searching today.")

    world.vendor.fail(Fault.ANSWER_LOST)
    world.failed()
    world.with_provider(Searchless)
    world.work(600)
    assert world.kinds() == [WorkKind.LOOK_UP]
    world.work(3 * DAYS)
    assert world.todo() == []
    (envelope,) = world.all()
    assert envelope.is_in_doubt
    assert "cannot be looked for at the vendor (Refused): a person has to" in str(envelope.failure)
