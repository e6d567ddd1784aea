from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from esign_core.errors import Outcome, Refused, UnreadableAnswer
from esign_core.model import (
    Channel,
    CopyRecipient,
    Document,
    EnvelopeDraft,
    Identity,
    IdentityMethod,
    Job,
    Redirects,
    Signer,
)
from esign_core.provider import JsonWithDocuments, Multipart, Response
from esign_core.testing import replay, reply
from esign_penneo import PenneoOptions, PenneoProvider

MakeProvider = Callable[..., PenneoProvider]
MakeDraft = Callable[..., EnvelopeDraft]

ACCEPTED = {
    "jobs": [
        {
            "uuid": "uuid-canary",
            "payload": {"uuid": "p", "bundleUuid": "b"},
            "createdAt": "2026-01-16T10:24:20.721Z",
            "payloadHash": "hash-canary",
        }
    ],
    "status": "handled",
    "message": "1 job created",
}


def test_a_draft_becomes_one_upload_of_its_case_file_and_files(
    provider: PenneoProvider, make_draft: MakeDraft
) -> None:
    """The one unrepeatable request: part `data` first, then each file under its document's name."""
    asked = replay(provider.send(make_draft()), [reply(ACCEPTED)])
    (request,) = asked.requests
    assert (request.method, request.path) == ("POST", "/send/api/v1/casefiles/20251022/create")
    assert not request.is_repeatable
    assert isinstance(request.body, Multipart)
    data, file = request.body.parts
    assert (data.name, data.file_name) == ("data", None)
    assert (file.name, file.file_name, file.content_type) == (
        "files",
        "lease.pdf",
        "application/pdf",
    )
    assert _case_file_of(asked.requests[0].body) == {
        "title": "Lease 14",
        "signers": [{"name": "Jane Doe", "email": "jane@example.com"}],
        "documents": [
            {"title": "lease", "name": "lease.pdf", "signable": True, "documentOrder": 0}
        ],
    }


@pytest.mark.parametrize("environment", ["sandbox", "production"])
def test_as_json_each_document_carries_its_bytes(
    make_provider: MakeProvider, make_draft: MakeDraft, environment: str
) -> None:
    """The JSON form has an address for each environment, and `pdf` where the other has `name`."""
    provider = make_provider(upload="json", environment=environment)
    draft = make_draft()
    asked = replay(provider.send(draft), [reply(ACCEPTED, status=201)])
    (request,) = asked.requests
    assert request.path.endswith(f"/casefiles/json/20251022/create-{environment}-base64")
    assert isinstance(request.body, JsonWithDocuments)
    (document,) = request.body.data["caseFile"]["documents"]
    assert document["pdf"] is draft.documents[0]
    assert "name" not in document


def test_every_wish_of_a_draft_is_passed_on(
    provider: PenneoProvider, make_draft: MakeDraft
) -> None:
    """Nothing that a draft asks for is lost on the way."""
    draft = make_draft(
        message="Please sign",
        language="en-GB",
        expires_in_days=7,
        metadata={"lease": "14"},
        mark="esign:env_1",
        copies=(CopyRecipient(name="Acme", email="acme@example.com"),),
        documents=(
            Document.from_bytes(b"%PDF-1", name="a.pdf", title="A", roles=("tenant",)),
            Document.from_bytes(b"%PDF-2", name="b.pdf", signable=False),
        ),
        signers=(
            Signer(name="Jane", email="jane@example.com", role="tenant", order=1, language="nb"),
            Signer(name="John", email="john@example.com", message="And you too", order=2),
        ),
        redirects=Redirects(signed="https://a.example"),
        options=(PenneoOptions(store_as_contact=False, reference="L14"),),
    )
    case_file = _case_file_of(replay(provider.send(draft), [reply(ACCEPTED)]).requests[0].body)
    shared = {"storeAsContact": False, "successUrl": "https://a.example", "emailFormat": "text"}
    assert case_file == {
        "title": "Lease 14",
        "language": "en",
        "expireAt": 1768559060 + 7 * 86400,
        "metaData": '{"esign":"esign:env_1","lease":"14"}',
        "reference": "L14",
        "ccRecipients": [{"name": "Acme", "email": "acme@example.com", "storeAsContact": False}],
        "signers": [
            {
                "name": "Jane",
                "email": "jane@example.com",
                "role": "tenant",
                "language": "no",
                "signOrder": 0,
                "emailText": "Please sign",
                **shared,
            },
            {
                "name": "John",
                "email": "john@example.com",
                "signOrder": 1,
                "emailText": "And you too",
                **shared,
            },
        ],
        "documents": [
            {
                "title": "A",
                "name": "a.pdf",
                "signable": True,
                "documentOrder": 0,
                "roles": ["tenant"],
            },
            {"title": "b", "name": "b.pdf", "signable": False, "documentOrder": 1},
        ],
    }


