from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from esign_core.model import (
    Authenticity,
    Envelope,
    EnvelopeStatus,
    EventType,
    Fact,
    Notice,
    Seat,
    SignerNotice,
    SignerSnapshot,
    SignerStatus,
    Snapshot,
    Source,
    from_notice,
    from_snapshot,
    match,
)

At = Callable[[int], datetime]

ANN = Seat("s1", "Ann", "ann@example.com", role="tenant")
BOB = Seat("s2", "Bob", "bob@example.com", role="owner")


def seated(*signers: SignerSnapshot, seats: tuple[Seat, ...] = (ANN, BOB)) -> list[str | None]:
    """The seat that each of the vendor's signers sits in."""
    places = {id(signer): seat.id for seat, signer in match(seats, signers)}
    return [places.get(id(signer)) for signer in signers]


def test_a_snapshot_tells_all_that_it_shows(lease: Envelope, at: At) -> None:
    """Statuses and times become facts; times that the vendor gave stay with them."""
    snapshot = Snapshot(
        "remote_1",
        EnvelopeStatus.DECLINED,
        signers=(
            SignerSnapshot(
                "r1",
                "Ann",
                role="tenant",
                status=SignerStatus.SIGNED,
                notified_at=at(1),
                viewed_at=at(2),
                signed_at=at(3),
            ),
            SignerSnapshot(
                "r2",
                "Bob",
                role="owner",
                status=SignerStatus.DECLINED,
                declined_at=at(4),
                decline_reason="Too dear",
            ),
            SignerSnapshot(
                None, "Eve", role="agent", status=SignerStatus.WAITING, is_undeliverable=True
            ),
        ),
        sent_at=at(0),
        ended_at=at(4),
        is_purged=True,
        raw={"id": "remote_1"},
    )
    told = from_snapshot(lease, snapshot, source=Source.REPLY, received_at=at(5))
    assert told.facts == {
        Fact(EventType.ENVELOPE_DECLINED): at(4),
        Fact(EventType.ENVELOPE_SENT): at(0),
        Fact(EventType.ENVELOPE_PURGED): None,
        Fact(EventType.SIGNER_SIGNED, "s1", "1"): at(3),
        Fact(EventType.SIGNER_NOTIFIED, "s1", "1"): at(1),
        Fact(EventType.SIGNER_VIEWED, "s1", "1"): at(2),
        Fact(EventType.SIGNER_DECLINED, "s2", "1"): at(4),
        Fact(EventType.SIGNER_UNDELIVERABLE, "s3", "1"): None,
    }
    assert told.signer_remote_ids == {"s1": "r1", "s2": "r2"}
    assert told.reasons == {"s2": "Too dear"}
    assert (told.remote_id, told.raw) == ("remote_1", {"id": "remote_1"})
    assert (told.source, told.authenticity) == (Source.REPLY, Authenticity.FETCHED)


@pytest.mark.parametrize("status", [EnvelopeStatus.DRAFT, EnvelopeStatus.UNKNOWN])
def test_a_status_that_says_nothing_is_no_fact(
    lease: Envelope, at: At, status: EnvelopeStatus
) -> None:
    """A draft is where everything begins; of an unknown word nothing follows."""
    snapshot = Snapshot("remote_1", status)
    assert from_snapshot(lease, snapshot, source=Source.POLL, received_at=at(1)).facts == {}
    notice = Notice("remote_1", status=status)
    told = from_notice(lease, notice, authenticity=Authenticity.SIGNED, received_at=at(1))
    assert told.facts == {}


def test_a_delivery_tells_what_it_says(lease: Envelope, at: At) -> None:
    """The time of a signer's act is the signer's; reasons and ids are kept."""
    notice = Notice(
        "remote_1",
        status=EnvelopeStatus.DECLINED,
        signers=(
            SignerNotice(EventType.SIGNER_DECLINED, "r2", role="owner", reason="Too dear"),
            SignerNotice(EventType.SIGNER_SIGNED, role="tenant", round="2", occurred_at=at(1)),
        ),
        occurred_at=at(2),
        raw={"event": "declined"},
    )
    told = from_notice(lease, notice, authenticity=Authenticity.SIGNED, received_at=at(3))
    assert told.facts == {
        Fact(EventType.ENVELOPE_DECLINED): at(2),
        Fact(EventType.SIGNER_DECLINED, "s2", "1"): None,
        Fact(EventType.SIGNER_SIGNED, "s1", "2"): at(1),
    }
    assert told.signer_remote_ids == {"s2": "r2"}
    assert told.reasons == {"s2": "Too dear"}
    assert (told.source, told.raw) == (Source.WEBHOOK, {"event": "declined"})


