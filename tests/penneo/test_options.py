from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import SecretStr

from esign_core.errors import InvalidDraft
from esign_core.model import (
    Channel,
    Document,
    EnvelopeDraft,
    Identity,
    IdentityMethod,
    Redirects,
    Signer,
)
from esign_core.provider import Multipart, Registry, with_options
from esign_core.testing import replay, reply
from esign_penneo import (
    PenneoDocumentOptions,
    PenneoOptions,
    PenneoProvider,
    PenneoSignerOptions,
)

MakeDraft = Callable[..., EnvelopeDraft]

ACCEPTED = {"jobs": [{"uuid": "u", "payloadHash": "h"}], "status": "handled", "message": ""}
JANE: dict[str, Any] = {"name": "Jane Doe", "email": "jane@example.com"}


@pytest.fixture
def sent(provider: PenneoProvider, make_draft: MakeDraft) -> Callable[..., dict[str, Any]]:
    """The case file that is sent for a draft."""

    def send(**fields: Any) -> dict[str, Any]:
        (request,) = replay(provider.send(make_draft(**fields)), [reply(ACCEPTED)]).requests
        assert isinstance(request.body, Multipart)
        content = request.body.parts[0].content
        assert isinstance(content, bytes)
        case_file: dict[str, Any] = json.loads(content)["caseFile"]
        return case_file

    return send


Sent = Callable[..., dict[str, Any]]


def test_options_speak_penneos_words() -> None:
    """What is not wished for is left to Penneo's own default."""
    options = PenneoOptions(folder_id=3, sensitive_data=True, completed_email_text="Thanks.")
    assert options.for_case_file() == {"folderId": 3, "sensitiveData": True}
    assert options.for_signers() == {"completedEmailText": "Thanks."}
    assert options.for_copies() == {}
    assert PenneoOptions(store_as_contact=False).for_copies() == {"storeAsContact": False}


def test_times_are_penneos_seconds_wherever_they_were_written() -> None:
    """A time zone changes how a moment is written, and not which one it is."""
    at = datetime(2027, 1, 31, 9, tzinfo=timezone(timedelta(hours=1)))
    assert PenneoSignerOptions(active_at=at).for_signer() == {
        "activeAt": int(datetime(2027, 1, 31, 8, tzinfo=UTC).timestamp())
    }


@pytest.mark.parametrize(
    ("kind", "wish"),
    [
        (PenneoOptions, {"visibility_mode": 2}),
        (PenneoOptions, {"folder_id": 0}),
        (PenneoOptions, {"sender_name": "x"}),
        (PenneoOptions, {"sender_name": "x" * 256}),
        (PenneoOptions, {"email_format": "md"}),
        (PenneoOptions, {"reminder_email_text": "1234"}),
        (PenneoOptions, {"secure_signing_methods": ["nemid"]}),
        (PenneoOptions, {"success_url": "https://example.com"}),
        (PenneoSignerOptions, {"insecure_signing_methods": ["ink"]}),
        (PenneoSignerOptions, {"ssn_type": "dk"}),
        (PenneoSignerOptions, {"active_at": "2027-01-31T09:00:00"}),
        (PenneoSignerOptions, {"reminder_interval": 0}),
        (PenneoSignerOptions, {"email_subject": "1234"}),
        (PenneoDocumentOptions, {"description": ""}),
    ],
)
def test_what_penneo_never_takes_cannot_be_wished_for(kind: Any, wish: dict[str, Any]) -> None:
    """Documented words and lengths are refused where they are written, by their own name."""
    with pytest.raises(InvalidDraft, match=next(iter(wish))):
        kind(**wish)


def test_options_can_be_plain_data() -> None:
    """A draft in a file says the same, with the provider's name before its wishes."""
    data = {
        "options": {"penneo": {"folder_id": 2}},
        "signers": [{"name": "Jane", "options": {"penneo": {"vatin": "DK12345678"}}}],
        "documents": [{"options": {"penneo": {"meta_data": "x"}}}],
    }
    read = with_options(data, Registry.installed())
    assert read["options"] == [PenneoOptions(folder_id=2)]
    assert read["signers"][0]["options"] == [PenneoSignerOptions(vatin="DK12345678")]
    assert read["documents"][0]["options"] == [PenneoDocumentOptions(meta_data="x")]


def test_words_to_people_are_in_no_repr() -> None:
    """Texts and numbers of people stay out of what is printed and logged."""
    canary = "canary-words"
    own = PenneoSignerOptions(vatin=canary, email_subject=canary, completed_email_text=canary)
    assert canary not in f"{own!r} {PenneoOptions(reminder_email_subject=canary)!r}"


@pytest.mark.parametrize(
    ("wish", "format_"),
    [
        ({}, None),
        ({"subject": "About it"}, None),
        ({"message": "Please sign"}, "text"),
        ({"options": [PenneoOptions(completed_email_text="Thanks.")]}, "text"),
        ({"message": "Please", "options": [PenneoOptions(email_format="html")]}, "html"),
    ],
)
def test_texts_are_plain_unless_it_is_said(
    sent: Sent, wish: dict[str, Any], format_: str | None
) -> None:
    """Without a text of one's own there is nothing to say of its format."""
    assert sent(**wish)["signers"][0].get("emailFormat") == format_


