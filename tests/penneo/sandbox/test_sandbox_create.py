from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.penneo.sandbox.conftest import Customer

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
GUARDED = {"name": "Jane", "accessControl": True, "socialSecurityNumberPlain": "0101701234"}


def lease(**changed: Any) -> dict[str, Any]:
    """A good case file, changed."""
    return {
        "title": "Lease 14",
        "signers": [{"name": "Jane Doe"}],
        "documents": [{"name": "lease.pdf", "title": "Lease"}],
        **changed,
    }


def signer(**changed: Any) -> dict[str, Any]:
    """A case file whose second signer is changed."""
    return lease(signers=[{"name": "Jane Doe"}, {"name": "John Doe", **changed}])


def document(**changed: Any) -> dict[str, Any]:
    """A case file whose document is changed."""
    return lease(documents=[{"name": "lease.pdf", "title": "Lease", **changed}])


def problems(customer: Customer, case_file: object, files: Any = None) -> str:
    """What the vendor says is wrong; empty if it takes the case file."""
    answer = customer.create(case_file, files or [("lease.pdf", PDF)])
    if answer.status == 200:
        return ""
    body = json.loads(answer.body)
    assert (answer.status, body["error"], body["statusCode"]) == (400, "Bad Request", 400)
    return str(body["message"])


GOOD = [
    lease(),
    lease(title="x" * 1024, sendAt=None, expireAt=1_900_000_000, language="da", folderId=2),
    lease(sensitiveData=False, signOnMeeting=True, visibilityMode=1, metaData="", reference="14"),
    lease(disableEmailAttachments=True, disableNotificationsOwner=True, senderName="Us"),
    lease(ccRecipients=[{"name": "Kim", "email": "kim@example.com", "storeAsContact": False}]),
    lease(signers=[GUARDED], sensitiveData=True),
    lease(signers=[GUARDED], accessControl=True),
    signer(role="Tenant 1", email="john@example.com", signOrder=0, language="no"),
    signer(successUrl="https://example.com/done", failUrl="https://example.com/failed"),
    signer(emailSubject="12345", reminderInterval=1, emailFormat="html", storeAsContact=False),
    signer(enableInsecureSigning=True, insecureSigningMethods=["text", "draw", "image"]),
    signer(secureSigningMethods=["mitid.dk", "qes.personal.mitid.dk"], onBehalfOf="Doe Ltd"),
    signer(accessControl=True, ssnType="sms", socialSecurityNumberPlain="+4512345678"),
    signer(accessControl=True, vatin="12345678", activeAt=1, expireAt=1_900_000_000),
    document(roles=[], signable=True, documentOrder=0, metaData="m", description="d"),
    lease(
        signers=[{"name": "Jane", "role": "Tenant"}],
        documents=[{"name": "lease.pdf", "title": "Lease", "roles": ["Tenant"]}],
    ),
]


@pytest.mark.parametrize("case_file", GOOD)
def test_documented_fields_are_taken(customer: Customer, case_file: dict[str, Any]) -> None:
    """Everything the documents allow is allowed."""
    assert problems(customer, case_file) == ""


