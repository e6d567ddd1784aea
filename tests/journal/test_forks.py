from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from esign_core.journal import Journal, WorkKind

_NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


def _put(journal: Journal, subject: str) -> None:
    journal.write(
        lambda tx: tx.work.plan(WorkKind.REFRESH, subject, connection="acme", due_at=_NOW)
    )


def _subjects(journal: Journal) -> set[str]:
    return {item.subject for item in journal.read(lambda tx: tx.work.list(limit=10**6))}


class _Child:
    """A process that writes on with what its parent had opened: some, and the rest when told."""

    def __init__(self, journal: Journal, name: str) -> None:
        self._told, tell = os.pipe()
        go_on, self._go_on = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            done = 1
            try:
                for i in range(3):
                    _put(journal, f"{name} before {i}")
                _ = os.write(tell, b".")
                _ = os.read(go_on, 1)
                for i in range(3):
                    _put(journal, f"{name} after {i}")
                done = 0
            finally:
                os._exit(done)
        assert os.read(self._told, 1) == b"."

    def end(self) -> None:
        """Have it write the rest; what it wrote it was told to be on disk."""
        _ = os.write(self._go_on, b".")
        assert os.waitpid(self._pid, 0)[1] == 0

    @staticmethod
    def wrote(name: str) -> set[str]:
        """What there has to be."""
        return {f"{name} {when} {i}" for when in ("before", "after") for i in range(3)}


@pytest.mark.promise("R1", "S1")
@pytest.mark.parametrize("comes", ["nobody", "another process"])
def test_child_writes_into_the_file_that_is_there(journal_url: str, comes: str) -> None:
    """A parent that opens its journal, forks and closes it takes nothing of its child's along."""
    journal = Journal(journal_url)
    _put(journal, "parent")
    assert _subjects(journal) == {"parent"}  # readers are open, too
    child = _Child(journal, "child")
    journal.close()
    if comes == "another process":
        other = Journal(journal_url)
        _put(other, "other")
        other.close()
    child.end()
    assert not {"parent", *_Child.wrote("child")} - _found(journal_url)


@pytest.mark.promise("R1")
def test_fork_while_others_write_and_read(journal_url: str) -> None:
    """It waits for what is going on, and lets it go on afterwards."""
    journal, stop = Journal(journal_url), threading.Event()
    _put(journal, "parent")

    def write(name: str) -> set[str]:
        written: set[str] = set()
        while not stop.is_set():
            subject = f"{name} {len(written)}"
            _put(journal, subject)
            _ = _subjects(journal)
            written.add(subject)
        return written

    with ThreadPoolExecutor(2) as pool:
        writing = [pool.submit(write, name) for name in ("one", "two")]
        try:
            for number in range(3):
                _Child(journal, f"child {number}").end()
        finally:
            stop.set()
        wanted = {subject for job in writing for subject in job.result(10)}
    journal.close()
    for number in range(3):
        wanted |= _Child.wrote(f"child {number}")
    assert not wanted - _found(journal_url)


def _found(url: str) -> set[str]:
    journal = Journal(url)
    found = _subjects(journal)
    journal.close()
    return found
