from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from esign_core.errors import Outcome, UnknownEnvelope
from esign_core.journal import DeliveryState, Intent, Journal, digest_of
from esign_core.journal.codec import (
    dump_observation,
    dump_time,
    load_observation,
    load_time,
)
from esign_core.model import Authenticity, Envelope, EnvelopeStatus, EventType, Job, WebhookRequest

if TYPE_CHECKING:
    from tests.journal.conftest import Shelf

BODY = b'{"event": "signed"}'


def _keep(
    journal: Journal,
    shelf: Shelf,
    digest: str,
    *,
    proof: Authenticity = Authenticity.SIGNED,
    state: DeliveryState = DeliveryState.WAITING,
    connection: str = "acme",
) -> bool:
    request = WebhookRequest({"x": "1", "cookie": "canary", "authorization": "canary"}, BODY)
    return journal.write(
        lambda tx: tx.inbox.keep(
            request,
            envelope=0,
            digest=digest,
            connection=connection,
            remote_id="17",
            state=state,
            authenticity=proof,
            received_at=shelf.noon,
        )
    )


def _begin(journal: Journal, intent: Intent) -> None:
    journal.write(lambda tx: tx.envelopes.add_intent(intent))


def _settle(journal: Journal, envelope: Envelope, outcome: Outcome) -> None:
    journal.write(lambda tx: tx.envelopes.settle(envelope, outcome, "why"))


def test_envelope_comes_back_as_it_was_stored(journal: Journal, shelf: Shelf) -> None:
    """The journal changes nothing of what it keeps."""
    intent = shelf.intent("a", tenant="t1")
    journal.write(lambda tx: tx.envelopes.add_intent(intent))
    assert journal.read(lambda tx: tx.envelopes.intent("t1", "a")) == intent
    news = shelf.observation(EventType.SIGNER_SIGNED, signer="s1", remote_id="17")
    news = replace(news, signer_remote_ids={"s1": "remote-1"})
    after, _ = journal.write(lambda tx: tx.record(intent.envelope, news))
    assert journal.read(lambda tx: tx.envelopes.get("env_a")) == after
    assert journal.read(lambda tx: tx.envelopes.by_remote_id("acme", "17")) == after
    assert journal.read(lambda tx: tx.envelopes.by_remote_id("other", "17")) is None


def test_unknown_envelope_is_told(journal: Journal) -> None:
    """A wrong id names itself."""
    with pytest.raises(UnknownEnvelope, match="env_nobody"):
        journal.read(lambda tx: tx.envelopes.get("env_nobody"))


@pytest.mark.promise("S1")
def test_key_is_unique_within_its_tenant(journal: Journal, shelf: Shelf) -> None:
    """The database itself refuses a second envelope under one key, and only there."""
    journal.write(lambda tx: tx.envelopes.add_intent(shelf.intent("a", key="k", tenant="t1")))
    journal.write(lambda tx: tx.envelopes.add_intent(shelf.intent("b", key="k", tenant="t2")))
    with pytest.raises(IntegrityError):
        journal.write(lambda tx: tx.envelopes.add_intent(shelf.intent("c", key="k", tenant="t1")))


def test_only_what_was_not_done_frees_its_key(journal: Journal, shelf: Shelf) -> None:
    """A doubt keeps the key."""
    for name, outcome in (("a", Outcome.UNCERTAIN), ("b", Outcome.DONE), ("c", Outcome.NOT_DONE)):
        intent = shelf.intent(name)
        _begin(journal, intent)
        _settle(journal, intent.envelope, outcome)
    found = journal.read(lambda tx: [tx.envelopes.intent("", key) for key in "abc"])
    assert [each is not None for each in found] == [True, True, False]
    assert journal.read(lambda tx: tx.envelopes.get("env_c")).failure == "why"


def test_list_narrows_and_ends(journal: Journal, shelf: Shelf) -> None:
    """The newest come first, and no more than were asked for."""
    for name in "abc":
        tenant = "t1" if name == "b" else ""
        intent = shelf.intent(name, tenant=tenant)
        _begin(journal, intent)
    sent = shelf.observation(EventType.ENVELOPE_SENT)
    journal.write(lambda tx: tx.record(shelf.envelope("a"), sent))

    def ids(**options: object) -> list[str]:
        found = journal.read(lambda tx: tx.envelopes.list(**options))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        return [each.id for each in found]

    assert ids() == ["env_c", "env_b", "env_a"]
    assert ids(limit=2) == ["env_c", "env_b"]
    assert ids(limit=0) == []
    assert ids(tenant="t1") == ["env_b"]
    assert ids(connection="other") == []
    assert ids(status=EnvelopeStatus.SENT) == ["env_a"]


@pytest.mark.promise("S3")
def test_job_handle_survives_the_process(journal: Journal, shelf: Shelf, journal_url: str) -> None:
    """Every part of a handle is on disk once the step is done."""
    journal.write(lambda tx: tx.envelopes.add_intent(shelf.intent("a")))
    job = Job({"uuid": "u", "payloadHash": "h"}, poll_after_seconds=2.5)
    journal.write(lambda tx: tx.envelopes.set_job("env_a", job))
    other = Journal(journal_url)
    assert other.read(lambda tx: tx.envelopes.job("env_a")) == job
    other.close()


