"""What a customer writes down for one Penvio account."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from esign_core.errors import InvalidDraft, Problem
from esign_core.provider import ProviderSettings

LEAST_SECRET = 16
"""Source: E-Sign API v1, Create Envelope: "Webhook secret (min 16 chars)" (V)."""
_BUCKETS = ("s3://", "gs://", "az://", "file://", "memory://")


def _web_address(text: str) -> str:
    """https, or http on this machine, without a user in it."""
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port
    except ValueError:
        raise ValueError("is no web address") from None
    if url.username is not None:
        raise ValueError("must not have a user or password in it")
    if not host or port == 0 or not text.isprintable() or " " in text:
        raise ValueError("is no web address")
    if url.scheme != "https" and not (url.scheme == "http" and _is_loopback(host)):
        raise ValueError("must begin with https:// (http:// only on this machine)")
    return text


def _base_address(text: str) -> str:
    if "?" in text or "#" in text:
        raise ValueError("must be an address that paths can be put after")
    return text.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bucket(text: str) -> str:
    if not text.startswith(_BUCKETS):
        raise ValueError(f"must begin with one of {', '.join(_BUCKETS)}")
    return text


WebAddress = Annotated[str, AfterValidator(_web_address)]
BaseAddress = Annotated[WebAddress, AfterValidator(_base_address)]
Bucket = Annotated[str, AfterValidator(_bucket)]


class PenvioSettings(ProviderSettings):
    """The settings of one Penvio account."""

    api_key: SecretStr = Field(min_length=1)
    """Needs the scopes `esign:read` and `esign:write`. No prefix is expected: Penvio's pages show
    `pk_live_`, `pk_test_` and `penv_` (X)."""
    base_url: BaseAddress = "https://penvio.io/api/v1"
    """Where the API is. Another page of Penvio's has `https://api.penvio.io/v1` (X)."""
    webhook_url: WebAddress | None = None
    """Where Penvio shall report. It is told with each envelope (V), and the same for all of them:
    for another place, make another connection."""
    bucket_url: Bucket | None = None
    """Your bucket, where Penvio puts the results."""
    storage_options: Mapping[str, SecretStr] = {}
    """What the bucket needs: region, endpoint, keys."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        problems = [
            Problem(f"webhook_secrets[{i}]", f"must have at least {LEAST_SECRET} characters")
            for i, secret in enumerate(self.webhook_secrets)
            if len(secret.get_secret_value()) < LEAST_SECRET
        ]
        if self.webhook_url and not (self.webhook_secrets or self.accept_unsigned):
            message = "is needed with webhook_url: without a secret Penvio signs no delivery"
            problems.append(Problem("webhook_secrets", message))
        if problems:
            raise InvalidDraft("PenvioSettings", problems)
        return self

    @property
    def signing_secret(self) -> str | None:
        """The secret that new envelopes' deliveries are signed with."""
        return self.webhook_secrets[0].get_secret_value() if self.webhook_secrets else None
