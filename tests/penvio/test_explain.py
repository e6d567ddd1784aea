from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from esign_core.errors import (
    AuthenticationFailed,
    EnvelopeClosed,
    EsignError,
    NotFound,
    Outcome,
    PermissionDenied,
    QuotaExceeded,
    RateLimited,
    Refused,
    Unavailable,
)
from esign_core.model import EnvelopeDraft
from esign_core.provider import Response
from esign_core.testing import replay, reply
from esign_penvio import PenvioProvider

NOW = 1705573860  # the fixed time of the provider, 2024-01-18T10:31:00Z
MakeDraft = Callable[..., EnvelopeDraft]


def error(code: str, message: str = "Something", **more: Any) -> dict[str, Any]:
    """A body in Penvio's documented form."""
    return {"error": {"code": code, "message": message, **more}}


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "UNAUTHORIZED", AuthenticationFailed),
        (403, "FORBIDDEN", PermissionDenied),
        (403, "QUOTA_EXCEEDED", QuotaExceeded),
        (404, "NOT_FOUND", NotFound),
        (400, "VALIDATION_ERROR", Refused),
        (400, "INVALID_STATE", EnvelopeClosed),
        (429, "RATE_LIMITED", RateLimited),
        (500, "INTERNAL_ERROR", Unavailable),
        (418, "RATE_LIMITED", RateLimited),
        (409, "SOMETHING_NEW", Refused),
        (503, "SOMETHING_NEW", Unavailable),
        (404, "SOMETHING_NEW", NotFound),
    ],
)
def test_the_code_decides(
    provider: PenvioProvider, status: int, code: str, kind: type[EsignError]
) -> None:
    """Two codes share 400 and two share 403: the number decides only where the code is strange."""
    told = provider.explain(reply(error(code), status=status))
    assert type(told) is kind
    assert told.message.startswith(f"{status}, Something.")
    assert told.status_code == status
    assert told.raw == error(code)


def test_the_published_error_reads_as_a_sentence(provider: PenvioProvider) -> None:
    """Penvio's own words are what a person reads."""
    told = provider.explain(reply(error("NOT_FOUND", "Envelope not found"), status=404))
    told = told.locate(connection="penvio-eu", operation="fetch", subject="Lease 14")
    assert str(told).startswith('penvio-eu did not fetch "Lease 14": 404, Envelope not found. ')


def test_a_refused_field_keeps_penvios_name(provider: PenvioProvider) -> None:
    """Whoever wrote the body themselves finds it there; places in lists read one way."""
    details = {
        "signers.0.email": ["Invalid email"],
        "signers[1].role": ["Role must match template", "Too long"],
        "templateId": "Not active",
        "expiresInDays": ["Must be positive", 5],
        "fields.3": [None],
        "v2.0.name": ["Odd"],
    }
    body = error("VALIDATION_ERROR", "Invalid request body", details=details)
    told = provider.explain(reply(body, status=400))
    assert isinstance(told, Refused)
    assert [(problem.field, problem.message) for problem in told.problems] == [
        ("signers[0].email", "Invalid email"),
        ("signers[1].role", "Role must match template"),
        ("signers[1].role", "Too long"),
        ("templateId", "Not active"),
        ("expiresInDays", "Must be positive"),
        ("v2[0].name", "Odd"),
    ]
    assert str(told).startswith("400, Invalid request body: signers[0].email: Invalid email; ")
    assert told.outcome is Outcome.NOT_DONE


def test_a_forbidden_request_has_three_possible_reasons(provider: PenvioProvider) -> None:
    """Scope, plan and bucket share one code; the message names all of them."""
    told = str(provider.explain(reply(error("FORBIDDEN"), status=403)))
    assert all(word in told for word in ("esign:read", "esign:write", "plan", "storage bucket"))


def test_an_envelope_too_many_says_what_to_do(provider: PenvioProvider) -> None:
    """Waiting or paying: there is nothing else."""
    told = provider.explain(
        reply(error("QUOTA_EXCEEDED", "Monthly envelope limit reached"), status=403)
    )
    assert str(told) == (
        "403, Monthly envelope limit reached. The month's envelopes are used up: send it next "
        "month, or have the plan extended."
    )


