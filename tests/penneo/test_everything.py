"""The draft that asks for everything Penneo can do, and what the vendor has on record of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from esign_core.model import (
    Channel,
    CopyRecipient,
    Document,
    EnvelopeDraft,
    EnvelopeStatus,
    Identity,
    IdentityMethod,
    Redirects,
    Signer,
)
from esign_core.provider import gaps_of
from esign_penneo import PenneoDocumentOptions, PenneoOptions, PenneoSignerOptions

if TYPE_CHECKING:
    from tests.penneo.conftest import World

PDF = b"%PDF-1.7\n%%EOF\n"
NATIONAL, SMS = IdentityMethod.NATIONAL_ID, IdentityMethod.SMS
ELECTRONIC, PASSPORT = IdentityMethod.ELECTRONIC_ID, IdentityMethod.PASSPORT


def moment(month: int) -> datetime:
    """The first of a month of the year after the world begins."""
    return datetime(2027, month, 1, tzinfo=UTC)


def seconds(month: int) -> int:
    """The same as Penneo writes it."""
    return int(moment(month).timestamp())


OF_A_CASE_FILE: dict[str, Any] = {
    "sensitive_data": False,
    "sign_on_meeting": True,
    "visibility_mode": 1,
    "disable_email_attachments": True,
    "disable_notifications_owner": True,
    "folder_id": 2,
    "reference": "L14",
}
OF_MULTIPART: dict[str, Any] = {"access_control": False, "sender_name": "Acme Estates"}
OF_ALL_SIGNERS: dict[str, Any] = {
    "store_as_contact": False,
    "reminder_email_subject": "Still open",
    "reminder_email_text": "We wait.",
    "completed_email_subject": "All done",
    "completed_email_text": "Thanks.",
    "enable_insecure_signing": False,
    "insecure_signing_methods": ("draw", "text"),
    "secure_signing_methods": ("bankid_no", "ftn.fi"),
}


def everything(**case_file: Any) -> EnvelopeDraft:
    """A wish in every field."""
    return EnvelopeDraft(
        title="Lease 14",
        documents=[
            Document.from_bytes(
                PDF,
                name="lease.pdf",
                title="The lease",
                roles=["tenant", "owner"],
                options=[PenneoDocumentOptions(meta_data="lease-14", description="Three years")],
            ),
            Document.from_bytes(PDF + PDF, name="rules.pdf", signable=False),
        ],
        signers=[
            Signer(
                name="Jane Doe",
                email="jane@example.com",
                role="tenant",
                order=1,
                language="nb",
                message="Dear Jane",
                redirects=Redirects(signed="https://jane.example/signed"),
                identity=Identity(method=NATIONAL, country="DK", number=SecretStr("0101701234")),
                options=[
                    PenneoSignerOptions(
                        vatin="DK12345678",
                        on_behalf_of="Doe Ltd",
                        ssn_type="legacy",
                        access_control=True,
                        active_at=moment(3),
                        expire_at=moment(5),
                        email_subject="For Jane",
                        email_format="html",
                        reminder_interval=2,
                        reminder_email_subject="Jane, still open",
                        reminder_email_text="Jane, we wait.",
                        completed_email_subject="Jane, all done",
                        completed_email_text="Jane, thanks.",
                        store_as_contact=True,
                        enable_insecure_signing=True,
                        insecure_signing_methods=("image",),
                        secure_signing_methods=("mitid.dk", "qes.personal.mitid.dk"),
                    )
                ],
            ),
            Signer(
                name="Bo Ek",
                email="bo@example.com",
                phone="+4512345678",
                role="owner",
                order=2,
                identity=Identity(method=SMS),
            ),
            Signer(
                name="Al Ba",
                delivery=Channel.LINK,
                order=2,
                identity=Identity(method=ELECTRONIC, country="BE", number=SecretStr("85073003328")),
            ),
            Signer(
                name="Eve Li",
                delivery=Channel.LINK,
                order=3,
                identity=Identity(method=PASSPORT),
            ),
        ],
        copies=[CopyRecipient(name="Kim", email="kim@example.com")],
        subject="About your lease",
        message="Please sign",
        redirects=Redirects(signed="https://a.example/s", failed="https://a.example/f"),
        language="da",
        send_at=moment(2),
        expires_at=moment(6),
        remind_every_days=3,
        metadata={"lease": "14"},
        options=[PenneoOptions(**OF_A_CASE_FILE, **case_file, **OF_ALL_SIGNERS)],
    )


def on_record(**case_file: Any) -> dict[str, Any]:
    """What the vendor must have understood."""
    for_all = {
        "storeAsContact": False,
        "reminderEmailSubject": "Still open",
        "reminderEmailText": "We wait.",
        "completedEmailSubject": "All done",
        "completedEmailText": "Thanks.",
        "enableInsecureSigning": False,
        "insecureSigningMethods": ["draw", "text"],
        "secureSigningMethods": ["bankid_no", "ftn.fi"],
        "successUrl": "https://a.example/s",
        "failUrl": "https://a.example/f",
        "emailFormat": "text",
    }
    return {
        "title": "Lease 14",
        "language": "da",
        "sendAt": seconds(2),
        "expireAt": seconds(6),
        "metaData": '{"esign":"esign:env_1","lease":"14"}',
        "reference": "L14",
        "sensitiveData": False,
        "signOnMeeting": True,
        "visibilityMode": 1,
        "disableEmailAttachments": True,
        "disableNotificationsOwner": True,
        "folderId": 2,
        **case_file,
        "ccRecipients": [{"name": "Kim", "email": "kim@example.com", "storeAsContact": False}],
        "signers": [
            {
                "name": "Jane Doe",
                "email": "jane@example.com",
                "role": "tenant",
                "signOrder": 0,
                "language": "no",
                "emailSubject": "For Jane",
                "emailText": "Dear Jane",
                "emailFormat": "html",
                "reminderInterval": 2,
                "reminderEmailSubject": "Jane, still open",
                "reminderEmailText": "Jane, we wait.",
                "completedEmailSubject": "Jane, all done",
                "completedEmailText": "Jane, thanks.",
                "successUrl": "https://jane.example/signed",
                "ssnType": "legacy",
                "accessControl": True,
                "socialSecurityNumberPlain": "0101701234",
                "vatin": "DK12345678",
                "onBehalfOf": "Doe Ltd",
                "activeAt": seconds(3),
                "expireAt": seconds(5),
                "storeAsContact": True,
                "enableInsecureSigning": True,
                "insecureSigningMethods": ["image"],
                "secureSigningMethods": ["mitid.dk", "qes.personal.mitid.dk"],
            },
            {
                **for_all,
                "name": "Bo Ek",
                "email": "bo@example.com",
                "role": "owner",
                "signOrder": 1,
                "emailSubject": "About your lease",
                "emailText": "Please sign",
                "reminderInterval": 3,
                "ssnType": "sms",
                "accessControl": True,
                "socialSecurityNumberPlain": "+4512345678",
            },
            {
                **for_all,
                "name": "Al Ba",
                "signOrder": 1,
                "secureSigningMethods": ["itsme.be", "eid.belgium.be"],
                "ssnType": "be:nrn",
                "socialSecurityNumberPlain": "85073003328",
            },
            {
                **for_all,
                "name": "Eve Li",
                "signOrder": 2,
                "secureSigningMethods": ["passport-reader.eident.dk"],
            },
        ],
    }


LEASE = {
    "title": "The lease",
    "signable": True,
    "documentOrder": 0,
    "roles": ["tenant", "owner"],
    "metaData": "lease-14",
    "description": "Three years",
}
RULES = {"title": "rules", "signable": False, "documentOrder": 1}


def test_every_field_arrives_as_files(world: World) -> None:
    """Nothing stands in its way, and the vendor's own record has each wish where it belongs."""
    draft = everything(**OF_MULTIPART).marked("esign:env_1")
    assert gaps_of(draft, world.session.provider) == ()
    record = world.record(world.send(draft))
    expected = on_record(accessControl=False, senderName="Acme Estates")
    expected["documents"] = [{**LEASE, "name": "lease.pdf"}, {**RULES, "name": "rules.pdf"}]
    assert record.wish == expected
    assert [document.original for document in record.documents] == [PDF, PDF + PDF]


