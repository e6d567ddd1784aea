"""Each refusal of the simulated vendor points at the field that the caller wrote."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from esign_core.errors import Problem, Refused
from esign_core.model import (
    Channel,
    CopyRecipient,
    Document,
    EnvelopeDraft,
    Identity,
    IdentityMethod,
    Redirects,
    Signer,
    TemplateRef,
)
from esign_core.provider import localized
from esign_penneo import PenneoDocumentOptions, PenneoOptions, PenneoSignerOptions
from esign_penneo.origins import at_the_callers_fields, field_of
from esign_penneo.vocabulary import ELECTRONIC_ID, LANGUAGES, NATIONAL_ID

if TYPE_CHECKING:
    from tests.penneo.conftest import World

PDF = b"%PDF-1.7\n%%EOF\n"
LONG_AGO = datetime(1960, 1, 1, tzinfo=UTC)
JANE = Signer(name="Jane", email="jane@example.com")
BO = Signer(name="Bo", email="bo@example.com")
PLAIN = EnvelopeDraft(
    title="Lease",
    signers=[JANE, BO],
    documents=[Document.from_bytes(PDF, name=name) for name in ("a.pdf", "b.pdf")],
)
BY_SMS = Identity(method=IdentityMethod.SMS)
ELECTRONIC = IdentityMethod.ELECTRONIC_ID


def draft(**fields: Any) -> EnvelopeDraft:
    """A good draft, spoilt past everything that is looked at before."""
    return PLAIN.model_copy(update=fields)


def bo(**fields: Any) -> dict[str, Any]:
    """The second signer, spoilt."""
    return {"signers": (JANE, BO.model_copy(update=fields))}


def own(**wishes: Any) -> dict[str, Any]:
    """The second signer with wishes of Penneo's, whatever they are."""
    return bo(options=(PenneoSignerOptions.model_construct(**wishes),))


def everyone(**wishes: Any) -> dict[str, Any]:
    """Wishes for the case file and all signers, whatever they are."""
    return {"options": (PenneoOptions.model_construct(**wishes),)}


def second(**fields: Any) -> dict[str, Any]:
    """The second document, spoilt."""
    return {"documents": (PLAIN.documents[0], PLAIN.documents[1].model_copy(update=fields))}


def of_document(**wishes: Any) -> dict[str, Any]:
    """The second document with wishes of Penneo's, whatever they are."""
    return second(options=(PenneoDocumentOptions.model_construct(**wishes),))


def copies(**fields: Any) -> dict[str, Any]:
    """Two copy recipients, the second one spoilt."""
    good = CopyRecipient(name="Kim", email="kim@example.com")
    return {"copies": (good, good.model_copy(update=fields))}


