from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from esign_core.journal import Journal, Transaction, WorkKind
from esign_core.journal.sqlite import _forking

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


@pytest.mark.promise("R1")
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files cannot be looked at")
def test_journal_that_is_opened_while_a_fork_waits_is_not_open_in_the_child(tmp_path: Path) -> None:
    """The fork waits for one that is being written; meanwhile no other one comes along."""
    began, go_on, is_opened = threading.Event(), threading.Event(), threading.Event()
    busy, late = (Journal(f"sqlite:///{tmp_path / name}") for name in ("busy.db", "late.db"))
    children: list[int] = []

    def hold(_: Transaction) -> None:
        began.set()
        assert go_on.wait(10)

    def fork() -> None:
        child = os.fork()
        if child == 0:
            os._exit(any(file.endswith("late.db") for file in _open_files()))
        children.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

    def open_late() -> None:
        late.write(lambda _: None)
        is_opened.set()

    # no executor: it has a lock of its own, which a fork takes as well
    threads = [
        threading.Thread(target=each) for each in (lambda: busy.write(hold), fork, open_late)
    ]
    threads[0].start()
    assert began.wait(10)
    threads[1].start()
    while not _forking.locked():
        _ = is_opened.wait(0.001)
    threads[2].start()
    _ = is_opened.wait(0.5)  # it would not come: it waits for the fork
    go_on.set()
    for thread in threads:
        thread.join(20)
    assert children == [0]
    assert is_opened.is_set()
    busy.close()
    late.close()


@pytest.mark.promise("R1")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_fork_that_is_interrupted_while_it_waits_leaves_both_able_to_write(tmp_path: Path) -> None:
    """Python forks all the same, whatever a signal handler raises."""
    journals = [Journal(f"sqlite:///{tmp_path / name}.db") for name in "abc"]
    for journal in journals:
        _put(journal, "parent")
    began, go_on = threading.Event(), threading.Event()

    def hold(_: Transaction) -> None:
        began.set()
        assert go_on.wait(10)

    def raise_limit(*_: object) -> None:
        go_on.set()
        raise TimeoutError

    holding = threading.Thread(target=journals[1].write, args=[hold])
    holding.start()
    assert began.wait(10)
    before = signal.signal(signal.SIGALRM, raise_limit)
    _ = signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        child = os.fork()
        if child == 0:
            _ = signal.signal(signal.SIGALRM, signal.SIG_DFL)
            _ = signal.alarm(20)  # it ends, whatever it waits for
            done = 1
            try:
                for journal in journals:
                    _put(journal, "child")
                done = 0
            finally:
                os._exit(done)
    finally:
        _ = signal.setitimer(signal.ITIMER_REAL, 0)
        _ = signal.signal(signal.SIGALRM, before)
    assert os.waitpid(child, 0)[1] == 0
    holding.join(10)
    assert not _forking.locked(), "the next fork waits for ever"
    for journal in journals:
        _put(journal, "parent again")
        assert _subjects(journal) == {"parent", "child", "parent again"}
        journal.close()


def _open_files() -> Iterator[str]:
    for file in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one of the listing itself
            yield str(file.readlink())
