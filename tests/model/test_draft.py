from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest
from pydantic import Field, SecretStr

from esign_core.errors import InvalidDraft
from esign_core.model import (
    Channel,
    CopyRecipient,
    Document,
    EnvelopeDraft,
    Identity,
    IdentityMethod,
    ProviderOptions,
    Signer,
    TemplateRef,
    Value,
)

PDF = Document.from_bytes(b"%PDF-1.7", name="lease.pdf")
OTHER = Document.from_bytes(b"%PDF-1.7 other", name="other.pdf")
ANN: dict[str, Any] = {"name": "Ann", "email": "ann@example.com", "role": "tenant"}
BOB: dict[str, Any] = {"name": "Bob", "email": "bob@example.com", "role": "owner"}


class AcmeOptions(ProviderOptions):
    """Wishes that only one vendor knows."""

    provider: ClassVar[str] = "acme"
    color: str = "black"
    pin: SecretStr | None = None


def drafted(**fields: Any) -> EnvelopeDraft:
    """A draft from plain data."""
    return EnvelopeDraft.model_validate(
        {"title": "Lease 14", "documents": [PDF], "signers": [ANN, BOB], **fields}
    )


def problems(**fields: Any) -> list[str]:
    """What is wrong with a draft, as a person reads it."""
    with pytest.raises(InvalidDraft) as caught:
        drafted(**fields)
    told = "; ".join(map(str, caught.value.problems))
    assert str(caught.value).startswith(f"EnvelopeDraft: {told}")
    assert str(caught.value).endswith(" Nothing was sent.")
    return [str(problem) for problem in caught.value.problems]


def test_plain_data_makes_a_draft() -> None:
    """What comes from a file or a form is the same as what is written in Python."""
    written = EnvelopeDraft(
        title="Lease 14", documents=(PDF,), signers=(Signer(**ANN), Signer(**BOB))
    )
    assert drafted() == written


@pytest.mark.parametrize("given", ["lease", {"name": "lease"}, TemplateRef("lease")])
def test_a_template_is_named_in_three_ways(given: object) -> None:
    """By its name alone, as data, or as a reference."""
    assert drafted(documents=[], template=given).template == TemplateRef("lease")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"title": ""}, ["title: must not be empty"]),
        ({"signers": []}, ["signers: must not be empty"]),
        ({"documents": []}, ["give documents or a template, and not both"]),
        ({"template": "lease"}, ["give documents or a template, and not both"]),
        ({"template": ""}, ["template.name: must not be empty"]),
        (
            {"documents": [], "template": {"id": "x"}},
            ["template: must be the name of a template"],
        ),
        (
            {"documents": [PDF.model_copy(update={"signable": False})]},
            ["documents: none of them is to be signed"],
        ),
        (
            {"documents": [PDF, PDF]},
            ['documents: two are called "lease.pdf"; give each a name of its own'],
        ),
        (
            {"documents": [PDF.model_copy(update={"roles": ("tenant", "agent")})]},
            ['documents[0].roles: no signer has the role "agent"; give it to one, or take it out'],
        ),
        (
            {"signers": [ANN | {"order": 1}, BOB]},
            ["signers: give every signer an order, or none of them"],
        ),
        (
            {"signers": [ANN | {"order": 1}, BOB | {"order": 3}]},
            ["signers: the order must count 1, 2, 3 without a gap; it is 1, 3"],
        ),
        (
            {"signers": [ANN | {"order": 2}]},
            ["signers: the order must count 1, 2, 3 without a gap; it is 2"],
        ),
        (
            {"signers": [ANN, {"name": "Bob"}]},
            ["signers[1].email: is needed, or set delivery to link and hand out the signing link"],
        ),
        (
            {"signers": [ANN, BOB, ANN | {"name": "ANN", "email": "Ann@Example.com"}]},
            ["signers[2]: cannot be told apart from signers[0]; give them roles"],
        ),
        ({"expires_in_days": 0}, ["expires_in_days: must be 1 or more"]),
        ({"metadata": {"a": 5}}, ["metadata.a: must be text"]),
        ({"mesage": "Hi"}, ['mesage: is not known here. Did you mean "message"?']),
    ],
)
def test_what_makes_no_sense_is_told(fields: dict[str, Any], told: list[str]) -> None:
    """Where the draft is made, in words, with the place and without the value."""
    assert problems(**fields) == told


