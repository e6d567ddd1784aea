"""Wishes that only one vendor knows, and where they may stand."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from esign_core.errors import InvalidDraft
from esign_core.model import (
    Document,
    DocumentOptions,
    EnvelopeDraft,
    ProviderOptions,
    Signer,
    SignerOptions,
)


class AcmeOptions(ProviderOptions):
    """Of an envelope."""

    provider: ClassVar[str] = "acme"
    color: str = "black"


class AcmeSignerOptions(SignerOptions):
    """Of a signer."""

    provider: ClassVar[str] = "acme"
    chair: str = "any"


class AcmeDocumentOptions(DocumentOptions):
    """Of a document."""

    provider: ClassVar[str] = "acme"
    paper: str = "white"


def lease(**changes: Any) -> Document:
    """A document."""
    return Document.from_bytes(b"%PDF-1.7", name="lease.pdf", **changes)


def drafted(**changes: Any) -> EnvelopeDraft:
    """A draft with one document and one signer."""
    return EnvelopeDraft.model_validate(
        {
            "title": "Lease 14",
            "documents": [lease()],
            "signers": [{"name": "Ann", "email": "ann@example.com"}],
            **changes,
        }
    )


def test_signers_and_documents_have_wishes_of_their_own() -> None:
    """Found by kind; defaults where there are none."""
    ann = Signer(name="Ann", email="ann@example.com", options=[AcmeSignerOptions(chair="front")])
    paper = lease(options=[AcmeDocumentOptions(paper="blue")])
    assert ann.option(AcmeSignerOptions).chair == "front"
    assert paper.option(AcmeDocumentOptions).paper == "blue"
    assert Signer(name="Bob").option(AcmeSignerOptions).chair == "any"
    assert lease().option(AcmeDocumentOptions).paper == "white"


def test_two_of_a_kind_are_refused() -> None:
    """One of them would be lost without a word."""
    with pytest.raises(InvalidDraft, match="options: has two AcmeOptions; give one"):
        drafted(options=[AcmeOptions(), AcmeOptions(color="red")])


def test_wishes_in_the_wrong_place_are_refused() -> None:
    """A signer's wishes are no envelope's."""
    with pytest.raises(InvalidDraft, match="options"):
        drafted(options=[AcmeSignerOptions()])
    with pytest.raises(InvalidDraft, match="options"):
        Signer.model_validate({"name": "Ann", "options": [AcmeOptions()]})


def test_wishes_everywhere_count_in_the_fingerprint() -> None:
    """Who asks for something else has another wish; and in the canonical form it is seen."""
    ann = {"name": "Ann", "email": "ann@example.com", "options": [AcmeSignerOptions(chair="b")]}
    drafts = [
        drafted(),
        drafted(signers=[ann]),
        drafted(documents=[lease(options=[AcmeDocumentOptions(paper="b")])]),
        drafted(options=[AcmeOptions(color="b")]),
    ]
    assert len({draft.pinned().fingerprint() for draft in drafts}) == len(drafts)
    assert drafts[1].canonical()["signers"][0]["options"] == [{"provider": "acme", "chair": "b"}]
    assert drafts[2].canonical()["documents"][0]["options"] == [{"provider": "acme", "paper": "b"}]
