from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from esign_core.sandbox import Act, Channel, LedgerEntry, Mail

if TYPE_CHECKING:
    from tests.penneo.sandbox.conftest import Customer, Envelope

JANE = {"name": "Jane", "email": "jane@example.com"}
JOHN = {"name": "John", "email": "john@example.com"}
KIM = {"name": "Kim", "email": "kim@example.com"}
OWNER = "Owner of the account"


def mails(customer: Customer, what: str) -> dict[str, Mail]:
    """What people were written, by name."""
    found = [entry for entry in customer.vendor.ledger if entry.what == what]
    assert all((entry.mail is None) == (entry.channel is not Channel.EMAIL) for entry in found)
    return {entry.signer: entry.mail for entry in found if entry.mail is not None}


def completed(customer: Customer, *signers: dict[str, Any], **case_file: Any) -> Envelope:
    """A case file that everybody has signed."""
    envelope = customer.send(*signers, **case_file)
    envelope.sign_all()
    customer.wait(seconds=1)
    assert envelope.status() == 5
    return envelope


def test_each_mail_has_its_own_subject_and_text(customer: Customer) -> None:
    """The words that were asked for: when asked, when reminded, and at the end."""
    words = {
        "emailSubject": "About the lease",
        "emailText": "<b>Read</b> it",
        "reminderEmailSubject": "Still there?",
        "reminderEmailText": "We wait.",
        "completedEmailSubject": "All done",
        "completedEmailText": "Thanks.",
    }
    signer = {**JANE, **words, "reminderInterval": 2, "emailFormat": "html"}
    envelope = customer.send(signer, senderName="Acme")
    customer.wait(days=2)
    envelope.act(Act.SIGN)
    customer.wait(seconds=1)
    written = {what: mails(customer, what)["Jane"] for what in ("asked", "reminded", "informed")}
    assert {what: (mail.subject, mail.text) for what, mail in written.items()} == {
        "asked": ("About the lease", "<b>Read</b> it"),
        "reminded": ("Still there?", "We wait."),
        "informed": ("All done", "Thanks."),
    }
    assert {(mail.is_html, mail.sender) for mail in written.values()} == {(True, "Acme")}


def test_penneo_has_words_of_its_own(customer: Customer) -> None:
    """Who gives no text gets one all the same; a link that is handed out comes with none."""
    customer.send(JANE, {"name": "Bo"})
    assert mails(customer, "asked") == {
        "Jane": Mail(
            subject="Please sign: Lease 14",
            text="Please sign Lease 14.",
            language="en",
            to="jane@example.com",
        )
    }


@pytest.mark.parametrize(
    ("signer", "case_file", "language"),
    [
        ({}, {}, "en"),
        ({}, {"language": "da"}, "da"),
        ({"language": "no"}, {"language": "da"}, "no"),
    ],
)
def test_mail_and_page_speak_the_signers_language(
    customer: Customer, signer: dict[str, str], case_file: dict[str, str], language: str
) -> None:
    """A signer's own, else the case file's."""
    envelope = customer.send({**JANE, **signer}, **case_file)
    assert mails(customer, "asked")["Jane"].language == language
    page = customer.vendor.page(envelope.token())
    assert page is not None
    assert page.language == language


@pytest.mark.parametrize(
    ("switches", "attached"),
    [
        ({}, ("Lease",)),
        ({"disableEmailAttachments": True}, ()),
        ({"sensitiveData": True}, ()),
        ({"sensitiveData": True, "disableEmailAttachments": False}, ()),
    ],
)
def test_finished_documents_are_attached_unless_they_must_not(
    customer: Customer, switches: dict[str, bool], attached: tuple[str, ...]
) -> None:
    """Sensitive data overrides the other switch."""
    known = {"accessControl": True, "vatin": "12345678"}
    completed(customer, {**JANE, **known}, ccRecipients=[KIM], **switches)
    informed = mails(customer, "informed")
    assert list(informed) == ["Jane", "Kim", OWNER]
    assert informed["Jane"].attachments == informed["Kim"].attachments == attached


def test_copies_go_out_at_completion_and_not_before(customer: Customer) -> None:
    """Copy recipients do nothing, and hear of nothing but the end."""
    envelope = customer.send(JANE, ccRecipients=[KIM])
    assert "Kim" not in [name for _, name in customer.ledger()]
    envelope.sign_all()
    customer.wait(seconds=1)
    (copy,) = [entry for entry in customer.vendor.ledger if entry.signer == "Kim"]
    assert isinstance(copy, LedgerEntry)
    assert (copy.what, copy.channel, copy.link) == ("informed", Channel.EMAIL, "")
    assert copy.mail is not None
    assert (copy.mail.to, copy.mail.subject) == ("kim@example.com", "Signed: Lease 14")


def test_who_has_no_address_is_informed_of_nothing(customer: Customer) -> None:
    """Penneo writes to nobody whom it has no address of, or a bad one."""
    completed(customer, JANE, {"name": "Bo"}, {"name": "Al", "email": "al@nowhere.invalid"})
    assert list(mails(customer, "informed")) == ["Jane", OWNER]


@pytest.mark.parametrize("end", ["completed", "rejected", "expired"])
@pytest.mark.parametrize("off", [False, True])
def test_owner_is_told_of_every_end_unless_switched_off(
    customer: Customer, end: str, *, off: bool
) -> None:
    """`disableNotificationsOwner` silences the owner's mails and nobody else's."""
    envelope = customer.send(JANE, disableNotificationsOwner=off)
    if end == "expired":
        customer.wait(days=31)
    else:
        envelope.act(Act.SIGN if end == "completed" else Act.DECLINE)
        customer.wait(seconds=1)
    informed = mails(customer, "informed")
    assert (OWNER in informed) is not off
    assert off or informed[OWNER].subject == f"Lease 14 is {end}"
    assert ("Jane" in informed) is (end == "completed")


def test_everybody_becomes_a_contact_unless_they_must_not(customer: Customer) -> None:
    """`storeAsContact` is on by default, for signers and for copy recipients."""
    customer.send(
        JANE,
        {**JOHN, "storeAsContact": False},
        {"name": "Bo"},
        ccRecipients=[KIM, {"name": "Eve", "email": "eve@example.com", "storeAsContact": False}],
    )
    assert customer.vendor.contacts == {"jane@example.com": "Jane", "kim@example.com": "Kim"}
