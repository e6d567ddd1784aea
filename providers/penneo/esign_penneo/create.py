"""A draft as the request that creates a case file, in both forms that Penneo takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from esign_core.model import PDF, Channel, Document, EnvelopeDraft, Identity, Signer
from esign_core.provider import Body, JsonWithDocuments, Multipart, Part
from esign_penneo import metadata
from esign_penneo.options import PenneoOptions
from esign_penneo.vocabulary import language, ssn_type

MULTIPART_PATH = "/send/api/v1/casefiles/20251022/create"  # Postman, V
JSON_PATH: Mapping[str, str] = {
    "sandbox": "/send/api/v1/casefiles/json/20251022/create-sandbox-base64",  # connector, V
    "production": "/send/api/v1/casefiles/json/20251022/create-production-base64",  # connector, V
}
"""The JSON form, by environment."""


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
    expires_at = now + timedelta(days=draft.expires_in_days) if draft.expires_in_days else None
    copies = [{"name": c.name, "email": c.email, **options.for_copies()} for c in draft.copies]
    return {
        **options.for_case_file(),
        **_given(
            title=draft.title,
            language=language(draft.language),
            expireAt=int(expires_at.timestamp()) if expires_at else None,
            metaData=metadata.to_text(draft.mark, draft.metadata),
            ccRecipients=copies or None,
        ),
        "signers": [_signer(signer, draft, options) for signer in draft.signers],
    }


def _signer(signer: Signer, draft: EnvelopeDraft, options: PenneoOptions) -> dict[str, Any]:
    data = {
        **options.for_signers(),
        **_given(
            name=signer.name,
            role=signer.role,
            language=language(signer.language),
            # Steps from 0 (I: sources contradict each other); nothing where nobody is ordered.
            signOrder=None if signer.order is None else signer.order - 1,
        ),
    }
    if signer.delivery is Channel.EMAIL:  # no e-mail here means that Penneo writes to nobody
        data["email"] = signer.email
        if message := signer.message or draft.message:
            data |= {"emailText": message, "emailFormat": "text"}
    if signer.identity is not None:
        data |= _identity(signer.identity, signer.phone)
    return data


def _identity(identity: Identity, phone: str | None) -> dict[str, Any]:
    """Access control: the number, national or of a phone, is checked before anything is shown."""
    number = identity.number.get_secret_value() if identity.number else phone
    return {
        "ssnType": ssn_type(identity),
        "accessControl": True,
        "socialSecurityNumberPlain": number,
    }


def _placed(document: Document, position: int) -> dict[str, Any]:
    data: dict[str, Any] = {"signable": document.signable, "documentOrder": position}
    return {**data, "roles": list(document.roles)} if document.roles else data


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
