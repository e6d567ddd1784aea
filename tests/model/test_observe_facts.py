from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

import pytest

from esign_core.model import (
    Authenticity,
    Envelope,
    EnvelopeStatus,
    Event,
    EventType,
    Evidence,
    Fact,
    Notice,
    Observation,
    SignerNotice,
    SignerStatus,
    Source,
    from_notice,
    observe,
)

At = Callable[[int], datetime]
Learn = Callable[..., Observation]

ENDS = ["completed", "declined", "cancelled", "expired", "failed"]


def learn(envelope: Envelope, observations: Iterable[Observation]) -> tuple[Envelope, list[Event]]:
    """The envelope after observations, and all events."""
    stream: list[Event] = []
    for observation in observations:
        envelope, events = observe(envelope, observation)
        stream += events
    return envelope, stream


@pytest.mark.parametrize(("worse", "better"), list(itertools.pairwise(reversed(ENDS))))
def test_of_two_ends_precedence_decides(
    lease: Envelope, poll: Learn, worse: str, better: str
) -> None:
    """Whichever came first; that they contradict each other is told once."""
    for order in ([poll(1, worse), poll(2, better)], [poll(1, better), poll(2, worse)]):
        envelope, stream = learn(lease, order)
        assert envelope.status == better
        assert [event.type for event in stream].count(EventType.ENVELOPE_CONFLICT) == 1


def test_a_look_that_finds_it_completed_tells_all_that_this_implies(
    lease: Envelope, at: At, poll: Learn
) -> None:
    """Every webhook was lost: both signed, nobody said so, and the viewer did nothing."""
    envelope, events = observe(lease, poll(9, "completed", ended_at=at(8)))
    assert [
        (event.type, event.signer_id, event.inferred, event.occurred_at) for event in events
    ] == [
        ("envelope.sent", None, True, None),
        ("signer.signed", "s1", True, None),
        ("signer.signed", "s2", True, None),
        ("envelope.in_progress", None, True, None),
        ("envelope.finalizing", None, True, None),
        ("envelope.completed", None, False, at(8)),
    ]
    assert [signer.status for signer in envelope.signers] == ["signed", "signed", "waiting"]


def test_everybody_having_signed_is_finalizing(lease: Envelope, webhook: Learn) -> None:
    """The last signature is no completion: the signed documents may not be there yet."""
    envelope, _ = learn(
        lease, [webhook(1, None, ("tenant", "signed")), webhook(2, None, ("owner", "signed"))]
    )
    assert envelope.status is EnvelopeStatus.FINALIZING
    assert not envelope.is_final


def test_failed_does_not_imply_that_it_was_sent(lease: Envelope, poll: Learn) -> None:
    """A vendor may give up before anybody was asked; every other end comes after sending."""
    for end in ENDS:
        _, events = observe(lease, poll(1, end))
        sent = EventType.ENVELOPE_SENT in {event.type for event in events}
        assert sent is (end != "failed")


def test_a_late_webhook_fills_in_the_time_and_tells_nothing(
    lease: Envelope, at: At, webhook: Learn, poll: Learn
) -> None:
    """The look was first: the webhook has the vendor's time and no news."""
    polled, _ = observe(lease, poll(9, "completed"))
    signed = Fact(EventType.SIGNER_SIGNED, "s1", "1")
    assert polled.facts[signed] == Evidence(None, inferred=True)
    after, events = observe(polled, webhook(3, "in_progress", ("tenant", "signed")))
    assert events == []
    assert after.facts[signed] == Evidence(at(3), inferred=False)
    assert after.facts.keys() == polled.facts.keys()


def test_the_earliest_time_that_was_told_is_kept(
    lease: Envelope, at: At, webhook: Learn, poll: Learn
) -> None:
    """Of two times for one fact, in either order; and no time takes none away."""
    early, late = webhook(1, "sent"), webhook(2, "sent")
    silent = poll(3, "sent")
    for order in itertools.permutations([early, late, silent]):
        envelope, _ = learn(lease, order)
        assert envelope.facts[Fact(EventType.ENVELOPE_SENT)].occurred_at == at(1)


@pytest.mark.promise("A6")
@pytest.mark.parametrize("proof", [Authenticity.NONE, Authenticity.SECRET])
def test_what_is_not_proven_changes_nothing(
    lease: Envelope, webhook: Learn, proof: Authenticity
) -> None:
    """An unproven delivery is a hint: the envelope stays the very same."""
    forged = webhook(1, "completed", ("tenant", "signed"), proof=proof)
    after, events = observe(lease, forged)
    assert after is lease
    assert events == []


@pytest.mark.parametrize(
    "proof", [Authenticity.SIGNED, Authenticity.SIGNED_FRESH, Authenticity.FETCHED]
)
def test_what_is_proven_counts(lease: Envelope, webhook: Learn, proof: Authenticity) -> None:
    """And the event says how far it is."""
    _, (event, *_rest) = observe(lease, webhook(1, "sent", proof=proof))
    assert event.authenticity is proof