def test_an_observation_shows_nobody(lease: Envelope, at: At) -> None:
    """What is printed in a log has no e-mail address in it."""
    snapshot = Snapshot("remote_1", EnvelopeStatus.SENT, raw={"email": "ann@example.com"})
    told = from_snapshot(lease, snapshot, source=Source.POLL, received_at=at(1))
    assert "example.com" not in repr(told)


def test_each_sign_alone_is_enough() -> None:
    """The vendor's id, role, name and e-mail, written in any case."""
    known = replace(BOB, remote_id="r2")
    assert seated(SignerSnapshot("r2", None), seats=(ANN, known)) == ["s2"]
    assert seated(SignerSnapshot(None, None, role="owner")) == ["s2"]
    assert seated(SignerSnapshot(None, "BOB")) == ["s2"]
    assert seated(SignerSnapshot(None, None, "Bob@Example.com")) == ["s2"]


def test_the_surest_sign_decides() -> None:
    """The vendor's id before everything, role and name before an e-mail of somebody else."""
    known = (replace(ANN, remote_id="r1"), BOB)
    assert seated(SignerSnapshot("r1", "Bob", "bob@example.com"), seats=known) == ["s1"]
    assert seated(SignerSnapshot(None, "Ann", "bob@example.com", role="tenant")) == ["s1"]


def test_people_of_one_name_are_told_apart_by_more() -> None:
    """Two called Ann: by role or by e-mail, and by the name alone neither."""
    twins = (ANN, replace(BOB, name="Ann"))
    assert seated(SignerSnapshot(None, "Ann", role="owner"), seats=twins) == ["s2"]
    assert seated(SignerSnapshot(None, "Ann", "bob@example.com"), seats=twins) == ["s2"]
    assert seated(SignerSnapshot(None, "Ann"), seats=twins) == [None]


def test_a_known_id_is_never_overruled() -> None:
    """Another id is another person, whatever else fits."""
    known = (replace(ANN, remote_id="r1"), BOB)
    stranger = SignerSnapshot("r9", "Ann", "ann@example.com", role="tenant")
    assert seated(stranger, seats=known) == [None]


def test_an_id_of_two_seats_tells_nobody_apart() -> None:
    """Then less sure signs decide, or nothing does."""
    both = (replace(ANN, remote_id="r1"), replace(BOB, remote_id="r1"))
    assert seated(SignerSnapshot("r1", "Bob"), seats=both) == ["s2"]
    assert seated(SignerSnapshot("r1", None), seats=both) == [None]


def test_a_seat_is_taken_by_one_person() -> None:
    """Somebody of the same name who was added at the vendor is not taken for Ann."""
    ann = SignerSnapshot("r1", "Ann", "ann@example.com")
    other = SignerSnapshot("r9", "Ann", "other@example.com")
    assert seated(ann, other) == ["s1", None]
    assert seated(other, ann) == [None, "s1"]


def test_of_two_who_fit_equally_neither_counts() -> None:
    """A guess could give one person's signature to another."""
    first, second = SignerSnapshot("r1", "Ann"), SignerSnapshot("r2", "Ann")
    assert seated(first, second) == [None, None]


def test_one_person_may_be_listed_several_times() -> None:
    """Once for each round, or for each thing that they did."""
    rounds = [SignerSnapshot("r1", "Ann", round=name) for name in ("1", "2")]
    assert seated(*rounds) == ["s1", "s1"]
    anonymous = [SignerSnapshot(None, "Ann", round=name) for name in ("1", "2")]
    assert seated(*anonymous) == ["s1", "s1"]


def test_nobody_sits_where_nothing_fits() -> None:
    """A signer without any sign, or with strange ones, is left out."""
    assert seated(SignerSnapshot(None, None), SignerSnapshot("r9", "Mallory")) == [None, None]
    assert match((), [SignerSnapshot("r1", "Ann")]) == []