def test_signers_wishes_go_before_the_envelopes(sent: Sent) -> None:
    """For each signer the nearest wish counts; redirects are one wish, and not two halves."""
    own = PenneoSignerOptions(email_subject="For Jane", store_as_contact=True, reminder_interval=1)
    jane = Signer(**JANE, redirects=Redirects(failed="https://jane.example/f"), options=[own])
    everyone = PenneoOptions(store_as_contact=False, completed_email_subject="All done")
    case_file = sent(
        signers=(jane, Signer(name="Bo", email="bo@example.com")),
        subject="For all",
        remind_every_days=5,
        redirects=Redirects(signed="https://all.example/s"),
        options=[everyone],
    )
    first, second = case_file["signers"]
    shared = {"completedEmailSubject": "All done"}
    assert first == {
        **JANE,
        **shared,
        "emailSubject": "For Jane",
        "storeAsContact": True,
        "reminderInterval": 1,
        "failUrl": "https://jane.example/f",
    }
    assert second == {
        "name": "Bo",
        "email": "bo@example.com",
        **shared,
        "emailSubject": "For all",
        "storeAsContact": False,
        "reminderInterval": 5,
        "successUrl": "https://all.example/s",
    }


def test_signer_by_link_is_reminded_of_nothing(sent: Sent) -> None:
    """Penneo writes to nobody without an address, so neither subject nor interval go along."""
    signer = Signer(name="Jane", delivery=Channel.LINK)
    case_file = sent(signers=(signer,), subject="For all", remind_every_days=5)
    assert case_file["signers"] == [{"name": "Jane"}]


NUMBER = SecretStr("0101701234")


@pytest.mark.parametrize(
    ("method", "country", "wish", "asked"),
    [
        (
            IdentityMethod.ELECTRONIC_ID,
            "SE",
            {},
            {"secureSigningMethods": ["bankid_se"]},
        ),
        (
            IdentityMethod.ELECTRONIC_ID,
            "DE",
            {"secure_signing_methods": ("qes.personal.mitid.dk",)},
            {"secureSigningMethods": ["qes.personal.mitid.dk"]},
        ),
        (
            IdentityMethod.PASSPORT,
            None,
            {},
            {"secureSigningMethods": ["passport-reader.eident.dk"]},
        ),
    ],
)
def test_identity_to_sign_with_is_a_secure_method(
    sent: Sent,
    method: IdentityMethod,
    country: str | None,
    wish: dict[str, Any],
    asked: dict[str, Any],
) -> None:
    """Nothing is checked before; the envelope's methods give way, the signer's own do not."""
    identity = Identity(method=method, country=country)
    signer = Signer(**JANE, identity=identity, options=[PenneoSignerOptions(**wish)])
    everyone = PenneoOptions(secure_signing_methods=("bankid_no",))
    case_file = sent(signers=(signer,), options=[everyone])
    assert case_file["signers"] == [{**JANE, **asked}]


@pytest.mark.parametrize(
    ("identity", "phone", "wish", "asked"),
    [
        (
            Identity(method=IdentityMethod.ELECTRONIC_ID, country="DK", number=NUMBER),
            None,
            {},
            {"secureSigningMethods": ["mitid.dk"], "ssnType": "dk:cpr"},
        ),
        (
            Identity(method=IdentityMethod.NATIONAL_ID, country="DK", number=NUMBER),
            None,
            {"access_control": False},
            {"ssnType": "dk:cpr", "accessControl": False},
        ),
        (
            Identity(method=IdentityMethod.NATIONAL_ID, country="DE", number=NUMBER),
            None,
            {"ssn_type": "legacy"},
            {"ssnType": "legacy", "accessControl": True},
        ),
        (
            None,
            "+4512345678",
            {"ssn_type": "sms", "access_control": True},
            {"ssnType": "sms", "accessControl": True},
        ),
    ],
)
def test_number_goes_along_with_what_it_is(
    sent: Sent,
    identity: Identity | None,
    phone: str | None,
    wish: dict[str, Any],
    asked: dict[str, Any],
) -> None:
    """The country or the signer's own word says what a number is; a phone is one for SMS."""
    options = [PenneoSignerOptions(**wish)]
    signer = Signer(**JANE, identity=identity, phone=phone, options=options)
    number = {"socialSecurityNumberPlain": phone or NUMBER.get_secret_value()}
    assert sent(signers=(signer,))["signers"] == [{**JANE, **number, **asked}]


def test_documents_carry_their_own_wishes(sent: Sent) -> None:
    """Each document its own words, and none where there are none."""
    plain = Document.from_bytes(b"%PDF-1", name="a.pdf")
    options = [PenneoDocumentOptions(meta_data="b-14")]
    wished = Document.from_bytes(b"%PDF-2", name="b.pdf", options=options)
    first, second = sent(documents=(plain, wished))["documents"]
    assert set(second) - set(first) == {"metaData"}
    assert second["metaData"] == "b-14"
