"""What Penneo writes to people: the words that were asked for, or its own (I)."""

from __future__ import annotations

from dataclasses import replace

from esign_core.sandbox import Mail
from esign_penneo.sandbox.casefiles import CaseFile, Signer

OWNER = "Owner of the account"
"""Who is told of ends, unless `disableNotificationsOwner` says no."""

_WORDS = {
    "asked": {
        "emailSubject": "Please sign: {title}",
        "emailText": "Please sign {title}.",
    },
    "reminded": {
        "reminderEmailSubject": "Reminder: {title}",
        "reminderEmailText": "{title} still waits for your signature.",
    },
    "informed": {
        "completedEmailSubject": "Signed: {title}",
        "completedEmailText": "Everybody has signed {title}.",
    },
}
"""The fields with words of one's own, and what is written without them."""


def mail_to(case_file: CaseFile, signer: Signer, what: str) -> Mail:
    """What a signer is written when asked, reminded, or informed of the end.

    Source: the Send API's definition; without texts of one's own "defaults to company template"
    (connector, V).
    """
    (subject, own_subject), (text, own_text) = _WORDS[what].items()
    return Mail(
        subject=signer.wish.get(subject, own_subject.format(title=case_file.title)),
        text=signer.wish.get(text, own_text.format(title=case_file.title)),
        is_html=signer.wish.get("emailFormat") == "html",
        language=language_of(case_file, signer),
        sender=case_file.wish.get("senderName", ""),
        attachments=_attached(case_file, signer) if what == "informed" else (),
        to=signer.email,
    )


def copy_to(case_file: CaseFile, address: str) -> Mail:
    """What a copy recipient gets: the finished documents."""
    attached = _attached(case_file, None)
    mail = _own_mail(case_file, f"Signed: {case_file.title}")
    return replace(mail, to=address, attachments=attached)


def mail_to_owner(case_file: CaseFile) -> Mail:
    """What the owner is told of an end."""
    return _own_mail(case_file, f"{case_file.title} is {case_file.status.name.lower()}")


def language_of(case_file: CaseFile, signer: Signer) -> str:
    """A signer's, else the case file's (connector, V), else English (I)."""
    return str(signer.wish.get("language") or case_file.wish.get("language", "en"))


def _own_mail(case_file: CaseFile, subject: str) -> Mail:
    return Mail(
        subject=subject,
        text=f"{subject}.",
        language=case_file.wish.get("language", "en"),
        sender=case_file.wish.get("senderName", ""),
    )


def _attached(case_file: CaseFile, signer: Signer | None) -> tuple[str, ...]:
    """The documents, unless attachments are off; sensitive data switches them off too (V)."""
    wish = case_file.wish
    if wish.get("disableEmailAttachments", False) or wish.get("sensitiveData", False):
        return ()
    seen = case_file.documents if signer is None else case_file.visible_to(signer)
    return tuple(document.title for document in seen)
