"""Job handles and secrets in the journal: sealed where there is a key, rotated beside others."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, select, update

from esign_core.errors import SecretsLocked
from esign_core.journal import Journal, Transaction
from esign_core.journal.rotation import Rotation, rotate
from esign_core.journal.schema import envelopes, secrets
from esign_core.journal.sealed import Seal
from esign_core.journal.vault import Vault, new_key
from esign_core.model import Job

if TYPE_CHECKING:
    from tests.journal.conftest import Shelf

JOB = Job({"job": "canary-handle"}, poll_after_seconds=3.0)
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OLD, NEW, LOST = (SecretStr(new_key()) for _ in range(3))


@contextmanager
def opened(url: str, *keys: SecretStr) -> Generator[Journal]:
    """The journal of a process that has these keys."""
    journal = Journal(url, Vault(keys))
    try:
        yield journal
    finally:
        journal.close()


def stored(url: str) -> list[Any]:
    """All that is stored of handles and secrets, as whoever reads the database sees it."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        jobs = connection.execute(select(envelopes.c.job)).scalars().all()
        found = [*jobs, *connection.execute(select(secrets.c.value)).scalars()]
    engine.dispose()
    return [each for each in found if each is not None]


def fill(journal: Journal, shelf: Shelf, names: Sequence[str], tokens: Sequence[str] = ()) -> None:
    """Envelopes that vendors are still making, and secrets."""

    def add(name: str, tx: Transaction) -> None:
        tx.envelopes.add_intent(shelf.intent(name))
        tx.envelopes.set_job(f"env_{name}", JOB)

    for name in names:
        journal.write(partial(add, name))
    for name in tokens:
        put(journal, name, b"canary-token")


def put(journal: Journal, name: str, secret: bytes) -> None:
    """Keep a secret."""
    journal.aside(lambda tx: tx.secrets.put(name, secret, NOON))


def secret(journal: Journal, name: str) -> bytes | None:
    """What is kept under a name."""
    kept = journal.read(lambda tx: tx.secrets.get(name))
    return kept.secret if kept is not None else None


def job(journal: Journal, name: str) -> Job | None:
    """The handle of an envelope that the vendor is still making."""
    return journal.read(lambda tx: tx.envelopes.job(f"env_{name}"))


def seals(journal: Journal) -> list[Seal]:
    """How everything is stored, in the eyes of a process with these keys."""
    entries = journal.read(lambda tx: [*tx.sealed.jobs(None, 999), *tx.sealed.secrets(None, 999)])
    return [each.seal(journal.vault) for each in entries]


# what is stored


@pytest.mark.promise("D1", "S3")
def test_a_job_handle_is_sealed_where_there_is_a_key(journal_url: str, shelf: Shelf) -> None:
    """Whoever copies the database cannot ask for the result; the next process can."""
    with opened(journal_url, NEW) as journal:
        fill(journal, shelf, "a")
    with opened(journal_url, NEW) as journal:
        assert job(journal, "a") == JOB
    assert len(stored(journal_url)) == 1
    assert "canary" not in str(stored(journal_url))


@pytest.mark.promise("S3")
def test_without_a_key_a_job_handle_is_kept_in_clear(journal_url: str, shelf: Shelf) -> None:
    """Losing it would lose the envelope; and a key that is given later reads it all the same."""
    with opened(journal_url) as journal:
        fill(journal, shelf, "a")
        assert job(journal, "a") == JOB
    assert "canary-handle" in str(stored(journal_url))
    with opened(journal_url, NEW) as journal:
        assert job(journal, "a") == JOB
        assert seals(journal) == [Seal.CLEAR]


@pytest.mark.promise("D1")
def test_without_a_key_no_secret_is_kept(journal_url: str, shelf: Shelf) -> None:
    """The error says so; nothing of it reaches the database."""
    with opened(journal_url) as journal:
        with pytest.raises(SecretsLocked, match="token/a was not written down"):
            fill(journal, shelf, "", ["token/a"])
        assert secret(journal, "token/a") is None
    assert stored(journal_url) == []


@pytest.mark.parametrize("keys", [(), (LOST,)], ids=["no key", "another key"])
def test_what_no_key_opens_is_an_error_and_stays(
    journal_url: str, shelf: Shelf, keys: tuple[SecretStr, ...]
) -> None:
    """Whoever has the wrong key learns which entry it is; the right one opens it afterwards."""
    with opened(journal_url, OLD) as journal:
        fill(journal, shelf, "a", ["token/a"])
    before = stored(journal_url)
    with opened(journal_url, *keys) as journal:
        with pytest.raises(SecretsLocked, match="job/env_a is sealed"):
            job(journal, "a")
        with pytest.raises(SecretsLocked, match="token/a is sealed"):
            secret(journal, "token/a")
        assert seals(journal) == [Seal.LOCKED, Seal.LOCKED]
    assert stored(journal_url) == before
    with opened(journal_url, NEW, OLD) as journal:
        assert job(journal, "a") == JOB


