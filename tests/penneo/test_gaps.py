from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from esign_core.model import (
    Channel,
    Document,
    EnvelopeDraft,
    Identity,
    IdentityMethod,
    Signer,
    SignerAction,
)
from esign_core.provider import gaps_of
from esign_penneo import PenneoProvider

MakeProvider = Callable[..., PenneoProvider]
MakeDraft = Callable[..., EnvelopeDraft]

NATIONAL, SMS = IdentityMethod.NATIONAL_ID, IdentityMethod.SMS


def test_a_plain_draft_has_no_gap(provider: PenneoProvider, make_draft: MakeDraft) -> None:
    """Nothing stands in the way of what Penneo can do."""
    draft = make_draft(
        message="Please sign",
        language="da",
        signers=(
            Signer(
                name="Jane",
                email="jane@example.com",
                role="tenant",
                message="Hello",
                language="nn",
                identity=Identity(method=NATIONAL, country="DK", number=SecretStr("0101700123")),
            ),
            Signer(name="John", delivery=Channel.LINK, message="Hi", role="owner"),
            Signer(
                name="Ann",
                delivery=Channel.LINK,
                identity=Identity(method=SMS),
                phone="+4512345678",
            ),
        ),
    )
    assert gaps_of(draft, provider) == ()


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"subject": "Sign"}, "subject"),
        ({"message": "Sign"}, "message"),
        ({"language": "pl"}, "language"),
        ({"metadata": {"esign": "mine"}}, "metadata"),
        ({"signers": [{"role": "x"}]}, "signers[0].role"),
        ({"signers": [{"role": "ejer "}]}, "signers[0].role"),
        ({"signers": [{"role": "køber"}]}, "signers[0].role"),
        ({"signers": [{"message": "Hi"}]}, "signers[0].message"),
        ({"signers": [{"language": "is"}]}, "signers[0].language"),
        ({"signers": [{"action": SignerAction.APPROVE}]}, "signers[0].action"),
        ({"signers": [{"identity": Identity(method=NATIONAL, country="DK")}]}, ".number"),
        (
            {
                "signers": [
                    {"identity": Identity(method=NATIONAL, country="DE", number=SecretStr("1"))}
                ]
            },
            "signers[0].identity.country",
        ),
        ({"signers": [{"identity": Identity(method=SMS)}]}, "signers[0].phone"),
        ({"documents": [{"name": 'le"ase.pdf'}]}, "documents[0].name"),
        ({"documents": [{"name": "a.pdf", "title": "t" * 1025}]}, "documents[0].title"),
    ],
)
def test_what_penneo_does_not_take_is_told_before_any_request(
    provider: PenneoProvider, make_draft: MakeDraft, fields: dict[str, Any], where: str
) -> None:
    """Each documented limit is a gap at its field, with a remedy."""
    (gap,) = gaps_of(make_draft(**_filled(fields)), provider)
    assert gap.field.endswith(where)
    assert gap.remedy


def test_a_file_that_is_no_pdf_is_a_gap(provider: PenneoProvider, make_draft: MakeDraft) -> None:
    """Penneo takes PDFs only."""
    document = Document.from_bytes(b"%PDF-1", name="a.txt")
    other = document.model_copy(update={"media_type": "text/plain"})
    (gap,) = gaps_of(make_draft(documents=(other,)), provider)
    assert gap.field == "documents[0].media_type"


def test_a_quotation_mark_in_a_file_name_is_no_matter_as_json(
    make_provider: MakeProvider, make_draft: MakeDraft
) -> None:
    """Only the multipart form puts file names into headers."""
    draft = make_draft(**_filled({"documents": [{"name": 'le"ase.pdf'}]}))
    assert gaps_of(draft, make_provider(upload="json")) == ()


def test_no_gap_shows_an_identity_number(provider: PenneoProvider, make_draft: MakeDraft) -> None:
    """What is wrong with an identity is told without the number."""
    identity = Identity(method=NATIONAL, country="DE", number=SecretStr("canary-number"))
    draft = make_draft(**_filled({"signers": [{"identity": identity}]}))
    assert "canary" not in " ".join(map(str, gaps_of(draft, provider)))


def _filled(fields: dict[str, Any]) -> dict[str, Any]:
    filled = dict(fields)
    if "signers" in fields:
        who: dict[str, Any] = {"name": "Jane Doe", "email": "jane@example.com"}
        filled["signers"] = tuple(Signer(**{**who, **each}) for each in fields["signers"])
    if "documents" in fields:
        filled["documents"] = tuple(
            Document.from_bytes(b"%PDF-1", **each) for each in fields["documents"]
        )
    return filled
