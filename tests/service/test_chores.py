from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from esign_core.engine import Task
from esign_core.errors import PermissionDenied
from esign_core.journal import WorkItem, WorkKind
from esign_core.model import EnvelopeStatus, Snapshot
from esign_core.provider import Flow
from esign_core.service import chores
from esign_core.service.chores import IDLE_SECONDS, work_once
from esign_core.service.schedule import Again
from esign_core.service.workspace import Workspace
from esign_core.testing import Fault
from esign_core.testing.fake_provider import FakeProvider

if TYPE_CHECKING:
    from tests.service.conftest import World


# looking how envelopes stand


@pytest.mark.promise("R6")
def test_polling_brings_what_no_webhook_told(world: World) -> None:
    """Without any delivery the same end is reached, with everything that it implies."""
    envelope = world.send()
    world.vendor.complete("1")
    world.work(61)
    assert world.get(envelope.id).status is EnvelopeStatus.COMPLETED
    assert world.types()[1:] == [
        "signer.signed s1",
        "signer.signed s2",
        "envelope.in_progress",
        "envelope.finalizing",
        "envelope.completed",
    ]
    assert world.todo() == []


def test_quiet_envelope_is_looked_at_less_and_less(world: World) -> None:
    """An envelope that nobody signs for a month costs a few requests a day."""
    world.send()
    world.work(3600)
    assert world.fetches("1") == 5  # after 60, 180, 420, 900, 1860 seconds
    world.work(30 * 86400)
    assert 110 < world.fetches("1") < 140


def test_news_bring_quick_looks_back(world: World) -> None:
    """Once a look has found something, the next one is soon again."""
    world.send()
    world.work(86400)
    world.vendor.sign("1", 0)
    (item,) = world.todo()
    world.work((item.due_at - world.clock.now()).total_seconds() + 1)
    (item,) = world.todo()
    assert (item.due_at - world.clock.now()).total_seconds() == pytest.approx(60, abs=1.5)


def test_envelope_whose_files_are_being_made_is_looked_at_soon(world: World) -> None:
    """Between the last signature and the finished file there are seconds."""
    envelope = world.send()
    for place in range(2):
        world.vendor.sign("1", place)
    world.tell("1", "e1")
    assert world.get(envelope.id).status is EnvelopeStatus.FINALIZING
    world.work(10)
    before = world.fetches("1")
    assert before > 2
    world.vendor.complete("1")
    world.work(10)
    assert world.get(envelope.id).status is EnvelopeStatus.COMPLETED


def test_rate_limit_is_obeyed(world: World) -> None:
    """The vendor says when to come back, and nobody comes before."""
    world.refresh_after_seconds = 5
    world.restart()
    world.send()
    for _ in range(10):
        world.vendor.fail(Fault.LIMITED, on="GET /envelopes/1")
    world.work(5.5)
    (item,) = world.todo()
    assert str(item.error).startswith("RateLimited")
    assert (item.due_at - world.clock.now()).total_seconds() == pytest.approx(30, abs=0.6)


# what goes wrong


@pytest.mark.promise("R9", "D10")
@pytest.mark.parametrize("fault", ["engine", "raises"])
def test_chore_that_raises_blocks_no_other(
    world: World, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A poison envelope is set aside with its reason, tried again later, and no other waits."""

    class Moody(FakeProvider):
        def fetch(self, remote_id: str) -> Flow[Snapshot]:
            if remote_id == "1" and fault == "raises":
                raise ZeroDivisionError("canary")
            if remote_id == "1":
                return "no flow"  # type: ignore[return-value]
            return super().fetch(remote_id)

    world.with_provider(Moody)
    poison, good = world.send("a"), world.send("b")
    world.vendor.complete("2")
    world.work(61)
    assert world.get(good.id).status is EnvelopeStatus.COMPLETED
    (item,) = world.todo()
    assert (item.subject, item.leased_until) == (poison.id, None)
    assert item.error is not None
    assert "canary" not in item.error + caplog.text
    assert item.due_at > world.clock.now()
    world.with_provider(FakeProvider)
    world.vendor.complete("1")
    world.work(300)
    assert world.get(poison.id).status is EnvelopeStatus.COMPLETED


@pytest.mark.promise("R9")
def test_fault_of_our_own_blocks_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows of it yet: it is set aside with its place, without words that came with it."""
    refresh = chores._CHORES[WorkKind.REFRESH]
    poison, good = world.send("a"), world.send("b")

    def faulty(workspace: Workspace, item: WorkItem) -> Task[Again | None]:
        if item.subject == poison.id:
            raise LookupError("canary")
        return (yield from refresh(workspace, item))

    monkeypatch.setitem(chores._CHORES, WorkKind.REFRESH, faulty)
    world.vendor.complete("2")
    world.work(61)
    assert world.get(good.id).status is EnvelopeStatus.COMPLETED
    (item,) = world.todo()
    assert (item.subject, item.leased_until) == (poison.id, None)
    assert str(item.error).startswith("LookupError at ")
    assert "canary" not in str(item.error)
    assert item.due_at > world.clock.now()


@pytest.mark.promise("D10")
def test_connection_whose_plugin_broke_harms_only_its_own_work(world: World) -> None:
    """After a bad upgrade the other accounts go on, and its own work waits."""
    mine, theirs = world.send("a"), world.send("b", via="other")
    world.vendor.complete("1")
    world.vendor.complete("2")
    world.workspace._broken["acme"] = "the plugin cannot be used"
    del world.workspace._sessions["acme"]
    world.work(61)
    assert world.get(theirs.id).status is EnvelopeStatus.COMPLETED
    assert world.get(mine.id).status is EnvelopeStatus.SENT
    (item,) = world.todo()
    assert str(item.error) == "BrokenProvider: the plugin cannot be used"


def test_strangers_envelope_that_may_not_be_seen_is_foreign(world: World) -> None:
    """What the account has no right to is none of ours, and is not asked for again."""

    class Private(FakeProvider):
        def fetch(self, remote_id: str) -> Flow[Snapshot]:
            yield self.get(f"/envelopes/{remote_id}")
            raise PermissionDenied("403.")

    world.send()
    world.vendor.envelopes["9"] = world.vendor.envelopes["1"]
    world.with_provider(Private)
    world.receive(world.vendor.delivery(world.vendor.event("9", id="9")))
    world.work(50)
    assert world.kinds() == [WorkKind.REFRESH]
    assert world.inbox()[0].state == "foreign"


def test_idle_worker_has_nothing_to_write(world: World) -> None:
    """Looking for work changes nothing, and so wakes nobody."""
    seen = world.workspace.journal.seen()
    assert world.run(work_once(world.workspace)) == IDLE_SECONDS
    assert world.workspace.journal.seen() == seen


def test_worker_sleeps_until_the_next_thing_is_due(world: World) -> None:
    """It neither wakes early nor late."""
    world.refresh_after_seconds = 1
    world.restart()
    world.send()
    assert world.run(work_once(world.workspace)) == pytest.approx(1, abs=0.5)
    (item,) = world.todo()
    world.clock.pass_time((item.due_at - world.clock.now()).total_seconds())
    assert world.run(work_once(world.workspace)) == 0
    assert world.fetches("1") == 1