def test_every_field_arrives_as_json(open_world: Callable[..., World]) -> None:
    """The same but for the two fields that this form does not have."""
    world = open_world(upload="json")
    draft = everything().marked("esign:env_1")
    assert gaps_of(draft, world.session.provider) == ()
    record = world.record(world.send(draft))
    assert record.wish == {**on_record(), "documents": [LEASE, RULES]}
    assert [document.original for document in record.documents] == [PDF, PDF + PDF]
    (first, second) = gaps_of(everything(**OF_MULTIPART), world.session.provider)
    assert {first.field, second.field} == {
        "options.penneo.access_control",
        "options.penneo.sender_name",
    }


def test_everything_reads_back(world: World) -> None:
    """What the API shows again is what was wished for."""
    draft = everything(**OF_MULTIPART).marked("esign:env_1")
    found = world.ask(world.session.provider.fetch(world.send(draft)))
    assert found.status is EnvelopeStatus.SCHEDULED
    assert (found.title, found.mark, found.metadata) == ("Lease 14", "esign:env_1", {"lease": "14"})
    assert found.expires_at == moment(6)
    assert [(s.name, s.email, s.order) for s in found.signers] == [
        ("Jane Doe", "jane@example.com", 1),
        ("Bo Ek", "bo@example.com", 2),
        ("Al Ba", None, 2),
        ("Eve Li", None, 3),
    ]


def test_days_count_from_when_it_goes_out(world: World) -> None:
    """Scheduled, signers have the same number of days as if it went out at once."""
    document = Document.from_bytes(PDF, name="lease.pdf")
    signer = Signer(name="Jane", delivery=Channel.LINK)
    draft = EnvelopeDraft(title="L", documents=[document], signers=[signer], expires_in_days=7)
    at_once = world.record(world.send(draft))
    later = world.record(world.send(draft.model_copy(update={"send_at": moment(2)})))
    assert (at_once.expire_at - at_once.created_at).days in {6, 7}
    assert (later.expire_at - moment(2)).total_seconds() == 7 * 86_400
    last = draft.model_copy(update={"send_at": datetime(9999, 12, 30, tzinfo=UTC)})
    assert world.record(world.send(last)).expire_at == datetime(
        9999, 12, 31, 23, 59, 59, tzinfo=UTC
    )
