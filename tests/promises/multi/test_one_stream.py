"""Whoever writes, however many at once: the stream is one sequence, the same for every reader."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from esign_core.journal import Journal, Transaction
from esign_core.model import Event, observe
from tests.promises.multi.telling import NAMES, NEWS, SHELF

ROOT = Path(__file__).resolve().parents[3]


class Reader:
    """Asks for what comes after the last position that it has seen, as consumers do."""

    def __init__(self, url: str, most: int) -> None:
        self._journal = Journal(url)
        self._most = most
        self.seen: list[Event] = []

    def look(self) -> bool:
        """Whether there was something new."""
        after = self.seen[-1].seq if self.seen else 0
        new = self._journal.read(lambda tx: tx.stream.read(after=after, limit=self._most))
        self.seen += new
        return bool(new)

    def close(self) -> None:
        self._journal.close()


def play(url: str, processes: int, *way: str) -> None:
    """Let them tell it all while others read, and judge what came of it.

    Raises:
        AssertionError: The stream is not what it has to be.
    """
    journal = Journal(url)
    for name in NAMES:
        journal.write(partial(_begun, name))
    readers = [Reader(url, 1), Reader(url, 100)]
    words = ["-m", "tests.promises.multi.telling", url, f"{processes}", *way]
    with subprocess.Popen([sys.executable, *words], cwd=ROOT) as telling:
        while telling.poll() is None:
            for reader in readers:
                reader.look()
    for reader in readers:
        while reader.look():
            pass
    everything = journal.read(lambda tx: tx.stream.read(limit=1000))
    envelopes = journal.read(lambda tx: tx.envelopes.list())
    for reader in readers:
        reader.close()
    journal.close()
    assert telling.returncode == 0
    assert [event.seq for event in everything] == list(range(1, len(everything) + 1)), "a gap"
    for reader in readers:
        assert reader.seen == everything, "somebody saw something else"
    once = [(event.envelope_id, event.type, event.signer_id, event.round) for event in everything]
    assert len(once) == len(set(once)), "twice"
    assert len(envelopes) == len(NAMES)
    for envelope in envelopes:
        expected = SHELF.envelope()
        for news in NEWS:
            expected, _ = observe(expected, news)
        assert set(envelope.facts) == set(expected.facts)
        assert envelope.status is expected.status


def _begun(name: str, tx: Transaction) -> None:
    tx.envelopes.add_intent(SHELF.intent(name))


@pytest.mark.promise("R2", "R3")
@pytest.mark.parametrize("processes", [1, 4])
def test_everybody_reads_one_sequence(journal_url: str, processes: int) -> None:
    """Repeated, reordered, late by a month: once-only events once, no gap, one order for all."""
    play(journal_url, processes)


@pytest.mark.negative_control("R2")
@pytest.mark.parametrize("processes", [1, 4])
def test_plain_sequence_does_not_make_one(journal_url: str, processes: int, tmp_path: Path) -> None:
    """The control: what is rolled back leaves gaps, and readers pass over what is late."""
    with pytest.raises(AssertionError, match=r"a gap|somebody saw"):
        play(journal_url, processes, str(tmp_path / "plain"))