def test_all_problems_are_told_at_once() -> None:
    """Nobody has to fix one to hear of the next; a wrong signer does not count as missing."""
    missing = "/no/such/lease.pdf"
    told = problems(
        title="",
        signers=[{"name": "Ann", "email": "canary"}, {"name": "", "order": 0}],
        documents=[missing],
        copies=[CopyRecipient(name="Eve", email="eve@example.com"), {"name": "Eve"}],
    )
    assert told == [
        "title: must not be empty",
        "signers[0].email: is not an e-mail address",
        "signers[1].name: must be a name, without control characters",
        "signers[1].order: must be 1 or more",
        f'documents[0]: "{missing}" cannot be read: No such file or directory; look at the path',
        "copies[1].email: is missing",
    ]


def test_a_list_that_is_too_short_says_how_long_it_must_be() -> None:
    """For values with other limits than one."""

    class Pair(Value):
        both: tuple[int, ...] = Field(min_length=2)

    with pytest.raises(InvalidDraft, match="both: needs at least 2"):
        Pair(both=(1,))


def test_equal_names_are_told_apart_by_role_or_address() -> None:
    """Only signers whom no vendor could tell apart are refused."""
    twins = [ANN, ANN | {"role": "guest"}, ANN | {"email": "other@example.com"}]
    assert len(drafted(signers=twins).signers) == 3


def test_groups_in_an_order_are_allowed() -> None:
    """Equal numbers act at the same time."""
    signers = [ANN | {"order": 2}, BOB | {"order": 1}, {**BOB, "role": "x", "order": 1}]
    assert [signer.order for signer in drafted(signers=signers).signers] == [2, 1, 1]


def test_delivery_is_changed_for_everybody_and_checked_again() -> None:
    """By link nobody needs an address; by e-mail everybody does."""
    draft = drafted(signers=[{"name": "Ann", "delivery": "link"}, BOB])
    by_link = draft.delivered_by(Channel.LINK)
    assert {signer.delivery for signer in by_link.signers} == {Channel.LINK}
    assert by_link.documents == draft.documents
    with pytest.raises(InvalidDraft, match=r"signers\[0\]\.email: is needed"):
        draft.delivered_by(Channel.EMAIL)


def test_delivery_keeps_what_else_the_draft_is() -> None:
    """Template, options and mark go with it."""
    draft = drafted(documents=[], template="lease", options=[AcmeOptions(color="red")])
    changed = draft.marked("esign:env_1").delivered_by(Channel.LINK)
    assert (changed.mark, changed.template) == ("esign:env_1", TemplateRef("lease"))
    assert changed.option(AcmeOptions).color == "red"


def test_options_are_found_by_kind() -> None:
    """Or that kind's defaults, so that an adapter need not ask whether there are any."""

    class Others(ProviderOptions):
        provider: ClassVar[str] = "others"

    draft = drafted(options=[Others(), AcmeOptions(color="red")])
    assert draft.option(AcmeOptions).color == "red"
    assert drafted().option(AcmeOptions).color == "black"


def test_the_fingerprint_is_that_of_the_whole_wish() -> None:
    """Any difference in what is asked for is another fingerprint."""
    secret = {"method": "national_id", "country": "DK", "number": "1"}
    wishes = [
        drafted(),
        drafted(title="Lease 15"),
        drafted(documents=[OTHER]),
        drafted(documents=[PDF.model_copy(update={"title": "Other"})]),
        drafted(documents=[], template="lease"),
        drafted(signers=[BOB, ANN]),
        drafted(signers=[ANN | {"identity": secret}, BOB]),
        drafted(signers=[ANN | {"identity": secret | {"number": "2"}}, BOB]),
        drafted(message="Hi"),
        drafted(metadata={"a": "b"}),
        drafted(options=[AcmeOptions()]),
        drafted(options=[AcmeOptions(color="red")]),
        drafted(options=[AcmeOptions(pin=SecretStr("1"))]),
        drafted(options=[AcmeOptions(pin=SecretStr("2"))]),
    ]
    fingerprints = [draft.pinned().fingerprint() for draft in wishes]
    assert len(set(fingerprints)) == len(wishes)
    assert all(len(each) == 64 for each in fingerprints)


