from __future__ import annotations

from collections.abc import Callable

import pytest

from esign_core.model import Channel, Document, EnvelopeDraft, Signer
from esign_core.provider import gaps_of
from esign_penvio import PenvioProvider

MakeProvider = Callable[..., PenvioProvider]
MakeDraft = Callable[..., EnvelopeDraft]


def two_signers(*orders: int | None) -> tuple[Signer, ...]:
    """Signers of both roles, and more of none, with the given orders."""
    roles = ["tenant", "owner", None, None]
    return tuple(
        Signer(name=f"Person {i}", email=f"p{i}@example.com", role=role, order=order)
        for i, (role, order) in enumerate(zip(roles, orders, strict=False))
    )


def test_check_names_every_gap_of_penvio(provider: PenvioProvider, make_draft: MakeDraft) -> None:
    """Documents, links, copies and languages are not Penvio's; each has a remedy."""
    jane = Signer(name="Jane Doe", role="tenant", delivery=Channel.LINK, language="da")
    draft = EnvelopeDraft(
        title="Lease 14",
        documents=(Document.from_bytes(b"%PDF-1.7", name="lease.pdf"),),
        signers=(jane,),
    )
    assert [gap.feature for gap in gaps_of(draft, provider)] == [
        "documents",
        "link_delivery",
        "signer_language",
    ]
    assert gaps_of(make_draft(), provider) == ()


def test_check_knows_the_limit_of_signers(
    make_provider: MakeProvider, make_draft: MakeDraft
) -> None:
    """Penvio takes 1 to 20 signers."""
    provider = make_provider(templates={"lease": {"id": "t"}})
    many = tuple(Signer(name=f"Person {i}", email=f"p{i}@example.com") for i in range(21))
    (gap,) = gaps_of(make_draft(signers=many), provider)
    assert str(gap) == "signers: penvio takes at most 20, not 21; send several envelopes"
    assert gaps_of(make_draft(signers=many[:20]), provider) == ()


def test_signers_who_share_a_turn_among_others_are_a_gap(
    make_provider: MakeProvider, make_draft: MakeDraft
) -> None:
    """Groups inside a sequence are not documented: nobody should wait for what never comes."""
    provider = make_provider(templates={"lease": {"id": "t"}})
    gaps = gaps_of(make_draft(signers=two_signers(1, 2, 2)), provider)
    assert [(gap.feature, gap.field) for gap in gaps] == [
        ("signing_groups", "signers[1].order"),
        ("signing_groups", "signers[2].order"),
    ]
    assert gaps_of(make_draft(signers=two_signers(1, 1)), provider) == ()
    assert gaps_of(make_draft(signers=two_signers(1, 2, 3)), provider) == ()


@pytest.mark.parametrize("word", ["esign", "esign_title"])
def test_the_words_that_are_ours_are_taken(
    provider: PenvioProvider, make_draft: MakeDraft, word: str
) -> None:
    """A caller's metadata must hide neither the mark of an envelope nor its title."""
    (gap,) = gaps_of(make_draft(metadata={word: "mine"}), provider)
    assert gap.field == f"metadata.{word}"
