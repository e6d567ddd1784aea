"""The create call in both its forms: reads the body and checks every documented rule.

Source: the Send API's definition and the connector's (V); rules that say more than those are
marked I.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from esign_core.sandbox import (
    VendorRequest,
    pdf_problem,
)
from esign_penneo.sandbox.fields import (
    Field,
    email,
    flag,
    many,
    moment,
    one_of,
    record,
    text,
    url,
    whole,
)
from esign_penneo.sandbox.multipart import read_multipart
from esign_penneo.sandbox.refusals import send_refusal

LANGUAGE = one_of("en", "da", "sv", "nl", "fr", "fi", "no", "de")
ROLE = r"[a-zA-Z0-9][a-zA-Z0-9 ,_-]*[a-zA-Z0-9,_-]"
IDENTITIES = (
    *("legacy", "dk:cpr", "se:pin", "no:nin", "be:nrn", "fi:pic"),
    *("google:oidc", "microsoft:oidc", "sms"),
)
SECURE_METHODS = (
    *("mitid.dk", "bankid_se", "bankid_no", "itsme.be", "ftn.fi", "eid.belgium.be"),
    *("passport-reader.eident.dk", "ausweisapp.bund.de", "qes.personal.mitid.dk"),
)
TITLE = Field(text(1, 1024), required=True)
MAIL_TEXT = Field(text(5))

SIGNER = {
    "name": Field(text(1), required=True),
    "role": Field(text(3, pattern=ROLE)),
    "email": Field(email),  # connector's text calls it required, its table does not (X)
    "failUrl": Field(url),
    "successUrl": Field(url),
    "language": Field(LANGUAGE),
    "signOrder": Field(whole(0)),
    "emailSubject": MAIL_TEXT,
    "emailText": MAIL_TEXT,
    "reminderEmailSubject": MAIL_TEXT,
    "reminderEmailText": MAIL_TEXT,
    "completedEmailSubject": MAIL_TEXT,
    "completedEmailText": MAIL_TEXT,
    "reminderInterval": Field(whole(1)),
    "enableInsecureSigning": Field(flag),
    "insecureSigningMethods": Field(many(one_of("text", "draw", "image"))),
    "secureSigningMethods": Field(many(one_of(*SECURE_METHODS))),
    "vatin": Field(text()),
    "ssnType": Field(one_of(*IDENTITIES)),
    "activeAt": Field(moment()),
    "expireAt": Field(moment()),
    "accessControl": Field(flag),
    "emailFormat": Field(one_of("text", "html")),
    "onBehalfOf": Field(text()),
    "storeAsContact": Field(flag),
    "socialSecurityNumberPlain": Field(text()),
}
DOCUMENT = {
    "title": TITLE,
    "signable": Field(flag),
    "roles": Field(many(text(3, pattern=ROLE))),
    "documentOrder": Field(whole(0)),
    "metaData": Field(text()),
    "description": Field(text()),
}
COPY_RECIPIENT = {
    "name": Field(text(1), required=True),
    "email": Field(email, required=True),
    "storeAsContact": Field(flag),
}


def case_file_fields(document: Mapping[str, Field]) -> dict[str, Field]:
    """The fields that both forms know, around the `document` of one form."""
    return {
        "title": TITLE,
        "signers": Field(many(record(SIGNER), least=1), required=True),
        "documents": Field(many(record(document), least=1), required=True),
        "sendAt": Field(moment(nullable=True)),
        "expireAt": Field(moment(nullable=True)),
        "language": Field(LANGUAGE),
        "sensitiveData": Field(flag),
        "signOnMeeting": Field(flag),
        "visibilityMode": Field(one_of(0, 1)),
        "disableEmailAttachments": Field(flag),
        "disableNotificationsOwner": Field(flag),
        "folderId": Field(whole(1)),
        "metaData": Field(text()),
        "reference": Field(text()),
        "ccRecipients": Field(many(record(COPY_RECIPIENT))),
    }


MULTIPART = record(
    {
        "caseFile": Field(
            record(
                {
                    **case_file_fields({**DOCUMENT, "name": Field(text(1), required=True)}),
                    "accessControl": Field(flag),
                    "senderName": Field(text(2, 255)),
                }
            ),
            required=True,
        )
    }
)
BASE64 = record(
    {
        "caseFile": Field(
            record(case_file_fields({**DOCUMENT, "pdf": Field(text(1), required=True)})),
            required=True,
        )
    }
)


@dataclass(frozen=True)
class Wish:
    """A case file as it was asked for, found to be in order."""

    case_file: dict[str, Any]
    pdfs: Sequence[bytes]
    """As many as there are documents, in their order."""


def read_multipart_wish(request: VendorRequest) -> Wish:
    """The wish in a multipart form: part `data` is JSON, one part `files` for each PDF.

    Raises:
        Refused: 400 with everything that is wrong.
    """
    try:
        parts = read_multipart(request.headers.get("content-type", ""), request.body)
    except ValueError as error:
        raise send_refusal(400, str(error)) from None
    texts = [part.content for part in parts if part.name == "data" and part.file_name is None]
    files = [part for part in parts if part.name == "files" and part.file_name is not None]
    if len(texts) != 1 or len(texts) + len(files) != len(parts):
        raise send_refusal(400, "The form must be one field `data` and one file `files` per PDF")
    data = _read_json(texts[0], "data")
    _refuse(MULTIPART("data", data))
    wish = Wish(data["caseFile"], [part.content for part in files])
    names = [document["name"] for document in wish.case_file["documents"]]
    uploaded = [part.file_name for part in files]
    problems = [] if len(set(names)) == len(names) else ["caseFile.documents names must be unique"]
    if names != uploaded:
        problems.append("caseFile.documents must name the uploaded files, as many, in their order")
    _refuse(problems or _problems(wish))
    return wish


def read_base64_wish(request: VendorRequest) -> Wish:
    """The wish in a JSON body: each document carries its `pdf` in base64.

    Raises:
        Refused: 400 with everything that is wrong.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise send_refusal(400, "Content-Type must be application/json")
    data = _read_json(request.body, "body")
    _refuse(BASE64("data", data))
    pdfs = []
    for index, document in enumerate(data["caseFile"]["documents"]):
        try:
            pdfs.append(base64.b64decode(document.pop("pdf"), validate=True))
        except binascii.Error:
            raise send_refusal(400, [f"caseFile.documents[{index}].pdf is no base64"]) from None
    wish = Wish(data["caseFile"], pdfs)
    _refuse(_problems(wish))
    return wish


