"""An envelope that goes out later: nobody is asked early, and nobody twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from esign_core.errors import Outcome, Refused, Uncertain
from esign_core.journal import Journal
from esign_core.model import (
    Document,
    Envelope,
    EnvelopeDraft,
    EnvelopeStatus,
    EventType,
    Job,
    Query,
    Signer,
)
from esign_core.provider import Registry
from esign_core.service.config import Config
from esign_core.service.send import send
from esign_core.service.worker import turn
from esign_core.service.workspace import Workspace
from esign_penneo.sandbox import Behaviour

if TYPE_CHECKING:
    from tests.penneo.conftest import World

PDF = b"%PDF-1.7\n%%EOF\n"
DAYS = 3

OpenWorld = Callable[..., "World"]


def lease(world: World) -> EnvelopeDraft:
    """A draft that goes out in three days."""
    return EnvelopeDraft(
        title="Lease",
        documents=[Document.from_bytes(PDF, name="lease.pdf")],
        signers=[Signer(name="Jane", email="jane@example.com")],
        send_at=world.clock.now() + timedelta(days=DAYS),
    )


def test_scheduled_case_file_reads_back_as_such_until_its_time(world: World) -> None:
    """In the answer of its job, in a look, and in a list; then it is sent, by the vendor alone."""
    provider = world.session.provider
    job = world.ask(provider.send(lease(world)))
    assert isinstance(job, Job)
    world.wait(seconds=1)
    job = world.ask(provider.poll(job))  # it is still being made
    assert isinstance(job, Job)
    world.wait(seconds=2)
    made = world.ask(provider.poll(job))
    assert not isinstance(made, Job)
    assert made.status is EnvelopeStatus.SCHEDULED
    for _ in range(DAYS - 1):
        world.wait(days=1)
        seen = world.ask(provider.fetch(made.remote_id))
        (listed,) = world.ask(provider.list_envelopes(Query())).snapshots
        assert seen.status is listed.status is EnvelopeStatus.SCHEDULED
        assert seen.sent_at is listed.sent_at is None
        assert world.told("asked") == []
    world.wait(days=1)
    seen = world.ask(provider.fetch(made.remote_id))
    assert seen.status is EnvelopeStatus.SENT
    assert seen.sent_at is not None
    assert [entry.signer for entry in world.told("asked")] == ["Jane"]


def test_scheduled_case_file_is_called_off_before_anybody_is_asked(world: World) -> None:
    """It is gone, and its time brings nothing."""
    remote_id = world.send(lease(world))
    with pytest.raises(Refused, match="nobody"):
        world.ask(world.session.provider.remind(remote_id))
    gone = world.ask(world.session.provider.cancel(remote_id))
    assert gone.status is EnvelopeStatus.CANCELLED
    world.wait(days=DAYS + 1)
    assert world.told("asked") == []


@pytest.fixture
def open_workspace(tmp_path: Path) -> Iterator[Callable[[World], Workspace]]:
    """A journal over a world's vendor; each call is a process that was started anew."""
    journals: list[Journal] = []

    def open_(world: World) -> Workspace:
        url = f"sqlite:///{tmp_path / 'esign.db'}"
        journals.append(Journal(url))
        connections = {"dk": {"provider": "penneo", **world.settings}}
        return Workspace(
            Config(connections, url),
            journals[-1],
            Registry.installed(),
            clock=world.clock.now,
            open_session=world.open_session,
        )

    yield open_
    for journal in journals:
        journal.close()


def live(world: World, workspace: Workspace, *, days: float) -> None:
    """Let a worker do what is due, hour by hour."""
    for _ in range(round(days * 24)):
        world.wait(hours=1)
        while world.driver.run(turn(workspace)) == 0.0:
            pass


def envelope_in(world: World, workspace: Workspace) -> Envelope:
    """The one envelope of the journal."""
    (found,) = world.driver.run(workspace.read(lambda tx: tx.envelopes.list()))
    return found


def kinds_in(world: World, workspace: Workspace) -> list[EventType]:
    """What the stream tells, in order."""
    events = world.driver.run(workspace.read(lambda tx: tx.stream.read()))
    return [event.type for event in events]


@pytest.mark.promise("S1")
@pytest.mark.parametrize("shows", [True, False], ids=["time-shown", "time-not-shown"])
def test_scheduled_envelope_goes_out_once_and_at_its_time(
    open_world: OpenWorld, open_workspace: Callable[[World], Workspace], *, shows: bool
) -> None:
    """Whether or not the vendor shows when: workers look and wait, and dispatch nothing."""
    world = open_world(Behaviour(shows_send_at=shows))
    workspace = open_workspace(world)
    draft = lease(world)
    sent = world.driver.run(send(workspace, draft, via="dk", key="lease", wait_seconds=60))
    assert (sent.status, sent.outcome) == (EnvelopeStatus.SCHEDULED, Outcome.DONE)
    again = world.driver.run(send(workspace, draft, via="dk", key="lease"))
    assert again.id == sent.id
    for _ in range(2):  # and over a restart
        live(world, workspace, days=1)
        workspace = open_workspace(world)
        assert envelope_in(world, workspace).status is EnvelopeStatus.SCHEDULED
    assert world.told("asked") == []
    assert len([each for each in world.requests if "create" in each]) == 1
    live(world, workspace, days=2)
    assert len(world.told("asked")) == 1
    assert envelope_in(world, workspace).status is EnvelopeStatus.SENT
    assert not [each for each in world.requests if each.endswith(("/send", "/activate"))]
    assert kinds_in(world, workspace) == [
        EventType.ENVELOPE_QUEUED,
        EventType.ENVELOPE_SCHEDULED,
        EventType.ENVELOPE_SENT,
        EventType.SIGNER_NOTIFIED,
    ]


@pytest.mark.promise("S2")
@pytest.mark.parametrize(
    ("shows", "status"), [(True, EnvelopeStatus.SCHEDULED), (False, EnvelopeStatus.DRAFT)]
)
def test_scheduled_envelope_whose_answer_was_lost_is_found_and_left_alone(
    open_world: OpenWorld,
    open_workspace: Callable[[World], Workspace],
    *,
    shows: bool,
    status: EnvelopeStatus,
) -> None:
    """It is adopted by its mark; that it looks like a draft sends nothing, now or twice."""
    world = open_world(Behaviour(shows_send_at=shows))
    workspace = open_workspace(world)
    draft = lease(world)
    world.loses = "/create"
    with pytest.raises(Uncertain):
        _ = world.driver.run(send(workspace, draft, via="dk", key="lease"))
    live(world, workspace, days=1)
    found = envelope_in(world, workspace)
    assert (found.status, found.outcome) == (status, Outcome.DONE)
    assert found.remote_id is not None
    live(world, workspace, days=DAYS)
    assert envelope_in(world, workspace).status is EnvelopeStatus.SENT
    assert len(world.told("asked")) == 1
    assert not [each for each in world.requests if each.endswith(("/send", "/activate"))]
