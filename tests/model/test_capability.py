from __future__ import annotations

from typing import Any

import pytest

from esign_core.model import (
    Capabilities,
    CopyRecipient,
    Document,
    EnvelopeDraft,
    Feature,
    Gap,
    Signer,
    wishes,
)

PDF = Document.from_bytes(b"%PDF-1.7", name="lease.pdf")
ANN = {"name": "Ann", "email": "ann@example.com"}


def wished(**fields: Any) -> list[tuple[str, str]]:
    """What a draft asks for, beside its documents and e-mails to its signers."""
    draft = EnvelopeDraft.model_validate(
        {"title": "Lease 14", "documents": [PDF], "signers": [ANN], **fields}
    )
    plain = {Feature.DOCUMENTS, Feature.EMAIL_DELIVERY}
    return [(feature.value, field) for feature, field in wishes(draft) if feature not in plain]


def test_a_feature_is_off_until_it_is_declared() -> None:
    """Only e-mail is taken for granted; each feature has its field, and no other has one."""
    assert Capabilities().features == (Feature.EMAIL_DELIVERY,)
    everything = Capabilities(**{feature.value: True for feature in Feature}, max_signers=3)
    assert set(everything.features) == set(Feature)
    assert everything.supports(Feature.COPIES)
    assert not Capabilities(email_delivery=False).features


def test_a_plain_draft_asks_for_little() -> None:
    """Documents, and e-mails to the signers."""
    draft = EnvelopeDraft(title="Lease 14", documents=(PDF,), signers=(Signer.model_validate(ANN),))
    assert list(wishes(draft)) == [
        (Feature.DOCUMENTS, "documents"),
        (Feature.EMAIL_DELIVERY, "signers[0].delivery"),
    ]


@pytest.mark.parametrize(
    ("fields", "wish"),
    [
        ({"message": "Please sign."}, ("message", "message")),
        ({"language": "da"}, ("language", "language")),
        ({"expires_in_days": 3}, ("expiry", "expires_in_days")),
        ({"expires_at": "2030-01-01T00:00Z"}, ("expiry_time", "expires_at")),
        ({"send_at": "2030-01-01T00:00Z"}, ("scheduled_sending", "send_at")),
        ({"remind_every_days": 3}, ("reminders", "remind_every_days")),
        ({"subject": "Your lease"}, ("subject", "subject")),
        ({"redirects": {"signed": "https://example.com/done"}}, ("redirects", "redirects")),
        (
            {"signers": [ANN | {"redirects": {"failed": "https://example.com/sorry"}}]},
            ("redirects", "signers[0].redirects"),
        ),
        ({"metadata": {"a": "b"}}, ("metadata", "metadata")),
        (
            {"copies": [CopyRecipient(name="Eve", email="eve@example.com")]},
            ("copies", "copies"),
        ),
        (
            {"documents": [PDF, PDF.model_copy(update={"name": "b.pdf"})]},
            ("several_documents", "documents"),
        ),
        (
            {"documents": [PDF, PDF.model_copy(update={"name": "b.pdf", "signable": False})]},
            ("attachments", "documents"),
        ),
        (
            {
                "documents": [PDF.model_copy(update={"roles": ("tenant",)})],
                "signers": [ANN | {"role": "tenant"}],
            },
            ("document_roles", "documents"),
        ),
        ({"signers": [ANN | {"action": "approve"}]}, ("approvers", "signers[0].action")),
        ({"signers": [ANN | {"action": "view"}]}, ("viewers", "signers[0].action")),
        ({"signers": [ANN | {"delivery": "link"}]}, ("link_delivery", "signers[0].delivery")),
        ({"signers": [ANN | {"message": "Hi"}]}, ("signer_message", "signers[0].message")),
        ({"signers": [ANN | {"language": "da"}]}, ("signer_language", "signers[0].language")),
        (
            {"signers": [ANN | {"identity": {"method": "sms"}}]},
            ("identity", "signers[0].identity"),
        ),
        (
            {"signers": [ANN | {"order": 1}, {"name": "B", "email": "b@example.com", "order": 2}]},
            ("signing_order", "signers[1].order"),
        ),
    ],
)
def test_every_wish_is_named_with_its_place(fields: dict[str, Any], wish: tuple[str, str]) -> None:
    """One wish, one feature, and where in the draft it stands."""
    assert wished(**fields) == [wish]


def test_a_shared_turn_is_a_wish_of_its_own() -> None:
    """Whoever can put signers one after another cannot always let some share a turn."""
    bob, eve = ({"name": n, "email": f"{n}@example.com", "order": 2} for n in ("bob", "eve"))
    assert wished(signers=[ANN | {"order": 1}, bob, eve]) == [
        ("signing_order", "signers[1].order"),
        ("signing_groups", "signers[1].order"),
        ("signing_order", "signers[2].order"),
        ("signing_groups", "signers[2].order"),
    ]


def test_everybody_first_is_no_order() -> None:
    """Order 1 for everybody is what a vendor without order does anyway."""
    both = [ANN | {"order": 1}, {"name": "B", "email": "b@example.com", "order": 1}]
    assert wished(signers=both) == []


def test_a_gap_reads_as_a_sentence() -> None:
    """Where, what, and what to do instead."""
    gap = Gap(Feature.LANGUAGE, "language", "acme has no language", "leave it out")
    assert str(gap) == "language: acme has no language; leave it out"
