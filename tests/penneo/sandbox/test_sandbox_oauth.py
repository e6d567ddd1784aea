from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

if TYPE_CHECKING:
    from tests.penneo.sandbox.conftest import Customer

REDIRECT = "http://127.0.0.1/oauth/callback"
VERIFIER = "a-verifier-that-is-long-enough-to-be-one"
S256 = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


def test_api_keys_buy_a_token_for_ten_minutes_and_no_refresh_token(customer: Customer) -> None:
    """A server logs in without a person, and asks again with the same grant."""
    answer = customer.call("POST", "/oauth/token", customer.api_keys())
    token = json.loads(answer.body)
    assert answer.status == 200
    assert token["expires_in"] == 600
    assert token["access_token_expires_at"] == int(customer.now.timestamp()) + 600
    assert "refresh_token" not in token


def test_token_request_may_be_a_form(customer: Customer) -> None:
    """The connector sends a form where the SDKs send JSON."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    body = urlencode(customer.api_keys()).encode()
    assert customer.call("POST", "/oauth/token", body, headers=headers).status == 200


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"client_id": "someone"}, 401, "invalid_client"),
        ({"client_secret": "guess"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"key": "guess"}, 400, "invalid_grant"),
        ({"digest": "guess"}, 400, "invalid_grant"),
        ({"digest": ""}, 400, "invalid_request"),
        ({"nonce": "not base64!"}, 400, "invalid_request"),
        ({"nonce": base64.b64encode(b"x" * 49).decode()}, 400, "invalid_request"),
        ({"nonce": base64.b64encode(b"another").decode()}, 400, "invalid_grant"),
        ({"created_at": "2026-11-20T12:00:00Z"}, 400, "invalid_request"),
        ({"created_at": "2026-11-20T13:00:00.000+01:00"}, 400, "invalid_request"),
        ({"created_at": "2026-13-20T12:00:00.000Z"}, 400, "invalid_request"),
        ({"created_at": "2026-11-20T11:54:59.999Z"}, 400, "invalid_grant"),
        ({"created_at": "2026-11-20T12:05:00.001Z"}, 400, "invalid_grant"),
    ],
)
def test_bad_token_requests_are_refused_by_name(
    customer: Customer, changed: dict[str, str], status: int, error: str
) -> None:
    """Each field of the grant is checked as documented."""
    answer = customer.call("POST", "/oauth/token", customer.api_keys(**changed))
    assert (answer.status, json.loads(answer.body)["error"]) == (status, error)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain", b"{}"),
        ("application/json", b"{"),
        ("application/json", b"[]"),
        ("application/json", b'{"grant_type": 1}'),
        ("application/x-www-form-urlencoded", b"no pairs"),
    ],
)
def test_unreadable_token_requests_are_refused(customer: Customer, kind: str, body: bytes) -> None:
    """What is neither JSON nor a form of texts is an invalid request."""
    answer = customer.call("POST", "/oauth/token", body, headers={"content-type": kind})
    assert (answer.status, json.loads(answer.body)["error"]) == (400, "invalid_request")


def test_nonce_works_once(customer: Customer) -> None:
    """A recorded token request is worth nothing."""
    grant = customer.api_keys()
    assert customer.call("POST", "/oauth/token", grant).status == 200
    assert customer.call("POST", "/oauth/token", grant).status == 400


def test_customers_clock_is_accepted_after_a_leap(customer: Customer) -> None:
    """A test that makes the vendor's clock leap does not lock its customers out."""
    grant = customer.api_keys()
    late = customer.api_keys()
    customer.wait(days=2)
    assert customer.call("POST", "/oauth/token", grant).status == 400
    lead = customer.now - customer.now.replace(day=20)
    customer.vendor.ahead = lambda: lead
    assert customer.call("POST", "/oauth/token", late).status == 200


def authorize(customer: Customer, **changed: str) -> dict[str, str]:
    """What the browser brings back from the login page."""
    query = {
        "response_type": "code",
        "client_id": customer.vendor.credentials.client_id,
        "redirect_uri": REDIRECT,
        "code_challenge": S256,
        "code_challenge_method": "S256",
        "state": "s1",
        **changed,
    }
    answer = customer.call("GET", "/oauth/authorize", headers=None, **query)
    if answer.status != 302:
        return {"status": str(answer.status)}
    back = urlsplit(answer.headers["location"])
    assert back._replace(query="").geturl() == REDIRECT
    return {name: values[0] for name, values in parse_qs(back.query).items()}


