"""The archive: signed files of completed envelopes, each with its hash in the stream."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from esign_core.engine import SavedFile
from esign_core.engine.simulate import Crash
from esign_core.errors import NotReady
from esign_core.journal import WorkKind
from esign_core.model import Artifact, ArtifactKind, Event, Snapshot, observe
from esign_core.provider import Download, Flow
from esign_core.service.verbs import download
from esign_core.testing.fake import FILE
from esign_core.testing.fake_provider import FakeProvider

if TYPE_CHECKING:
    from tests.service.conftest import World

SHA256 = hashlib.sha256(FILE).hexdigest()


@pytest.fixture
def archiving(world: World) -> World:
    """One that archives into `archive` in its folder."""
    world.archive = str(world.folder / "archive")
    world.restart()
    return world


def _archived(world: World) -> list[Event]:
    return [event for event in world.events() if event.type == "envelope.archived"]


def _files(world: World) -> dict[str, bytes]:
    folder = world.folder / "archive"
    found = sorted(each for each in folder.rglob("*") if each.is_file())
    return {each.relative_to(folder).as_posix(): each.read_bytes() for each in found}


@pytest.mark.promise("D6", "D7")
def test_completed_envelope_is_archived(archiving: World) -> None:
    """Under names of ours, whatever the vendor calls its files; the stream has the hash."""
    envelope = archiving.send()
    archiving.vendor.complete("1")
    archiving.work(61)
    path = f"{envelope.id}/signed-1.pdf"
    assert _files(archiving) == {path: FILE}
    (event,) = _archived(archiving)
    assert event.data == {
        "artifact": "signed-1",
        "size": len(FILE),
        "sha256": SHA256,
        "path": path,
    }
    assert (event.envelope_id, event.source, event.inferred) == (envelope.id, "reply", False)
    assert archiving.todo() == []


def test_completion_that_a_delivery_told_is_archived_at_once(archiving: World) -> None:
    """Nobody waits for a look."""
    _ = archiving.send()
    archiving.vendor.complete("1")
    archiving.tell("1", "e1")
    archiving.work(0)
    assert len(_archived(archiving)) == 1


@pytest.mark.parametrize("end", ["declined", "cancelled"])
def test_only_completed_envelopes_are_archived(archiving: World, end: str) -> None:
    """There is nothing signed of the others."""
    _ = archiving.send()
    archiving.vendor.envelopes["1"].status = end
    archiving.work(61)
    assert (_files(archiving), archiving.todo()) == ({}, [])


def test_nothing_is_archived_that_nobody_asked_for(world: World) -> None:
    """Without the setting, files stay where they are."""
    _ = world.send()
    world.vendor.complete("1")
    world.work(3600)
    assert _archived(world) == []
    assert not any(request.endswith("/file") for request in world.vendor.requests)


@pytest.mark.promise("D7")
@pytest.mark.parametrize("crash_at", range(1, 14))
def test_archiving_survives_the_death_of_its_worker(archiving: World, crash_at: int) -> None:
    """Wherever it dies: one file, whole, and one event."""
    envelope = archiving.send()
    archiving.vendor.complete("1")
    archiving.tell("1", "e1")
    archiving.restart(crash_at=crash_at)
    with suppress(Crash):
        archiving.work(0)
    archiving.restart()
    archiving.work(3 * 3600)
    assert _files(archiving) == {f"{envelope.id}/signed-1.pdf": FILE}
    assert len(_archived(archiving)) == 1


def test_file_that_comes_later_is_waited_for(archiving: World) -> None:
    """A vendor may complete an envelope before its files are there."""

    class Late(FakeProvider):
        def download(self, snapshot: Snapshot, artifact: Artifact) -> Flow[Download]:
            raise NotReady("202, not yet.")

    _ = archiving.send()
    archiving.vendor.complete("1")
    archiving.with_provider(Late)
    archiving.work(120)
    (item,) = archiving.todo()
    assert (item.kind, item.attempts > 1) == (WorkKind.ARCHIVE, True)
    archiving.with_provider(FakeProvider)
    archiving.work(300)
    assert len(_archived(archiving)) == 1


def test_several_files_have_names_of_their_own(archiving: World) -> None:
    """In the vendor's order; an ending that is not known is left out."""

    class Several(FakeProvider):
        def fetch(self, remote_id: str) -> Flow[Snapshot]:
            found = yield from super().fetch(remote_id)
            names = ("../../etc/passwd", "Lease 14.PDF", "plan.asice")
            kinds = (ArtifactKind.SIGNED, ArtifactKind.SIGNED, ArtifactKind.ORIGINAL)
            artifacts = [Artifact(k, n, "file") for k, n in zip(kinds, names, strict=True)]
            return Snapshot(
                found.remote_id, found.status, signers=found.signers, artifacts=tuple(artifacts)
            )

    envelope = archiving.send()
    archiving.vendor.complete("1")
    archiving.with_provider(Several)
    archiving.work(61)
    expected = {f"{envelope.id}/signed-1", f"{envelope.id}/signed-2.pdf"}
    assert set(_files(archiving)) == expected
    assert {event.data["path"] for event in _archived(archiving)} == expected


@pytest.mark.promise("D7")
def test_download_by_a_person_puts_the_hash_into_the_stream(world: World, tmp_path: Path) -> None:
    """What was taken, and not where to: that is theirs. The same again is no news."""
    envelope = world.send()
    world.vendor.complete("1")
    world.work(61)

    def take() -> SavedFile:
        task = download(world.workspace, envelope.id, tmp_path, (ArtifactKind.SIGNED,))
        (saved,) = world.run(task)
        return saved

    saved = take()
    assert take() == saved
    (event,) = _archived(world)
    assert event.data == {
        "artifact": "signed-1",
        "size": saved.size,
        "sha256": saved.sha256,
        "path": None,
    }


def test_what_a_person_took_is_archived_all_the_same(archiving: World, tmp_path: Path) -> None:
    """One does not stand for the other."""
    envelope = archiving.send()
    archiving.vendor.complete("1")
    archiving.run(download(archiving.workspace, envelope.id, tmp_path, (ArtifactKind.SIGNED,)))
    archiving.work(61)
    assert len(_archived(archiving)) == 2
    assert len(_files(archiving)) == 1


@pytest.mark.promise("R4")
def test_what_is_archived_can_be_replayed(archiving: World) -> None:
    """The stored observations give the same events again, hashes included."""
    now = archiving.send()
    archiving.vendor.complete("1")
    archiving.work(61)
    seats = tuple(replace(seat, remote_id=None) for seat in now.seats)
    again = replace(now, facts={}, remote_id=None, seats=seats)
    told: list[Event] = []
    for observation in archiving.workspace.journal.read(lambda tx: tx.stream.observations(now.id)):
        again, new = observe(again, observation)
        told += new
    assert [(e.type, e.data) for e in told] == [(e.type, e.data) for e in archiving.events()]
