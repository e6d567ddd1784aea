"""What a signer sees behind a signing link."""

from __future__ import annotations

from collections.abc import Iterator

from esign_core.sandbox import SigningPage
from esign_penneo.sandbox.casefiles import CaseFile, CaseFileStatus, Signer
from esign_penneo.sandbox.mail import language_of

_TOUCH = ("text", "draw", "image")  # I: what a company allows that has set nothing
_AFTER = {"signed": "successUrl", "declined": "failUrl"}  # connector, V


def page_of(case_file: CaseFile, signer: Signer) -> SigningPage:
    """The page; it says how one signs and what is checked, and then believes everybody."""
    own_words = f"Please sign {case_file.title}."
    is_html = signer.wish.get("emailFormat") == "html"
    state = _state(case_file, signer)
    return SigningPage(
        title=case_file.title,
        signer=signer.name,
        message=own_words if is_html else signer.wish.get("emailText", own_words),
        documents=[document.title for document in case_file.visible_to(signer)],
        state=state,
        language=language_of(case_file, signer),
        notes=tuple(_notes(case_file, signer)),
        redirect=signer.wish.get(_AFTER.get(state, ""), ""),
    )


def _state(case_file: CaseFile, signer: Signer) -> str:
    if signer.signed_at is not None:
        return "signed"
    if signer.rejected_at is not None:
        return "declined"
    if case_file.status not in {CaseFileStatus.NEW, CaseFileStatus.PENDING}:
        return "closed"
    return "open" if signer.can_act else "waiting"


def _notes(case_file: CaseFile, signer: Signer) -> Iterator[str]:
    wish = signer.wish
    if "onBehalfOf" in wish:
        yield f"You sign on behalf of {wish['onBehalfOf']}."
    if case_file.is_guarded or wish.get("accessControl", False):
        number = wish.get("ssnType", "legacy") if "socialSecurityNumberPlain" in wish else "vatin"
        yield f"Who you are is checked before you read ({number})."
    methods = [*wish.get("secureSigningMethods", ())]
    if wish.get("enableInsecureSigning", False):
        methods += wish.get("insecureSigningMethods") or _TOUCH
    if methods:
        yield f"You can sign with: {', '.join(methods)}."
    if case_file.wish.get("signOnMeeting", False):
        yield "The documents are signed in a meeting."
    for document in case_file.visible_to(signer):
        if document.description:
            yield f"{document.title}: {document.description}"
