from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from esign_core.sandbox import VendorRequest

if TYPE_CHECKING:
    from tests.penvio.sandbox.conftest import Account

    OpenAccount = Callable[..., Account]

START = datetime(2024, 1, 18, 10, 30, tzinfo=UTC)
KEY = "pk_test_full"
READER = "pk_test_reader"
TENANT = {"email": "jane@example.com", "name": "Jane Doe", "role": "Tenant", "order": 1}
LANDLORD = {"email": "lars@example.com", "name": "Łars Żoë", "role": "Landlord", "order": 2}
LEASE = {"templateId": "tmpl_lease1", "signers": [TENANT, LANDLORD]}


def code(answer: Any) -> str:
    """The code of an error."""
    return str(answer["error"]["code"])


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", f"Basic {KEY}", KEY])
def test_without_a_valid_key_nothing_is_answered(account: Account, header: str) -> None:
    """UNAUTHORIZED 401."""
    request = VendorRequest("GET", "/api/v1/esign/templates", {}, {"authorization": header})
    response, _ = account.vendor.handle(request, START)
    assert (response.status, code(json.loads(response.body))) == (401, "UNAUTHORIZED")


def test_revoked_key_is_refused_at_once(account: Account) -> None:
    """The others go on."""
    account.vendor.keyring.revoke(KEY)
    assert code(account.ask("GET", "/templates")) == "UNAUTHORIZED"
    account.ask("GET", "/templates", key=READER)
    assert account.last.status == 200


def test_key_without_the_scope_is_forbidden(account: Account) -> None:
    """A reader reads; anything else is FORBIDDEN 403 and changes nothing."""
    envelope = account.create()
    for path in ("", f"/{envelope['id']}/cancel"):
        answer = account.ask("POST", f"/envelopes{path}", LEASE, key=READER)
        assert (account.last.status, code(answer)) == (403, "FORBIDDEN")
    assert (
        account.ask("GET", f"/envelopes/{envelope['id']}", key=READER)["data"]["status"] == "SENT"
    )


def test_account_without_a_bucket_is_forbidden_to_send(open_account: OpenAccount) -> None:
    """403 also means that the customer's storage bucket is not configured."""
    account = open_account(has_bucket=False)
    assert code(account.ask("POST", "/envelopes", LEASE)) == "FORBIDDEN"


def test_monthly_quota_is_enforced_and_starts_anew(open_account: OpenAccount) -> None:
    """QUOTA_EXCEEDED 403, until the month is over."""
    account = open_account(quota=1)
    account.create()
    answer = account.ask("POST", "/envelopes", LEASE)
    assert (account.last.status, code(answer)) == (403, "QUOTA_EXCEEDED")
    account.wait(days=14)
    account.create()


def test_no_15_minutes_hold_more_requests_than_the_limit(open_account: OpenAccount) -> None:
    """Per key, wherever the 15 minutes begin; the headers tell how much is left."""
    account = open_account(limit=3)
    left = []
    for minute in (0, 10, 10):
        account.now = START + timedelta(minutes=minute)
        account.ask("GET", "/templates")
        left.append(account.last.headers["x-ratelimit-remaining"])
    assert left == ["2", "1", "0"]
    assert code(account.ask("GET", "/templates")) == "RATE_LIMITED"
    assert account.last.status == 429
    reset = datetime.fromtimestamp(int(account.last.headers["x-ratelimit-reset"]), UTC)
    assert reset == START + timedelta(minutes=15)
    account.ask("GET", "/templates", key=READER)
    assert account.last.status == 200  # another key, another budget
    account.now = reset
    account.ask("GET", "/templates")
    assert account.last.status == 200  # the first has left the window, the two others have not
    assert code(account.ask("GET", "/templates")) == "RATE_LIMITED"


def test_limit_is_ten_thousand(account: Account) -> None:
    """As documented."""
    account.ask("GET", "/templates")
    assert account.last.headers["x-ratelimit-limit"] == "10000"


def test_refusals_on_demand_are_in_penvios_own_words(account: Account) -> None:
    """Faults look like the real thing."""
    limited, broken = account.vendor.refusal(429, START), account.vendor.refusal(503, START)
    assert (limited.status, code(json.loads(limited.body))) == (429, "RATE_LIMITED")
    assert (broken.status, code(json.loads(broken.body))) == (503, "INTERNAL_ERROR")
