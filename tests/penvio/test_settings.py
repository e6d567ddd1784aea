from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

import pytest

from esign_core.errors import Misconfigured
from esign_core.provider import Registry, Request, read_settings
from esign_penvio import PenvioProvider, PenvioSettings


def settings(**given: Any) -> PenvioSettings:
    """Settings as a configuration gives them."""
    read = read_settings(PenvioProvider, {"api_key": "penv_canary", **given})
    assert isinstance(read, PenvioSettings)
    return read


def test_the_plugin_brings_penvio() -> None:
    """The module that the entry point names answers with the provider."""
    registry = Registry.load([EntryPoint("penvio", "esign_penvio.plugin", "esign")])
    assert registry.broken == []
    assert registry.provider("penvio") is PenvioProvider


def test_penvio_is_found_by_its_name() -> None:
    """Installing the package is enough."""
    registry = Registry.installed()
    assert registry.provider("penvio") is PenvioProvider
    assert [broken for broken in registry.broken if broken.name == "penvio"] == []


def test_a_key_is_enough() -> None:
    """Everything else has a default; no prefix of keys is expected."""
    provider = PenvioProvider(settings())
    assert provider.hosts == {"api": "https://penvio.io/api/v1"}
    asked = provider.authorize(Request("GET", "/esign/templates"), None)
    assert asked.headers == {"authorization": "Bearer penv_canary"}
    assert "canary" not in f"{asked!r} {provider.settings!r} {provider.settings}"


@pytest.mark.promise("D1", "D2")
@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"api_key": ""}, "api_key: must not be empty"),
        ({"base_url": "http://penvio.io"}, "base_url: must begin with https://"),
        ({"base_url": "http://127.0.0.1.example.com"}, "base_url: must begin with https://"),
        ({"base_url": "ftp://localhost"}, "base_url: must begin with https://"),
        ({"base_url": "https://user:canary@penvio.io"}, "base_url: must not have a user"),
        ({"base_url": "https://penvio.io?a=b"}, "base_url: must be an address that paths"),
        ({"base_url": "https://penvio.io#a"}, "base_url: must be an address that paths"),
        ({"base_url": "https://"}, "base_url: is no web address"),
        ({"base_url": "https://penvio.io:0"}, "base_url: is no web address"),
        ({"base_url": "https://penvio.io:x"}, "base_url: is no web address"),
        ({"base_url": "https://[::1"}, "base_url: is no web address"),
        ({"base_url": "https://penvio.io/a b"}, "base_url: is no web address"),
        ({"base_url": "https://penvio.io/\u202e"}, "base_url: is no web address"),
        ({"bucket_url": "signed"}, "bucket_url: must begin with one of s3://"),
        ({"bucket_url": "https://signed"}, "bucket_url: must begin with one of s3://"),
        (
            {"webhook_secrets": ["x" * 16, "canary-canary"]},
            "webhook_secrets[1]: must have at least 16",
        ),
        ({"webhook_url": "https://a.example"}, "webhook_secrets: is needed with webhook_url"),
        ({"webhook_url": "http://a.example"}, "webhook_url: must begin with https://"),
        ({"bucket": "s3://a"}, 'bucket: is not known here. Did you mean "bucket_url"?'),
    ],
)
def test_a_wrong_setting_is_named_without_its_value(given: dict[str, Any], told: str) -> None:
    """The message says which setting and why; what was written may be a secret."""
    with pytest.raises(Misconfigured) as caught:
        settings(**given)
    assert told in str(caught.value)
    assert str(caught.value).startswith("penvio: ")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8001/api/v1", "http://localhost:8001/api/v1", "http://[::1]:8001"]
)
def test_a_simulator_on_this_machine_needs_no_https(url: str) -> None:
    """http:// is for this machine only; a slash at the end makes no difference."""
    assert settings(base_url=f"{url}/").base_url == url
    assert settings(webhook_url=f"{url}/", webhook_secrets=["x" * 16]).webhook_url == f"{url}/"


def test_unsigned_deliveries_are_a_choice() -> None:
    """Without a secret Penvio signs nothing; whoever wants that says so."""
    chosen = settings(webhook_url="https://a.example", accept_unsigned=True)
    assert chosen.signing_secret is None
    assert settings(webhook_secrets=["x" * 16, "y" * 16]).signing_secret == "x" * 16
