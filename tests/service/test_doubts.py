"""What nobody can know is not taken for known: late effects, odd answers, odd wishes."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from esign_core.errors import (
    Outcome,
    RateLimited,
    UnreadableAnswer,
    WebhookRejected,
)
from esign_core.journal import WorkKind
from esign_core.model import Document, EnvelopeStatus, Job, Snapshot
from esign_core.provider import Flow
from esign_core.service import verbs
from esign_core.service.receive import MAX_UNPROVEN_BYTES
from esign_core.service.schedule import LONGEST_PAUSE_SECONDS
from esign_core.testing import Fault
from esign_core.testing.fake_provider import FakeProvider

if TYPE_CHECKING:
    from tests.service.conftest import World

DISPATCH = "POST /envelopes/1"


@pytest.mark.promise("S1")
def test_late_dispatch_and_a_refused_repetition_ask_once(
    make_world: Callable[[str], World],
) -> None:
    """The first try may land after the second was refused: the key stays, and nobody asks anew."""
    world = make_world("draft")
    world.vendor.fail(Fault.LATE, on=DISPATCH)
    world.vendor.fail(Fault.REFUSED, on=DISPATCH)
    assert world.failed().outcome is Outcome.UNCERTAIN
    (envelope,) = world.all()
    assert (envelope.outcome, envelope.key) == (Outcome.UNCERTAIN, "lease-14")
    world.work(300)
    assert world.send().id == envelope.id
    assert len(world.vendor.asked("Lease 14")) == 1
    assert world.get(envelope.id).outcome is Outcome.DONE


@pytest.mark.promise("S1")
def test_refusals_free_the_key_once_no_try_can_still_land(
    make_world: Callable[[str], World],
) -> None:
    """A worker's refused tries settle it after the vendor's longest delay, and not before."""
    world = make_world("draft")
    world.vendor.fail(Fault.LATE, on=DISPATCH)
    world.vendor.late_seconds = 10**9
    for _ in range(40):
        world.vendor.fail(Fault.REFUSED, on=DISPATCH)
    assert world.failed().outcome is Outcome.UNCERTAIN
    (envelope,) = world.all()
    world.work(FakeProvider.longest_delay_seconds / 2)
    assert world.get(envelope.id).key == "lease-14"
    world.work(FakeProvider.longest_delay_seconds * 4)
    settled = world.get(envelope.id)
    assert (settled.outcome, settled.key) == (Outcome.NOT_DONE, None)
    assert world.todo() == []


class _Mistaken(FakeProvider):
    """A vendor that answers about another envelope."""

    def fetch(self, remote_id: str) -> Flow[Snapshot]:
        found = yield from super().fetch(remote_id)
        return replace(found, remote_id="somebody-elses", status=EnvelopeStatus.COMPLETED)


@pytest.mark.promise("A8")
def test_answer_about_another_envelope_is_not_believed(world: World) -> None:
    """It is an error, and the envelope stays as it was."""
    envelope = world.send()
    world.with_provider(_Mistaken)
    with pytest.raises(UnreadableAnswer, match="another envelope"):
        _ = world.run(verbs.fetch(world.workspace, envelope.id))
    world.work(200)
    assert world.get(envelope.id).status is EnvelopeStatus.SENT


class _Patient(FakeProvider):
    """A vendor that wants to be left alone for ages."""

    seconds = 10.0**12

    def fetch(self, remote_id: str) -> Flow[Snapshot]:
        yield from ()
        raise RateLimited(f"not now, {remote_id}.", retry_after_seconds=self.seconds)


@pytest.mark.parametrize("seconds", [10.0**12, float("inf"), float("nan")])
def test_no_vendor_puts_work_off_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """What a vendor asks for has a limit, and a number that is none puts nothing off."""
    _ = world.send()
    monkeypatch.setattr(_Patient, "seconds", seconds)
    world.with_provider(_Patient)
    world.work(100)
    (item,) = world.todo()
    left = (item.due_at - world.clock.now()).total_seconds()
    assert 0 < left <= LONGEST_PAUSE_SECONDS
    assert item.error is not None
    assert item.error.startswith("RateLimited")


class _Muddled(FakeProvider):
    """A vendor whose job is done and does not say what it made."""

    def poll(self, job: Job) -> Flow[Snapshot | Job]:
        yield from ()
        raise UnreadableAnswer(f"200, no envelope in {len(job.handle)} fields.")


@pytest.mark.promise("S2")
def test_job_that_ends_unreadably_is_looked_for(make_world: Callable[[str], World]) -> None:
    """At first it is asked again; once the vendor should have made it, our mark is looked for."""
    world = make_world("job")
    envelope = world.send()
    world.with_provider(_Muddled)
    world.work(60)
    assert WorkKind.POLL_JOB in world.kinds()
    world.work(FakeProvider.longest_delay_seconds * 4)
    assert WorkKind.POLL_JOB not in world.kinds()
    assert world.get(envelope.id).remote_id == "1"
    assert world.get(envelope.id).outcome is Outcome.DONE


@pytest.mark.promise("S7")
def test_pinned_document_is_not_pinned_anew() -> None:
    """What the fingerprint was made of stays what the upload is checked against."""
    contents = iter([b"%PDF-1.7 the lease", b"%PDF-1.7 the lease"])
    changed = b"%PDF-1.7 the LEASE"
    document = Document.from_opener(
        lambda: io.BytesIO(next(contents, changed)), name="lease.pdf", size=len(changed)
    )
    pinned = document.pinned()
    assert pinned.pinned() == pinned
    assert pinned.sha256 != Document.from_bytes(changed, name="lease.pdf").pinned().sha256


@pytest.mark.promise("R10")
def test_large_delivery_that_proves_nothing_is_turned_away(
    make_world: Callable[..., World],
) -> None:
    """Anybody could fill the disk with such ones."""
    world = make_world(accept_unsigned=True)
    envelope = world.send()
    event = world.vendor.event(envelope.remote_id or "", padding="x" * MAX_UNPROVEN_BYTES)
    with pytest.raises(WebhookRejected) as caught:
        _ = world.receive(world.vendor.delivery(event, secret=None))
    assert caught.value.reason == "too_large"
    assert world.inbox() == []
    assert world.receive(world.vendor.delivery(event)).is_new, "a signed one is taken"
