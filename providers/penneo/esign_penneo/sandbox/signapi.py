"""The Sign API: look at case files, stop them, remind signers, fetch documents and links."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime

from esign_core.sandbox import (
    Stationery,
    VendorRequest,
    VendorResponse,
)
from esign_penneo.sandbox.account import FOLDERS, Behaviour
from esign_penneo.sandbox.casefiles import (
    CaseFile,
    CaseFileStatus,
    Document,
    Signer,
    document_to_json,
    request_to_json,
    signer_to_json,
    to_json,
    unix,
)
from esign_penneo.sandbox.lifecycle import CaseFiles
from esign_penneo.sandbox.refusals import sign_refusal
from esign_penneo.sandbox.search import list_case_files


class SignApi:
    """Answers what `/api/v1` and `/api/v3` are asked; each method is one documented call."""

    def __init__(
        self, case_files: CaseFiles, stationery: Stationery, link: Callable[[Signer], str]
    ) -> None:
        self._case_files = case_files
        self._stationery = stationery
        self._link = link

    def listing(self, request: VendorRequest, _now: datetime) -> VendorResponse:
        """Case files, filtered."""
        return list_case_files(self._case_files.by_id.values(), request, self._behaviour)

    def show(self, _request: VendorRequest, _now: datetime, case_file_id: str) -> VendorResponse:
        """One case file, in both versions of the API."""
        return VendorResponse.json(200, to_json(self._case_file(case_file_id), self._behaviour))

    def delete(self, _request: VendorRequest, now: datetime, case_file_id: str) -> VendorResponse:
        """Stop, remove or destroy one. 200 (Postman) where NET expects 204 (X)."""
        self._case_files.delete(self._case_file(case_file_id), now)
        return VendorResponse(200)

    def send(self, _request: VendorRequest, now: datetime, case_file_id: str) -> VendorResponse:
        """Send a new case file, with e-mail."""
        return self._open(case_file_id, now, mail=True)

    def activate(self, _request: VendorRequest, now: datetime, case_file_id: str) -> VendorResponse:
        """Send a new case file, without e-mail."""
        return self._open(case_file_id, now, mail=False)

    def documents(
        self, _request: VendorRequest, _now: datetime, case_file_id: str
    ) -> VendorResponse:
        """The documents of a case file, a plain list."""
        case_file = self._case_file(case_file_id)
        listed = [document_to_json(case_file, each) for each in case_file.documents]
        return VendorResponse.json(200, listed)

    def signers(self, _request: VendorRequest, _now: datetime, case_file_id: str) -> VendorResponse:
        """The signers of a case file, a plain list."""
        case_file = self._case_file(case_file_id)
        listed = [signer_to_json(case_file, each, self._behaviour) for each in case_file.signers]
        return VendorResponse.json(200, listed)

    def requests(
        self, _request: VendorRequest, _now: datetime, case_file_id: str, signer_id: str
    ) -> VendorResponse:
        """A signer's signing requests: a list, here always of one."""
        case_file, signer = self._seat(case_file_id, signer_id)
        return VendorResponse.json(200, [request_to_json(case_file, signer, self._behaviour)])

    def log(
        self, _request: VendorRequest, _now: datetime, case_file_id: str, signer_id: str
    ) -> VendorResponse:
        """What happened to a signer: `[{eventTime, eventType}]`, oldest first."""
        _, signer = self._seat(case_file_id, signer_id)
        lines = [{"eventTime": unix(at), "eventType": int(type_)} for type_, at in signer.log]
        return VendorResponse.json(200, lines)

    def link(self, _request: VendorRequest, _now: datetime, request_id: str) -> VendorResponse:
        """The signing link, as the one element of an array (V)."""
        _, signer = self._requested(request_id)
        return VendorResponse.json(200, [self._link(signer)])

    def remind(self, _request: VendorRequest, now: datetime, request_id: str) -> VendorResponse:
        """Send the request e-mail again: the only one-off reminder (V). Refusals are ours (I)."""
        case_file, signer = self._requested(request_id)
        if not self._case_files.can_be_reminded(case_file, signer):
            raise sign_refusal(400, "The signing request cannot be sent")
        self._case_files.remind(case_file, signer, now)
        return VendorResponse(204)

    def content(self, request: VendorRequest, _now: datetime, document_id: str) -> VendorResponse:
        """The PDF: bytes or base64 in JSON, as `Accept` says; `signed=false` is the original.

        Source: vendor documents (V), the two forms contradict (X). That there is no signed document
        before status 5 follows from the statuses (V); the 404 that says so is ours (I).
        """
        case_file, document = self._document(document_id)
        if case_file.status in {CaseFileStatus.DELETED, CaseFileStatus.ANONYMIZED}:
            raise sign_refusal(404, "The document is gone")
        signed = request.query.get("signed", "true")
        if signed not in {"true", "false"}:
            raise sign_refusal(400, "signed must be true or false")
        pdf = document.original if signed == "false" else self._signed(case_file, document)
        accepted = {each.partition(";")[0].strip() for each in _accept(request).split(",")}
        if "application/pdf" in accepted:
            return VendorResponse(200, pdf, {"content-type": "application/pdf"})
        if accepted & {"application/json", "*/*", ""}:
            return VendorResponse.json(200, {"content": base64.b64encode(pdf).decode()})
        raise sign_refusal(406, "Accept application/pdf or application/json")

    def folders(self, _request: VendorRequest, _now: datetime) -> VendorResponse:
        """The folders of the account, a plain list."""
        return VendorResponse.json(200, [{"id": key, "title": FOLDERS[key]} for key in FOLDERS])

    @property
    def _behaviour(self) -> Behaviour:
        return self._case_files.behaviour

    def _open(self, case_file_id: str, now: datetime, *, mail: bool) -> VendorResponse:
        case_file = self._case_file(case_file_id)
        if case_file.status is not CaseFileStatus.NEW:  # I
            raise sign_refusal(400, "The case file was sent before")
        self._case_files.send(case_file, now, mail=mail)
        return VendorResponse(204)

    def _case_file(self, case_file_id: str) -> CaseFile:
        case_file = self._case_files.by_id.get(int(case_file_id))
        if case_file is None:
            raise sign_refusal(404, "Case file not found")
        return case_file

    def _seat(self, case_file_id: str, signer_id: str) -> tuple[CaseFile, Signer]:
        case_file = self._case_file(case_file_id)
        signer = case_file.signer(int(signer_id))
        if signer is None:
            raise sign_refusal(404, "Signer not found")
        return case_file, signer

    def _requested(self, request_id: str) -> tuple[CaseFile, Signer]:
        for case_file in self._case_files.by_id.values():
            for signer in case_file.signers:
                if signer.request_id == int(request_id):
                    return case_file, signer
        raise sign_refusal(404, "Signing request not found")

    def _document(self, document_id: str) -> tuple[CaseFile, Document]:
        for case_file in self._case_files.by_id.values():
            for document in case_file.documents:
                if document.id == int(document_id):
                    return case_file, document
        raise sign_refusal(404, "Document not found")

    def _signed(self, case_file: CaseFile, document: Document) -> bytes:
        if case_file.status is not CaseFileStatus.COMPLETED:
            raise sign_refusal(404, "The document is not signed yet")
        if not document.signable:
            return document.original
        if document.signed is None:
            lines = [
                f"{each.name} ({each.role}), {each.signed_at:%Y-%m-%d %H:%M:%S} UTC"
                for each in case_file.signers
                if document.is_signed_by(each)
            ]
            try:
                document.signed = self._stationery.sign(document.original, lines)
            except ValueError as error:
                raise sign_refusal(500, str(error)) from None
        return document.signed


def _accept(request: VendorRequest) -> str:
    return request.headers.get("accept", "").lower()
