from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.penvio.sandbox.conftest import Account

    OpenAccount = Callable[..., Account]

SECRET = "whsec_0123456789"
TENANT = {"email": "jane@example.com", "name": "Jane Doe", "role": "Tenant", "order": 1}
LANDLORD = {"email": "lars@example.com", "name": "Łars Żoë", "role": "Landlord", "order": 2}
LEASE = {"templateId": "tmpl_lease1", "signers": [TENANT, LANDLORD]}


def test_webhook_in_the_shape_of_the_api_page(account: Account) -> None:
    """Body and bare hexadecimal signature, as the API page documents them."""
    envelope = account.create(signers=[TENANT])
    account.act("Jane Doe")
    sent, signed, completed = account.deliveries
    jane = {"id": envelope["signers"][0]["id"], "email": "jane@example.com", "name": "Jane Doe"}
    assert json.loads(signed.body) == {
        "event": "envelope.signed",
        "timestamp": "2024-01-18T10:30:00Z",
        "data": {
            "envelopeId": envelope["id"],
            "status": "IN_PROGRESS",
            "signer": {**jane, "signedAt": "2024-01-18T10:30:00Z"},
        },
    }
    assert json.loads(completed.body)["data"] == {
        "envelopeId": envelope["id"],
        "status": "COMPLETED",
    }
    assert "signer" not in json.loads(sent.body)["data"]
    expected = hmac.new(SECRET.encode(), signed.body, hashlib.sha256).hexdigest()
    assert signed.headers["X-Penvio-Signature"] == expected
    assert (signed.url, signed.subject) == ("http://hook.invalid/", envelope["id"])


def test_webhook_without_a_secret_is_unsigned_in_that_shape(account: Account) -> None:
    """Only who gave a secret gets a signature."""
    hook = {"webhookUrl": "http://hook.invalid/", "sendImmediately": True}
    account.ask("POST", "/envelopes", {**LEASE, **hook})
    assert "X-Penvio-Signature" not in account.deliveries[0].headers


def test_without_a_url_there_are_no_webhooks(account: Account) -> None:
    """They are set per envelope."""
    account.ask("POST", "/envelopes", {**LEASE, "sendImmediately": True})
    account.act("Jane Doe")
    assert account.deliveries == []


@pytest.mark.parametrize("secret", [SECRET, None])
def test_webhook_in_the_shape_of_the_webhooks_page(
    secret: str | None, open_account: OpenAccount
) -> None:
    """Body with an id, `sha256=` before the signature, always signed."""
    account = open_account(webhook_shape="page", webhook_secret="account-wide-secret")
    given = {"webhookSecret": secret} if secret else {}
    hook = {"webhookUrl": "http://hook.invalid/", "sendImmediately": True, **given}
    envelope = account.ask("POST", "/envelopes", {**LEASE, "signers": [TENANT], **hook})["data"]
    account.act("Jane Doe")
    completed = account.deliveries[-1]
    body = json.loads(completed.body)
    assert (body["type"], body["createdAt"]) == ("envelope.completed", "2024-01-18T10:30:00Z")
    folder = f"esign/envelopes/org_abc/{envelope['id']}"
    assert body["data"] == {
        "envelopeId": envelope["id"],
        "status": "COMPLETED",
        "completedAt": "2024-01-18T10:30:00Z",
        "signers": [
            {
                "id": envelope["signers"][0]["id"],
                "email": "jane@example.com",
                "status": "SIGNED",
                "signedAt": "2024-01-18T10:30:00Z",
            }
        ],
        "documentStorageKey": f"{folder}/signed.pdf",
        "certificateStorageKey": f"{folder}/certificate.pdf",
    }
    ids = [json.loads(delivery.body)["id"] for delivery in account.deliveries]
    assert len(set(ids)) == len(ids) == 3
    key = (secret or "account-wide-secret").encode()
    digest = hmac.new(key, completed.body, hashlib.sha256).hexdigest()
    assert completed.headers["X-Penvio-Signature"] == f"sha256={digest}"


def test_shape_of_the_webhooks_page_knows_no_cancelled(open_account: OpenAccount) -> None:
    """That page lists the same events without it."""
    account = open_account(webhook_shape="page")
    envelope = account.create()
    account.ask("POST", f"/envelopes/{envelope['id']}/cancel")
    assert account.told() == ["envelope.sent"]
    assert account.show(envelope)["status"] == "CANCELLED"


def test_each_envelope_has_its_own_place_and_secret(account: Account) -> None:
    """What is told of one goes where that one said, signed with its secret."""
    wishes = [("http://a.invalid/", "secret-of-the-first"), ("http://b.invalid/", SECRET)]
    ids = [account.create(webhookUrl=url, webhookSecret=key)["id"] for url, key in wishes]
    for delivery, envelope, (url, key) in zip(account.deliveries, ids, wishes, strict=True):
        assert (delivery.subject, delivery.url) == (envelope, url)
        digest = hmac.new(key.encode(), delivery.body, hashlib.sha256).hexdigest()
        assert delivery.headers["X-Penvio-Signature"] == digest
