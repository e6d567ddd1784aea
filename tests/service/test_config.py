from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from esign_core.errors import BrokenProvider, EsignError, Misconfigured, UnknownProvider
from esign_core.journal import Journal
from esign_core.provider import BrokenPlugin, Registry
from esign_core.service import Config, Connection, Esign, read_config
from esign_core.service.opening import open_session
from esign_core.service.workspace import Workspace
from esign_core.testing.fake_provider import FakeProvider


def _write(folder: Path, text: str) -> Path:
    path = folder / "esign.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_configuration_is_read_with_its_variables_and_paths(tmp_path: Path) -> None:
    """Secrets come from the environment; files lie beside the configuration."""
    path = _write(
        tmp_path,
        """
        journal = "sqlite:///data/esign.db"
        refresh_after_seconds = 5

        [connections.acme]
        provider = "fake"
        api_key = "${KEY}-${KEY}"
        webhook_secrets = ["${SECRET}"]

        [connections.acme.templates]
        lease = { document = "pdf/lease.pdf" }
        nda = { id = "t1", roles = { tenant = "Buyer" } }
        absolute = { document = "/srv/nda.pdf" }
        """,
    )
    config = read_config(path, {"KEY": "k", "SECRET": "s"})
    assert config.journal == f"sqlite:///{tmp_path}/data/esign.db"
    assert config.refresh_after_seconds == 5
    assert config.connections == {
        "acme": {
            "provider": "fake",
            "api_key": "k-k",
            "webhook_secrets": ["s"],
            "templates": {
                "lease": {"document": f"{tmp_path}/pdf/lease.pdf"},
                "nda": {"id": "t1", "roles": {"tenant": "Buyer"}},
                "absolute": {"document": "/srv/nda.pdf"},
            },
        }
    }


@pytest.mark.parametrize(
    ("journal", "read"),
    [
        ("sqlite://", "sqlite://"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite:////srv/esign.db", "sqlite:////srv/esign.db"),
        ("postgresql://host/db", "postgresql://host/db"),
    ],
)
def test_absolute_journal_stays(tmp_path: Path, journal: str, read: str) -> None:
    """Only a relative file is taken from the configuration's folder."""
    assert read_config(_write(tmp_path, f'journal = "{journal}"')).journal == read


def test_configuration_may_be_empty(tmp_path: Path) -> None:
    """The journal then lies beside it."""
    assert read_config(_write(tmp_path, "")) == Config({}, f"sqlite:///{tmp_path}/esign.db")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("journal = ", "is not TOML"),
        ("jurnal = 'x'", "says jurnal; it may say connections, journal, refresh_after_seconds"),
        ("journal = 5", "journal must be an address"),
        ("connections = 5", r"write each connection as a table \[connections.NAME\]"),
        ("[connections]\nacme = 'fake'", r"write each connection as a table"),
        ("[connections.a]\nkey = '${NOT_SET}'", "variable NOT_SET is not set"),
        ("[connections.a]\nkey = '${EMPTY}'", "variable EMPTY is set but empty"),
        ("refresh_after_seconds = 'x'", "must be a number of seconds above 0"),
        ("refresh_after_seconds = true", "must be a number of seconds above 0"),
        ("refresh_after_seconds = 0", "must be a number of seconds above 0"),
        ("refresh_after_seconds = inf", "must be a number of seconds above 0"),
        ("refresh_after_seconds = nan", "must be a number of seconds above 0"),
    ],
)
def test_mistake_in_the_configuration_is_told_in_words(
    tmp_path: Path, text: str, told: str
) -> None:
    """Whoever wrote it learns what to write."""
    with pytest.raises(Misconfigured, match=told):
        read_config(_write(tmp_path, text), {"EMPTY": ""})