BAD = [
    ({}, "caseFile.title is required"),
    ("text", "caseFile must be an object"),
    (lease(title=""), "caseFile.title must be longer"),
    (lease(title="x" * 1025), "caseFile.title must be shorter"),
    (lease(title=14), "caseFile.title must be a string"),
    (lease(signers=[]), "caseFile.signers must contain at least 1"),
    (lease(signers={}), "caseFile.signers must be an array"),
    (lease(documents=[]), "caseFile.documents must contain at least 1"),
    (lease(sendAt="now"), "caseFile.sendAt must be an integer"),
    (lease(sendAt=1_763_640_000_000), "caseFile.sendAt must be a UNIX timestamp in seconds"),
    (lease(expireAt=1.5), "caseFile.expireAt must be an integer"),
    (lease(language="de-DE"), "caseFile.language must be one of"),
    (lease(visibilityMode=2), "caseFile.visibilityMode must be one of"),
    (lease(visibilityMode=True), "caseFile.visibilityMode must be one of"),
    (lease(folderId=0), "caseFile.folderId must not be less than 1"),
    (lease(sensitiveData="yes"), "caseFile.sensitiveData must be a boolean"),
    (lease(metaData={"a": 1}), "caseFile.metaData must be a string"),
    (lease(senderName="x"), "caseFile.senderName must be longer"),
    (lease(senderName="x" * 256), "caseFile.senderName must be shorter"),
    (lease(refrence="14"), "caseFile.refrence should not exist"),
    (lease(ccRecipients=[{"name": "Kim"}]), "caseFile.ccRecipients[0].email is required"),
    (lease(ccRecipients=[{"email": "k@example.com"}]), "caseFile.ccRecipients[0].name is required"),
    (lease(sensitiveData=True), "caseFile.signers[0].accessControl needs"),
    (lease(accessControl=True), "caseFile.signers[0].accessControl needs"),
    (signer(name=""), "caseFile.signers[1].name must be longer"),
    (signer(role="x"), "caseFile.signers[1].role must be longer"),
    (signer(role="Tenant "), "caseFile.signers[1].role must match"),
    (signer(role="-Tenant"), "caseFile.signers[1].role must match"),
    (signer(role="Lejer på"), "caseFile.signers[1].role must match"),
    (signer(email="john"), "caseFile.signers[1].email must be an email"),
    (signer(email=None), "caseFile.signers[1].email must be an email"),
    (signer(successUrl="/done"), "caseFile.signers[1].successUrl must be a URL"),
    (signer(failUrl="http://[::1"), "caseFile.signers[1].failUrl must be a URL"),
    (signer(signOrder=-1), "caseFile.signers[1].signOrder must not be less than 0"),
    (signer(signOrder=True), "caseFile.signers[1].signOrder must be an integer"),
    (signer(emailText="1234"), "caseFile.signers[1].emailText must be longer"),
    (signer(reminderInterval=0), "caseFile.signers[1].reminderInterval must not be less than 1"),
    (signer(insecureSigningMethods=["ink"]), "caseFile.signers[1].insecureSigningMethods[0]"),
    (signer(secureSigningMethods=["nemid"]), "caseFile.signers[1].secureSigningMethods[0]"),
    (signer(ssnType="dk"), "caseFile.signers[1].ssnType must be one of"),
    (signer(ssnType="sms"), "caseFile.signers[1].ssnType sms needs accessControl"),
    (signer(accessControl=True), "caseFile.signers[1].accessControl needs"),
    (signer(emailFormat="md"), "caseFile.signers[1].emailFormat must be one of"),
    (signer(activeAt=None), "caseFile.signers[1].activeAt must be an integer"),
    (signer(phone="+4512345678"), "caseFile.signers[1].phone should not exist"),
    (document(title=""), "caseFile.documents[0].title must be longer"),
    (document(signable=False), "caseFile.documents must contain at least one signable"),
    (document(roles=["Tenant"]), "caseFile.documents[0].roles must be roles of signers"),
    (document(documentOrder=-1), "caseFile.documents[0].documentOrder must not be less"),
    (document(pdf="JVBERg=="), "caseFile.documents[0].pdf should not exist"),
    (lease(documents=[{"title": "Lease"}]), "caseFile.documents[0].name is required"),
]


@pytest.mark.parametrize(("case_file", "problem"), BAD, ids=[problem for _, problem in BAD])
def test_undocumented_values_are_refused(
    customer: Customer, case_file: object, problem: str
) -> None:
    """The refusal names the field, by its path."""
    assert problem in problems(customer, case_file)


def test_all_problems_are_told_at_once(customer: Customer) -> None:
    """A caller need not find them one by one."""
    told = problems(customer, signer(role="xy", email="john", signOrder=-1))
    assert told.count("caseFile.signers[1]") == 3


TWO = lease(
    documents=[{"name": "a.pdf", "title": "A"}, {"name": "b.pdf", "title": "B", "signable": False}]
)


@pytest.mark.parametrize(
    ("case_file", "files", "problem"),
    [
        (TWO, [("a.pdf", PDF), ("b.pdf", PDF)], ""),
        (TWO, [("b.pdf", PDF), ("a.pdf", PDF)], "must name the uploaded files"),
        (TWO, [("a.pdf", PDF)], "must name the uploaded files"),
        (TWO, [("a.pdf", PDF), ("b.pdf", PDF), ("c.pdf", PDF)], "must name the uploaded files"),
        (lease(documents=[{"name": "å.pdf", "title": "Å"}]), [("å.pdf", PDF)], ""),
        (lease(documents=[{"name": '"a".pdf', "title": "A"}]), [("%22a%22.pdf", PDF)], ""),
        (lease(documents=[{"name": "a\\b.pdf", "title": "A"}]), [("a\\\\b.pdf", PDF)], ""),
        (
            lease(documents=[{"name": "a.pdf", "title": "A"}] * 2),
            [("a.pdf", PDF)] * 2,
            "names must be unique",
        ),
        (lease(), [("lease.pdf", b"<html>")], "caseFile.documents[0] must be a PDF"),
        (lease(), [("lease.pdf", PDF[:-8])], "caseFile.documents[0] must be a PDF"),
    ],
)
def test_uploads_match_documents_by_name_number_and_order(
    customer: Customer, case_file: object, files: list[tuple[str, bytes]], problem: str
) -> None:
    """A file can never end up under another document's title."""
    told = problems(customer, case_file, files)
    assert problem in told
    assert bool(problem) == bool(told)