def test_the_fingerprint_is_the_same_for_the_same_wish() -> None:
    """However the draft was made, whatever the order of metadata, and with or without a mark."""
    first = drafted(metadata={"a": "1", "b": "2"}).pinned()
    second = drafted(metadata={"b": "2", "a": "1"}).pinned()
    assert first.fingerprint() == second.fingerprint() == second.marked("m").fingerprint()


def test_fields_that_are_added_change_no_old_fingerprint() -> None:
    """A product that is upgraded between two tries still has the same wish."""
    digest = "21d21d8a5b6ac28a2e02a0e3f3d1d66f9f3f9a4d0d7a5f7f2b1d0c0b0a090807"
    document = PDF.model_copy(update={"sha256": digest})
    known = "8dfb1f2b7b094ae6fb750defc777f9182d63bcef57b6e6f5e91512feedf494d3"
    assert drafted(documents=[document], message="Hi").fingerprint() == known


def test_times_are_one_everywhere() -> None:
    """However they are written; one without a zone is refused, and the end is after the start."""
    here, there = "2030-01-01T01:00:00+01:00", "2030-01-01T00:00:00Z"
    assert drafted(send_at=here).fingerprint() == drafted(send_at=there).fingerprint()
    assert problems(send_at="2030-01-01T00:00:00") == [
        "send_at: needs a time zone, as in 2030-01-31T09:00:00+01:00"
    ]
    assert problems(send_at=here, expires_at=there) == ["expires_at: must be after send_at"]
    assert problems(expires_at=here, expires_in_days=3) == [
        "expires_at: give this or expires_in_days, and not both"
    ]
    assert drafted(send_at=here, expires_at="2030-01-02T00:00Z").expires_in_days is None


def test_documents_count_by_their_bytes_once_they_are_pinned() -> None:
    """The same name and length, other bytes."""
    same_length = Document.from_bytes(b"%PDF-1.6", name="lease.pdf")
    first, second = drafted(), drafted(documents=[same_length])
    assert first.fingerprint() == second.fingerprint()
    assert first.pinned().fingerprint() != second.pinned().fingerprint()


def test_the_canonical_form_is_json_without_secrets() -> None:
    """For showing the difference between two wishes."""
    identity = Identity(method=IdentityMethod.NATIONAL_ID, country="DK", number=SecretStr("canary"))
    draft = drafted(
        signers=[ANN | {"identity": identity}], options=[AcmeOptions(pin=SecretStr("canary"))]
    )
    data = draft.marked("canary").pinned().canonical()
    text = json.dumps(data)
    assert "canary" not in text
    assert data["signers"][0]["identity"]["number"] == "***"
    assert data["options"] == [{"provider": "acme", "pin": "***"}]
    assert data["documents"][0]["sha256"]
    assert "content" not in data["documents"][0]


def test_a_draft_shows_nobody_and_no_secret() -> None:
    """Titles and names are printed; addresses, messages, ids and documents are not."""
    draft = drafted(
        message="canary",
        signers=[ANN | {"email": "canary@example.com", "message": "canary"}],
        copies=[{"name": "Eve", "email": "canary@example.com"}],
        documents=[Document.from_bytes(b"%PDF-canary", name="a.pdf")],
        options=[AcmeOptions(pin=SecretStr("canary"))],
    )
    printed = f"{draft} {draft!r}"
    assert "Lease 14" in printed
    assert "canary" not in printed


def test_a_template_reference_is_its_name() -> None:
    """Positional, as it is written most often."""
    assert TemplateRef("lease").name == "lease"
    with pytest.raises(InvalidDraft):
        TemplateRef("")


def test_title_holds_no_nul() -> None:
    """It could not be kept on every database; told at the edge, with its field."""
    with pytest.raises(InvalidDraft, match="title: must not hold a NUL character"):
        EnvelopeDraft(
            title="Lease\0 14",
            template=TemplateRef("lease"),
            signers=[Signer(name="Jane Doe", email="jane@example.com")],
        )
