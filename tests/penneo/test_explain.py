from __future__ import annotations

from typing import Any

import pytest

from esign_core.errors import (
    AuthenticationFailed,
    NotFound,
    Outcome,
    PermissionDenied,
    Problem,
    RateLimited,
    Refused,
    Unavailable,
)
from esign_core.provider import Response
from esign_core.testing import reply
from esign_penneo import PenneoProvider


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (401, AuthenticationFailed),
        (403, PermissionDenied),
        (404, NotFound),
        (408, Unavailable),
        (409, Refused),
        (418, Refused),
        (429, RateLimited),
        (500, Unavailable),
        (503, Unavailable),
    ],
)
def test_each_documented_number_has_its_error(
    provider: PenneoProvider, status: int, kind: type[Exception]
) -> None:
    """What says nothing else is named by its number."""
    error = provider.explain(reply({"message": "No.", "statusCode": status}, status=status))
    assert type(error) is kind
    assert error.status_code == status
    assert error.outcome is Outcome.NOT_DONE
    assert str(error).startswith(f"{status}, No.")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"error": "Bad Request", "message": "X-Auth-Token header is required"}),
        (400, {"error": "Bad Request", "message": ["Invalid JWT token: jwt expired"]}),
        (400, {"error": "invalid_grant"}),
        (400, {"error": "invalid_client", "error_description": "Client unknown"}),
        (401, None),
    ],
)
def test_a_refused_token_is_known_by_its_words(
    provider: PenneoProvider, status: int, body: Any
) -> None:
    """The Send API and OAuth say so in a 400; the token is renewed and nothing was done."""
    error = provider.explain(reply(body, status=status))
    assert isinstance(error, AuthenticationFailed)
    assert "environment" in str(error)


@pytest.mark.promise("S2")
@pytest.mark.parametrize("status", [403, 408, 500, 503])
@pytest.mark.parametrize("word", ["invalid_client", "invalid_grant"])
def test_word_about_credentials_counts_where_they_are_refused(
    provider: PenneoProvider, status: int, word: str
) -> None:
    """An answer that may have come after the deed does not have the request repeated."""
    error = provider.explain(reply({"error": word}, status=status))
    assert not isinstance(error, AuthenticationFailed)


def test_a_400_about_something_else_is_a_refusal(provider: PenneoProvider) -> None:
    """Words about a token inside of another sentence are not about ours."""
    body = {"message": "caseFile.title X-Auth-Token header is required", "error": "Bad Request"}
    assert isinstance(provider.explain(reply(body, status=400)), Refused)


@pytest.mark.parametrize(
    ("sentence", "problem"),
    [
        (
            'caseFile.signers[1].role "x" is too short',
            Problem("signers[1].role", '"x" is too short'),
        ),
        (
            "caseFile.signers.0.signOrder must not be less than 0",
            Problem("signers[0].signOrder", "must not be less than 0"),
        ),
        ("signers.0.emailText is too short", Problem("signers[0].emailText", "is too short")),
        (
            "caseFile.signers[2].secureSigningMethods[0] is wrong",
            Problem("signers[2].secureSigningMethods[0]", "is wrong"),
        ),
        (
            "caseFile.documents.0.roles.1 is wrong",
            Problem("documents[0].roles[1]", "is wrong"),
        ),
        ("caseFile.expireAt is in the past", Problem("expireAt", "is in the past")),
        ("caseFile.documents must be there", Problem("documents", "must be there")),
        (
            "property caseFile.sensitiveData must be a boolean",
            Problem("sensitiveData", "property  must be a boolean"),
        ),
    ],
)
def test_a_refusal_names_penneos_own_field(
    provider: PenneoProvider, sentence: str, problem: Problem
) -> None:
    """In one spelling, whichever way the path is written; where it comes from, `send` knows."""
    error = provider.explain(reply({"message": [sentence, "and more"]}, status=400))
    assert isinstance(error, Refused)
    assert error.problems == (problem,)
    assert error.message == f"400, {sentence}; and more."


def test_absurd_path_is_no_field(provider: PenneoProvider) -> None:
    """A number that no list has leads nowhere."""
    body = {"message": f"caseFile.signers[{'9' * 9000}].role is odd"}
    error = provider.explain(reply(body, status=400))
    assert isinstance(error, Refused)
    assert [problem.field for problem in error.problems] == ["signers"]


