from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from esign_core.errors import AuthenticationFailed, EsignError, Outcome, UnreadableAnswer
from esign_core.provider import Request, Response, Token
from esign_core.testing import replay, reply
from esign_penneo import PenneoProvider

NOW = datetime(2026, 1, 16, 10, 24, 20, tzinfo=UTC)


def test_a_token_is_asked_for_with_a_digest_of_the_secret(provider: PenneoProvider) -> None:
    """The API secret is proven and never sent; the same keys ask again, so it can be repeated."""
    answer = {"access_token": "token-canary", "expires_in": 600}
    asked = replay(provider.grant(), [reply(answer)])
    (request,) = asked.requests
    assert (request.method, request.host, request.path) == ("POST", "oauth", "/oauth/token")
    assert not request.auth
    assert request.is_repeatable
    body = request.json
    assert body["grant_type"] == "api_keys"
    assert body["key"] == "api-key-canary"
    assert body["created_at"] == "2026-01-16T10:24:20.000Z"
    assert len(body["nonce"]) <= 64
    proof = base64.b64decode(body["nonce"]) + b"2026-01-16T10:24:20.000Z" + b"api-secret-canary"
    digest = hashlib.sha1(proof, usedforsecurity=False).digest()
    assert body["digest"] == base64.b64encode(digest).decode()
    assert "api-secret-canary" not in str(body)
    assert "canary" not in repr(request)
    assert "canary" not in repr(asked.answer)


def test_each_token_is_asked_for_with_a_new_nonce(provider: PenneoProvider) -> None:
    """A request that somebody saw cannot be made again."""
    answer = reply({"access_token": "a"})
    nonces = {replay(provider.grant(), [answer]).requests[0].json["nonce"] for _ in range(5)}
    assert len(nonces) == 5


@pytest.mark.parametrize(
    ("answer", "expires_at"),
    [
        ({"access_token_expires_at": 1768559660, "expires_in": 1}, "2026-01-16T10:34:20+00:00"),
        ({"expires_in": 60}, "2026-01-16T10:25:20+00:00"),
        ({"expires_in": "soon"}, "2026-01-16T10:34:20+00:00"),
        ({}, "2026-01-16T10:34:20+00:00"),
        ({"expires_in": 10**30}, "2026-01-17T10:24:20+00:00"),
        ({"access_token_expires_at": 253402300799}, "2026-01-17T10:24:20+00:00"),
        ({"access_token_expires_at": 10**30}, "2026-01-16T10:34:20+00:00"),
    ],
)
def test_a_token_lasts_as_long_as_the_answer_says(
    provider: PenneoProvider, answer: dict[str, Any], expires_at: str
) -> None:
    """The time is taken before the duration; ten minutes is documented, a day the longest."""
    token = replay(provider.grant(), [reply({"access_token": "a", **answer})]).answer
    assert token.expires_at == datetime.fromisoformat(expires_at)
    assert token.expires_at is not None
    assert token.expires_at - NOW <= timedelta(days=1)


@pytest.mark.parametrize(
    "answer",
    [
        reply({"token_type": "Bearer"}),
        reply({"access_token": ""}),
        reply({"access_token": "canary\r\nx-more: 1"}),
        reply({"access_token": "canary\n"}),
        reply({"access_token": "canary\u00f8"}),
        reply(["access_token"]),
        Response(200, {"content-type": "text/html"}, b"<html>"),
        AuthenticationFailed("401", outcome=Outcome.UNCERTAIN),
    ],
)
def test_without_a_token_nothing_was_done(
    provider: PenneoProvider, answer: Response | EsignError
) -> None:
    """Asking for a token asks nobody to sign, so a failure leaves no doubt behind."""
    with pytest.raises((UnreadableAnswer, AuthenticationFailed)) as caught:
        replay(provider.grant(), [answer])
    assert caught.value.outcome is Outcome.NOT_DONE
    assert "canary" not in f"{caught.value} {caught.value.raw}"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/send/api/v1/casefiles/20251022/create", {"X-Auth-Token": "t"}),
        ("/api/v1/casefiles/1", {"Authorization": "Bearer t"}),
        ("/api/v3/casefiles/1", {"Authorization": "Bearer t"}),
        ("/webhook/api/v1/subscriptions", {"Authorization": "Bearer t"}),
        ("/collect/api/v1/forms", {"Authorization": "Bearer t"}),
    ],
)
def test_each_api_gets_the_token_where_it_wants_it(
    provider: PenneoProvider, path: str, headers: dict[str, str]
) -> None:
    """The Send API takes X-Auth-Token and no Bearer; all others take a Bearer."""
    request = provider.authorize(Request("GET", path), Token("t"))
    assert dict(request.headers) == headers


def test_without_a_token_a_request_stays_as_it_is(provider: PenneoProvider) -> None:
    """Nothing is made up where there is no token."""
    request = Request("GET", "/api/v1/folders")
    assert provider.authorize(request, None) is request