def test_reminders_are_told_apart_by_their_time(lease: Envelope, at: At) -> None:
    """To the second, whatever the time zone; by the vendor's event id only without a time."""

    def reminded(occurred_at: datetime | None, key: str | None) -> Observation:
        signer = SignerNotice(EventType.SIGNER_REMINDED, role="tenant", occurred_at=occurred_at)
        notice = Notice("remote_1", key=key, signers=(signer,))
        return from_notice(lease, notice, authenticity=Authenticity.SIGNED, received_at=at(9))

    zone = datetime.fromisoformat("2026-03-01T13:00:00.5+01:00")  # the same second as at(0)
    learned: list[tuple[datetime | None, str | None]] = [
        (at(0), "a"),
        (at(0), "b"),
        (zone, None),
        (at(1), "a"),
    ]
    learned += [(None, "x"), (None, "x"), (None, "y"), (None, None), (None, None)]
    _, stream = learn(lease, [reminded(*each) for each in learned])
    events = [event for event in stream if event.type is EventType.SIGNER_REMINDED]
    assert [event.occurred_at for event in events] == [at(0), at(1), None, None, None]


def test_rounds_are_told_apart(lease: Envelope, at: At, webhook: Learn) -> None:
    """Who is asked again in another round signs again; the last round is where they stand."""
    first = webhook(1, None, ("tenant", "signed"))
    signer = SignerNotice(EventType.SIGNER_NOTIFIED, role="tenant", round="2")
    second = from_notice(
        lease,
        Notice("remote_1", signers=(signer,)),
        authenticity=Authenticity.SIGNED,
        received_at=at(2),
    )
    for order in ([first, second], [second, first]):
        envelope, stream = learn(lease, order)
        assert envelope.signers[0].status is SignerStatus.NOTIFIED
        told = {(event.type, event.round) for event in stream if event.signer_id == "s1"}
        assert told == {("signer.signed", "1"), ("signer.notified", "2")}


def test_an_event_says_where_it_comes_from(lease: Envelope, at: At, poll: Learn) -> None:
    """Connection, vendor, ids, source and the vendor's own words."""
    observation = replace(poll(1, "sent", sent_at=at(0)), raw={"status": "SENT"})
    _, (event,) = observe(lease, observation)
    assert (event.seq, event.envelope_id, event.remote_id) == (0, "env_1", "remote_1")
    assert (event.connection, event.provider) == ("acme-eu", "acme")
    assert (event.signer_id, event.round) == (None, None)
    assert (event.occurred_at, event.received_at) == (at(0), at(1))
    assert (event.source, event.inferred, event.raw) == (Source.POLL, False, {"status": "SENT"})


def test_the_reason_of_a_refusal_is_in_its_event(lease: Envelope, at: At) -> None:
    """It is the signer's; nobody else's event has it."""
    signer = SignerNotice(EventType.SIGNER_DECLINED, role="owner", reason="Too dear")
    notice = Notice("remote_1", status=EnvelopeStatus.DECLINED, signers=(signer,))
    observation = from_notice(lease, notice, authenticity=Authenticity.SIGNED, received_at=at(1))
    _, events = observe(lease, observation)
    assert {event.type.value: dict(event.data) for event in events} == {
        "envelope.sent": {},
        "signer.declined": {"reason": "Too dear"},
        "envelope.declined": {},
    }


def test_the_vendors_ids_are_learned_once(lease: Envelope, webhook: Learn) -> None:
    """The first that was told stays."""
    envelope, _ = observe(lease, webhook(1, "sent", ("tenant", "notified")))
    assert envelope.remote_id == "remote_1"
    assert [seat.remote_id for seat in envelope.seats] == ["remote_tenant", None, None]
    later = replace(
        webhook(2, None),
        remote_id="remote_2",
        signer_remote_ids={"s1": "other", "s2": "remote_owner"},
    )
    after, events = observe(envelope, later)
    assert after.remote_id == "remote_1"
    assert [seat.remote_id for seat in after.seats] == ["remote_tenant", "remote_owner", None]
    assert events == []


def test_a_signer_who_is_nobody_here_changes_nobody(lease: Envelope, at: At) -> None:
    """An act of a stranger is no act of ours; what is said of the envelope counts."""
    stranger = SignerNotice(EventType.SIGNER_DECLINED, "remote_x", "Mallory", "m@example.com")
    notice = Notice("remote_1", status=EnvelopeStatus.SENT, signers=(stranger,))
    observation = from_notice(lease, notice, authenticity=Authenticity.SIGNED, received_at=at(1))
    envelope, events = observe(lease, observation)
    assert [event.type for event in events] == [EventType.ENVELOPE_SENT]
    assert {signer.status for signer in envelope.signers} == {SignerStatus.WAITING}
