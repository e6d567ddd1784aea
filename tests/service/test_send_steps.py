from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from esign_core.errors import (
    EsignError,
    Outcome,
    Refused,
    Uncertain,
)
from esign_core.journal import WorkKind
from esign_core.model import (
    EnvelopeStatus,
    Job,
    Snapshot,
    Source,
)
from esign_core.provider import Flow, Provider
from esign_core.service.jobs import poll_job
from esign_core.service.record import record_snapshot
from esign_core.testing import Fault
from esign_core.testing.fake_provider import FakeProvider

if TYPE_CHECKING:
    from tests.service.conftest import World


def test_refused_dispatch_is_looked_at_before_it_is_believed(
    make_world: Callable[[str], World],
) -> None:
    """A vendor that will not send because it has sent already does not free the key."""
    world = make_world("draft")
    world.vendor.fail(Fault.ANSWER_LOST, on="POST /envelopes")
    error = world.failed()
    assert error.outcome is Outcome.UNCERTAIN
    assert world.vendor.asked("Lease 14")
    world.vendor.fail(Fault.REFUSED, on="POST /envelopes")  # "it is no draft any more"
    world.work(40)
    (envelope,) = world.all()
    assert (envelope.outcome, envelope.status) == (Outcome.DONE, EnvelopeStatus.SENT)
    assert envelope.failure is None
    assert WorkKind.DISPATCH not in world.kinds()


def test_refused_dispatch_of_a_draft_frees_the_key(make_world: Callable[[str], World]) -> None:
    """If a look shows the draft untouched, nobody was asked."""
    world = make_world("draft")
    world.vendor.fail(Fault.REFUSED, on="POST /envelopes")
    error = world.failed()
    assert isinstance(error, Refused)
    assert error.outcome is Outcome.NOT_DONE
    assert world.kinds() == []
    assert world.send().outcome is Outcome.DONE
    assert len(world.vendor.asked("Lease 14")) == 1


def test_refused_dispatch_that_cannot_be_looked_at_stays_open(
    make_world: Callable[[str], World],
) -> None:
    """Where the look fails too, the worker goes on."""
    world = make_world("draft")
    world.vendor.fail(Fault.REFUSED, on="POST /envelopes")
    for _ in range(5):
        world.vendor.fail(Fault.BROKEN, on="GET /envelopes/1")
    assert world.failed().outcome is Outcome.UNCERTAIN
    assert WorkKind.DISPATCH in world.kinds()
    world.work(100)
    assert world.all()[0].outcome is Outcome.DONE


def test_limited_dispatch_is_tried_again(make_world: Callable[[str], World]) -> None:
    """Whatever else goes wrong with a stored draft, the wish stands, and its reason is told."""
    world = make_world("draft")
    world.vendor.fail(Fault.LIMITED, on="POST /envelopes")
    assert world.failed().outcome is Outcome.UNCERTAIN
    assert "429" in str(world.all()[0].failure)
    world.work(200)
    assert world.all()[0].outcome is Outcome.DONE
    assert len(world.vendor.asked("Lease 14")) == 1


def test_vendor_that_sends_its_drafts_by_itself_is_not_asked_to(
    make_world: Callable[[str], World],
) -> None:
    """Some call an envelope a draft while they are sending it, and have no second step."""
    world = make_world("draft")

    class OneStep(FakeProvider):
        dispatch = Provider.dispatch

    world.with_provider(OneStep)
    assert world.send().outcome is Outcome.DONE
    assert world.kinds() == [WorkKind.REFRESH]


@pytest.mark.parametrize("told_by", ["webhook", "refusal"])
def test_cancelled_draft_is_not_dispatched(
    make_world: Callable[[str], World], told_by: str
) -> None:
    """A draft that was called off meanwhile stays so, and is not tried for ever."""
    world = make_world("draft")
    world.vendor.fail(Fault.REQUEST_LOST, on="POST /envelopes")
    world.failed()
    world.vendor.envelopes["1"].status = "cancelled"
    if told_by == "webhook":
        world.tell("1")
    world.work(40)
    assert world.all()[0].status is EnvelopeStatus.CANCELLED
    assert world.vendor.asked("Lease 14") == []
    assert world.kinds() == []


# jobs


def test_job_is_waited_for(make_world: Callable[[str], World]) -> None:
    """With patience, the envelope comes back made; without, queued."""
    world = make_world("job")
    assert world.send("a").status is EnvelopeStatus.QUEUED
    made = world.send("b", wait_seconds=10)
    assert (made.status, made.remote_id) == (EnvelopeStatus.SENT, "2")
    assert world.send("a", wait_seconds=10).status is EnvelopeStatus.SENT