def test_unreadable_configuration_is_told(tmp_path: Path) -> None:
    """A missing file, and one that is no text."""
    with pytest.raises(Misconfigured, match=r"cannot be read: No such file.*--config"):
        read_config(tmp_path / "nowhere.toml")
    (tmp_path / "esign.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(Misconfigured, match="is not TOML"):
        read_config(tmp_path / "esign.toml")


def _opened(registry: Registry, **connections: Any) -> Workspace:
    return Workspace(Config(connections), Journal("sqlite://"), registry)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, 'connection "acme" does not say its provider'),
        ({"provider": "fakee"}, 'no provider is called "fakee".*Did you mean "fake"'),
        (
            {"provider": "fake", "api_kee": "x", "style": "y"},
            'connection "acme": fake: style: .*api_kee: there is no such.*mean "api_key"',
        ),
        ({"provider": "fake", "endpoint": "a/b"}, "the last part of an address"),
        ({"provider": "fake", "endpoint": 5}, "the last part of an address"),
    ],
)
def test_mistake_in_a_connection_names_it(
    registry: Registry, settings: dict[str, Any], told: str
) -> None:
    """Every wrong setting at once, with what was probably meant, and none of the values."""
    with pytest.raises(Misconfigured, match=told):
        _opened(registry, acme=settings)


def test_two_connections_cannot_share_an_endpoint(registry: Registry) -> None:
    """A delivery must not have the choice whose secret proves it."""
    with pytest.raises(Misconfigured, match='"one" and "two" have the same endpoint'):
        _opened(registry, one={"provider": "fake"}, two={"provider": "fake", "endpoint": "one"})


@pytest.mark.promise("D10")
def test_broken_plugin_harms_only_its_own_connections(registry: Registry) -> None:
    """The others open and work; using it tells what is wrong with it."""

    class Bad(FakeProvider):
        name = "bad"

        def __init__(self, *_: Any, **__: Any) -> None:
            raise ZeroDivisionError("canary")

    registry.broken.append(BrokenPlugin("gone", "esign-gone", "ImportError: no module"))
    registry.providers["bad"] = Bad
    workspace = _opened(
        registry, acme={"provider": "fake"}, gone={"provider": "gone"}, bad={"provider": "bad"}
    )
    assert workspace.session("acme").name == "acme"
    assert list(workspace.connections) == ["acme"]
    with pytest.raises(BrokenProvider, match="ImportError: no module"):
        workspace.session("gone")
    with pytest.raises(BrokenProvider, match="ZeroDivisionError while opening bad") as caught:
        workspace.session_at("bad")
    assert "canary" not in str(caught.value)


def test_provider_may_refuse_its_settings_when_it_opens(registry: Registry) -> None:
    """What an adapter says about its settings reaches the reader."""

    class Picky(FakeProvider):
        def __init__(self, *_: Any, **__: Any) -> None:
            raise Misconfigured("the key is one of another environment")

    registry.providers["fake"] = Picky
    with pytest.raises(Misconfigured, match="another environment"):
        open_session(registry, "fake", {})


def test_names_of_providers_are_checked(registry: Registry) -> None:
    """A connection for a script says the same."""
    with pytest.raises(UnknownProvider, match="Installed: fake"):
        Connection("other", registry=registry)


@pytest.mark.promise("D1")
def test_settings_are_in_no_repr(registry: Registry) -> None:
    """Whoever prints what they hold shows no secret."""
    secret = "canary-key"
    settings = {"provider": "fake", "api_key": secret, "webhook_secrets": [secret]}
    config = Config({"acme": settings})
    workspace = _opened(registry, acme=settings)
    esign = Esign({"acme": settings}, journal="sqlite://", registry=registry)
    connection = Connection("fake", registry=registry, api_key=secret)
    session = workspace.session("acme")
    shown = repr([config, workspace, esign, connection, session, session.provider.settings])
    assert secret not in shown
    assert "acme" in shown
    with pytest.raises(EsignError) as caught:
        _opened(registry, acme={**settings, "style": secret})
    assert secret not in str(caught.value)


def test_product_reads_its_configuration(tmp_path: Path) -> None:
    """`from_config` and the constructor take the same."""
    path = _write(tmp_path, 'refresh_after_seconds = 5\njournal = "sqlite://"')
    with Esign.from_config(path) as esign:
        assert esign.connections == ()
        assert esign.list() == ()
