from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.sandbox import Act

if TYPE_CHECKING:
    from tests.penneo.sandbox.conftest import Customer, Envelope

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
JANE = {"name": "Jane", "email": "jane@example.com"}


def test_case_file_shows_documented_fields_and_no_secrets(customer: Customer) -> None:
    """Times are UNIX seconds; there is no signing link in it."""
    envelope = customer.send(JANE, reference="r", metaData="m", language="da")
    shown = envelope.json()
    sent_at = int(customer.now.timestamp())
    assert shown == customer.read(f"/api/v3/casefiles/{envelope.id}")
    assert {name: shown[name] for name in ("id", "title", "status", "language")} == {
        "id": envelope.id,
        "title": "Lease 14",
        "status": 1,
        "language": "da",
    }
    assert (shown["reference"], shown["metaData"]) == ("r", "m")
    assert (shown["created"], shown["activated"], shown["updated"]) == (sent_at,) * 3
    assert shown["completed"] is None
    assert shown["signers"][0]["id"] == envelope.links[0]["signerId"]
    assert envelope.token() not in json.dumps(shown)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/casefiles/1",
        "/api/v3/casefiles/1",
        "/api/v1/casefiles/1/signers/1/log",
        "/api/v1/signingrequests/1/link",
        "/api/v3/documents/1/content",
        "/api/v1/casefiles/one",
    ],
)
def test_unknown_things_are_404(customer: Customer, path: str) -> None:
    """Whatever is not there is not found."""
    customer.send()
    assert customer.ask("GET", path).status == 404


def test_signer_of_another_case_file_is_not_found(customer: Customer) -> None:
    """A signer's id counts within its case file."""
    one, other = customer.send(), customer.send()
    stranger = other.links[0]["signerId"]
    assert customer.ask("GET", f"{one.path}/signers/{stranger}/log").status == 404


def test_log_tells_the_signers_story(customer: Customer) -> None:
    """By the documented numbers and with times: enough to repair missed webhooks."""
    envelope = customer.send(JANE)
    start = int(customer.now.timestamp())
    request = request_id(customer, envelope)
    customer.wait(seconds=10)
    assert customer.ask("PATCH", f"/api/v1/signingrequests/{request}/send").status == 204
    for act in (Act.OPEN, Act.OPEN, Act.SIGN):
        customer.wait(seconds=10)
        envelope.act(act)
    customer.wait(seconds=1)
    log = customer.read(f"{envelope.path}/signers/{envelope.links[0]['signerId']}/log")
    assert [(line["eventTime"] - start, line["eventType"]) for line in log] == [
        (0, 7),
        (0, 0),
        (10, 5),
        (20, 1),
        (20, 2),
        (30, 2),
        (40, 3),
        (41, 8),
    ]


def request_id(customer: Customer, envelope: Envelope, signer: int = 0) -> int:
    """The id of a signer's signing request."""
    path = f"{envelope.path}/signers/{envelope.links[signer]['signerId']}/signingrequests"
    (request,) = customer.read(path)
    return int(request["id"])


def test_link_is_the_one_element_of_an_array(customer: Customer) -> None:
    """The same link that the job told."""
    envelope = customer.send()
    request = request_id(customer, envelope)
    link = customer.read(f"/api/v1/signingrequests/{request}/link")
    assert link == [envelope.links[0]["signingLink"]]


