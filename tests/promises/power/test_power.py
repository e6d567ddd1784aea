"""The power goes at any write; what was acknowledged is there afterwards."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from esign_core.journal.sealed import load_job
from tests.promises.power.conftest import ENVELOPES, MEMORY, Machine
from tests.promises.power.disk import Disk, put_back

CUTS = int(os.environ.get("ESIGN_POWER_CUTS", "1000"))
"""How often the power is cut in each test; 10,000 times by `python -m tests.promises --whole`."""


def _cuts(disk: Disk, count: int) -> Iterator[tuple[list[Any], Path]]:
    """What had been said before each cut, and what the disk holds after it."""
    dice = random.Random(14)
    first = disk.log.index(next(e for e in disk.log if getattr(e, "what", None) == "open"))
    folder = Path(tempfile.mkdtemp(dir=MEMORY))
    try:
        for _ in range(count):
            cut = dice.randrange(first + 1, len(disk.log) + 1)
            put_back(disk.after_cut(cut, dice), folder)
            yield disk.noted(cut), folder / "esign.db"
            for path in folder.iterdir():
                path.unlink()
    finally:
        shutil.rmtree(folder)


def _rows(file: Path, query: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(file)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def _losses(disk: Disk, count: int) -> int:
    """After how many cuts a delivery was missing that had been acknowledged."""
    losses = 0
    for said, file in _cuts(disk, count):
        acknowledged = {each[1] for each in said if each[0] == "kept"}
        kept = {row[0] for row in _rows(file, "SELECT body FROM esign_inbox")}
        losses += not acknowledged <= kept
    return losses


def _busy(machine: Machine) -> None:
    """A few envelopes, each with some deliveries."""
    for i in range(ENVELOPES):
        envelope = machine.send(f"lease-{i}")
        for j in range(6):
            machine.tell(envelope.remote_id, f"{i}-{j}")


@pytest.mark.promise("R1")
def test_no_acknowledged_delivery_is_lost(build: Callable[..., Machine]) -> None:
    """Every delivery that was answered 2xx is in the journal, and the file is whole."""
    machine = build()
    _busy(machine)
    assert _losses(machine.disk, CUTS) == 0


@pytest.mark.negative_control("R1")
def test_less_syncing_loses_deliveries(build: Callable[..., Machine]) -> None:
    """The control: with `synchronous=NORMAL`, as many recommend, the same run loses some."""
    machine = build("NORMAL")
    _busy(machine)
    assert _losses(machine.disk, 300) > 0


@pytest.mark.promise("S3")
def test_job_handle_is_on_disk_when_send_returns(build: Callable[..., Machine]) -> None:
    """Every part of a handle is there that `send` has returned with."""
    machine = build(style="job")
    handles = {}
    for i in range(ENVELOPES):
        envelope = machine.send(f"lease-{i}")
        handles[envelope.id] = machine.job(envelope.id)
    assert all(job is not None and job.handle for job in handles.values())
    query = "SELECT id, job FROM esign_envelopes WHERE job IS NOT NULL"
    vault = machine.workspace.journal.vault
    for said, file in _cuts(machine.disk, CUTS):
        returned = {each[1] for each in said if each[0] == "sent"}
        stored = {id_: load_job(vault, id_, job) for id_, job in _rows(file, query)}
        assert {id_: stored.get(id_) for id_ in returned} == {id_: handles[id_] for id_ in returned}


@pytest.mark.promise("S2", "S1")
def test_whoever_was_asked_stands_in_the_journal(build: Callable[..., Machine]) -> None:
    """Whenever the power goes: nothing is at the vendor of which the journal has no intent."""
    machine = build()
    asked = machine.vendor.exchange

    def exchange(request: Any, **options: Any) -> Any:
        answer = asked(request, **options)
        machine.disk.note(("asked", len(machine.vendor.envelopes)))
        return answer

    machine.vendor.exchange = exchange  # type: ignore[method-assign]
    _busy(machine)
    for said, file in _cuts(machine.disk, CUTS):
        at_the_vendor = max((each[1] for each in said if each[0] == "asked"), default=0)
        intended = _rows(file, "SELECT count(*) FROM esign_envelopes")[0][0]
        assert intended >= at_the_vendor