def test_worker_finishes_what_nobody_waited_for(make_world: Callable[[str], World]) -> None:
    """A queued envelope becomes a sent one without its sender, and its handle is forgotten."""
    world = make_world("job")
    queued = world.send()
    assert world.workspace.journal.read(lambda tx: tx.envelopes.job(queued.id))
    world.work(20)
    assert world.get(queued.id).status is EnvelopeStatus.SENT
    assert world.workspace.journal.read(lambda tx: tx.envelopes.job(queued.id)) is None
    assert world.kinds() == [WorkKind.REFRESH]
    assert world.types() == ["envelope.queued", "envelope.sent"]


def test_vendor_that_is_down_while_a_job_is_waited_for_is_no_failure(
    make_world: Callable[[str], World],
) -> None:
    """The envelope was accepted; an error now would say otherwise."""
    world = make_world("job")
    for _ in range(6):
        world.vendor.fail(Fault.BROKEN, on="GET /jobs")
    envelope = world.send(wait_seconds=300)
    assert envelope.outcome is Outcome.DONE
    assert envelope.status is EnvelopeStatus.SENT


class _FailingJobs(FakeProvider):
    """A vendor that could not make it, and says so in one of two ways."""

    error: EsignError

    def poll(self, job: Job) -> Flow[Snapshot | Job]:
        yield self.get(f"/jobs/{job.handle['job']}")
        raise self.error


def _failing(world: World, error: EsignError) -> None:
    kind = type("Failing", (_FailingJobs,), {"error": error})
    world.with_provider(kind)


@pytest.mark.parametrize("asked_by", ["sender", "worker"])
def test_failed_job_frees_the_key(make_world: Callable[[str], World], asked_by: str) -> None:
    """What the vendor could not make was not sent; the stream tells, and the key is free."""
    world = make_world("job")
    _failing(world, Refused("the document is encrypted."))
    if asked_by == "sender":
        assert world.failed(wait_seconds=60).outcome is Outcome.NOT_DONE
    else:
        world.send()
        world.work(20)
    (envelope,) = world.all()
    assert (envelope.outcome, envelope.status) == (Outcome.NOT_DONE, EnvelopeStatus.FAILED)
    assert "encrypted" in str(envelope.failure)
    assert envelope.key is None
    assert world.kinds() == []
    assert world.types() == ["envelope.queued", "envelope.failed"]


@pytest.mark.promise("S1")
@pytest.mark.parametrize(
    "error",
    [
        Refused("400, bad question.", status_code=400),
        Uncertain("somebody has made it already."),
    ],
)
def test_job_that_nobody_can_tell_of_keeps_the_key(
    make_world: Callable[[str], World], error: EsignError
) -> None:
    """A refusal of the question is no answer about the job: the envelope is looked for."""
    world = make_world("job")
    _failing(world, error)
    assert world.failed(wait_seconds=60).outcome is Outcome.UNCERTAIN
    (envelope,) = world.all()
    assert envelope.key == "lease-14"
    assert world.kinds() == [WorkKind.LOOK_UP]
    world.work(100)
    assert world.get(envelope.id).remote_id == "1"
    assert world.get(envelope.id).outcome is Outcome.DONE


@pytest.mark.parametrize("error", [Uncertain("who knows."), Refused("it failed.")])
def test_late_word_about_a_job_undoes_nothing(
    make_world: Callable[[str], World], error: EsignError
) -> None:
    """Two may ask about one job; whoever is slower does not put a made envelope in doubt."""
    world = make_world("job")
    world.send()
    (envelope,) = world.all()
    world.clock.pass_time(10)

    class Slow(FakeProvider):
        def poll(self, job: Job) -> Flow[Snapshot | Job]:
            snapshot = yield from super().poll(job)
            assert isinstance(snapshot, Snapshot)
            if world.get(envelope.id).remote_id is None:
                world.workspace.journal.write(
                    lambda tx: record_snapshot(
                        world.workspace, tx, envelope.id, snapshot, Source.POLL
                    )
                )
            raise error

    world.with_provider(Slow)
    with pytest.raises(type(error)):
        world.run(poll_job(world.workspace, envelope.id))
    after = world.get(envelope.id)
    assert (after.outcome, after.status, after.key) == (
        Outcome.DONE,
        EnvelopeStatus.SENT,
        "lease-14",
    )
    assert world.kinds() == [WorkKind.REFRESH]
