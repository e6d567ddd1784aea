"""What Penvio's errors mean: by their code, since two codes share 400 and two share 403.

Source: E-Sign API v1, "Error Handling"; INTERNAL_ERROR and `details` from its error page (V).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from math import ceil
from typing import Any

from esign_core.errors import (
    AuthenticationFailed,
    EnvelopeClosed,
    NotFound,
    Outcome,
    PermissionDenied,
    Problem,
    ProviderError,
    QuotaExceeded,
    RateLimited,
    Refused,
    Unavailable,
    UnreadableAnswer,
)
from esign_core.model import excerpt
from esign_core.provider import Response

_CODE: dict[str, type[ProviderError]] = {
    "UNAUTHORIZED": AuthenticationFailed,  # 401, V
    "FORBIDDEN": PermissionDenied,  # 403, V
    "QUOTA_EXCEEDED": QuotaExceeded,  # 403, V
    "NOT_FOUND": NotFound,  # 404, V
    "VALIDATION_ERROR": Refused,  # 400, V
    "INVALID_STATE": EnvelopeClosed,  # 400, V
    "RATE_LIMITED": RateLimited,  # 429, V
    "INTERNAL_ERROR": Unavailable,  # 500, V
}
_STATUS: dict[int, type[ProviderError]] = {  # where there is no code: a proxy answered, perhaps
    401: AuthenticationFailed,
    403: PermissionDenied,
    404: NotFound,
    429: RateLimited,
}
_ADVICE: dict[type[ProviderError], str] = {
    AuthenticationFailed: " Look at api_key: it may be revoked, or of another base_url.",
    PermissionDenied: (  # all three V, and one code for them
        " The key may lack the scope esign:read or esign:write (Organization Settings, API Keys),"
        " the plan may be below Business, or the organisation's storage bucket may not be"
        " configured."
    ),
    QuotaExceeded: (
        " The month's envelopes are used up: send it next month, or have the plan extended."
    ),
    RateLimited: " A key has 10,000 requests in 15 minutes, and all that use it share them.",  # V
}
_NOT_PENVIOS = " That is no error of Penvio's: look at base_url."
_PRIVATE = (
    (re.compile(r"[a-z]{1,12}://\S+", re.IGNORECASE), "(link)"),
    (re.compile(r"(?<![^\s@\"'<>(),;:])[^\s@\"'<>(),;:]+@[^\s\"'<>(),;:]+"), "(e-mail)"),
    (re.compile(r"\b(?:pk_live|pk_test|penv)_\w+"), "(key)"),
)
_MOST_READ = 2_000
_MOST_CHARACTERS = 500
_AFTER_ALL = 500
_LONGEST_WAIT_SECONDS = 86_400.0
_FROM_A_PROXY = frozenset({408, 460, 499})  # I: perhaps after the deed


@dataclass(frozen=True, slots=True)
class _Said:
    """What an answer says, without private values."""

    code: str
    message: str
    problems: tuple[Problem, ...]
    raw: Any


def explain(response: Response, now: datetime) -> ProviderError:
    """The error that an answer of 400 or more stands for.

    Penvio's own words are quoted without e-mail addresses, links and keys. Its fields keep its
    names; `point_at_draft` has those of a draft.
    """
    said = _read(response)
    kind = _CODE.get(said.code) or _by_status(response.status)
    context: dict[str, Any] = {"status_code": response.status, "raw": said.raw}
    if issubclass(kind, Refused):
        return kind(_message(response.status, said, kind), problems=said.problems, **context)
    if kind is Unavailable:  # it broke, and nobody says before or after what was asked
        context["outcome"] = Outcome.UNCERTAIN
    seconds = _retry_after(response, kind, now)
    message = _message(response.status, said, kind)
    if kind is RateLimited and seconds is not None:
        message += f" Come back in {ceil(seconds)} s."
    return kind(message, retry_after_seconds=seconds, **context)


def retell(error: Refused, pointed: Callable[[Problem], Problem]) -> None:
    """Let a refusal tell its problems, in its message too, as `pointed` has each of them."""
    if not error.problems:
        return
    said = _said(error.raw, pointed)
    error.problems = said.problems
    error.message = _message(error.status_code, said, type(error))
    error.args = (error.message,)


def code_of(body: Any) -> str:
    """Penvio's code in an error's body; empty where there is none."""
    error = body.get("error") if isinstance(body, dict) else None
    return _text(error.get("code")) if isinstance(error, dict) else ""


def _by_status(status: int) -> type[ProviderError]:
    if status >= _AFTER_ALL or status in _FROM_A_PROXY:
        return Unavailable
    return _STATUS.get(status, Refused)


def _read(response: Response) -> _Said:
    try:
        return _said(_without_private(response.json()), _as_it_is)
    except UnreadableAnswer:
        text = _quoted(response.text())
        said = _phrase(response.status) if text.startswith("<") else text  # a page says nothing
        return _Said("", _sentence(said or "without a word"), (), text)


def _said(body: Any, pointed: Callable[[Problem], Problem]) -> _Said:
    """What a body says, once nothing private is in it."""
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, str):  # another kind of error than is documented
        return _Said("", _sentence(error), (), body)
    fields = error if isinstance(error, dict) else {}
    code, message = code_of(body), _text(fields.get("message"))
    problems = tuple(map(pointed, _problems(fields.get("details"))))
    parts = filter(None, (message, "; ".join(map(str, problems))))
    told = ": ".join(parts) or code or "without a word"
    return _Said(code, _sentence(_quoted(told)), problems, body)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _as_it_is(problem: Problem) -> Problem:
    return problem


def _message(status: int | None, said: _Said, kind: type[ProviderError]) -> str:
    advice = _ADVICE.get(kind, "")
    if kind is NotFound and not said.code:  # a wrong address, or a proxy
        advice = _NOT_PENVIOS
    return f"{status}, {said.message}{advice}"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _problems(details: object) -> Iterator[Problem]:
    """The fields that were wrong: `signers.0.email` and `signers[0].email` are both the latter."""
    if not isinstance(details, dict):
        return
    for name, messages in details.items():
        path = re.sub(r"\.(\d+)(?=[.\[]|$)", r"[\1]", str(name))
        for message in messages if isinstance(messages, list) else [messages]:
            if isinstance(message, str):
                yield Problem(path, message)


def _retry_after(response: Response, kind: type[ProviderError], now: datetime) -> float | None:
    """When to come back, in a day at most.

    Every answer tells when the limit resets; it matters once it is reached.

    Source: "X-RateLimit-Reset: Unix timestamp when limit resets" (V). Retry-After is not
    documented; a proxy may send it.
    """
    reset = _number(response.headers.get("x-ratelimit-reset")) if kind is RateLimited else None
    if reset is not None:
        return min(max(0.0, reset - now.timestamp()), _LONGEST_WAIT_SECONDS)
    seconds = _number(response.headers.get("retry-after"))
    return None if seconds is None else min(seconds, _LONGEST_WAIT_SECONDS)


def _number(text: str | None) -> float | None:
    is_number = text is not None and re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,9})?", text)
    return float(text) if text is not None and is_number else None


def _without_private(data: Any) -> Any:
    if isinstance(data, dict):
        return {_quoted(str(k)): _without_private(v) for k, v in data.items()}
    if isinstance(data, list):
        return [_without_private(each) for each in data]
    return _quoted(data) if isinstance(data, str) else data


def _quoted(text: str) -> str:
    """Text of the vendor's, fit for a message: one line, not endless, nothing private."""
    line = " ".join(excerpt(text, _MOST_READ).split())
    for pattern, name in _PRIVATE:
        line = pattern.sub(name, line)
    return line if len(line) <= _MOST_CHARACTERS else f"{line[:_MOST_CHARACTERS]} ..."


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