CUT = Document.from_bytes(b"%PDF-1.7\ncut", name="b.pdf")
OPTION = "options.penneo"
BOS = "signers[1].options.penneo"
ROWS = [
    # of the case file
    ({"title": ""}, "title"),
    ({"send_at": LONG_AGO}, "send_at"),
    ({"expires_at": LONG_AGO}, "expires_at"),
    ({"expires_in_days": -40_000}, "expires_in_days"),
    ({"language": "xx"}, "language"),
    (copies(email="kim"), "copies[1].email"),
    (copies(name=""), "copies[1].name"),
    (everyone(folder_id=0), f"{OPTION}.folder_id"),
    (everyone(visibility_mode=2), f"{OPTION}.visibility_mode"),
    (everyone(reference=7), f"{OPTION}.reference"),
    (everyone(sender_name="x"), f"{OPTION}.sender_name"),
    (everyone(sensitive_data="yes"), f"{OPTION}.sensitive_data"),
    (everyone(sign_on_meeting="yes"), f"{OPTION}.sign_on_meeting"),
    (everyone(disable_email_attachments=1), f"{OPTION}.disable_email_attachments"),
    (everyone(disable_notifications_owner=1), f"{OPTION}.disable_notifications_owner"),
    (everyone(access_control=True), f"{OPTION}.access_control"),
    (everyone(sensitive_data=True), f"{OPTION}.sensitive_data"),
    (everyone(store_as_contact="yes") | copies(), f"{OPTION}.store_as_contact"),
    # of a signer, neutral
    (bo(name=""), "signers[1].name"),
    (bo(email="bo"), "signers[1].email"),
    (bo(role="x"), "signers[1].role"),
    (bo(order=0), "signers[1].order"),
    (bo(language="xx"), "signers[1].language"),
    (bo(message="Hi"), "signers[1].message"),
    ({"message": "Hi"}, "message"),
    ({"subject": "Hi"}, "subject"),
    ({"remind_every_days": 0}, "remind_every_days"),
    ({"redirects": Redirects.model_construct(signed="/s")}, "redirects.signed"),
    ({"redirects": Redirects.model_construct(failed="/f")}, "redirects.failed"),
    (bo(redirects=Redirects.model_construct(signed="/s")), "signers[1].redirects.signed"),
    (bo(redirects=Redirects.model_construct(failed="/f")), "signers[1].redirects.failed"),
    (bo(identity=BY_SMS), "signers[1].identity"),
    (
        bo(
            identity=Identity(
                method=IdentityMethod.NATIONAL_ID, country="XX", number=SecretStr("1")
            )
        ),
        "signers[1].identity",
    ),
    (bo(identity=Identity(method=ELECTRONIC, country="XX")), "signers[1].identity"),
    # of a signer, Penneo's own
    (own(email_subject="Hi"), f"{BOS}.email_subject"),
    (own(email_format="md"), f"{BOS}.email_format"),
    (own(reminder_interval=0), f"{BOS}.reminder_interval"),
    (own(reminder_email_subject="Hi"), f"{BOS}.reminder_email_subject"),
    (own(reminder_email_text="Hi"), f"{BOS}.reminder_email_text"),
    (own(completed_email_subject="Hi"), f"{BOS}.completed_email_subject"),
    (own(completed_email_text="Hi"), f"{BOS}.completed_email_text"),
    (own(enable_insecure_signing=1), f"{BOS}.enable_insecure_signing"),
    (own(insecure_signing_methods=("draw", "ink")), f"{BOS}.insecure_signing_methods[1]"),
    (own(secure_signing_methods=("nemid",)), f"{BOS}.secure_signing_methods[0]"),
    (own(vatin=7), f"{BOS}.vatin"),
    (own(ssn_type="dk"), f"{BOS}.ssn_type"),
    (own(ssn_type="sms"), f"{BOS}.ssn_type"),
    (own(active_at=LONG_AGO), f"{BOS}.active_at"),
    (own(expire_at=LONG_AGO), f"{BOS}.expire_at"),
    (own(access_control=True), f"{BOS}.access_control"),
    (own(on_behalf_of=7), f"{BOS}.on_behalf_of"),
    (own(store_as_contact="yes"), f"{BOS}.store_as_contact"),
    # of all signers
    (everyone(email_format="md"), f"{OPTION}.email_format"),
    (everyone(reminder_email_subject="Hi"), f"{OPTION}.reminder_email_subject"),
    (everyone(reminder_email_text="Hi"), f"{OPTION}.reminder_email_text"),
    (everyone(completed_email_subject="Hi"), f"{OPTION}.completed_email_subject"),
    (everyone(completed_email_text="Hi"), f"{OPTION}.completed_email_text"),
    (everyone(enable_insecure_signing=1), f"{OPTION}.enable_insecure_signing"),
    (everyone(insecure_signing_methods=("ink",)), f"{OPTION}.insecure_signing_methods[0]"),
    (everyone(secure_signing_methods=("nemid",)), f"{OPTION}.secure_signing_methods[0]"),
    # of a document
    (second(title="x" * 1025), "documents[1].title"),
    (second(name="x" * 1025), "documents[1].name"),
    (second(name="a.pdf"), "documents"),
    (second(signable="yes"), "documents[1].signable"),
    (second(roles=("x",)), "documents[1].roles[0]"),
    (second(roles=("tenant",)), "documents[1].roles"),
    ({"documents": (PLAIN.documents[0], CUT)}, "documents[1]"),
    (
        of_document(meta_data=7),
        "documents[1].options.penneo.meta_data",
    ),
    (
        of_document(description=7),
        "documents[1].options.penneo.description",
    ),
]


