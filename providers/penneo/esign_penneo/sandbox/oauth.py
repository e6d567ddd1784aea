"""The OAuth server: three grants, short-lived tokens, and who may present them where."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode

from esign_core.sandbox import VendorRequest, VendorResponse
from esign_penneo.sandbox.account import Behaviour, Credentials, Ids
from esign_penneo.sandbox.refusals import oauth_refusal

ACCESS_TOKEN_LIVES = timedelta(seconds=600)  # V
REFRESH_TOKEN_LIVES = timedelta(days=60)  # I: documents name the field, not the span
CODE_LIVES = timedelta(seconds=60)  # I
NONCE_AT_MOST = 64  # characters of base64 (V)
CREATED_AT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z")  # V


@dataclass(frozen=True)
class _Code:
    """An authorization code, waiting for its exchange."""

    redirect_uri: str
    challenge: str
    method: str
    expires_at: datetime


class OAuth:
    """Gives out tokens and knows which are good."""

    def __init__(
        self,
        credentials: Credentials,
        behaviour: Behaviour,
        ids: Ids,
        ahead: Callable[[], timedelta],
    ) -> None:
        self._ahead = ahead
        self._credentials = credentials
        self._behaviour = behaviour
        self._ids = ids
        self._access: dict[str, datetime] = {}
        self._refresh: dict[str, datetime] = {}
        self._codes: dict[str, _Code] = {}
        self._nonces: set[str] = set()

    def expires_at(self, token: str) -> datetime | None:
        """When an access token stops working; None for one that was never given out."""
        return self._access.get(token)

    def authorize(self, request: VendorRequest, now: datetime) -> VendorResponse:
        """Send the browser back with a code, as if the user had logged in and agreed.

        Source: vendor documents (V): `code_challenge` is required, `code_challenge_method` is
        `plain` unless given, `redirect_uri` matches exactly. What goes wrong before the redirect
        address is trusted is answered here, the rest by redirect (RFC 6749, 4.1.2.1).
        """
        query = request.query
        if query.get("client_id") != self._credentials.client_id:
            raise oauth_refusal(400, "invalid_client", "The client_id is unknown")
        redirect_uri = query.get("redirect_uri", "")
        if redirect_uri not in self._credentials.redirect_uris:
            raise oauth_refusal(400, "invalid_request", "The redirect_uri is not registered")
        method = query.get("code_challenge_method", "plain")
        if query.get("response_type") != "code":
            back = {"error": "unsupported_response_type"}
        elif not query.get("code_challenge"):
            back = {"error": "invalid_request", "error_description": "code_challenge is required"}
        elif method not in {"plain", "S256"}:
            back = {"error": "invalid_request", "error_description": "unknown challenge method"}
        else:
            code = self._ids.secret()
            self._codes[code] = _Code(
                redirect_uri, query["code_challenge"], method, now + CODE_LIVES
            )
            back = {"code": code}
        if "state" in query:
            back["state"] = query["state"]
        return VendorResponse(302, headers={"location": f"{redirect_uri}?{urlencode(back)}"})

    def token(self, request: VendorRequest, now: datetime) -> VendorResponse:
        """Exchange one of the three grants for an access token.

        Source: vendor documents (V); both JSON (SDK, Postman) and form (connector, I) are taken.
        """
        form = _read_form(request)
        grant = _needed(form, "grant_type")
        client_id, secret = _needed(form, "client_id"), _needed(form, "client_secret")
        if client_id != self._credentials.client_id or not hmac.compare_digest(
            secret.encode(), self._credentials.client_secret.encode()
        ):
            raise oauth_refusal(401, "invalid_client", "Client authentication failed")
        if grant == "api_keys":
            self._check_api_keys(form, now)
            return self._grant(now, refreshable=False)
        if grant == "authorization_code":
            self._check_code(form, now)
        elif grant == "refresh_token":
            self._check_refresh(form, now)
        else:
            raise oauth_refusal(400, "unsupported_grant_type", f"Unknown grant_type {grant}")
        return self._grant(now, refreshable=True)

    def revoke(self, request: VendorRequest, _now: datetime) -> VendorResponse:
        """Forget a refresh token; 200 and empty whether or not it existed (seed, V)."""
        _ = self._refresh.pop(_needed(_read_form(request), "token"), None)
        return VendorResponse(200)

    def _check_api_keys(self, form: Mapping[str, str], now: datetime) -> None:
        """`digest = base64(SHA1(raw nonce bytes + created_at + api secret))`; nonces work once."""
        key, nonce = _needed(form, "key"), _needed(form, "nonce")
        created_at, digest = _needed(form, "created_at"), _needed(form, "digest")
        if key != self._credentials.api_key:
            raise oauth_refusal(400, "invalid_grant", "The key is unknown")
        if not CREATED_AT.fullmatch(created_at):
            raise oauth_refusal(400, "invalid_request", "created_at must be ISO 8601 UTC with ms")
        try:
            made_at = datetime.fromisoformat(created_at)
            raw = base64.b64decode(nonce, validate=True)
        except (ValueError, binascii.Error):
            raise oauth_refusal(400, "invalid_request", "Bad nonce or created_at") from None
        if len(nonce) > NONCE_AT_MOST:
            raise oauth_refusal(400, "invalid_request", "The nonce is longer than 64 characters")
        within = self._behaviour.created_at_within
        if not now - self._ahead() - within <= made_at <= now + within:
            raise oauth_refusal(400, "invalid_grant", "created_at is too far from now")
        if nonce in self._nonces:
            raise oauth_refusal(400, "invalid_grant", "The nonce was used before")
        parts = raw + created_at.encode() + self._credentials.api_secret.encode()
        expected = base64.b64encode(hashlib.sha1(parts).digest())  # noqa: S324 - Penneo's choice
        if not hmac.compare_digest(expected, digest.encode()):
            raise oauth_refusal(400, "invalid_grant", "The digest does not match")
        self._nonces.add(nonce)

    def _check_code(self, form: Mapping[str, str], now: datetime) -> None:
        """A code works once, for its redirect address, with the verifier of its challenge."""
        code = self._codes.pop(_needed(form, "code"), None)
        verifier = _needed(form, "code_verifier")
        if code is None or code.expires_at <= now:
            raise oauth_refusal(400, "invalid_grant", "The code is unknown or expired")
        if _needed(form, "redirect_uri") != code.redirect_uri:
            raise oauth_refusal(400, "invalid_grant", "The redirect_uri is another one")
        if code.method == "S256":
            hashed = hashlib.sha256(verifier.encode()).digest()
            verifier = base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
        if not hmac.compare_digest(verifier.encode(), code.challenge.encode()):
            raise oauth_refusal(400, "invalid_grant", "The code_verifier does not match")

    def _check_refresh(self, form: Mapping[str, str], now: datetime) -> None:
        """A refresh token works once: the answer brings the next one (I, the stricter reading)."""
        expires_at = self._refresh.pop(_needed(form, "refresh_token"), None)
        if expires_at is None or expires_at <= now:
            raise oauth_refusal(400, "invalid_grant", "The refresh token is unknown or expired")

    def _grant(self, now: datetime, *, refreshable: bool) -> VendorResponse:
        token = self._ids.secret(32)
        self._access[token] = now + ACCESS_TOKEN_LIVES
        answer: dict[str, object] = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": int(ACCESS_TOKEN_LIVES.total_seconds()),
            "access_token_expires_at": int(self._access[token].timestamp()),
        }
        if refreshable:  # "Only after grant 1" (V)
            refresh = self._ids.secret(32)
            self._refresh[refresh] = now + REFRESH_TOKEN_LIVES
            answer["refresh_token"] = refresh
            answer["refresh_token_expires_at"] = int(self._refresh[refresh].timestamp())
        return VendorResponse.json(200, answer, {"cache-control": "no-store"})


def utc_milliseconds(at: datetime) -> str:
    """`at` as Penneo writes times in JSON: ISO 8601, UTC, milliseconds, `Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _read_form(request: VendorRequest) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "application/json":
            fields = json.loads(request.body)
        elif kind == "application/x-www-form-urlencoded":
            fields = dict(parse_qsl(request.body.decode(), strict_parsing=True))
        else:
            raise oauth_refusal(400, "invalid_request", "Send JSON or a form")
    except ValueError:
        raise oauth_refusal(400, "invalid_request", "The body cannot be read") from None
    if not isinstance(fields, dict) or not all(isinstance(v, str) for v in fields.values()):
        raise oauth_refusal(400, "invalid_request", "The body must be an object of texts")
    return fields


def _needed(form: Mapping[str, str], name: str) -> str:
    if not form.get(name):
        raise oauth_refusal(400, "invalid_request", f"{name} is required")
    return form[name]
