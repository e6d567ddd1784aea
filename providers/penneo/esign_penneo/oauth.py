"""Tokens: how one is asked for with API keys, and where each API wants it."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from datetime import UTC, datetime, timedelta

from esign_core.errors import EsignError, Outcome, UnreadableAnswer
from esign_core.provider import Flow, Request, Response, Token
from esign_penneo.redaction import scrubbed_data
from esign_penneo.settings import PenneoSettings
from esign_penneo.times import moment

_NONCE_BYTES = 32  # 44 characters in base64; at most 64 are taken (V)
_LIFE_SECONDS = 600  # V, where the answer does not say
_LONGEST_LIFE_SECONDS = 86_400
_VALUE = re.compile(r"[!-~]+")  # what a header can carry

_HEADERS = {
    "/send/": ("X-Auth-Token", "{}"),  # Postman, V: "not Authorization: Bearer"
    "/api/": ("Authorization", "Bearer {}"),  # PHP, NET, V; older pages: JWT + X-Auth-Token
    "/webhook/": ("Authorization", "Bearer {}"),  # PHP, NET, Postman, V
}
"""How a token is presented, by the family of the path."""
_OTHERWISE = ("Authorization", "Bearer {}")  # I


def api_keys(settings: PenneoSettings, now: datetime) -> Flow[Token]:
    """A token for the owner of the API keys. The API secret itself is never sent.

    There is no refresh token: a new one is asked for in the same way.

    Raises:
        AuthenticationFailed: The client or the keys are not known in this environment.
        UnreadableAnswer: The answer has no token that a header can carry; nothing was done with it.

    Source: Postman, PHP, NET (V); all agree.
    """
    nonce = secrets.token_bytes(_NONCE_BYTES)
    created_at = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    asked = {
        "grant_type": "api_keys",
        "client_id": settings.client_id,
        "client_secret": settings.client_secret.get_secret_value(),
        "key": settings.api_key.get_secret_value(),
        "nonce": base64.b64encode(nonce).decode(),
        "created_at": created_at,
        "digest": digest(nonce, created_at, settings.api_secret.get_secret_value()),
    }
    try:
        reply = yield Request(
            "POST", "/oauth/token", host="oauth", json=asked, auth=False, repeatable=True
        )
        return _token(reply, now)
    except EsignError as error:
        error.outcome = Outcome.NOT_DONE  # asking for a token asks nobody to sign
        raise


def digest(nonce: bytes, created_at: str, api_secret: str) -> str:
    """Proof of the API secret: base64 of SHA-1 over nonce, time and secret.

    Source: Postman, PHP, NET (V).
    """
    text = nonce + created_at.encode() + api_secret.encode()
    return base64.b64encode(hashlib.sha1(text, usedforsecurity=False).digest()).decode()


def authorized(request: Request, token: Token) -> Request:
    """The request with a token where its API wants it, and nowhere else.

    Source: Postman, PHP, NET (V), row by row.
    """
    found = (header for path, header in _HEADERS.items() if request.path.startswith(path))
    name, form = next(found, _OTHERWISE)
    return request.with_headers(**{name: form.format(token.value)})


def _token(reply: Response, now: datetime) -> Token:
    data = reply.json()
    value = data.get("access_token") if isinstance(data, dict) else None
    if not isinstance(value, str) or not _VALUE.fullmatch(value):
        raise UnreadableAnswer(
            f"{reply.status}, the answer has no access token that can be used.",
            status_code=reply.status,
            raw=scrubbed_data(data),
        )
    expires_at = moment(data.get("access_token_expires_at"))  # UNIX seconds: PHP, Postman, V
    if expires_at is None:
        life = data.get("expires_in")  # seconds: PHP, Postman, V
        seconds = life if isinstance(life, int) and life > 0 else _LIFE_SECONDS
        expires_at = now + timedelta(seconds=min(seconds, _LONGEST_LIFE_SECONDS))
    return Token(value, min(expires_at, now + timedelta(seconds=_LONGEST_LIFE_SECONDS)))
