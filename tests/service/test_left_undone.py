"""What of the work that is left somebody should know."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from esign_core.errors import Unavailable
from esign_core.journal import WorkKind
from esign_core.model import Snapshot
from esign_core.provider import Flow
from esign_core.service.attending import LEASE
from esign_core.service.doctor import examine
from esign_core.service.findings import Finding, Severity
from esign_core.service.left_undone import left_undone
from esign_core.testing.fake_provider import FakeProvider

if TYPE_CHECKING:
    from tests.service.conftest import World


class _Down(FakeProvider):
    def fetch(self, remote_id: str) -> Flow[Snapshot]:
        _ = yield self.get(f"/envelopes/{remote_id}")
        raise Unavailable("down.")


def _found(world: World) -> list[Finding]:
    return world.workspace.journal.read(lambda tx: left_undone(world.workspace, tx, most=1000))


def _one(world: World, check: str = "work") -> Finding:
    (found,) = [each for each in _found(world) if each.check == check]
    return found


def test_all_is_well_when_nothing_is_overdue(world: World) -> None:
    """What is due later is nobody's fault."""
    _ = world.send()
    assert _found(world) == [Finding.ok("work", "worker", "nothing is overdue")]


def test_nobody_works(world: World) -> None:
    """What is due for a minute is left undone."""
    _ = world.send()
    world.clock.pass_time(121)
    found = _one(world)
    assert (found.severity, found.subject) == (Severity.ERROR, "worker")
    assert "1 refresh left undone" in found.message
    assert "esign worker" in found.remedy


def test_somebody_works_and_does_not_get_to_it(world: World) -> None:
    """A worker that is behind is another matter than none."""
    for i in range(3):
        _ = world.send(f"lease-{i}")
    world.clock.pass_time(200)
    now = world.clock.now()
    _ = world.workspace.journal.aside(lambda tx: tx.work.claim(now, LEASE))
    assert (_one(world).severity, _one(world).subject) == (Severity.WARNING, "worker")


def test_account_that_is_down_is_why_work_waits(world: World) -> None:
    """And not a worker that is missing; until nobody has tried for a while."""
    for i in range(8):
        _ = world.send(f"lease-{i}")
    world.with_provider(_Down)
    world.work(3600)
    world.clock.pass_time(61)
    found = _one(world)
    assert found.severity is Severity.WARNING
    assert "(Unavailable)" in found.message
    world.clock.pass_time(7200)
    assert _one(world).severity is Severity.ERROR


def test_much_that_was_given_up_is_cut_short(world: World) -> None:
    """A screen of it, and how much more there is."""
    now = world.clock.now()

    def give_up(i: int) -> None:
        world.workspace.journal.write(
            lambda tx: tx.work.plan(WorkKind.IDENTIFY, f"acme/{i}", connection="acme", due_at=now)
        )
        item = world.workspace.journal.aside(lambda tx: tx.work.claim(now, LEASE))
        assert item is not None
        assert world.workspace.journal.write(lambda tx: tx.work.give_up(item, now, "Refused: x"))

    for i in range(25):
        give_up(i)
    told = [each for each in _found(world) if each.severity is Severity.ERROR]
    assert len(told) == 21
    assert told[-1].message == "5 more were given up"
    assert "identify was given up" in told[0].message


def test_work_without_an_account_belongs_to_nobody_who_is_missing(world: World) -> None:
    """Telling a plugin again takes no connection."""
    now = world.clock.now()
    world.workspace.journal.write(
        lambda tx: tx.work.plan(WorkKind.TELL_AGAIN, "1/choosy", connection="", due_at=now)
    )
    assert [each.severity for each in _found(world)] == [Severity.OK]


@pytest.mark.promise("R6")
def test_deliveries_that_do_not_arrive_are_told(world: World) -> None:
    """Once they did, and a look found what none had told."""
    _ = world.send("first")
    world.vendor.complete("1")
    world.tell("1", "e1")
    _ = world.send("second")
    assert [each.check for each in _found(world)] == ["work"]
    world.work(60)
    world.vendor.complete("2")
    world.work(2 * 3600)
    found = _one(world, "deliveries")
    assert (found.severity, found.subject) == (Severity.WARNING, "acme")
    assert "subscription" in found.remedy


@pytest.mark.parametrize("place", ["new/folder", "file", "file/below"])
def test_archive_that_cannot_be_written_is_told(tmp_path: Path, place: str) -> None:
    """Before the first file is to go there."""
    (tmp_path / "file").touch()
    config = tmp_path / "esign.toml"
    config.write_text(f'journal = "sqlite:///esign.db"\narchive = "{place}"', encoding="utf-8")
    found = [each for each in examine(config) if each.check == "archive"]
    assert [each.subject for each in found] == ([str(tmp_path / place)] if "file" in place else [])