def exchange(customer: Customer, code: str, **changed: str) -> dict[str, str]:
    """The answer to a code."""
    known = customer.vendor.credentials
    grant = {
        "grant_type": "authorization_code",
        "client_id": known.client_id,
        "client_secret": known.client_secret,
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        **changed,
    }
    answer = customer.call("POST", "/oauth/token", grant)
    body: dict[str, str] = json.loads(answer.body)
    return body


def refresh(customer: Customer, token: str) -> dict[str, str]:
    """The answer to a refresh token."""
    known = customer.vendor.credentials
    grant = {
        "grant_type": "refresh_token",
        "client_id": known.client_id,
        "client_secret": known.client_secret,
        "refresh_token": token,
    }
    body: dict[str, str] = json.loads(customer.call("POST", "/oauth/token", grant).body)
    return body


@pytest.mark.parametrize(
    ("method", "challenge"), [("S256", S256), ("plain", VERIFIER)], ids=["S256", "plain"]
)
def test_code_buys_tokens_with_its_verifier(
    customer: Customer, method: str, challenge: str
) -> None:
    """The authorization code grant works with both methods of PKCE."""
    back = authorize(customer, code_challenge=challenge, code_challenge_method=method)
    assert back["state"] == "s1"
    token = exchange(customer, back["code"])
    assert token["access_token"]
    assert token["refresh_token"]


@pytest.mark.parametrize(
    ("changed", "back"),
    [
        ({"client_id": "someone"}, {"status": "400"}),
        ({"redirect_uri": "http://127.0.0.1/elsewhere"}, {"status": "400"}),
        ({"response_type": "token"}, {"error": "unsupported_response_type", "state": "s1"}),
    ],
)
def test_bad_authorization_requests_give_no_code(
    customer: Customer, changed: dict[str, str], back: dict[str, str]
) -> None:
    """A code goes to a registered address only."""
    assert authorize(customer, **changed) == back


@pytest.mark.parametrize("changed", [{"code_challenge": ""}, {"code_challenge_method": "MD5"}])
def test_code_challenge_is_required(customer: Customer, changed: dict[str, str]) -> None:
    """Without PKCE there is no code."""
    assert authorize(customer, **changed)["error"] == "invalid_request"


@pytest.mark.parametrize(
    "changed",
    [{"code_verifier": "x" * 43}, {"redirect_uri": "http://127.0.0.1/other"}, {"code": "guess"}],
)
def test_code_of_another_is_worth_nothing(customer: Customer, changed: dict[str, str]) -> None:
    """An intercepted code needs the verifier and the address too."""
    code = authorize(customer)["code"]
    assert exchange(customer, **{"code": code, **changed})["error"] == "invalid_grant"


def test_code_works_once_and_not_for_long(customer: Customer) -> None:
    """A code is not a token."""
    code = authorize(customer)["code"]
    assert "access_token" in exchange(customer, code)
    assert exchange(customer, code)["error"] == "invalid_grant"
    late = authorize(customer)["code"]
    customer.wait(minutes=2)
    assert exchange(customer, late)["error"] == "invalid_grant"


def test_refresh_token_works_once_and_until_revoked(customer: Customer) -> None:
    """Each refresh brings the next refresh token; a revoked one is dead."""
    first = exchange(customer, authorize(customer)["code"])["refresh_token"]
    second = refresh(customer, first)["refresh_token"]
    assert refresh(customer, first)["error"] == "invalid_grant"
    assert customer.call("POST", "/oauth/revoke", {"token": second}).status == 200
    assert refresh(customer, second)["error"] == "invalid_grant"


def test_revoking_an_unknown_token_is_answered_the_same(customer: Customer) -> None:
    """Revoking does not tell whether a token existed."""
    answer = customer.call("POST", "/oauth/revoke", {"token": "never given out"})
    assert (answer.status, answer.body) == (200, b"")
