from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from esign_core.engine import SyncDriver
from esign_core.errors import (
    EsignError,
    JournalUnusable,
    KeyReused,
    Misconfigured,
    NotSupported,
    Outcome,
    Refused,
    Unavailable,
    Uncertain,
    UnknownConnection,
)
from esign_core.journal import Journal
from esign_core.journal.postgresql import PostgresqlStore
from esign_core.model import (
    Document,
    EnvelopeStatus,
    Signer,
)
from esign_core.service.send import send
from esign_core.testing import Fault

if TYPE_CHECKING:
    from tests.service.conftest import World


@pytest.mark.promise("S1")
@pytest.mark.parametrize("style", ["direct", "job", "draft"])
def test_same_key_and_draft_are_the_same_envelope(
    make_world: Callable[[str], World], style: str
) -> None:
    """Asking again asks the vendor nothing and nobody to sign."""
    world = make_world(style)
    first = world.send(wait_seconds=20)
    asked = len(world.vendor.requests)
    assert world.send() == first
    assert first.outcome is Outcome.DONE
    assert first.status is EnvelopeStatus.SENT
    assert len(world.vendor.requests) == asked
    assert len(world.vendor.asked("Lease 14")) == 1


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"title": "Lease 15"}, {"title": ("Lease 14", "Lease 15")}),
        ({"message": "please"}, {"message": ("None", "please")}),
        ({"expires_in_days": 3}, {"expires_in_days": ("None", "3")}),
        (
            {"signers": [Signer(name="Jane Doe", email="other@example.com")]},
            {"signers"},
        ),
        ({"documents": [Document.from_bytes(b"%PDF-1.7 other", name="lease.pdf")]}, {"documents"}),
    ],
)
def test_other_draft_under_the_same_key_is_refused(
    world: World, changes: dict[str, Any], fields: Any
) -> None:
    """The error names what differs, sends nothing, and quotes nobody's address in its message."""
    first = world.send()
    error = world.failed(draft=world.draft(**changes))
    assert isinstance(error, KeyReused)
    assert error.envelope_id == first.id
    assert {name.partition("[")[0] for name in error.differences} == set(fields)
    if isinstance(fields, dict):
        assert error.differences == fields
    assert all(name in str(error) for name in error.differences)
    assert "@" not in str(error)
    assert len(world.vendor.envelopes) == 1


def test_document_with_other_content_is_another_draft(world: World) -> None:
    """A document counts by its bytes, not by its name and length."""
    world.send()
    swapped = Document.from_bytes(b"%PDF-1.7 a l3ase", name="lease.pdf")
    error = world.failed(draft=world.draft(documents=[swapped]))
    assert isinstance(error, KeyReused)
    assert list(error.differences) == ["documents[0].sha256"]


def test_same_key_through_another_connection_is_refused(world: World) -> None:
    """A key belongs to the connection too: the other vendor would ask the signers again."""
    world.send()
    error = world.failed(via="other")
    assert isinstance(error, KeyReused)
    assert error.differences == {"via": ("acme", "other")}
    assert len(world.vendor.envelopes) == 1


def test_tenants_have_keys_of_their_own(world: World) -> None:
    """Two tenants that count their leases the same way do not meet."""
    one, two = (world.send(tenant=tenant) for tenant in ("t1", "t2"))
    assert one.id != two.id
    assert len(world.vendor.envelopes) == 2
    assert world.send(tenant="t1") == one


@pytest.mark.parametrize("key", ["", "a\nb"])
def test_key_must_be_a_word(world: World, key: str) -> None:
    """A key that cannot be a word is a mistake in the caller's code, told before anything."""
    assert isinstance(world.failed(key), Misconfigured)
    assert world.all() == []


def test_unknown_connection_is_told_with_the_known_ones(world: World) -> None:
    """A misspelt connection is found by its neighbours."""
    error = world.failed(via="acne")
    assert isinstance(error, UnknownConnection)
    assert 'There are: acme, other. Did you mean "acme"?' in str(error)


def test_refusal_frees_the_key(world: World) -> None:
    """What was not done can be done again, with a better draft."""
    world.vendor.fail(Fault.REFUSED)
    error = world.failed()
    assert isinstance(error, Refused)
    assert error.outcome is Outcome.NOT_DONE
    (failed,) = world.all()
    assert (failed.outcome, failed.key) == (Outcome.NOT_DONE, None)
    assert "422" in str(failed.failure)
    assert world.kinds() == []
    again = world.send(draft=world.draft(title="Lease 14, mended"))
    assert again.id != failed.id
    assert again.outcome is Outcome.DONE


def test_rate_limit_frees_the_key(world: World) -> None:
    """The vendor has not read the request, so the caller may come back with it."""
    world.vendor.fail(Fault.LIMITED)
    assert world.failed().outcome is Outcome.NOT_DONE
    assert world.send().outcome is Outcome.DONE