def test_nothing_private_is_in_an_error(provider: PenneoProvider) -> None:
    """E-mails, links, tokens and numbers of people are in neither message nor `raw`."""
    secrets = [
        "jane.doe@example.com",
        "https://app.penneo.com/signing/abcdef",
        "eyJhbGciOi.eyJzdWIi.c2ln",
        "0123456789abcdef0123456789abcdef0123456789abcdef",
        "010170-0123",
        "+4512345678",
        "131052-308T",
        "010170 01234",
    ]
    words = [f"caseFile.signers[0].email {secret} is wrong" for secret in secrets]
    body = {"message": words, "token": "token-canary", "more": [{"of": secrets[0], "n": 3}]}
    error = provider.explain(reply(body, status=400))
    assert isinstance(error, Refused)
    shown = f"{error} {error!r} {error.raw} {error.problems}"
    assert [secret for secret in [*secrets, "token-canary"] if secret in shown] == []
    assert error.raw["more"] == [{"of": "(e-mail)", "n": 3}]
    assert "(number)" in shown


@pytest.mark.parametrize(
    ("response", "text"),
    [
        (Response(400, {}, b"Folder is full."), "400, Folder is full."),
        (Response(400, {}, b"<html><h1>oops</h1>"), "400, Bad Request."),
        (Response(404, {}, b""), "404, Not Found."),
        (Response(599, {}, b""), "599, no explanation."),
        (reply({"error": "Conflict"}, status=409), "409, Conflict."),
        (reply({"error": 7}, status=409), '409, {"error": 7}.'),
        (reply({"error": "Conflict", "message": [None]}, status=409), "409, Conflict."),
        (reply(["x"], status=409), '409, ["x"].'),
        (
            reply({"error": "invalid_request", "error_description": "No code."}, status=400),
            "400, invalid_request: No code.",
        ),
        (
            reply({"message": "No."}, status=403, x_penneo_request_id="req-1"),
            "403, No (request req-1).",
        ),
        (
            reply({"message": "No."}, status=403, x_penneo_request_id="req\n1"),
            "403, No.",
        ),
    ],
)
def test_what_penneo_says_is_kept_whatever_its_form(
    provider: PenneoProvider, response: Response, text: str
) -> None:
    """The Sign API's errors are not documented: text stays, a page of HTML says nothing."""
    assert str(provider.explain(response)).startswith(text)


@pytest.mark.parametrize(
    ("response", "to_do"),
    [
        (Response(401, {}, b""), "Look at client_id, client_secret, api_key and api_secret"),
        (Response(403, {}, b""), "Have it allowed for the user of the API key"),
        (Response(429, {}, b""), "Come back later."),
        (Response(429, {"retry-after": "61"}, b""), "Come back in 61 s."),
    ],
)
def test_a_refusal_says_what_to_do(
    provider: PenneoProvider, response: Response, to_do: str
) -> None:
    """Penneo says what is wrong at the most; what helps is known here."""
    assert to_do in str(provider.explain(response))


def test_a_long_explanation_is_cut(provider: PenneoProvider) -> None:
    """No error fills a screen."""
    error = provider.explain(Response(400, {}, b"word " * 10_000))
    assert len(str(error)) < 400


@pytest.mark.promise("S4")
@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30.0),
        ("Fri, 16 Jan 2026 10:25:20 GMT", 60.0),
        ("Fri, 16 Jan 2026 10:25:20 -0000", 60.0),
        ("Fri, 16 Jan 2026 10:00:00 GMT", 0.0),
        ("soon", None),
        (None, None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_when_to_come_back_is_obeyed(
    provider: PenneoProvider, status: int, header: str | None, seconds: float | None
) -> None:
    """Seconds or a date; none is documented, and none is made up."""
    headers = {} if header is None else {"retry-after": header}
    error = provider.explain(Response(status, headers, b"Later"))
    assert error.retry_after_seconds == seconds


@pytest.mark.parametrize("odd", [{"a": 1}, ["invalid_client"], 7, None])
def test_error_word_of_another_kind_is_survived(odd: object, provider: PenneoProvider) -> None:
    """The status still tells what it is."""
    assert isinstance(provider.explain(reply({"error": odd}, status=429)), RateLimited)


@pytest.mark.promise("S4")
@pytest.mark.parametrize(
    "text", ["9" * 400, "Fri, 31 Dec 9999 23:59:59 +9999999999999999999", "Fri, 31 Dec 9999"]
)
def test_absurd_retry_after_is_bounded(text: str, provider: PenneoProvider) -> None:
    """Nobody stays away for longer than a day because of a number."""
    error = provider.explain(reply({}, status=429, Retry_After=text))
    assert 0 <= (error.retry_after_seconds or 0) <= 86_400


@pytest.mark.promise("S2")
@pytest.mark.parametrize("status", [408, 460, 499])
def test_proxys_time_out_may_come_after_the_deed(status: int, provider: PenneoProvider) -> None:
    """It is no refusal of the vendor's, which would free the key."""
    assert isinstance(provider.explain(reply({}, status=status)), Unavailable)
