"""How a token is presented: every API family of Penneo has its own way."""

from __future__ import annotations

from datetime import datetime

from esign_core.sandbox import VendorRequest
from esign_penneo.sandbox.oauth import OAuth
from esign_penneo.sandbox.refusals import send_refusal, sign_refusal


def check_send_token(oauth: OAuth, request: VendorRequest, now: datetime) -> None:
    """The Send API takes `X-Auth-Token` only, "not Authorization: Bearer" (V).

    What is missing or bad comes back as 400 with these messages (V, T); the text after "Invalid JWT
    token: " is ours. Expired is 401 (V).
    """
    token = request.headers.get("x-auth-token", "").strip()
    if not token:
        raise send_refusal(400, "X-Auth-Token header is required")
    if _bearer(request):  # I: the strict reading of "only"
        raise send_refusal(400, "X-Auth-Token header is required instead of Authorization: Bearer")
    expires_at = oauth.expires_at(token)
    if expires_at is None:
        raise send_refusal(400, "Invalid JWT token: signature verification failed")
    if expires_at <= now:
        raise send_refusal(401, "Expired JWT token")


def check_sign_token(oauth: OAuth, request: VendorRequest, now: datetime) -> None:
    """`/api/v1` and `/api/v3` take a bearer token, or `Authorization: JWT` with `X-Auth-Token`.

    Source: seed on webhooks, connector (V); the refusal's text is ours.
    """
    token = _bearer(request)
    if not token and request.headers.get("authorization", "").strip().upper() == "JWT":
        token = request.headers.get("x-auth-token", "").strip()
    _check(oauth, token, now)


def check_webhook_token(oauth: OAuth, request: VendorRequest, now: datetime) -> None:
    """`/webhook/api/v1` takes `Authorization: Bearer` (V)."""
    _check(oauth, _bearer(request), now)


def _bearer(request: VendorRequest) -> str:
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _check(oauth: OAuth, token: str, now: datetime) -> None:
    expires_at = oauth.expires_at(token)
    if not token:
        raise sign_refusal(401, "Authentication is required")
    if expires_at is None:
        raise sign_refusal(401, "Invalid JWT token")
    if expires_at <= now:
        raise sign_refusal(401, "Expired JWT token")
