from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from esign_core.errors import Misconfigured
from esign_core.provider import Registry, read_settings
from esign_penneo import PenneoProvider
from esign_penneo.plugin import esign_providers

MakeProvider = Callable[..., PenneoProvider]


def test_the_plugin_brings_the_provider() -> None:
    """Installing the package is enough for "penneo" to be known."""
    assert esign_providers() == [PenneoProvider]
    assert Registry.installed().providers["penneo"] is PenneoProvider


@pytest.mark.parametrize(
    ("settings", "hosts"),
    [
        ({}, ("https://sandbox.penneo.com", "https://sandbox.oauth.penneo.cloud")),
        ({"environment": "production"}, ("https://app.penneo.com", "https://login.penneo.com")),
        (
            {"base_url": "http://127.0.0.1:8000/", "oauth_url": "http://localhost:8001"},
            ("http://127.0.0.1:8000", "http://localhost:8001"),
        ),
        (
            {"environment": "production", "base_url": "https://proxy.example.com/penneo/"},
            ("https://proxy.example.com/penneo", "https://login.penneo.com"),
        ),
    ],
)
def test_hosts_follow_the_environment_unless_they_are_given(
    make_provider: MakeProvider, settings: dict[str, Any], hosts: tuple[str, str]
) -> None:
    """Each host has its documented default, and can be set by itself."""
    provider = make_provider(**settings)
    assert dict(provider.hosts) == {"api": hosts[0], "oauth": hosts[1]}


@pytest.mark.promise("D2")
@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://app.penneo.com", "must be https"),
        ("http://10.0.0.1", "must be https"),
        ("ftp://app.penneo.com", "must be a URL"),
        ("app.penneo.com", "must be a URL"),
        ("https://", "must be a URL"),
        ("https://me:secret@app.penneo.com", "without credentials"),
        ("https://app.penneo.com?x=1", "without credentials or a query"),
        ("https://app.penneo.com:port", "is not a URL"),
    ],
)
def test_an_unsafe_address_is_refused(url: str, told: str) -> None:
    """Credentials go nowhere in the clear, but for simulators on this machine."""
    with pytest.raises(Misconfigured) as caught:
        read_settings(PenneoProvider, {**_credentials(), "base_url": url})
    assert "base_url" in str(caught.value)
    assert told in str(caught.value)
    assert "secret@" not in str(caught.value)


def test_every_wrong_setting_is_told_at_once() -> None:
    """A typo, a wrong environment and a missing secret are one error."""
    wrong = {**_credentials(), "environment": "staging", "aip_key": "x"}
    del wrong["api_secret"]
    with pytest.raises(Misconfigured) as caught:
        read_settings(PenneoProvider, wrong)
    message = str(caught.value)
    assert "environment" in message
    assert 'Did you mean "api_key"?' in message
    assert "api_secret: is missing" in message
    assert "canary" not in message


def test_settings_that_are_no_table_are_refused() -> None:
    """What is no table is told so, not answered with a fault."""
    with pytest.raises(Misconfigured):
        read_settings(PenneoProvider, ["penneo"])  # type: ignore[arg-type]


@pytest.mark.promise("D1")
def test_settings_show_no_secret(make_provider: MakeProvider) -> None:
    """Keys and secrets are in no repr."""
    provider = make_provider(webhook_secrets=["webhook-canary"])
    assert "canary" not in repr(provider.settings)
    assert "canary" not in str(provider.settings)


def _credentials() -> dict[str, Any]:
    names = ("client_id", "client_secret", "api_key", "api_secret")
    return dict.fromkeys(names, "canary")