def test_a_signer_by_link_is_written_nothing(
    provider: PenneoProvider, make_draft: MakeDraft
) -> None:
    """An e-mail address would make Penneo write, so it stays here; so does the message."""
    signer = Signer(name="Jane", email="jane@example.com", delivery=Channel.LINK, message="Hello!")
    draft = make_draft(signers=(signer,), message="Please sign")
    case_file = _case_file_of(replay(provider.send(draft), [reply(ACCEPTED)]).requests[0].body)
    assert case_file["signers"] == [{"name": "Jane"}]


@pytest.mark.parametrize(
    ("identity", "phone", "asked"),
    [
        (
            Identity(
                method=IdentityMethod.NATIONAL_ID, country="DK", number=SecretStr("0101700123")
            ),
            None,
            ("dk:cpr", "0101700123"),
        ),
        (Identity(method=IdentityMethod.SMS), "+4512345678", ("sms", "+4512345678")),
        (
            Identity(method=IdentityMethod.SMS, number=SecretStr("+4687654321")),
            "+4512345678",
            ("sms", "+4687654321"),
        ),
    ],
)
def test_an_identity_is_checked_before_anything_is_shown(
    provider: PenneoProvider,
    make_draft: MakeDraft,
    identity: Identity,
    phone: str | None,
    asked: tuple[str, str],
) -> None:
    """The kind of number and the number itself, with access control on."""
    signer = Signer(name="Jane", delivery=Channel.LINK, identity=identity, phone=phone)
    draft = make_draft(signers=(signer,))
    request = replay(provider.send(draft), [reply(ACCEPTED)]).requests[0]
    (sent,) = _case_file_of(request.body)["signers"]
    assert (sent["ssnType"], sent["socialSecurityNumberPlain"]) == asked
    assert sent["accessControl"] is True
    assert asked[1] not in repr(request)


@pytest.mark.parametrize(
    ("mark", "words", "text"),
    [
        (None, {}, None),
        ("esign:env_1", {}, "esign:env_1"),
        (None, {"lease": "14"}, '{"lease":"14"}'),
        ("esign:env_1", {"lease": "14"}, '{"esign":"esign:env_1","lease":"14"}'),
    ],
)
def test_the_mark_travels_beside_the_callers_words(
    provider: PenneoProvider,
    make_draft: MakeDraft,
    mark: str | None,
    words: dict[str, str],
    text: str | None,
) -> None:
    """Alone it is plain text, which a person finds in Penneo; with words it is JSON."""
    draft = make_draft(mark=mark, metadata=words)
    case_file = _case_file_of(replay(provider.send(draft), [reply(ACCEPTED)]).requests[0].body)
    assert case_file.get("metaData") == text


@pytest.mark.parametrize("status", [200, 201])
def test_an_accepted_draft_is_a_job(
    provider: PenneoProvider, make_draft: MakeDraft, status: int
) -> None:
    """Sources name both numbers; what opens the job is in its handle and in no text."""
    job = replay(provider.send(make_draft()), [reply(ACCEPTED, status=status)]).answer
    assert isinstance(job, Job)
    assert job.handle == {"uuid": "uuid-canary", "payloadHash": "hash-canary", "asked": "0"}
    assert job.poll_after_seconds == 1.0
    assert "canary" not in repr(job)
    assert "canary" not in str(job.raw)


@pytest.mark.parametrize(
    ("jobs", "outcome"), [([], Outcome.NOT_DONE), (ACCEPTED["jobs"], Outcome.UNCERTAIN)]
)
def test_an_error_in_a_good_answer_is_a_refusal(
    provider: PenneoProvider, make_draft: MakeDraft, jobs: Any, outcome: Outcome
) -> None:
    """Penneo's words are told; where it names a job all the same, that may have been done."""
    answer = {"status": "error", "message": "jane@example.com is odd.", "jobs": jobs}
    with pytest.raises(Refused, match=r"200, \(e-mail\) is odd\.$") as caught:
        replay(provider.send(make_draft()), [reply(answer)])
    assert caught.value.outcome is outcome


@pytest.mark.parametrize(
    "answer",
    [
        reply({"status": "handled", "jobs": []}),
        reply({"status": "handled", "jobs": None}),
        reply({"status": "handled", "jobs": [{"uuid": "uuid-canary"}]}),
        reply([]),
        Response(200, {"content-type": "text/html"}, b"<html>"),
    ],
)
def test_an_answer_without_a_job_leaves_doubt(
    provider: PenneoProvider, make_draft: MakeDraft, answer: Response
) -> None:
    """It was accepted in words that nobody knows, so it may have been done."""
    with pytest.raises(UnreadableAnswer) as caught:
        replay(provider.send(make_draft()), [answer])
    assert caught.value.outcome is Outcome.UNCERTAIN
    assert "canary" not in str(caught.value)


def _case_file_of(body: object) -> dict[str, Any]:
    assert isinstance(body, Multipart)
    content = body.parts[0].content
    assert isinstance(content, bytes)
    case_file: dict[str, Any] = json.loads(content)["caseFile"]
    return case_file
