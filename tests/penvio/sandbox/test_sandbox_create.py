from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.sandbox import VendorRequest

if TYPE_CHECKING:
    from tests.penvio.sandbox.conftest import Account

    OpenAccount = Callable[..., Account]

START = datetime(2024, 1, 18, 10, 30, tzinfo=UTC)
KEY = "pk_test_full"
TENANT = {"email": "jane@example.com", "name": "Jane Doe", "role": "Tenant", "order": 1}
LANDLORD = {"email": "lars@example.com", "name": "Łars Żoë", "role": "Landlord", "order": 2}
LEASE = {"templateId": "tmpl_lease1", "signers": [TENANT, LANDLORD]}


def code(answer: Any) -> str:
    """The code of an error."""
    return str(answer["error"]["code"])


def test_created_envelope_looks_like_the_documented_sample(account: Account) -> None:
    """Every field of the sample, with its values where the request is the same."""
    sample = {
        "templateName": "Residential Lease",
        "status": "SENT",
        "signingOrder": "SEQUENTIAL",
        "subject": "Please sign",
        "message": "Read first.",
        "metadata": {"orderId": "PO-12345"},
        "webhookUrl": None,
        "expiresAt": "2024-02-01T00:00:00Z",
        "createdAt": "2024-01-18T10:30:00Z",
        "sentAt": "2024-01-18T10:30:00Z",
        "completedAt": None,
        "signedDocumentStorageKey": None,
        "certificateStorageKey": None,
    }
    wish = {name: sample[name] for name in ("subject", "message", "metadata")}
    body = {**LEASE, **wish, "expiresInDays": 14, "sendImmediately": True}
    envelope = account.ask("POST", "/envelopes", body)["data"]
    assert {name: envelope[name] for name in sample} == sample
    assert (
        envelope["documentStorageKey"] == f"esign/envelopes/org_abc/{envelope['id']}/document.pdf"
    )
    tenant = {
        **TENANT,
        "status": "SENT",
        "signedAt": None,
        "declinedAt": None,
        "declineReason": None,
    }
    assert envelope["signers"][0] == {"id": envelope["signers"][0]["id"], **tenant}
    assert set(envelope) == {*sample, "id", "templateId", "signers", "documentStorageKey"}


def test_same_seed_gives_the_same_ids_and_another_seed_others(open_account: OpenAccount) -> None:
    """A run can be repeated; two runs do not meet in one journal."""
    ids = [open_account(seed=seed).create()["id"] for seed in ("a", "a", "b")]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"templateId": 7}, "templateId"),
        ({"templateId": ""}, "templateId"),
        ({"signers": []}, "signers"),
        ({"signers": [TENANT] * 21}, "signers"),
        ({"signers": {}}, "signers"),
        ({"signers": ["Jane"]}, "signers.0"),
        ({"signers": [TENANT, {"name": "Lars"}]}, "signers.1.email"),
        ({"signers": [{**TENANT, "email": "jane"}]}, "signers.0.email"),
        ({"signers": [{**TENANT, "email": 7}]}, "signers.0.email"),
        ({"signers": [{**TENANT, "name": " "}]}, "signers.0.name"),
        ({"signers": [{**TENANT, "role": "Buyer"}]}, "signers.0.role"),
        ({"signers": [{**TENANT, "role": None}]}, "signers.0.role"),
        ({"signers": [{**TENANT, "order": 0}]}, "signers.0.order"),
        ({"signers": [{**TENANT, "order": "1"}]}, "signers.0.order"),
        ({"signers": [{**TENANT, "order": True}]}, "signers.0.order"),
        ({"signers": [{**TENANT, "phone": "+45"}]}, "signers.0.phone"),
        ({"subject": None}, "subject"),
        ({"message": 7}, "message"),
        ({"metadata": "x"}, "metadata"),
        ({"webhookUrl": "ftp://hook.invalid"}, "webhookUrl"),
        ({"webhookUrl": "http://[hook"}, "webhookUrl"),
        ({"webhookUrl": 7}, "webhookUrl"),
        ({"webhookSecret": "fifteen letters"}, "webhookSecret"),
        ({"webhookSecret": 7}, "webhookSecret"),
        ({"expiresInDays": 0}, "expiresInDays"),
        ({"expiresInDays": 1.5}, "expiresInDays"),
        ({"expiresInDays": 10**9}, "expiresInDays"),
        ({"signingOrder": "parallel"}, "signingOrder"),
        ({"signingOrder": ["PARALLEL"]}, "signingOrder"),
        ({"sendImmediately": "true"}, "sendImmediately"),
        ({"reference": "x"}, "reference"),
    ],
)
def test_body_against_the_documents_is_refused(
    account: Account, change: dict[str, Any], field: str
) -> None:
    """VALIDATION_ERROR names the field, and nothing is made."""
    answer = account.ask("POST", "/envelopes", {**LEASE, **change})
    assert (account.last.status, code(answer)) == (400, "VALIDATION_ERROR")
    assert list(answer["error"]["details"]) == [field]
    assert all(isinstance(why, str) for why in answer["error"]["details"][field])
    assert (account.bucket, account.ask("GET", "/envelopes")["data"]) == ({}, [])


def test_every_wrong_field_is_told_at_once(account: Account) -> None:
    """Missing fields too."""
    answer = account.ask("POST", "/envelopes", {"signers": [{}], "subject": 7})
    told = set(answer["error"]["details"])
    assert told == {"templateId", "subject", "signers.0.email", "signers.0.name"}


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"[]", b"\xff", b"null"])
def test_body_that_is_no_object_is_refused(account: Account, body: bytes) -> None:
    """VALIDATION_ERROR, never a crash."""
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json; charset=utf-8"}
    request = VendorRequest("POST", "/api/v1/esign/envelopes", {}, headers, body)
    assert account.vendor.handle(request, START)[0].status == 400


def test_body_of_another_type_is_refused(account: Account) -> None:
    """The documents speak JSON only."""
    headers = {"authorization": f"Bearer {KEY}", "content-type": "text/plain"}
    body = json.dumps(LEASE).encode()
    request = VendorRequest("POST", "/api/v1/esign/envelopes", {}, headers, body)
    assert b"Content-Type" in account.vendor.handle(request, START)[0].body


@pytest.mark.parametrize(
    ("action", "body"),
    [("send", {"now": True}), ("cancel", {"reason": 7}), ("remind", {"signer": "x"})],
)
def test_optional_body_is_checked_too(account: Account, action: str, body: dict[str, Any]) -> None:
    """What is not documented is refused there as well."""
    envelope = account.create(sendImmediately=False)
    answer = account.ask("POST", f"/envelopes/{envelope['id']}/{action}", body)
    assert code(answer) == "VALIDATION_ERROR"
    assert account.show(envelope)["status"] == "DRAFT"


def test_path_outside_the_api_and_unknown_template_are_not_found(account: Account) -> None:
    """NOT_FOUND in both cases."""
    headers = {"authorization": f"Bearer {KEY}"}
    response, _ = account.vendor.handle(VendorRequest("GET", "/", {}, headers), START)
    assert response.status == 404
    assert code(account.ask("POST", "/envelopes", {**LEASE, "templateId": "x"})) == "NOT_FOUND"