@pytest.fixture
def other_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version of the adapter that believes in words which the vendor does not know."""
    monkeypatch.setitem(LANGUAGES, "xx", "xx")
    monkeypatch.setitem(NATIONAL_ID, "XX", "xx:id")
    monkeypatch.setitem(ELECTRONIC_ID, "XX", ("xx.id",))


@pytest.mark.usefixtures("other_words")
@pytest.mark.filterwarnings("ignore:Pydantic serializer")  # it sees that values are spoilt
@pytest.mark.parametrize(("fields", "field"), ROWS, ids=[str(row[1]) for row in ROWS])
def test_refusal_points_at_what_the_caller_wrote(
    world: World, fields: dict[str, Any], field: str
) -> None:
    """One field of Penneo's can come from several of a draft: it is the one that was used."""
    with pytest.raises(Refused, match="400, ") as caught:
        world.ask(world.session.provider.send(draft(**fields)))
    assert {problem.field for problem in caught.value.problems} == {field}
    assert all(problem.message for problem in caught.value.problems)


def test_every_problem_is_pointed_at(world: World) -> None:
    """The vendor tells all of them at once: what two signers share, the caller wrote once."""
    fields = {**bo(role="bo ", message="Hi"), "subject": "Hi", "title": ""}
    with pytest.raises(Refused) as caught:
        world.ask(world.session.provider.send(draft(**fields)))
    places = [problem.field for problem in caught.value.problems]
    assert places == ["title", "subject", "signers[1].role", "signers[1].message"]


def test_json_points_at_the_same_fields(open_world: Callable[..., World]) -> None:
    """The other form has other words for some fields, and one that it does not know."""
    world = open_world(upload="json")
    for fields, field in (
        ({"documents": (PLAIN.documents[0], CUT)}, "documents[1]"),
        (everyone(sender_name="Acme"), f"{OPTION}.sender_name"),
        (bo(message="Hi"), "signers[1].message"),
    ):
        with pytest.raises(Refused) as caught:
            world.ask(world.session.provider.send(draft(**fields)))
        assert {problem.field for problem in caught.value.problems} == {field}


def test_template_is_pointed_at_and_not_the_pdf_it_became(
    open_world: Callable[..., World], tmp_path: Path
) -> None:
    """Whoever wrote `template` has written no document."""
    pdf = tmp_path / "lease.pdf"
    _ = pdf.write_bytes(b"%PDF-1.7\ncut")
    world = open_world(templates={"lease": {"document": str(pdf)}})
    neutral = EnvelopeDraft(
        title="Lease",
        signers=[Signer(name="Jane", delivery=Channel.LINK)],
        template=TemplateRef("lease"),
    )
    provider = world.session.provider
    with pytest.raises(Refused) as caught:
        world.ask(provider.send(localized(neutral, provider)))
    assert [problem.field for problem in caught.value.problems] == ["template"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("", ""),
        ("metaData", "metadata"),
        ("newWish", "new_wish"),
        ("ccRecipients", "copies"),
        ("ccRecipients[0].newField", "copies[0].new_field"),
        ("signers", "signers"),
        ("signers[0]", "signers[0]"),
        ("signers[7].role", "signers"),
        ("signers[0].newField", "signers[0].new_field"),
        ("signers[0].vatin", "signers[0].options.penneo.vatin"),
        ("signers[0].emailFormat", "message"),
        ("signers[0].socialSecurityNumberPlain", "signers[0].phone"),
        ("signers[0].ssnType", "signers[0].options.penneo.ssn_type"),
        ("documents", "documents"),
        ("documents[7].title", "documents"),
        ("documents[0].documentOrder", "documents[0]"),
        ("documents[0].pdf", "documents[0].content"),
    ],
)
def test_field_that_nobody_wrote_has_a_place_all_the_same(path: str, field: str) -> None:
    """Where it would be written; a field of a later version by its own name."""
    assert field_of(path, PLAIN) == field


def test_number_is_pointed_at_where_it_was_given() -> None:
    """Its own place beside the phone's."""
    identity = Identity(method=IdentityMethod.SMS, number=SecretStr("+4512345678"))
    problem = Problem("signers[1].socialSecurityNumberPlain", "is odd")
    (found,) = at_the_callers_fields([problem], draft(**bo(identity=identity)))
    assert found == Problem("signers[1].identity.number", "is odd")
