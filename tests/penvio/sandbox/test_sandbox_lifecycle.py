from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.sandbox import Act

if TYPE_CHECKING:
    from tests.penvio.sandbox.conftest import Account

    OpenAccount = Callable[..., Account]

TENANT = {"email": "jane@example.com", "name": "Jane Doe", "role": "Tenant", "order": 1}
LANDLORD = {"email": "lars@example.com", "name": "Łars Żoë", "role": "Landlord", "order": 2}


def code(answer: Any) -> str:
    """The code of an error."""
    return str(answer["error"]["code"])


def test_draft_asks_nobody_until_it_is_sent_and_can_be_sent_once(account: Account) -> None:
    """A draft is harmless; a second send is INVALID_STATE and asks nobody again."""
    draft = account.create(sendImmediately=False)
    assert (draft["status"], draft["sentAt"], account.happened()) == ("DRAFT", None, [])
    account.wait(days=60)  # the days to expiry count from sending
    assert account.ask("POST", f"/envelopes/{draft['id']}/send")["data"]["status"] == "SENT"
    again = account.ask("POST", f"/envelopes/{draft['id']}/send")
    assert (account.last.status, code(again)) == (400, "INVALID_STATE")
    assert again["error"]["message"] == "Envelope is not in DRAFT status"
    assert account.happened() == ["asked Jane Doe"]
    assert account.told() == ["envelope.sent"]


def test_sequential_signers_are_asked_one_after_the_other(account: Account) -> None:
    """Who comes later is not mailed, and cannot sign, before it is their turn."""
    envelope = account.create()
    account.act("Jane Doe", Act.OPEN)
    account.act("Jane Doe", Act.OPEN)
    assert [s["status"] for s in account.show(envelope)["signers"]] == ["VIEWED", "PENDING"]
    account.act("Jane Doe")
    between = account.show(envelope)
    assert (between["status"], between["signers"][0]["signedAt"]) == (
        "IN_PROGRESS",
        "2024-01-18T10:30:00Z",
    )
    account.wait(hours=1)
    account.act("Łars Żoë")
    assert account.show(envelope)["completedAt"] == "2024-01-18T11:30:00Z"
    assert account.happened() == [
        "asked Jane Doe",
        "opened Jane Doe",
        "signed Jane Doe",
        "asked Łars Żoë",
        "signed Łars Żoë",
        "completed",
    ]
    assert account.told() == [
        "envelope.sent",
        "envelope.viewed",
        "envelope.signed",
        "envelope.signed",
        "envelope.completed",
    ]


def test_parallel_signers_are_asked_at_once(account: Account) -> None:
    """PARALLEL ignores the order."""
    account.create(signingOrder="PARALLEL")
    assert account.happened() == ["asked Jane Doe", "asked Łars Żoë"]


def test_signers_of_the_same_order_are_asked_together(account: Account) -> None:
    """The next step begins when everybody of this one has signed."""
    third = {"email": "eve@example.com", "name": "Eve", "order": 2}
    account.create(signers=[LANDLORD, third, TENANT])
    account.act("Jane Doe")
    assert account.happened()[2:] == ["asked Łars Żoë", "asked Eve"]
    account.act("Eve")
    assert "completed" not in account.happened()
    account.act("Łars Żoë")
    assert account.happened()[-1] == "completed"


def test_who_has_signed_or_is_not_asked_cannot_act(account: Account) -> None:
    """Acts that are not open change nothing and tell nobody."""
    account.create()
    account.act("Jane Doe")
    before = (account.happened(), account.told())
    for act in Act:
        account.act("Jane Doe", act)
    assert account.vendor.act("unknown", Act.SIGN, account.now) == []
    assert (account.happened(), account.told()) == before


def test_declined_envelope_asks_nobody_else_and_can_still_be_cancelled(account: Account) -> None:
    """The documents refuse to cancel COMPLETED, CANCELLED and EXPIRED; DECLINED is not named."""
    envelope = account.create()
    account.act("Jane Doe", Act.DECLINE, "Too dear")
    declined = account.show(envelope)
    assert declined["status"] == "DECLINED"
    assert declined["signers"][0]["declineReason"] == "Too dear"
    assert declined["signers"][0]["declinedAt"] == "2024-01-18T10:30:00Z"
    path = f"/envelopes/{envelope['id']}/cancel"
    assert account.ask("POST", path, {"reason": "x"})["data"]["status"] == "CANCELLED"
    assert account.happened() == ["asked Jane Doe", "declined Jane Doe", "cancelled"]
    assert code(account.ask("POST", path)) == "INVALID_STATE"


@pytest.mark.parametrize("end", ["COMPLETED", "CANCELLED", "EXPIRED"])
def test_ended_envelope_cannot_be_cancelled_reminded_or_signed(account: Account, end: str) -> None:
    """An end is final."""
    envelope = account.create(signers=[TENANT])
    path = f"/envelopes/{envelope['id']}"
    match end:
        case "COMPLETED":
            account.act("Jane Doe")
        case "CANCELLED":
            account.ask("POST", f"{path}/cancel")
        case _:
            account.wait(days=31)
    before = account.happened()
    assert account.show(envelope)["status"] == end
    for action in ("cancel", "remind", "send"):
        assert code(account.ask("POST", f"{path}/{action}")) == "INVALID_STATE"
    account.act("Jane Doe", Act.DECLINE)
    assert account.happened() == before


