from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.penneo.sandbox.conftest import Customer

SEND = ("POST", "/send/api/v1/casefiles/20251022/create")
SIGN = ("GET", "/api/v1/casefiles")
SIGN_3 = ("GET", "/api/v3/casefiles/1")
HOOK = ("GET", "/webhook/api/v1/subscriptions")
OLD_HOOK = ("GET", "/api/v1/webhook/subscriptions")
STATUS = ("POST", "/send/api/v1/queue/public/status")

X_AUTH = {"x-auth-token": "{token}"}
BEARER = {"authorization": "Bearer {token}"}
JWT = {"authorization": "JWT", "x-auth-token": "{token}"}


def reply(
    customer: Customer, call: tuple[str, str], headers: dict[str, str], token: str
) -> tuple[int, str]:
    """Status and body of a call with these headers."""
    filled = {name: value.format(token=token) for name, value in headers.items()}
    answer = customer.call(*call, headers=filled)
    return answer.status, str(json.loads(answer.body))


@pytest.mark.parametrize(
    ("call", "headers"),
    [(SEND, X_AUTH), (SIGN, BEARER), (SIGN, JWT), (SIGN_3, JWT), (HOOK, BEARER), (OLD_HOOK, JWT)],
)
def test_token_in_its_documented_place_opens(
    customer: Customer, call: tuple[str, str], headers: dict[str, str]
) -> None:
    """What is refused then is refused for another reason than the token."""
    status, text = reply(customer, call, headers, customer.token())
    assert status != 401
    assert "oken" not in text


@pytest.mark.parametrize(
    ("call", "headers", "status", "message"),
    [
        (SEND, {}, 400, "X-Auth-Token header is required"),
        (SEND, BEARER, 400, "X-Auth-Token header is required"),
        (SEND, {**BEARER, **X_AUTH}, 400, "instead of Authorization: Bearer"),
        (SIGN, {}, 401, "required"),
        (SIGN, X_AUTH, 401, "required"),
        (SIGN_3, {"authorization": "JWT"}, 401, "required"),
        (HOOK, JWT, 401, "required"),
        (HOOK, X_AUTH, 401, "required"),
    ],
)
def test_token_in_another_place_is_not_seen(
    customer: Customer,
    call: tuple[str, str],
    headers: dict[str, str],
    status: int,
    message: str,
) -> None:
    """Every API family has its own way, and the others do not count."""
    got = reply(customer, call, headers, customer.token())
    assert got[0] == status
    assert message in got[1]


@pytest.mark.parametrize(
    ("call", "headers", "status"), [(SEND, X_AUTH, 400), (SIGN, BEARER, 401), (HOOK, BEARER, 401)]
)
def test_unknown_token_is_invalid(
    customer: Customer, call: tuple[str, str], headers: dict[str, str], status: int
) -> None:
    """The Send API says 400 to a token it does not know."""
    got = reply(customer, call, headers, "made.up.token")
    assert got[0] == status
    assert "Invalid JWT token" in got[1]


@pytest.mark.parametrize(
    ("call", "headers"), [(SEND, X_AUTH), (SIGN, BEARER), (SIGN, JWT), (HOOK, BEARER)]
)
def test_token_dies_after_600_seconds(
    customer: Customer, call: tuple[str, str], headers: dict[str, str]
) -> None:
    """An expired token is 401 everywhere, and not a second before its time."""
    token = customer.token()
    customer.wait(seconds=599)
    assert reply(customer, call, headers, token)[0] != 401
    customer.wait(seconds=1)
    assert reply(customer, call, headers, token)[0] == 401


def test_job_status_needs_no_token(customer: Customer) -> None:
    """Whoever has the pair may ask."""
    handle = {"uuid": "550e8400-e29b-41d4-a716-446655440000", "payloadHash": "0"}
    assert customer.call(*STATUS, handle).status == 404


def test_every_answer_has_a_request_id(customer: Customer) -> None:
    """The vendor's support asks for it."""
    answers = [customer.call(*call) for call in (SEND, SIGN, HOOK, ("GET", "/nowhere"))]
    assert len({answer.headers["x-penneo-request-id"] for answer in answers}) == 4


@pytest.mark.parametrize(
    ("call", "status"), [(("GET", "/nowhere"), 404), (("PUT", "/api/v1/casefiles"), 405)]
)
def test_undocumented_calls_are_not_answered(
    customer: Customer, call: tuple[str, str], status: int
) -> None:
    """An adapter that strays from the documents notices."""
    assert customer.call(*call).status == status