def test_a_value_that_was_moved_to_another_row_does_not_open(
    journal_url: str, shelf: Shelf
) -> None:
    """Whoever can write to the database cannot swap the envelopes of two tenants."""
    with opened(journal_url, NEW) as journal:
        fill(journal, shelf, "ab")
        first = journal.read(lambda tx: tx.sealed.jobs(None, 1))[0].stored

        def swap(tx: Any) -> None:
            _ = tx.envelopes._rows.connection.execute(update(envelopes).values(job=first))

        journal.write(swap)
        assert job(journal, "a") == JOB
        with pytest.raises(SecretsLocked):
            job(journal, "b")


# rotation


def test_rotation_brings_everything_under_the_first_key(journal_url: str, shelf: Shelf) -> None:
    """What was in clear, and what was under another key; a second time there is nothing to do."""
    with opened(journal_url) as journal:
        fill(journal, shelf, "ab")
    with opened(journal_url, OLD) as journal:
        fill(journal, shelf, "cde", ["token/a"])
    with opened(journal_url, NEW, OLD) as journal:
        fill(journal, shelf, "f", ["token/b"])
        assert rotate(journal) == Rotation(current=2, older=4, clear=2)
        assert rotate(journal) == Rotation(current=8)
    with opened(journal_url, NEW) as journal:
        assert [job(journal, name) for name in "abcdef"] == [JOB] * 6
        assert secret(journal, "token/a") == b"canary-token"
    assert "canary" not in str(stored(journal_url))


def test_rotation_leaves_alone_what_no_key_opens(journal_url: str, shelf: Shelf) -> None:
    """It is counted, not lost; tokens can be forgotten on demand, handles of jobs never."""
    with opened(journal_url, LOST) as journal:
        fill(journal, shelf, "ab", ["token/a"])
    before = stored(journal_url)
    with opened(journal_url, NEW) as journal:
        assert rotate(journal) == Rotation(locked=3)
        assert stored(journal_url) == before
        assert rotate(journal, forget_locked=True) == Rotation(locked=2, forgotten=1)
        assert secret(journal, "token/a") is None
    with opened(journal_url, LOST) as journal:
        assert job(journal, "a") == job(journal, "b") == JOB


def test_rotation_needs_a_key(journal_url: str) -> None:
    """And says how to make one."""
    with (
        opened(journal_url) as journal,
        pytest.raises(SecretsLocked, match=r"Nothing was changed.*`esign keys new`"),
    ):
        rotate(journal)


def test_rotation_can_be_stopped_and_done_again(
    journal_url: str, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At any point everything opens with both keys, and the next one goes on."""
    monkeypatch.setattr("esign_core.journal.rotation._PAGE", 2)
    with opened(journal_url, OLD) as journal:
        fill(journal, shelf, "abcdefg", ["token/a", "token/b", "token/c"])

    def stop(so_far: Rotation) -> None:
        if so_far.done >= 6:
            raise KeyboardInterrupt

    with opened(journal_url, NEW, OLD) as journal:
        with pytest.raises(KeyboardInterrupt):
            rotate(journal, tell=stop)
        assert Counter(seals(journal)) == {Seal.CURRENT: 7, Seal.OLDER: 3}
        assert [job(journal, name) for name in "abcdefg"] == [JOB] * 7
        assert rotate(journal) == Rotation(current=7, older=3)


def test_rotation_beside_others_loses_nothing(
    journal_url: str, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that writes meanwhile, under either key, keeps what it wrote last."""
    monkeypatch.setattr("esign_core.journal.rotation._PAGE", 3)
    names = [f"token/{i:02}" for i in range(20)]
    with opened(journal_url, OLD) as journal:
        fill(journal, shelf, "abc", names)
    done = threading.Event()
    last: dict[str, bytes] = {}

    def write() -> None:
        with opened(journal_url, OLD, NEW) as other:  # it has the new key behind the old one still
            for turn in range(5):
                for name in names:
                    last[name] = f"{name} {turn}".encode()
                    put(other, name, last[name])
        done.set()

    writer = threading.Thread(target=write)
    with opened(journal_url, NEW, OLD) as journal:
        writer.start()
        while not done.is_set():
            rotate(journal)
        writer.join()
        rotate(journal)
    with opened(journal_url, NEW) as journal:
        assert {name: secret(journal, name) for name in names} == last


def test_a_blind_rotation_would_lose_what_others_write(journal_url: str, shelf: Shelf) -> None:
    """The control: without looking again, an older value takes the place of a newer one."""
    with opened(journal_url, OLD) as other, opened(journal_url, NEW, OLD) as journal:
        fill(other, shelf, "", ["token/a"])
        (entry,) = journal.read(lambda tx: tx.sealed.secrets(None, 9))
        anew = entry.sealed_anew(journal.vault)
        put(other, "token/a", b"newer")
        assert not journal.aside(lambda tx: tx.sealed.replace(entry, anew))

        def blindly(tx: Any) -> None:
            _ = tx.secrets._connection.execute(update(secrets).values(value=anew))

        journal.aside(blindly)
        assert secret(journal, "token/a") == b"canary-token"