def _problems(wish: Wish) -> list[str]:
    """What is wrong between fields that are each in order by themselves."""
    case_file, problems = wish.case_file, []
    signers, documents = case_file["signers"], case_file["documents"]
    if not any(document.get("signable", True) for document in documents):
        problems.append("caseFile.documents must contain at least one signable document")  # V
    for index, pdf in enumerate(wish.pdfs):
        if problem := pdf_problem(pdf):
            problems.append(f"caseFile.documents[{index}] must be a PDF: {problem}")  # V: PDFs only
    guarded = case_file.get("sensitiveData", False) or case_file.get("accessControl", False)
    for index, signer in enumerate(signers):
        path = f"caseFile.signers[{index}]"
        controlled = guarded or signer.get("accessControl", False)
        known = signer.get("socialSecurityNumberPlain") or signer.get("vatin")
        if controlled and not known:  # V for the signer's own switch, I for those of the case file
            problems.append(f"{path}.accessControl needs an SSN, a VAT number or a phone")
        if signer.get("ssnType") == "sms" and not controlled:  # V
            problems.append(f"{path}.ssnType sms needs accessControl")
    roles = {signer.get("role") for signer in signers}
    for index, document in enumerate(documents):
        strange = [role for role in document.get("roles", []) if role not in roles]
        if strange:  # I: nobody could ever sign it
            problems.append(f"caseFile.documents[{index}].roles must be roles of signers")
    return problems


def _read_json(body: bytes, name: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        raise send_refusal(400, f"{name} must be a JSON string") from None


def _refuse(problems: list[str]) -> None:
    if problems:
        raise send_refusal(400, [problem.removeprefix("data.") for problem in problems])