def test_reminder_goes_to_whoever_is_to_sign_by_mail(customer: Customer) -> None:
    """It is written into the ledger; it is refused where there is nobody to write to."""
    envelope = customer.send({**JANE, "signOrder": 0}, {**JANE, "name": "Kim", "signOrder": 1})
    linked = customer.send({"name": "John"})
    calls = [(envelope, 0, 204), (envelope, 1, 400), (linked, 0, 400)]
    for case_file, signer, status in calls:
        request = request_id(customer, case_file, signer)
        assert customer.ask("PATCH", f"/api/v1/signingrequests/{request}/send").status == status
    assert [entry for entry in customer.ledger() if entry[0] == "reminded"] == [
        ("reminded", "Jane")
    ]
    envelope.act(Act.SIGN)
    request = request_id(customer, envelope)
    assert customer.ask("PATCH", f"/api/v1/signingrequests/{request}/send").status == 400


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [("sdk", [0, 1, 1, 4, 2, 3]), ("postman", [0, 1, 2, 3, 4, 9])],
)
def test_request_numbers_follow_one_of_two_contradicting_lists(
    open_account: Callable[..., Customer], numbers: str, expected: list[int]
) -> None:
    """2 is rejected in one list and opened in the other: who trusts it is wrong in one."""
    customer = open_account(signing_request_numbers=numbers)
    envelope = customer.send(
        {"name": "A"}, {"name": "B"}, {"name": "C"}, {"name": "D"}, {"name": "E", "signOrder": 1}
    )
    envelope.act(Act.OPEN, 1)
    envelope.act(Act.SIGN, 2)

    def number(signer: int) -> int:
        return int(envelope.json()["signers"][signer]["signingRequest"]["status"])

    seen = [number(4), number(0), number(1), number(2)]
    envelope.act(Act.DECLINE, 3)
    seen.append(number(3))
    other = customer.send()
    customer.ask("DELETE", other.path)
    seen.append(int(other.json()["signers"][0]["signingRequest"]["status"]))
    assert seen == expected


def test_sending_and_activating_open_a_new_case_file_once(customer: Customer) -> None:
    """With e-mail and without; a second time is refused and asks nobody."""
    later = int((customer.now + timedelta(days=1)).timestamp())
    for verb, channel in (("send", "email"), ("activate", "link")):
        customer.vendor.ledger.clear()
        envelope = customer.send(JANE, sendAt=later)
        assert customer.ask("PATCH", f"{envelope.path}/{verb}").status == 204
        assert customer.ask("PATCH", f"{envelope.path}/{verb}").status == 400
        assert [(entry.what, entry.channel) for entry in customer.vendor.ledger] == [
            ("asked", channel)
        ]
    customer.wait(days=2)
    assert len(customer.ledger()) == 1


def test_plain_lists(customer: Customer) -> None:
    """Documents, signers and folders come as plain arrays."""
    envelope = customer.send(JANE)
    shown = envelope.json()
    assert customer.read(f"{envelope.path}/documents") == shown["documents"]
    assert customer.read(f"{envelope.path}/signers") == shown["signers"]
    assert customer.read("/api/v1/folders")[0] == {"id": 1, "title": "Inbox"}


def content(customer: Customer, envelope: Envelope, accept: str, **query: str) -> Any:
    """The answer for the first document's content."""
    document = envelope.json()["documents"][0]["id"]
    return customer.ask("GET", f"/api/v3/documents/{document}/content", accept=accept, **query)


def test_original_is_there_from_the_start(customer: Customer) -> None:
    """Byte for byte, in both forms."""
    envelope = customer.send()
    answer = content(customer, envelope, "application/pdf", signed="false")
    assert (answer.body, answer.headers["content-type"]) == (PDF, "application/pdf")
    answer = content(customer, envelope, "application/json", signed="false")
    assert base64.b64decode(json.loads(answer.body)["content"]) == PDF


@pytest.mark.parametrize(
    ("accept", "query", "status"),
    [
        ("application/pdf", {}, 404),
        ("application/pdf", {"signed": "true"}, 404),
        ("application/pdf", {"signed": "no"}, 400),
        ("text/html", {"signed": "false"}, 406),
    ],
)
def test_content_is_refused_where_there_is_none(
    customer: Customer, accept: str, query: dict[str, str], status: int
) -> None:
    """There is no signed document before status 5."""
    envelope = customer.send()
    envelope.sign_all()
    assert content(customer, envelope, accept, **query).status == status


def test_document_that_cannot_be_signed_is_an_error(customer: Customer) -> None:
    """What only looked like a PDF does not come back as a signed one."""
    envelope = customer.send()
    envelope.sign_all()
    customer.wait(seconds=1)
    assert content(customer, envelope, "application/pdf").status == 500
