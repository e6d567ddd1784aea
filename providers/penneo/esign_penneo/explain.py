"""Penneo's refusals as errors, by what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from math import ceil
from typing import Any

from esign_core.errors import (
    AuthenticationFailed,
    EsignError,
    NotFound,
    PermissionDenied,
    Problem,
    ProviderError,
    RateLimited,
    Refused,
    Unavailable,
)
from esign_core.provider import BadJson, Response, read_json
from esign_penneo.redaction import scrubbed, scrubbed_data

_BY_STATUS: Mapping[int, type[ProviderError]] = {
    401: AuthenticationFailed,  # token expired: connector, V
    403: PermissionDenied,  # connector, V
    404: NotFound,  # connector, V
    408: Unavailable,  # I; a proxy's, and so perhaps after the deed, as the next two
    460: Unavailable,  # I
    499: Unavailable,  # I
    429: RateLimited,  # connector, V
}
_BAD_TOKEN = (
    "x-auth-token header is required",  # Send API, as a 400: Postman, V
    "invalid jwt token",  # Send API, as a 400: integrator, T
)
_BAD_CLIENT = frozenset(
    {
        "invalid_client",  # RFC 6749; I for this vendor
        "invalid_grant",  # RFC 6749; I for this vendor
        "unauthorized_client",  # RFC 6749; I for this vendor
    }
)
_LONGEST_SECONDS = 86_400.0
"""How long it is believed that one should stay away."""
_PATH = re.compile(
    r"\b(?:caseFile\.)?"  # some sentences leave it out (I)
    r"((?:signers|documents|ccRecipients)(?:\.\d{1,4}\b|\[\d{1,4}\])(?:\.\w+|\[\d{1,4}\])*"
    r"|(?<=caseFile\.)\w+)"
)
_LONGEST = 300
_LOOK_AT_CREDENTIALS = (
    "Look at client_id, client_secret, api_key and api_secret; those of one Penneo environment do "
    "not work in the other."
)
_HAVE_IT_ALLOWED = "Have it allowed for the user of the API key, in Penneo."


def explain(response: Response, now: datetime) -> EsignError:
    """The error that an answer of 400 or more stands for.

    Reads the Send API's `{error, message, statusCode}`, whose message is a text or a list, OAuth's
    `{error, error_description}`, and keeps the start of any other text. E-mails, links, tokens and
    long numbers are taken out of what is shown and kept.

    Source: Send API `{error, message, statusCode}`, OAuth (V); of the Sign API nothing is known.
    """
    data = _decoded(response)
    said = [scrubbed(each) for each in list(_sentences(data)) or [_plain(response)]]
    text = "; ".join(each.rstrip(".") for each in said)[:_LONGEST]
    request_id = response.headers.get("x-penneo-request-id", "")
    told_id = f" (request {request_id})" if re.fullmatch(r"[\w.-]{1,64}", request_id) else ""
    context: dict[str, Any] = {"status_code": response.status, "raw": scrubbed_data(data)}
    message = f"{response.status}, {text}{told_id}."
    if _is_about_credentials(response, data, said):
        return AuthenticationFailed(f"{message} {_LOOK_AT_CREDENTIALS}", **context)
    kind = _BY_STATUS.get(response.status, Unavailable if response.status >= 500 else Refused)
    if kind is Refused:
        return Refused(message, problems=list(_problems(said)), **context)
    retry_after = _retry_after(response.headers.get("retry-after"), now)
    if kind is RateLimited:
        message += f" Come back in {ceil(retry_after)} s." if retry_after else " Come back later."
    if kind is PermissionDenied:
        message += f" {_HAVE_IT_ALLOWED}"
    return kind(message, retry_after_seconds=retry_after, **context)


def _is_about_credentials(response: Response, data: Any, said: list[str]) -> bool:
    if response.status != 400:
        return response.status == 401
    word = data.get("error") if isinstance(data, dict) else None
    if isinstance(word, str) and word in _BAD_CLIENT:
        return True
    return any(each.lower().startswith(_BAD_TOKEN) for each in said)


def _decoded(response: Response) -> Any:
    try:
        return read_json(response.content)
    except BadJson:
        return response.text()


def _sentences(data: Any) -> Iterator[str]:
    if not isinstance(data, dict):
        return
    found = data.get("message") or data.get("error_description")
    found = found if isinstance(found, list) else [found]
    told = [each for each in found if isinstance(each, str) and each]
    error = data.get("error")
    if "error_description" in data and isinstance(error, str):  # OAuth's code says more
        told = [f"{error}: {each}" for each in told]
    yield from told or ([error] if isinstance(error, str) and error else [])


def _plain(response: Response) -> str:
    """The text as it is; a page of HTML says nothing, the status does."""
    text = response.text()
    if text and not text.startswith("<"):
        return text
    try:
        return HTTPStatus(response.status).phrase
    except ValueError:
        return "no explanation"


def _problems(said: list[str]) -> Iterator[Problem]:
    """The scrubbed sentences that name a field, each at its path in Penneo's case file."""
    for sentence in said:
        if found := _PATH.search(sentence):
            before, after = sentence[: found.start()], sentence[found.end() :]
            words = f"{before}{after}".strip(" .:")
            yield Problem(re.sub(r"\.(\d+)\b", r"[\1]", found[1]), words)


def _retry_after(text: str | None, now: datetime) -> float | None:
    """Seconds, or until a date (RFC 9110); nothing is documented, so None is the usual case."""
    if text is None:
        return None
    if text.isdecimal():
        return min(float(text), _LONGEST_SECONDS)
    try:
        at = parsedate_to_datetime(text)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        seconds = (at - now).total_seconds()
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, seconds), _LONGEST_SECONDS)
