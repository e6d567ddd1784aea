"""Which field of a draft it was that Penneo refuses, where it names one of its own.

One field of Penneo's can come from several of a draft: a signer's own, the envelope's, a wish that
only Penneo knows. Whoever wrote it looks for it where they wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from esign_core.errors import Problem
from esign_core.model import EnvelopeDraft, Signer
from esign_penneo.options import PenneoDocumentOptions, PenneoOptions, PenneoSignerOptions
from esign_penneo.vocabulary import CHECKED_BEFORE, secure_methods

_CASE_FILE: Mapping[str, str] = {
    "sendAt": "send_at",
    "metaData": "metadata",
    "ccRecipients": "copies",
}
_SIGNER: Mapping[str, str] = {"signOrder": "order"}
_DOCUMENT: Mapping[str, str] = {"pdf": "content", "documentOrder": ""}
"""Penneo's name of a field, and the draft's where it is another."""


def at_the_callers_fields(problems: Iterable[Problem], draft: EnvelopeDraft) -> tuple[Problem, ...]:
    """The same problems, each once, at the field of the draft that it comes from.

    What all signers share, Penneo refuses for each of them.
    """
    moved = (replace(each, field=field_of(each.field, draft)) for each in problems)
    return tuple(dict.fromkeys(moved))


def field_of(path: str, draft: EnvelopeDraft) -> str:
    """A path in Penneo's case file, such as `signers[1].emailText`, as a path in the draft."""
    head, *rest = re.findall(r"\w+", path) or [path]
    names = [part for part in rest if not part.isdecimal()]
    name = names[0] if names else ""
    place = int(rest[0]) if rest and rest[0].isdecimal() else None
    index = f"[{rest[-1]}]" if name and rest[-1].isdecimal() else ""
    match head:
        case "signers" if place is not None and place < len(draft.signers):
            return _of_signer(name, index, place, draft)
        case "documents" if draft.prepared_from is not None:
            return "template"
        case "documents" if place is not None and place < len(draft.documents):
            return _of_document(name, index, place, draft)
        case "ccRecipients" if name == "storeAsContact":
            return "options.penneo.store_as_contact"
        case "ccRecipients" if place is not None:
            return _joined(f"copies[{place}]", _snake(name))
        case _:
            return _of_case_file(head, draft)


def _of_case_file(name: str, draft: EnvelopeDraft) -> str:
    if name == "expireAt":
        return "expires_at" if draft.expires_at is not None else "expires_in_days"
    field = _CASE_FILE.get(name, _snake(name))
    is_wish = name not in _CASE_FILE and field in PenneoOptions.model_fields
    return f"options.penneo.{field}" if is_wish else field


def _of_signer(name: str, index: str, place: int, draft: EnvelopeDraft) -> str:
    signer, at, field = draft.signers[place], f"signers[{place}]", _snake(name)
    own, everyone = signer.option(PenneoSignerOptions), draft.option(PenneoOptions)
    if _is_wished(own, field):
        return f"{at}.options.penneo.{field}{index}"
    if name == "emailFormat" and everyone.email_format is None:
        name = "emailText"  # it follows from there being a text
    neutral = _NEUTRAL.get(name, _nowhere)(signer, at)
    if neutral is not None:
        return neutral
    if name == "accessControl" and not everyone.access_control and everyone.sensitive_data:
        field = "sensitive_data"
    if _is_wished(everyone, field):
        return f"options.penneo.{field}{index}"
    if field in PenneoSignerOptions.model_fields:
        return f"{at}.options.penneo.{field}{index}"
    return _joined(at, _SIGNER.get(name, field))


def _is_wished(options: PenneoOptions | PenneoSignerOptions, field: str) -> bool:
    return field in type(options).model_fields and getattr(options, field) is not None


def _of_document(name: str, index: str, place: int, draft: EnvelopeDraft) -> str:
    at, field = f"documents[{place}]", _snake(name)
    if field in PenneoDocumentOptions.model_fields:
        return f"{at}.options.penneo.{field}"
    if name == "title" and draft.documents[place].title is None:
        return f"{at}.name"  # it is what people see then
    return _joined(at, _DOCUMENT.get(name, field)) + index


def _message(signer: Signer, at: str) -> str:
    return f"{at}.message" if signer.message is not None else "message"


def _redirects(signer: Signer, at: str) -> str:
    return f"{at}.redirects" if signer.redirects is not None else "redirects"


def _number(signer: Signer, at: str) -> str:
    has_number = signer.identity is not None and signer.identity.number is not None
    return f"{at}.identity.number" if has_number else f"{at}.phone"


def _identity(signer: Signer, at: str) -> str | None:
    return f"{at}.identity" if signer.identity is not None else None


def _checked_before(signer: Signer, at: str) -> str | None:
    identity = signer.identity
    return f"{at}.identity" if identity and identity.method in CHECKED_BEFORE else None


def _signs_with(signer: Signer, at: str) -> str | None:
    return f"{at}.identity" if signer.identity and secure_methods(signer.identity) else None


def _nowhere(signer: Signer, at: str) -> None:
    del signer, at


_NEUTRAL: Mapping[str, Callable[[Signer, str], str | None]] = {
    "emailSubject": lambda _signer, _at: "subject",
    "emailText": _message,
    "reminderInterval": lambda _signer, _at: "remind_every_days",
    "successUrl": lambda signer, at: f"{_redirects(signer, at)}.signed",
    "failUrl": lambda signer, at: f"{_redirects(signer, at)}.failed",
    "ssnType": _identity,
    "accessControl": _checked_before,
    "socialSecurityNumberPlain": _number,
    "secureSigningMethods": _signs_with,
}
"""Where in the draft a field of a signer comes from; None where nothing neutral asked for it."""


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", name)


def _joined(at: str, field: str) -> str:
    return f"{at}.{field}" if field else at
