"""The disk fails once, at every write and sync in turn; then it works again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Any

import apsw
import pytest

from esign_core.errors import EsignError, JournalUnusable
from tests.promises.power.conftest import Machine

_MOST = 2000


def _again(step: Callable[[], Any]) -> tuple[Any, EsignError | None]:
    """As products and vendors do: what failed is done again, once the disk works."""
    try:
        return step(), None
    except JournalUnusable as error:
        return step(), error


def _live(machine: Machine) -> list[EsignError]:
    """Two envelopes with deliveries; what went wrong on the way."""
    failures = []
    for i in range(2):
        envelope, failure = _again(partial(machine.send, f"lease-{i}"))
        failures.append(failure)
        for j in range(3):
            remote_id = machine.vendor.asked(f"lease-{i}")[0].id
            _, failure = _again(partial(machine.tell, remote_id, f"{i}-{j}"))
            failures.append(failure)
        assert envelope.id in {e.id for e in _envelopes(machine)}
    return [failure for failure in failures if failure is not None]


def _key(body: bytes) -> str:
    """The vendor's id of an event: the first try may have been kept, although it was not told."""
    key: str = json.loads(body)["events"][0]["key"]
    return key


def _envelopes(machine: Machine) -> Any:
    return machine.workspace.journal.read(lambda tx: tx.envelopes.list())


@pytest.mark.promise("D9")
@pytest.mark.parametrize(("fault", "first"), [(apsw.FullError, 1), (apsw.IOError, 2)])
def test_disk_that_fails_once_loses_nothing(
    build: Callable[..., Machine], fault: type[apsw.Error], first: int
) -> None:
    """What was acknowledged is there, nobody is asked twice, and the file stays whole.

    The others are told, and may do it again at once.
    """
    failed = 0
    for n in range(first, _MOST, 2):
        machine = build(name=f"{n}")
        machine.disk.fault, machine.disk.fails_in = fault, n
        failures = _live(machine)
        is_over = not machine.disk.has_failed
        machine.disk.fails_in = None
        assert all(len(machine.vendor.asked(f"lease-{i}")) == 1 for i in range(2))
        said = [each for each in machine.disk.noted(len(machine.disk.log)) if each != "open"]
        machine.workspace.close()
        with sqlite3.connect(machine.folder / "esign.db") as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            kept = {_key(row[0]) for row in connection.execute("SELECT body FROM esign_inbox")}
        connection.close()
        assert {_key(each[1]) for each in said if each[0] == "kept"} <= kept
        failed += bool(failures)
        if is_over:
            assert failed > 20
            return
    pytest.fail("it never lived without a failure")
