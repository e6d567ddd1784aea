"""Tokens in the journal: shared by its processes, asked for by one of them at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from pydantic import SecretStr

from esign_core.engine import Lease, SyncDriver, Wanted
from esign_core.engine.effects import Task, transact
from esign_core.engine.sharing import LEASE, shared
from esign_core.engine.simulate import SimulatedDriver, VirtualClock
from esign_core.errors import AuthenticationFailed, JournalUnusable, SecretsLocked
from esign_core.journal import Journal, JournalTokens
from esign_core.journal.vault import Vault, new_key
from esign_core.provider import Token

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KEY, OTHER = SecretStr(new_key()), SecretStr(new_key())
PROCESSES = 8


def wanted(
    seconds: float = 0.0, *, refused: Token | None = None, account: str = "acme/1"
) -> Wanted:
    """What somebody needs some seconds after noon."""
    return Wanted("acme", account, refused, NOON + timedelta(seconds=seconds))


def token(value: str = "t1", minutes: int | None = 10) -> Token:
    """A token that lasts so long from noon on."""
    return Token(value, NOON + timedelta(minutes=minutes) if minutes is not None else None)


@contextmanager
def process(url: str, key: SecretStr = KEY) -> Generator[JournalTokens]:
    """What one process has of the store."""
    journal = Journal(url, Vault([key]))
    try:
        yield JournalTokens(journal)
    finally:
        journal.close()


@dataclass
class Vendor:
    """Hands out t1, t2 ... and takes back each as it hands out the next."""

    handed_out: int = 0
    most_at_once: int = 0
    _at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def grant(self) -> Task[Token]:
        """Ask for one; it takes a moment."""
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        yield from transact(lambda: threading.Event().wait(0.05))
        with self._lock:
            self._at_once -= 1
            self.handed_out += 1
        return token(f"t{next(self._numbers)}")


def refuses() -> Task[Token]:
    """A vendor that hands out nothing."""
    yield from transact(lambda: None)
    raise AuthenticationFailed("who are you?")


# one after the other


def test_a_token_is_there_for_the_next_process(journal_url: str) -> None:
    """And after a restart; with its time, and nothing else of it in the database."""
    with process(journal_url) as first:
        lease = first.claim(wanted())
        assert isinstance(lease, Lease)
        first.put(wanted(), lease, token("canary"))
    with process(journal_url) as second:
        assert second.claim(wanted()) == token("canary")
    if journal_url.startswith("sqlite"):
        files = Path(journal_url.removeprefix("sqlite:///")).parent.iterdir()
        assert b"canary" not in b"".join(file.read_bytes() for file in files)


@pytest.mark.parametrize(
    ("kept", "want"),
    [
        (token(), wanted(refused=token())),
        (token(minutes=10), wanted(541)),
        (token(), wanted(account="acme/2")),
    ],
    ids=["refused", "near its end", "another account"],
)
def test_a_token_that_is_no_good_is_asked_for_anew(
    journal_url: str, kept: Token, want: Wanted
) -> None:
    """By one process; and what it gets takes the place of the old one."""
    with process(journal_url) as first, process(journal_url) as second:
        first.put(wanted(), None, kept)
        lease = first.claim(want)
        assert isinstance(lease, Lease)
        assert second.claim(want) is None
        first.put(want, lease, token("t2", minutes=60))
        assert second.claim(want) == token("t2", minutes=60)


def test_a_token_without_an_end_is_kept(journal_url: str) -> None:
    """Some vendors do not say how long it lasts."""
    with process(journal_url) as store:
        store.put(wanted(), None, token(minutes=None))
        assert store.claim(wanted(86400)) == token(minutes=None)


def test_while_one_asks_the_others_wait(journal_url: str) -> None:
    """Until it has a token, has none, or has taken too long; its own process does not wait."""
    with process(journal_url) as first, process(journal_url) as second:
        lease = first.claim(wanted())
        assert isinstance(lease, Lease)
        assert second.claim(wanted(59)) is None
        assert isinstance(first.claim(wanted(1)), Lease)
        first.give_up(lease)
        assert isinstance(second.claim(wanted(2)), Lease)
        assert first.claim(wanted(3)) is None
        assert isinstance(first.claim(wanted(2 + LEASE.total_seconds())), Lease)


def test_who_comes_too_late_replaces_no_good_token(journal_url: str) -> None:
    """A process that slept through its lease has a token that the vendor may have taken back."""
    with process(journal_url) as slow, process(journal_url) as quick:
        old = slow.claim(wanted())
        later = wanted(LEASE.total_seconds() + 1)
        new = quick.claim(later)
        assert isinstance(old, Lease)
        assert isinstance(new, Lease)
        quick.put(later, new, token("t2"))
        slow.put(later, old, token("t1"))
        slow.give_up(old)
        assert slow.claim(later) == token("t2")


def test_a_token_that_no_key_opens_is_an_error(journal_url: str) -> None:
    """Nobody asks for another one over it: the right key is somewhere."""
    with process(journal_url) as first:
        first.put(wanted(), None, token())
    with process(journal_url, OTHER) as second:
        with pytest.raises(SecretsLocked, match="token/acme is sealed"):
            second.claim(wanted())
        with pytest.raises(SecretsLocked):
            second.put(wanted(), None, token("t2"))
    with process(journal_url) as third:
        assert third.claim(wanted()) == token()


# many at once


def in_processes(url: str, work: Callable[[JournalTokens], object]) -> list[object]:
    """What comes of it in several processes that begin at the same moment."""
    ready = threading.Barrier(PROCESSES)

    def run() -> object:
        with process(url) as store:
            _ = ready.wait()
            return work(store)

    with ThreadPoolExecutor(PROCESSES) as pool:
        return [each.result() for each in [pool.submit(run) for _ in range(PROCESSES)]]


@pytest.mark.parametrize("refused", [None, token("t0")], ids=["none yet", "refused"])
def test_many_processes_ask_for_one_token(journal_url: str, refused: Token | None) -> None:
    """One asks, the others wait for what it gets."""
    vendor = Vendor()
    if refused is not None:
        with process(journal_url) as store:
            store.put(wanted(), None, refused)
    answers = in_processes(
        journal_url,
        lambda store: SyncDriver().run(
            shared(store, lambda: wanted(refused=refused), vendor.grant)
        ),
    )
    assert vendor.handed_out == 1
    assert {answer for answer in answers if isinstance(answer, tuple)} == {
        (token("t1"), True),
        (token("t1"), False),
    }
    assert answers.count((token("t1"), False)) == 1


def test_without_a_lease_every_process_would_ask(journal_url: str) -> None:
    """The control: looking into the journal first is not enough."""
    vendor = Vendor()

    def naively(store: JournalTokens) -> None:
        if not isinstance(store.claim(wanted()), Token):
            SyncDriver().run(vendor.grant())

    in_processes(journal_url, naively)
    assert vendor.handed_out > 1


def test_a_failure_lets_the_next_one_ask(journal_url: str) -> None:
    """At once, not after the lease; and it is told as what it was."""
    with process(journal_url) as first, process(journal_url) as second:
        with pytest.raises(AuthenticationFailed):
            SyncDriver().run(shared(first, wanted, refuses))
        assert SyncDriver().run(shared(second, wanted, Vendor().grant)) == (token("t1"), False)


def test_a_process_that_died_while_asking_is_waited_for_no_longer_than_a_lease(
    journal_url: str,
) -> None:
    """Then the next one asks; in virtual time."""
    clock = VirtualClock()
    want = lambda: Wanted("acme", "acme/1", None, clock.now())  # noqa: E731
    with process(journal_url) as dead, process(journal_url) as alive:
        assert isinstance(dead.claim(want()), Lease)
        vendor = Vendor()
        _, is_found = SimulatedDriver(clock=clock).run(shared(alive, want, vendor.grant))
        assert not is_found
        assert vendor.handed_out == 1
        assert clock.seconds <= LEASE.total_seconds() + 5


def test_a_journal_that_cannot_be_written_keeps_nobody_from_asking() -> None:
    """Tokens are not shared then, which is told in the log, and nothing worse."""

    class Broken:
        def claim(self, wanted: Wanted) -> Token | Lease | None:
            del wanted
            raise JournalUnusable("the disk is full")

        def put(self, wanted: Wanted, lease: Lease | None, token: Token) -> None:
            del wanted, lease, token
            raise JournalUnusable("the disk is full")

        def give_up(self, lease: Lease) -> None:
            del lease
            raise JournalUnusable("the disk is full")

    ask = partial(shared, Broken(), wanted)
    assert SyncDriver().run(ask(Vendor().grant)) == (token("t1"), False)
    with pytest.raises(AuthenticationFailed):
        SyncDriver().run(ask(refuses))
