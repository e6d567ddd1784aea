"""A draft as the request that creates a case file, in both forms that Penneo takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from esign_core.model import PDF, Channel, Document, EnvelopeDraft, Redirects, Signer
from esign_core.provider import Body, JsonWithDocuments, Multipart, Part
from esign_penneo import metadata
from esign_penneo.options import PenneoDocumentOptions, PenneoOptions, PenneoSignerOptions
from esign_penneo.vocabulary import CHECKED_BEFORE, language, secure_methods, ssn_type

MULTIPART_PATH = "/send/api/v1/casefiles/20251022/create"  # Postman, V
JSON_PATH: Mapping[str, str] = {
    "sandbox": "/send/api/v1/casefiles/json/20251022/create-sandbox-base64",  # connector, V
    "production": "/send/api/v1/casefiles/json/20251022/create-production-base64",  # connector, V
}
"""The JSON form, by environment."""

_TEXTS = {"emailText", "reminderEmailText", "completedEmailText"}


def upload(draft: EnvelopeDraft, form: Literal["multipart", "json"], now: datetime) -> Body:
    """The body that creates a draft's case file.

    As multipart, the case file is part `data` and each document a part `files`, whose file name
    is the document's `name`. As JSON, each document carries its bytes in `pdf`.

    Source: Postman (multipart), the connector's definition (JSON), V.
    """
    data = _case_file(draft, now)
    if form == "json":
        data["documents"] = [
            {"title": d.display_title, "pdf": d, **_placed(d, i)}
            for i, d in enumerate(draft.documents)
        ]
        return JsonWithDocuments({"caseFile": data})
    data["documents"] = [
        {"title": d.display_title, "name": d.name, **_placed(d, i)}
        for i, d in enumerate(draft.documents)
    ]
    text = json.dumps({"caseFile": data}, ensure_ascii=False, separators=(",", ":"))
    files = (Part("files", document, PDF, document.name) for document in draft.documents)
    return Multipart((Part("data", text.encode(), "application/json"), *files))


def _case_file(draft: EnvelopeDraft, now: datetime) -> dict[str, Any]:
    options = draft.option(PenneoOptions)
    copies = [{"name": c.name, "email": c.email, **options.for_copies()} for c in draft.copies]
    return {
        **options.for_case_file(),
        **_given(
            title=draft.title,
            language=language(draft.language),
            sendAt=_seconds(draft.send_at),
            expireAt=_seconds(end_of(draft, now)),
            metaData=metadata.to_text(draft.mark, draft.metadata),
            ccRecipients=copies or None,
        ),
        "signers": [_signer(signer, draft) for signer in draft.signers],
    }


def end_of(draft: EnvelopeDraft, now: datetime) -> datetime | None:
    """When signers' time is over: days count from when it goes out. None: Penneo's own default."""
    if draft.expires_in_days is None:
        return draft.expires_at
    begin = draft.send_at or now
    last = datetime.max.replace(microsecond=0, tzinfo=UTC)  # rounded up it would be no date
    return begin + min(timedelta(days=draft.expires_in_days), last - begin)


def _signer(signer: Signer, draft: EnvelopeDraft) -> dict[str, Any]:
    """The vaguest wish first: a signer's own options go before everything."""
    redirects = signer.redirects or draft.redirects or Redirects()
    data = {
        **draft.option(PenneoOptions).for_signers(),
        **_given(
            name=signer.name,
            role=signer.role,
            language=language(signer.language),
            # Steps from 0 (I: sources contradict each other); nothing where nobody is ordered.
            signOrder=None if signer.order is None else signer.order - 1,
            successUrl=redirects.signed,
            failUrl=redirects.failed,
        ),
        **_mail(signer, draft),
        **_proof(signer),
        **signer.option(PenneoSignerOptions).for_signer(),
    }
    if not _TEXTS.isdisjoint(data):
        data = {"emailFormat": "text", **data}
    return data


def _mail(signer: Signer, draft: EnvelopeDraft) -> dict[str, Any]:
    """What Penneo writes, and where to: without an e-mail address it writes nothing to nobody."""
    if signer.delivery is not Channel.EMAIL:
        return {}
    return _given(
        email=signer.email,
        emailSubject=draft.subject,
        emailText=signer.message or draft.message,
        reminderInterval=draft.remind_every_days,
    )


def _proof(signer: Signer) -> dict[str, Any]:
    """What a signer signs with, and the number, national or of a phone, that must match."""
    identity, number = signer.identity, None
    kind = signer.option(PenneoSignerOptions).ssn_type
    data: dict[str, Any] = {}
    if identity is not None:
        kind = kind or ssn_type(identity)
        number = identity.number.get_secret_value() if identity.number else None
        if methods := secure_methods(identity):
            data["secureSigningMethods"] = methods
        if identity.method in CHECKED_BEFORE:
            data["accessControl"] = True
    if number is None and kind == "sms":
        number = signer.phone
    if number is None:
        return data
    return data | _given(ssnType=kind, socialSecurityNumberPlain=number)


def _placed(document: Document, position: int) -> dict[str, Any]:
    return {
        **document.option(PenneoDocumentOptions).for_document(),
        **_given(roles=document.roles or None),
        "signable": document.signable,
        "documentOrder": position,
    }


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
