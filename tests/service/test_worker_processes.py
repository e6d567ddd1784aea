"""Workers in processes of their own: one is killed in the middle, the others take over."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from esign_core import Document, EnvelopeDraft, Esign, Signer
from esign_core.engine import WireRequest
from esign_core.errors import NotInJournal
from esign_core.journal import Journal, WorkItem, WorkKind
from esign_core.provider import utc_now
from esign_core.testing import FakeVendor
from tests.service.working import opened

LEASE_SECONDS = 4.0
PATIENCE_SECONDS = 60.0


class Vendor:
    """The vendor in memory, over HTTP; it can keep somebody waiting for an answer."""

    def __init__(self) -> None:
        self.memory = FakeVendor(utc_now)
        self.arrivals: list[tuple[str, float]] = []
        """What was asked, and when."""
        self.hold: str | None = None
        """The next request that begins like this gets no answer."""
        self.is_held = threading.Event()
        self.may_go = threading.Event()
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer()

            def do_POST(self) -> None:
                self._answer()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
                """Nothing."""

            def _answer(self) -> None:
                what = f"{self.command} {self.path}"
                vendor.arrivals.append((what, time.time()))
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                if vendor.hold is not None and what.startswith(vendor.hold):
                    vendor.hold = None
                    vendor.is_held.set()
                    _ = vendor.may_go.wait(PATIENCE_SECONDS)
                    self.close_connection = True
                    return
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = WireRequest(
                    self.command, f"http://vendor{self.path}", headers, body or b"{}"
                )
                answer = vendor.memory.exchange(request, is_reading=False, is_repeatable=True)
                self.send_response(answer.status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(answer.content)))
                self.end_headers()
                _ = self.wfile.write(answer.content)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def looks(self) -> Counter[str]:
        """How often each envelope was looked at."""
        return Counter(what for what, _ in self.arrivals if what.startswith("GET /envelopes/"))


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    """One that answers until the test ends."""
    made = Vendor()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.may_go.set()
    made.server.shutdown()
    thread.join()
    made.server.server_close()


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(journal_url: str, vendor: Vendor) -> Iterator[Start]:
    """Worker processes; those that are left are ended with the test."""
    words = [journal_url, vendor.url, str(LEASE_SECONDS)]
    with ExitStack() as stack:

        def run(*more: object) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.service.working", *words, *map(str, more)],
                cwd=Path(__file__).parents[2],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            _ = stack.enter_context(process)
            stack.callback(process.kill)
            assert process.stdout is not None
            assert process.stdout.readline() == "working\n"
            return process

        yield run


def _until(condition: Callable[[], bool]) -> None:
    """Wait for other processes; the time given decides nothing but when to give up."""
    for _ in range(int(PATIENCE_SECONDS * 50)):
        if condition():
            return
        threading.Event().wait(0.02)
    pytest.fail("it never happened")


def _completed(esign: Esign, vendor: Vendor, count: int) -> None:
    """So many envelopes that are completed at the vendor, of which nobody has told."""
    draft = EnvelopeDraft(
        title="Lease 14",
        documents=[Document.from_bytes(b"%PDF-1.7 a lease", name="lease.pdf")],
        signers=[Signer(name="Jane Doe", email="jane@example.com")],
    )
    for i in range(count):
        sent = esign.send(draft, via="acme", key=f"lease-{i}")
        vendor.memory.complete(str(sent.remote_id))


def _look_now(esign: Esign) -> None:
    for item in esign.work.list():
        with suppress(NotInJournal):  # a worker has done it meanwhile
            _ = esign.work.retry(item.id)


def _left(journal: Journal) -> list[WorkItem]:
    return journal.read(lambda tx: tx.work.list())


@pytest.mark.promise("S6")
def test_killed_workers_work_is_taken_over_and_nothing_is_done_twice(
    journal_url: str, vendor: Vendor, start: Start
) -> None:
    """After its lease another one does it; everything else is done once, by whoever is there."""
    with opened(journal_url, vendor.url) as esign:
        journal = esign._workspace.journal
        _completed(esign, vendor, 8)
        first = start()
        vendor.hold = "GET /envelopes/"
        _look_now(esign)
        assert vendor.is_held.wait(PATIENCE_SECONDS)
        first.kill()
        _ = first.wait(PATIENCE_SECONDS)
        # Whatever else it had in its hands is done or taken over too.
        leased = {item.subject: item.leased_until for item in _left(journal) if item.leased_until}
        others = [start(), start(), start()]
        _until(lambda: _left(journal) == [])
        assert all(each.is_final for each in esign.list())
        looks = vendor.looks()
        assert set(looks) == {f"GET /envelopes/{i}" for i in range(1, 9)}
        assert sum(looks.values()) <= 8 + len(leased)
        remote_ids = {each.id: each.remote_id for each in esign.list()}
        for subject, until in leased.items():
            what = f"GET /envelopes/{remote_ids[subject]}"
            assert until is not None
            *_, last = [at for asked, at in vendor.arrivals if asked == what]
            assert last >= until.timestamp() or looks[what] == 1, "before its lease had ended"
        told = Counter((e.envelope_id, e.type, e.signer_id) for e in esign.events.read(limit=1000))
        assert set(told.values()) == {1}, "an event came twice"
        for each in others:
            assert each.poll() is None


@pytest.mark.promise("S6")
def test_several_processes_share_the_work(journal_url: str, vendor: Vendor, start: Start) -> None:
    """Three processes with two threads each: forty looks, each once."""
    with opened(journal_url, vendor.url) as esign:
        journal = esign._workspace.journal
        _completed(esign, vendor, 40)
        for _ in range(3):
            _ = start()
        _look_now(esign)
        _until(lambda: _left(journal) == [])
        assert vendor.looks() == Counter(f"GET /envelopes/{i}" for i in range(1, 41))
        assert {each.status for each in esign.list()} == {"completed"}


def _heard(file: Path) -> list[tuple[int, int, float]]:
    """Which process was told of which event, and when; in order."""
    lines = [line.split() for line in file.read_text().splitlines()]
    return [(int(pid), int(seq), float(at)) for pid, seq, at in lines]


def _seqs(esign: Esign) -> list[int]:
    return [event.seq for event in esign.events.read(limit=1000)]


@pytest.mark.promise("R5")
def test_plugins_are_told_by_one_worker_at_a_time(
    journal_url: str, vendor: Vendor, start: Start, tmp_path: Path
) -> None:
    """Each event once and in order, however many worker processes there are."""
    heard = tmp_path / "heard"
    heard.touch()
    with opened(journal_url, vendor.url) as esign:
        for _ in range(3):
            start(heard)
        _completed(esign, vendor, 8)
        _look_now(esign)
        _until(lambda: all(each.is_final for each in esign.list()))
        _until(lambda: len(_heard(heard)) >= len(_seqs(esign)))
        _until(lambda: _left(esign._workspace.journal) == [])
        assert [seq for _, seq, _ in _heard(heard)] == _seqs(esign)


@pytest.mark.promise("R5")
def test_another_worker_goes_on_where_one_was_killed_that_told_plugins(
    journal_url: str, vendor: Vendor, start: Start, tmp_path: Path
) -> None:
    """When the lease of the one that was killed has ended, and no event is left out."""
    heard = tmp_path / "heard"
    with opened(journal_url, vendor.url) as esign, heard.open("w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        _completed(esign, vendor, 4)
        first = start(heard)
        _until(lambda: _heard(heard) != [])
        first.kill()
        _ = first.wait(PATIENCE_SECONDS)
        left = _left(esign._workspace.journal)
        [until] = [item.leased_until for item in left if item.kind is WorkKind.TELL]
        second = start(heard)
        fcntl.flock(gate, fcntl.LOCK_UN)
        _until(lambda: len(_heard(heard)) > len(_seqs(esign)))
        told = _heard(heard)
        assert [(pid, seq) for pid, seq, _ in told[:1]] == [(first.pid, 1)]
        assert [(pid, seq) for pid, seq, _ in told[1:]] == [(second.pid, s) for s in _seqs(esign)]
        assert until is not None
        assert told[1][2] >= until.timestamp(), "before its lease had ended"