@pytest.mark.promise("S2")
@pytest.mark.parametrize(
    ("fault", "kind"), [(Fault.ANSWER_LOST, Uncertain), (Fault.BROKEN, Unavailable)]
)
def test_doubt_keeps_the_key(world: World, fault: Fault, kind: type[EsignError]) -> None:
    """While nobody can say, the same key is the same uncertain envelope, and nothing is sent."""
    world.vendor.fail(fault)
    error = world.failed()
    assert isinstance(error, kind)
    assert error.outcome is Outcome.UNCERTAIN
    assert "esign show" in "".join(error.__notes__)
    again = world.send()
    assert (again.outcome, again.id) == (Outcome.UNCERTAIN, error.envelope_id)
    assert world.vendor.requests == ["POST /envelopes"]
    assert isinstance(world.failed(draft=world.draft(title="Other")), KeyReused)


@pytest.mark.promise("S1")
@pytest.mark.parametrize("style", ["direct", "job", "draft"])
def test_eight_threads_with_one_key_make_one_request(
    make_world: Callable[[str], World], style: str
) -> None:
    """Whoever is quickest asks; all others get the same envelope."""
    world = make_world(style)
    driver = SyncDriver()
    gate = threading.Barrier(8)

    def one(_: int) -> str:
        gate.wait(10)
        return driver.run(send(world.workspace, world.draft(), via="acme", key="k")).id

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(one, range(8)))
    assert len(ids) == 1
    assert len(world.vendor.envelopes) <= 1
    assert len([r for r in world.vendor.requests if r.startswith("POST") and "send" not in r]) == 1


def test_eight_threads_with_keys_of_their_own_all_send(world: World) -> None:
    """Nobody's envelope gets lost in the crowd."""
    driver = SyncDriver()

    def one(i: int) -> str | None:
        return driver.run(send(world.workspace, world.draft(), via="acme", key=f"{i}")).remote_id

    with ThreadPoolExecutor(8) as pool:
        remote_ids = set(pool.map(one, range(24)))
    assert remote_ids == set(world.vendor.envelopes)
    assert [event.seq for event in world.events()] == list(range(1, 25))


def test_gaps_are_told_before_anything_is_written(world: World) -> None:
    """What the vendor cannot do costs neither a request nor the key."""
    error = world.failed(draft=world.draft(expires_in_days=3))
    assert isinstance(error, NotSupported)
    assert "expires_in_days" in str(error)
    assert (world.all(), world.vendor.requests) == ([], [])


@pytest.mark.promise("D9")
@pytest.mark.parametrize("style", ["direct", "job", "draft"])
def test_journal_that_fails_after_the_request_leaves_the_outcome_open(
    make_world: Callable[[str], World], style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error about the journal never says that nothing was sent, once something was."""
    world = make_world(style)
    write = Journal.write

    def full(self: Journal, work: Any) -> Any:
        if world.vendor.requests:
            raise JournalUnusable("the disk is full")
        return write(self, work)

    monkeypatch.setattr(Journal, "write", full)
    error = world.failed()
    assert isinstance(error, JournalUnusable)
    assert error.outcome is Outcome.UNCERTAIN
    assert "same key" in "".join(error.__notes__)
    monkeypatch.undo()
    world.work(1000)
    (envelope,) = world.all()
    assert envelope.id == error.envelope_id
    assert envelope.outcome is Outcome.DONE
    assert len(world.vendor.asked("Lease 14")) == 1


def test_journal_that_fails_before_the_request_sends_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without intent on disk nothing goes out."""

    def full(self: Journal, work: Any) -> Any:
        raise JournalUnusable("the disk is full")

    monkeypatch.setattr(Journal, "write", full)
    assert world.failed().outcome is Outcome.NOT_DONE
    assert world.vendor.requests == []


@pytest.mark.parametrize("tenant", ["a\0b", "a\nb", 7])
def test_tenant_that_cannot_be_is_refused(world: World, tenant: Any) -> None:
    """Nothing is written or sent for a tenant that no database could keep."""
    with pytest.raises(Misconfigured, match="tenant must be text"):
        world.send(tenant=tenant)
    assert world.all() == []


@pytest.mark.promise("S1", "S2")
def test_intent_whose_commit_got_no_answer_is_sent_all_the_same(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be written down, and would hold its key for ever; it is written once more."""
    world = make_world()
    if world.workspace.journal.url.startswith("sqlite"):
        pytest.skip("a file has no line that could be cut")
    _ = world.workspace.journal.read(lambda tx: tx.stream.last())
    store = world.workspace.journal._database._processes.get().store
    assert isinstance(store, PostgresqlStore)
    dialect = store._engine.dialect
    commit, cuts = dialect.do_commit, [None]

    def cut(line: Any) -> None:
        commit(line)
        if cuts:
            cuts.pop()
            line.driver_connection.close()
            raise psycopg.OperationalError("the connection was closed")

    monkeypatch.setattr(dialect, "do_commit", cut)
    envelope = world.send("Lease 14")
    assert (envelope.outcome, len(world.all())) == (Outcome.DONE, 1)
    assert len(world.vendor.asked("Lease 14")) == 1
