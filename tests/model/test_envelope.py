from __future__ import annotations

from dataclasses import replace

import pytest

from esign_core.model import (
    Envelope,
    EnvelopeDraft,
    EnvelopeStatus,
    EventType,
    Evidence,
    Fact,
    Signer,
    SignerAction,
    SignerStatus,
    TemplateRef,
    seats_of,
)

KNOWN = Evidence(None, inferred=False)


def knowing(envelope: Envelope, *facts: Fact) -> Envelope:
    """The envelope with facts."""
    return replace(envelope, facts=dict.fromkeys(facts, KNOWN))


def test_an_envelope_begins_as_a_draft(lease: Envelope) -> None:
    """Nothing is known, nobody was asked."""
    assert lease.status is EnvelopeStatus.DRAFT
    assert (lease.is_final, lease.has_conflict, lease.is_purged) == (False, False, False)
    assert {signer.status for signer in lease.signers} == {SignerStatus.WAITING}


def test_the_highest_step_counts(lease: Envelope) -> None:
    """Of several steps the furthest; what a signer did is no step by itself."""
    steps = [Fact(EventType.ENVELOPE_SENT), Fact(EventType.ENVELOPE_QUEUED)]
    assert knowing(lease, *steps).status is EnvelopeStatus.SENT
    viewed = Fact(EventType.SIGNER_VIEWED, "s1", "1")
    assert knowing(lease, viewed).status is EnvelopeStatus.DRAFT


@pytest.mark.parametrize("status", ["completed", "declined", "cancelled", "expired", "failed"])
def test_an_end_is_final(lease: Envelope, status: str) -> None:
    """Every end comes after every step."""
    ended = knowing(
        lease, Fact(EventType.ENVELOPE_FINALIZING), Fact(EventType(f"envelope.{status}"))
    )
    assert (ended.status, ended.is_final) == (status, True)


def test_marks_are_no_status(lease: Envelope) -> None:
    """Conflict and purged stand beside the status."""
    marked = knowing(
        lease,
        Fact(EventType.ENVELOPE_COMPLETED),
        Fact(EventType.ENVELOPE_CONFLICT),
        Fact(EventType.ENVELOPE_PURGED),
    )
    assert marked.status is EnvelopeStatus.COMPLETED
    assert (marked.has_conflict, marked.is_purged) == (True, True)


@pytest.mark.parametrize(
    ("acts", "status"),
    [
        (["notified"], SignerStatus.NOTIFIED),
        (["viewed", "notified"], SignerStatus.VIEWED),
        (["expired", "viewed"], SignerStatus.EXPIRED),
        (["declined", "expired"], SignerStatus.DECLINED),
        (["viewed", "signed", "declined"], SignerStatus.SIGNED),
        (["reminded"], SignerStatus.WAITING),
    ],
)
def test_what_a_signer_did_last_counts(
    lease: Envelope, acts: list[str], status: SignerStatus
) -> None:
    """In the order of the acts, not of the reports; other signers are not touched."""
    after = knowing(lease, *(Fact(EventType(f"signer.{act}"), "s2", "1") for act in acts))
    assert [signer.status for signer in after.signers] == ["waiting", status, "waiting"]
    assert [signer.status.is_final for signer in after.signers][1] is (
        status in {"signed", "declined", "expired"}
    )


def test_undeliverable_is_a_mark_of_the_signer(lease: Envelope) -> None:
    """It says nothing about how far they are."""
    after = knowing(
        lease,
        Fact(EventType.SIGNER_UNDELIVERABLE, "s1", "1"),
        Fact(EventType.SIGNER_VIEWED, "s1", "1"),
    )
    assert [signer.is_undeliverable for signer in after.signers] == [True, False, False]
    assert after.signers[0].status is SignerStatus.VIEWED


@pytest.mark.parametrize(
    ("earlier", "later"), [("1", "2"), ("2", "10"), ("first", "1"), ("a", "b")]
)
def test_the_last_round_counts(lease: Envelope, earlier: str, later: str) -> None:
    """Rounds are ordered by number; names that are no numbers come before."""
    after = knowing(
        lease,
        Fact(EventType.SIGNER_SIGNED, "s1", earlier),
        Fact(EventType.SIGNER_NOTIFIED, "s1", later),
    )
    assert after.signers[0].status is SignerStatus.NOTIFIED


def test_seats_are_the_drafts_signers() -> None:
    """Each gets an id of ours, in the order of the draft."""
    draft = EnvelopeDraft(
        title="Lease 14",
        template=TemplateRef("lease"),
        signers=(
            Signer(name="Ann", email="ann@example.com", role="tenant", order=1),
            Signer(name="Eve", email="eve@example.com", order=1, action=SignerAction.VIEW),
        ),
    )
    ann, eve = seats_of(draft)
    assert (ann.id, ann.name, ann.email) == ("s1", "Ann", "ann@example.com")
    assert (ann.role, ann.order, ann.action) == ("tenant", 1, SignerAction.SIGN)
    assert (eve.id, eve.action, eve.remote_id) == ("s2", SignerAction.VIEW, None)
    assert "example.com" not in repr((ann, eve))


def test_an_envelope_shows_nobody(lease: Envelope) -> None:
    """What is printed in a log has no e-mail address in it."""
    assert "example.com" not in f"{lease!r} {lease.signers!r}"
