"""Case files at rest: what Penneo knows of one, and its face in the Sign API's JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any, Self

from esign_penneo.sandbox.account import CUSTOMER_ID, USER_ID, Behaviour, Ids
from esign_penneo.sandbox.events import LogType


class CaseFileStatus(IntEnum):
    """The connector's list, the newest (V)."""

    NEW = 0
    PENDING = 1
    REJECTED = 2
    DELETED = 3
    SIGNED = 4
    """Everybody has signed, the signed documents do not exist yet."""
    COMPLETED = 5
    FAILED = 6
    EXPIRED = 7
    ANONYMIZED = 8


DOCUMENT_STATUS = {
    CaseFileStatus.FAILED: 7,  # V
    CaseFileStatus.EXPIRED: 1,  # I: documents know no such state
    CaseFileStatus.ANONYMIZED: 3,  # I
}  # the others are the same numbers (V)

REQUEST_STATUS = {  # signing requests: the SDKs and Postman contradict each other (X)
    "sdk": {
        "new": 0,
        "pending": 1,
        "opened": 1,
        "rejected": 2,
        "deleted": 3,
        "signed": 4,
        "undeliverable": 5,
    },
    "postman": {
        "new": 0,
        "pending": 1,
        "opened": 2,
        "signed": 3,
        "rejected": 4,
        "deleted": 9,
        "undeliverable": 6,
    },
}


@dataclass
class Signer:
    """Somebody who is to sign, with the one signing request that Penneo gives each."""

    id: int
    request_id: int
    token: str
    """The secret end of the signing link."""
    name: str
    role: str
    email: str
    order: int
    wish: dict[str, Any]
    """The signer as it was asked for."""
    active_at: datetime | None = None
    mailed: bool = False
    opened: bool = False
    signed_at: datetime | None = None
    rejected_at: datetime | None = None
    reject_reason: str = ""
    """Kept by Penneo; no call hands it out."""
    undeliverable: bool = False
    log: list[tuple[LogType, datetime]] = field(default_factory=list)

    @classmethod
    def of(cls, wish: dict[str, Any], ids: Ids) -> Self:
        """A signer as it was asked for."""
        return cls(
            id=ids.number(),
            request_id=ids.number(),
            token=ids.secret(),
            name=wish["name"],
            role=wish.get("role", "Signer"),  # the seed's answer for signers without a role
            email=wish.get("email", ""),
            order=wish.get("signOrder", 0),
            wish=wish,
        )

    @property
    def can_act(self) -> bool:
        """Whether it is this signer's turn, as far as the signer alone can tell."""
        return self.active_at is not None and self.signed_at is None and self.rejected_at is None

    def state(self, case_file: CaseFile) -> str:
        """A key of `REQUEST_STATUS`."""
        if self.signed_at is not None:
            return "signed"
        if self.rejected_at is not None:
            return "rejected"
        if case_file.status is CaseFileStatus.DELETED:
            return "deleted"
        if self.undeliverable:
            return "undeliverable"
        if self.active_at is None:
            return "new"
        return "opened" if self.opened else "pending"


@dataclass
class Document:
    """One PDF of a case file."""

    id: int
    uuid: str
    title: str
    original: bytes
    signable: bool
    roles: Sequence[str]
    order: int
    meta_data: str | None
    description: str | None
    signed: bytes | None = None
    """Made when it is first asked for; the signed document of a completed case file."""

    @classmethod
    def of(cls, index: int, wish: dict[str, Any], pdf: bytes, ids: Ids) -> Self:
        """A document as it was asked for, in its place."""
        return cls(
            id=ids.number(),
            uuid=ids.uuid(),
            title=wish["title"],
            original=pdf,
            signable=wish.get("signable", True),
            roles=wish.get("roles", []),
            order=wish.get("documentOrder", index),  # "Defaults to order provided" (V)
            meta_data=wish.get("metaData"),
            description=wish.get("description"),
        )

    def is_signed_by(self, signer: Signer) -> bool:
        """Whether this document has a line for `signer`; no roles means every signer (V)."""
        return self.signable and (not self.roles or signer.role in self.roles)