def test_same_delivery_is_kept_once(journal: Journal, shelf: Shelf) -> None:
    """A repetition adds no row."""
    assert _keep(journal, shelf, "d1")
    assert not _keep(journal, shelf, "d1")
    assert _keep(journal, shelf, "d2")


@pytest.mark.promise("A6")
def test_guess_does_not_take_the_place_of_the_proven_delivery(
    journal: Journal, shelf: Shelf
) -> None:
    """Whoever sends an unsigned copy first cannot make the signed one look like a repetition."""
    assert _keep(journal, shelf, "d1", proof=Authenticity.NONE)
    assert not _keep(journal, shelf, "d1", proof=Authenticity.NONE)
    assert _keep(journal, shelf, "d1", proof=Authenticity.SIGNED)


@pytest.mark.promise("A5")
def test_unproven_copy_of_a_proven_delivery_adds_nothing(journal: Journal, shelf: Shelf) -> None:
    """The copy of what is known already is no hint at anything."""
    assert _keep(journal, shelf, "d1", proof=Authenticity.SIGNED)
    assert not _keep(journal, shelf, "d1", proof=Authenticity.NONE)


@pytest.mark.promise("D1")
def test_credentials_in_headers_are_never_kept(journal: Journal, shelf: Shelf) -> None:
    """A vendor's headers are kept for reading again, without what opens doors."""
    _keep(journal, shelf, "d1")
    (entry,) = journal.read(lambda tx: tx.inbox.list())
    assert entry.request == WebhookRequest({"x": "1"}, BODY)


def test_deliveries_wait_are_claimed_and_disowned(journal: Journal, shelf: Shelf) -> None:
    """A delivery waits under its connection and the vendor's id, until it is known whose it is."""
    _keep(journal, shelf, "d1")
    _keep(journal, shelf, "d2", connection="other")
    (entry,) = journal.read(lambda tx: tx.inbox.waiting("acme", "17"))
    assert entry.connection == "acme"
    journal.write(lambda tx: tx.inbox.disown("acme", "17"))
    assert journal.read(lambda tx: tx.inbox.is_foreign("acme", "17"))
    assert not journal.read(lambda tx: tx.inbox.is_foreign("other", "17"))
    journal.write(lambda tx: tx.inbox.claim(entry, 1, DeliveryState.OBSERVED))
    assert journal.read(lambda tx: tx.inbox.waiting("acme", "17")) == []


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (("a", "b", None, b"x"), ("a", "b", "x", b"")),
        (("a", "bc", None, b"x"), ("ab", "c", None, b"x")),
        (("a", "b", "k", b"x"), ("a", "c", "k", b"x")),
        (("a", None, None, b"x"), ("a", None, None, b"y")),
        (("a", "b", "", b"x"), ("a", "b", None, b"x")),
    ],
)
def test_different_deliveries_have_different_digests(
    one: tuple[str, str | None, str | None, bytes], two: tuple[str, str | None, str | None, bytes]
) -> None:
    """No two deliveries are taken for one because their parts join to the same bytes."""
    assert digest_of(*one) != digest_of(*two)
    assert digest_of(*one, place=0) != digest_of(*one, place=1)
    assert digest_of(*one) == digest_of(*one)


@pytest.mark.promise("R8")
@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ({"a": "\ud800"}, {"a": "\ud800"}),
        ({"at": datetime(2026, 1, 1, tzinfo=UTC)}, {"at": "2026-01-01 00:00:00+00:00"}),
        (b"bytes", "b'bytes'"),
        ([1, "\x00", "\u2028"], [1, "\x00", "\u2028"]),
    ],
)
def test_whatever_a_vendor_says_can_be_stored(shelf: Shelf, raw: object, kept: object) -> None:
    """Half a character or a value that is no JSON does not keep an envelope from being stored."""
    observation = replace(shelf.observation(EventType.ENVELOPE_SENT), raw=raw)
    text_of_it = dump_observation(observation)
    assert text_of_it.isascii()
    assert load_observation(text_of_it) == replace(observation, raw=kept)


def test_times_sort_as_text(shelf: Shelf) -> None:
    """The database compares times as text; so one way to write each, whatever its zone."""
    elsewhere = shelf.noon.astimezone(timezone(timedelta(hours=-7)))
    assert dump_time(elsewhere) == dump_time(shelf.noon)
    times = [shelf.at(seconds) for seconds in (0, 0.000001, 0.5, 1, 61)]
    assert sorted(map(dump_time, times)) == list(map(dump_time, times))
    assert list(map(load_time, map(dump_time, times))) == times


def test_waiting_for_news_ends_with_news(journal: Journal, shelf: Shelf) -> None:
    """Whoever looked before a write is woken by it, even if it happened before they waited."""
    seen = journal.seen()
    journal.write(lambda tx: tx.envelopes.add_intent(shelf.intent("a")))
    journal.wait_for_news(seen, 3600)
    assert journal.seen() != seen
    journal.read(lambda tx: tx.envelopes.get("env_a"))
    assert (
        journal.read(lambda tx: tx.stream._rows.connection.execute(text("SELECT 1")).scalar()) == 1
    )