def test_envelope_expires_at_its_midnight_and_says_so_once(account: Account) -> None:
    """Not a second earlier; by time alone or by the first request after it."""
    envelope = account.create(expiresInDays=14)
    account.wait(days=13, hours=13, minutes=29, seconds=59)
    assert account.show(envelope)["status"] == "SENT"
    account.now += timedelta(seconds=1)
    assert account.show(envelope)["status"] == "EXPIRED"
    account.wait(days=1)
    assert account.told() == ["envelope.sent", "envelope.expired"]


def test_reminder_goes_to_those_who_were_asked_and_have_not_acted(account: Account) -> None:
    """All of them, or the one that is named."""
    envelope = account.create()
    jane, lars = (signer["id"] for signer in envelope["signers"])
    path = f"/envelopes/{envelope['id']}/remind"
    account.ask("POST", path)
    account.ask("POST", path, {"signerId": jane})
    assert account.happened()[1:] == ["reminded Jane Doe"] * 2
    assert code(account.ask("POST", path, {"signerId": lars})) == "INVALID_STATE"  # not yet asked
    assert code(account.ask("POST", path, {"signerId": "signer_none"})) == "NOT_FOUND"
    assert account.vendor.ledger[0].link == account.vendor.ledger[1].link != ""


def test_completed_envelope_has_its_files_in_the_bucket(account: Account) -> None:
    """The original from the start; the signed file and the certificate with completion."""
    envelope = account.create(signers=[TENANT])
    folder = f"esign/envelopes/org_abc/{envelope['id']}"
    assert list(account.bucket) == [f"{folder}/document.pdf"]
    account.act("Jane Doe")
    done = account.show(envelope)
    assert done["signedDocumentStorageKey"] == f"{folder}/signed.pdf"
    assert done["certificateStorageKey"] == f"{folder}/certificate.pdf"
    assert set(account.bucket) == {
        f"{folder}/{n}.pdf" for n in ("document", "signed", "certificate")
    }
    original = account.bucket[f"{folder}/document.pdf"]
    assert account.bucket[f"{folder}/signed.pdf"].startswith(original)
    link = account.vendor.ledger[0].link.rpartition("/")[2]
    assert account.vendor.document(link, 0) == original  # what was read is what was signed


def test_files_can_come_a_moment_after_completion(open_account: OpenAccount) -> None:
    """COMPLETED without a signed file is possible: the caller has to fetch again."""
    account = open_account(files_after=timedelta(seconds=2))
    envelope = account.create(signers=[TENANT])
    account.act("Jane Doe")
    early = account.show(envelope)
    assert (early["status"], early["signedDocumentStorageKey"]) == ("COMPLETED", None)
    account.wait(seconds=2)
    late = account.show(envelope)
    assert late["signedDocumentStorageKey"] in account.bucket


def test_stuck_job_leaves_an_envelope_without_files_until_it_is_let_go(account: Account) -> None:
    """As many as asked for, no more."""
    account.vendor.fault("stuck_job", 1)
    stuck, fine = (account.create(signers=[{**TENANT, "name": n}]) for n in ("Ann", "Bob"))
    account.act("Ann")
    account.act("Bob")
    account.wait(days=1)
    assert account.show(stuck)["signedDocumentStorageKey"] is None
    assert account.show(fine)["signedDocumentStorageKey"] is not None
    account.vendor.fault("stuck_job", 0)
    assert account.show(stuck)["signedDocumentStorageKey"] is not None


def test_ledger_carries_the_callers_metadata_and_the_mailed_link(account: Account) -> None:
    """That is how a test finds out what became of one wish; the API never shows a link."""
    envelope = account.create(metadata={"mark": "esign:env_1"})
    (asked,) = account.vendor.ledger
    assert (asked.mark, asked.channel) == ('{"mark": "esign:env_1"}', "email")
    assert asked.link.startswith("http://vendor.invalid/sign/")
    assert "/sign/" not in json.dumps(account.show(envelope))


def test_link_leads_nowhere_before_it_was_mailed(account: Account) -> None:
    """A draft has no page."""
    account.create(sendImmediately=False)
    token = next(iter(account.vendor._register._signers))
    assert account.vendor.page(token) is None
    assert account.vendor.document(token, 0) is None


def test_mail_has_the_envelopes_subject_and_message(account: Account) -> None:
    """Asked and reminded in the same words, each signer at their own address."""
    wish = {"subject": "Your lease", "message": "Read first.\nThen sign."}
    envelope = account.create(signingOrder="PARALLEL", **wish)
    account.ask("POST", f"/envelopes/{envelope['id']}/remind")
    mails = [entry.mail for entry in account.vendor.ledger]
    assert [mail and (mail.to, mail.subject, mail.text) for mail in mails] == [
        ("jane@example.com", "Your lease", "Read first.\nThen sign."),
        ("lars@example.com", "Your lease", "Read first.\nThen sign."),
    ] * 2
    account.act("Jane Doe")
    assert account.vendor.ledger[-1].mail is None  # signing writes to nobody


def test_page_shows_what_the_mail_said(account: Account) -> None:
    """Without a subject it is the template's name; without a message there is no text."""
    account.create(subject="Your lease", message="Read first.")
    account.create(signers=[TENANT])
    told = []
    for entry in account.vendor.ledger:
        page = account.vendor.page(entry.link.rpartition("/")[2])
        assert page is not None
        assert entry.mail is not None
        assert (page.title, page.message) == (entry.mail.subject, entry.mail.text)
        told.append((page.title, page.message))
    assert told == [("Your lease", "Read first."), ("Residential Lease", "")]


def test_signers_have_thirty_days_unless_it_says_otherwise(account: Account) -> None:
    """The documented default."""
    assert account.create()["expiresAt"] == "2024-02-17T00:00:00Z"
    assert account.create(expiresInDays=1)["expiresAt"] == "2024-01-19T00:00:00Z"