@dataclass
class CaseFile:
    """An envelope, as Penneo calls it."""

    id: int
    wish: dict[str, Any]
    """The case file as it was asked for."""
    signers: list[Signer]
    documents: list[Document]
    created_at: datetime
    updated_at: datetime
    expire_at: datetime
    send_at: datetime | None = None
    status: CaseFileStatus = CaseFileStatus.NEW
    activated_at: datetime | None = None
    completed_at: datetime | None = None

    @property
    def title(self) -> str:
        """Its title."""
        return str(self.wish["title"])

    @property
    def mark(self) -> str:
        """Reference and metadata as one text, for the ledger."""
        return " ".join(filter(None, (self.wish.get("reference"), self.wish.get("metaData"))))

    def signer(self, signer_id: int) -> Signer | None:
        """The signer with this id."""
        return next((signer for signer in self.signers if signer.id == signer_id), None)

    @property
    def is_guarded(self) -> bool:
        """Whether everybody proves who they are; sensitive data switches that on too (V)."""
        wish = self.wish
        return bool(wish.get("sensitiveData", False) or wish.get("accessControl", False))

    def visible_to(self, signer: Signer) -> list[Document]:
        """What `signer` reads: all, or in visibility mode 1 what there is to sign (V)."""
        if self.wish.get("visibilityMode", 0) == 0:
            return self.documents
        return [document for document in self.documents if document.is_signed_by(signer)]


def to_json(case_file: CaseFile, behaviour: Behaviour) -> dict[str, Any]:
    """A case file in the Sign API; no signing link and no reject reason in it (V).

    Source: the top level's names are documented (V). What documents and signers hold inside is
    only known from the SDKs' classes (I), and so is `sendAt`.
    """
    send_at = {"sendAt": unix(case_file.send_at)} if behaviour.shows_send_at else {}
    return {
        "id": case_file.id,
        "userId": USER_ID,
        "customerId": CUSTOMER_ID,
        "title": case_file.title,
        "status": int(case_file.status),
        "documents": [document_to_json(case_file, each) for each in case_file.documents],
        "signers": [signer_to_json(case_file, each, behaviour) for each in case_file.signers],
        **send_at,
        "expireAt": unix(case_file.expire_at),
        "created": unix(case_file.created_at),
        "activated": unix(case_file.activated_at),
        "completed": unix(case_file.completed_at),
        "updated": unix(case_file.updated_at),
        "language": case_file.wish.get("language", "en"),
        "folderId": case_file.wish.get("folderId", 1),
        "ccRecipients": case_file.wish.get("ccRecipients", []),
        "reference": case_file.wish.get("reference"),
        "metaData": case_file.wish.get("metaData"),
    }


def document_to_json(case_file: CaseFile, document: Document) -> dict[str, Any]:
    """A document of a case file, with a line for everybody who signs it."""
    lines = [each for each in case_file.signers if document.is_signed_by(each)]
    return {
        "id": document.id,
        "documentId": document.uuid,
        "title": document.title,
        "status": DOCUMENT_STATUS.get(case_file.status, int(case_file.status)),
        "signable": document.signable,
        "documentOrder": document.order,
        "metaData": document.meta_data,
        "created": unix(case_file.created_at),
        "signatureLines": [
            {
                "role": each.role,
                "signOrder": each.order,
                "signerId": each.id,
                "signedAt": unix(each.signed_at),
            }
            for each in lines
        ],
    }


def signer_to_json(case_file: CaseFile, signer: Signer, behaviour: Behaviour) -> dict[str, Any]:
    """A signer of a case file."""
    return {
        "id": signer.id,
        "name": signer.name,
        "role": signer.role,
        "email": signer.email or None,
        "onBehalfOf": signer.wish.get("onBehalfOf"),
        "signOrder": signer.order,
        "signingRequest": request_to_json(case_file, signer, behaviour),
    }


def request_to_json(case_file: CaseFile, signer: Signer, behaviour: Behaviour) -> dict[str, Any]:
    """A signing request; its status is one of two contradicting lists."""
    numbers = REQUEST_STATUS[behaviour.signing_request_numbers]
    return {
        "id": signer.request_id,
        "email": signer.email or None,
        "status": numbers[signer.state(case_file)],
        "reminderInterval": signer.wish.get("reminderInterval"),
    }


def unix(at: datetime | None) -> int | None:
    """`at` in the Sign API: UNIX seconds."""
    return None if at is None else int(at.timestamp())