HEAD = b'Content-Disposition: form-data; name="data"\r\n\r\n'


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=X", b""),
        ("multipart/form-data; boundary=X", b"--X\r\n" + HEAD + b"{}\r\n"),
        ("multipart/form-data; boundary=X", b"--X\r\n" + HEAD + b"{\r\n--X--\r\n"),
        ("multipart/form-data; boundary=X", b"--X" + HEAD + b"{}\r\n--X--\r\n"),
        ("multipart/form-data; boundary=X", b"--X\r\nContent-Type: a/b\r\n\r\n{}\r\n--X--\r\n"),
        ("multipart/form-data; boundary=X", b"--X\r\n\xff: \xff\r\n\r\n{}\r\n--X--\r\n"),
        (
            "multipart/form-data; boundary=X",
            b"--X\r\n" + HEAD + b"{}\r\n--X\r\n" + HEAD + b"{}\r\n--X--\r\n",
        ),
    ],
)
def test_malformed_forms_are_refused(customer: Customer, kind: str, body: bytes) -> None:
    """No guessing at what a broken form might have meant."""
    headers = {"x-auth-token": customer.token(), "content-type": kind}
    path = "/send/api/v1/casefiles/20251022/create"
    assert customer.call("POST", path, body, headers=headers).status == 400


def test_answer_is_a_job(customer: Customer) -> None:
    """The handle is there, in the connector's shape; nobody has been asked anything yet."""
    answer = customer.create(lease(), [("lease.pdf", PDF)])
    body = json.loads(answer.body)
    job = body["jobs"][0]
    assert answer.status == 200
    assert body["status"] == "handled"
    assert set(job) == {"uuid", "payload", "createdAt", "payloadHash"}
    assert job["createdAt"] == "2026-11-20T12:00:00.000Z"
    assert all(
        UUID.fullmatch(job["payload"][name])
        for name in ("uuid", "bundleUuid", "etlVersionUuid", "organizationUuid")
    )
    assert UUID.fullmatch(job["uuid"])
    assert re.fullmatch("[0-9a-f]{64}", job["payloadHash"])
    assert customer.ledger() == []


def base64_lease(**changed: Any) -> dict[str, Any]:
    """A good body of the JSON form whose document is changed."""
    pdf = base64.b64encode(PDF).decode()
    return {"caseFile": lease(documents=[{"title": "Lease", "pdf": pdf, **changed}])}


def test_json_form_is_created(customer: Customer) -> None:
    """The connector's form is answered 201."""
    path = "/send/api/v1/casefiles/json/20251022/create-sandbox-base64"
    headers = {"x-auth-token": customer.token()}
    assert customer.call("POST", path, base64_lease(), headers=headers).status == 201


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (base64_lease(pdf="%%%"), "caseFile.documents[0].pdf is no base64"),
        (base64_lease(pdf=base64.b64encode(b"text").decode()), "must be a PDF"),
        (base64_lease(name="lease.pdf"), "caseFile.documents[0].name should not exist"),
        ({"caseFile": lease()}, "caseFile.documents[0].pdf is required"),
        ({**base64_lease(), "data": 1}, "data should not exist"),
        ([], "must be an object"),
        (b"{", "must be"),
    ],
)
def test_json_form_is_checked_too(customer: Customer, body: object, problem: str) -> None:
    """Both forms keep the same rules."""
    path = "/send/api/v1/casefiles/json/20251022/create-sandbox-base64"
    kind = {"content-type": "application/json"}
    headers = {"x-auth-token": customer.token(), **kind}
    answer = customer.call("POST", path, body, headers=headers)
    assert answer.status == 400
    assert problem in str(json.loads(answer.body)["message"])


def test_json_form_of_the_other_environment_is_not_there(
    open_account: Callable[..., Customer],
) -> None:
    """Sandbox and production have their own paths for it."""
    customer = open_account(environment="production")
    for environment, status in (("production", 201), ("sandbox", 404)):
        path = f"/send/api/v1/casefiles/json/20251022/create-{environment}-base64"
        headers = {"x-auth-token": customer.token()}
        assert customer.call("POST", path, base64_lease(), headers=headers).status == status


def test_json_form_must_say_that_it_is_json(customer: Customer) -> None:
    """No guessing at what a body is."""
    path = "/send/api/v1/casefiles/json/20251022/create-sandbox-base64"
    headers = {"x-auth-token": customer.token(), "content-type": "text/plain"}
    answer = customer.call("POST", path, base64_lease(), headers=headers)
    assert answer.status == 400
    assert "Content-Type" in str(json.loads(answer.body)["message"])