def test_a_reached_limit_says_whose_it_is_and_when_it_ends(provider: PenvioProvider) -> None:
    """One key's requests are counted together, whoever makes them."""
    body = error("RATE_LIMITED", "Rate limit exceeded")
    told = provider.explain(reply(body, status=429, X_RateLimit_Reset=str(NOW + 42)))
    assert str(told) == (
        "429, Rate limit exceeded. A key has 10,000 requests in 15 minutes, and all that use it "
        "share them. Come back in 42 s."
    )
    timeless = str(provider.explain(reply(body, status=429)))
    assert timeless.endswith("share them.")


def test_an_address_that_is_not_penvios_is_told_apart(provider: PenvioProvider) -> None:
    """A 404 without Penvio's code comes from a wrong base_url, not for want of an envelope."""
    told = provider.explain(Response(404, {}, b"<h1>Not Found</h1>"))
    assert str(told).endswith("That is no error of Penvio's: look at base_url.")


@pytest.mark.promise("S4")
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"X_RateLimit_Reset": str(NOW + 42)}, 42.0),
        ({"X_RateLimit_Reset": str(NOW - 42)}, 0.0),
        ({"X_RateLimit_Reset": str(NOW + 42), "Retry_After": "7"}, 42.0),
        ({"X_RateLimit_Reset": "soon", "Retry_After": "7.5"}, 7.5),
        ({"Retry_After": "Thu, 18 Jan 2024 10:32:00 GMT"}, None),
        ({"Retry_After": "9" * 13}, None),
        ({"Retry_After": "9" * 12}, 86400.0),
        ({"Retry_After": "-1"}, None),
        ({"Retry_After": "nan"}, None),
        ({"Retry_After": "inf"}, None),
        ({"X_RateLimit_Reset": "9" * 12}, 86400.0),
        ({"X_RateLimit_Reset": "9" * 400}, None),
        ({"X_RateLimit_Reset": "-1", "Retry_After": "7"}, 7.0),
        ({"X_RateLimit_Reset": "NaN"}, None),
        ({"X_RateLimit_Reset": "1e999"}, None),
        ({}, None),
    ],
)
def test_the_limit_tells_when_to_come_back(
    provider: PenvioProvider, headers: dict[str, str], seconds: float | None
) -> None:
    """The reset is a UNIX time; what is no number is no time, and a day is the longest."""
    told = provider.explain(reply(error("RATE_LIMITED"), status=429, **headers))
    assert told.retry_after_seconds == seconds


@pytest.mark.promise("S4")
def test_the_reset_of_the_limit_matters_only_when_it_is_reached(provider: PenvioProvider) -> None:
    """Every answer has the header; a server that is down is not asked 15 minutes later for it."""
    headers = {"X_RateLimit_Reset": str(NOW + 900)}
    for status, code in ((500, "INTERNAL_ERROR"), (400, "VALIDATION_ERROR")):
        told = provider.explain(reply(error(code), status=status, **headers))
        assert told.retry_after_seconds is None
    down = provider.explain(reply(error("INTERNAL_ERROR"), status=503, Retry_After="3", **headers))
    assert down.retry_after_seconds == 3


def test_a_broken_server_leaves_the_outcome_open(
    provider: PenvioProvider, make_draft: MakeDraft
) -> None:
    """500 may come after the envelope was made: nobody may conclude that nothing was done."""
    told = provider.explain(reply(error("INTERNAL_ERROR"), status=500))
    assert told.outcome is Outcome.UNCERTAIN
    with pytest.raises(Unavailable) as caught:
        replay(provider.send(make_draft()), [told])
    assert caught.value is told


