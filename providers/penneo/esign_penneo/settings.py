"""What a customer writes down for one Penneo account."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from esign_core.provider import ProviderSettings

_HOSTS: Mapping[str, Mapping[str, str]] = {
    "sandbox": {
        "base_url": "https://sandbox.penneo.com",  # Postman, PHP, V
        "oauth_url": "https://sandbox.oauth.penneo.cloud",  # Postman, PHP, V
    },
    "production": {
        "base_url": "https://app.penneo.com",  # seed webhooks, Postman, V
        "oauth_url": "https://login.penneo.com",  # Postman, PHP, V
    },
}


def _base_url(text: str) -> str:
    """The URL without a slash at its end."""
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    if not host or parts.scheme not in {"http", "https"}:
        raise ValueError("must be a URL such as https://app.penneo.com")
    if parts.scheme == "http" and not _is_loopback(host):
        raise ValueError("must be https; http is taken for this machine only, for simulators")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("must be scheme, host and path, without credentials or a query")
    return text.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


BaseUrl = Annotated[str, AfterValidator(_base_url)]
Secret = Annotated[SecretStr, Field(min_length=1)]


class PenneoSettings(ProviderSettings):
    """The settings of one Penneo account: an OAuth client and a user's API keys.

    Credentials of one environment do not work in the other.

    Source: shared Postman collection and SDKs (V).
    """

    environment: Literal["sandbox", "production"] = "sandbox"
    """Which Penneo: decides the hosts, and where the JSON form of creating goes."""
    base_url: BaseUrl = ""
    """Sign, Send and Webhook APIs; the environment's own if not given."""
    oauth_url: BaseUrl = ""
    """Where tokens come from; the environment's own if not given."""
    client_id: str = Field(min_length=1)
    """The OAuth client, from Penneo."""
    client_secret: Secret
    """Its secret."""
    api_key: Secret
    """The key of the user in whose name case files are created."""
    api_secret: Secret
    """Its secret; it is never sent, only a digest made with it."""
    upload: Literal["multipart", "json"] = "multipart"
    """How documents travel: as files, or as base64 inside of JSON. A third larger as JSON."""

    @model_validator(mode="before")
    @classmethod
    def _hosts_of_the_environment(cls, data: Any) -> Any:
        """The environment's own hosts, under whatever was given."""
        if not isinstance(data, Mapping):
            return data
        return {**_HOSTS.get(str(data.get("environment", "sandbox")), {}), **data}