@pytest.mark.parametrize(
    ("status", "content", "kind", "text"),
    [
        (502, b"<h1>Bad\ngateway</h1>", Unavailable, "502, Bad Gateway."),
        (599, b"<h1>Bad</h1>", Unavailable, "599, without a word."),
        (401, b"", AuthenticationFailed, "401, without a word. Look at api_key"),
        (429, b"\xff\x00", RateLimited, "429, \ufffd."),
        (400, b"[]", Refused, "400, without a word."),
        (400, b'{"error": "no such thing!"}', Refused, "400, no such thing!"),
        (400, b'{"error": {}}', Refused, "400, without a word."),
        (400, b'{"error": {"code": "NEW", "message": 5}}', Refused, "400, NEW."),
        (400, b'{"error": {"code": 5, "details": []}}', Refused, "400, without a word."),
        (400, b'{"error": {"details": {"subject": ["Bad"]}}}', Refused, "400, subject: Bad."),
        (400, b"[" * 100, Refused, "400, [[["),
    ],
)
def test_an_undocumented_error_is_read_by_its_number(
    provider: PenvioProvider, status: int, content: bytes, kind: type[EsignError], text: str
) -> None:
    """A proxy's page, an empty body, another shape: an error all the same, on one line."""
    told = provider.explain(Response(status, {"content-type": "text/html"}, content))
    assert type(told) is kind
    assert str(told).startswith(text)
    assert str(told).isprintable()


def test_an_endless_message_is_cut(provider: PenvioProvider) -> None:
    """A message stays one that a person reads."""
    told = provider.explain(reply(error("NOT_FOUND", "x" * 10_000), status=404))
    assert str(told) == f"404, {'x' * 500} ..."


def test_errors_keep_e_mail_links_and_keys_to_themselves(provider: PenvioProvider) -> None:
    """Whatever Penvio repeats: not in the message, the repr, the raw answer or a pickle."""
    private = "canary@example.com", "https://penvio.io/sign/canary", "pk_live_canary"
    said = f"No ({private[0]}), <{private[1]}> or {private[2]}"
    details = {f"signers.{private[0]}": [said], "deep": {"er": [said, 1]}}
    bodies: list[Any] = [
        error("VALIDATION_ERROR", said, details=details),
        {"error": said},
        {"error": {"code": said}},
    ]
    replies = [reply(body, status=400) for body in bodies]
    for response in (*replies, Response(400, {}, said.encode())):
        told = provider.explain(response)
        everything = f"{told} {told!r} {told.raw} {pickle.dumps(told)!r}"
        assert "canary" not in everything
        assert "(e-mail)" in str(told)


@pytest.mark.promise("S2")
@pytest.mark.parametrize("status", [408, 460, 499])
def test_proxys_time_out_may_come_after_the_deed(status: int, provider: PenvioProvider) -> None:
    """It is no refusal of the vendor's, which would free the key."""
    error = provider.explain(Response(status, content=b"<html>"))
    assert isinstance(error, Unavailable)
    assert error.outcome is Outcome.UNCERTAIN


@pytest.mark.parametrize("text", ["@canary@example.com", f"{'x' * 90}canary@example.com"])
def test_odd_address_is_taken_out_too(text: str, provider: PenvioProvider) -> None:
    """A sign in front of it, or a long name, hides it from nobody."""
    told = provider.explain(reply(error("VALIDATION_ERROR", f"no {text} here"), status=400))
    assert "canary" not in f"{told} {told.raw}"


@pytest.mark.promise("D3")
def test_long_text_is_cut_before_it_is_searched(
    provider: PenvioProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long an answer is, no pattern sees more than the start of each of its texts."""
    lengths: list[int] = []

    class Counting:
        def sub(self, name: str, text: str) -> str:
            lengths.append(len(text))
            return text + name[:0]

    monkeypatch.setattr("esign_penvio.explain._PRIVATE", ((Counting(), "(x)"),))
    long = "x" * 100_000
    body = error("VALIDATION_ERROR", long, details={long: [long]})
    _ = provider.explain(reply(body, status=400))
    assert max(lengths) == 2_000


@pytest.mark.promise("D8")
@pytest.mark.parametrize("char", ["\n", "\r", "\x1b", "\u2028", "\u202e"])
def test_no_line_can_be_forged(char: str, provider: PenvioProvider) -> None:
    """Whatever Penvio says, it stays on one line."""
    said = f"no{char}INFO all is well"
    told = provider.explain(reply(error("VALIDATION_ERROR", said, details={said: said})))
    assert str(told).isprintable()
    assert char not in repr(told.raw)
