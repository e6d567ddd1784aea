from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from esign_core.errors import BrokenProvider, EsignError, Misconfigured, UnknownProvider
from esign_core.journal import Journal
from esign_core.provider import BrokenPlugin, Registry
from esign_core.service import Connection, Esign
from esign_core.service.config import Config, read_config
from esign_core.service.opening import open_session
from esign_core.service.workspace import Workspace
from esign_core.testing.fake_provider import FakeProvider


def _write(folder: Path, text: str) -> Path:
    path = folder / "esign.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_configuration_is_read_with_its_variables_and_paths(
    tmp_path: Path, registry: Registry
) -> None:
    """Secrets come from the environment; files lie beside the configuration."""
    path = _write(
        tmp_path,
        """
        journal = "sqlite:///data/esign.db"
        refresh_after_seconds = 5
        archive = "signed"
        keep_raw_days = 90

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
    config = read_config(path, {"KEY": "k", "SECRET": "a-secret"}, registry=registry)
    assert config.journal == f"sqlite:///{tmp_path}/data/esign.db"
    assert (config.refresh_after_seconds, config.archive) == (5, f"{tmp_path}/signed")
    assert config.keep_raw_days == 90
    assert config.connections == {
        "acme": {
            "provider": "fake",
            "api_key": "k-k",
            "webhook_secrets": ["a-secret"],
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
        ("sqlite:////srv/esign.db", "sqlite:////srv/esign.db"),
        ("postgresql://host/db", "postgresql://host/db"),
    ],
)
def test_absolute_journal_stays(tmp_path: Path, journal: str, read: str) -> None:
    """Only a relative file is taken from the configuration's folder."""
    assert read_config(_write(tmp_path, f'journal = "{journal}"')).journal == read


@pytest.mark.promise("R1")
@pytest.mark.parametrize(
    "journal", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite+pysqlite://"]
)
def test_journal_of_a_file_of_settings_lasts(tmp_path: Path, journal: str) -> None:
    """A file name that was forgotten must not make a receiver that answers 2xx and forgets."""
    with pytest.raises(Misconfigured, match=r"it would end with the process.*Name a file"):
        _ = read_config(_write(tmp_path, f'journal = "{journal}"'))


def test_configuration_may_be_empty(tmp_path: Path) -> None:
    """The journal then lies beside it."""
    assert read_config(_write(tmp_path, "")) == Config({}, f"sqlite:///{tmp_path}/esign.db")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\njournal = \n", r"is not TOML: .*line 2.* Nothing was opened; mend it"),
        ("\njurnal = 'x'", 'line 2, jurnal: is not known here. Did you mean "journal"?'),
        ("xyz = 1", "line 1, xyz: is not known here; there are journal, connections, refresh_"),
        ("journal = 5", "line 1, journal: must be an address"),
        ("connections = 5", r"line 1, connections: write each .* \[connections.NAME\]"),
        ("[connections]\nacme = 'fake'", r"line 2, connections.acme: write each connection as a"),
        ("\njournal = '${NOT_SET}'", "line 2, journal: the environment variable NOT_SET is not"),
        ("journal = '${EMPTY}'", "line 1, journal: the environment variable EMPTY is set but e"),
        ("archive = true", "line 1, archive: must be the path of a folder"),
        ("archive = ''", "must be the path of a folder"),
        ("refresh_after_seconds = 'x'", "must be a number of seconds above 0"),
        ("refresh_after_seconds = true", "must be a number of seconds above 0"),
        ("refresh_after_seconds = 0", "must be a number of seconds above 0"),
        ("refresh_after_seconds = inf", "must be a number of seconds above 0"),
        ("refresh_after_seconds = nan", "must be a number of seconds above 0"),
        ("keep_raw_days = 0", "line 1, keep_raw_days: must be a number of days above 0, up to"),
        ("keep_raw_days = -1", "leave it out to keep them for ever"),
        ("keep_raw_days = '90'", "line 1, keep_raw_days: must be a number of days"),
        ("keep_raw_days = true", "line 1, keep_raw_days: must be a number of days"),
        ("keep_raw_days = 36501", "line 1, keep_raw_days: must be a number of days"),
        ("keep_raw_days = nan", "line 1, keep_raw_days: must be a number of days"),
        ("[journal]\nkeep_raw_days = 90", "line 1, journal: must be an address"),
    ],
)
def test_mistake_in_the_configuration_is_told_in_words(
    tmp_path: Path, text: str, told: str
) -> None:
    """Whoever wrote it learns what to write."""
    with pytest.raises(Misconfigured, match=told) as caught:
        read_config(_write(tmp_path, text), {"EMPTY": ""})
    assert "Nothing was opened; mend" in str(caught.value)


def test_every_mistake_of_the_file_is_told_at_once(tmp_path: Path, registry: Registry) -> None:
    """With its connection, its setting and its line, and none of what was written."""
    text = """\
        jurnal = "canary"
        refresh_after_seconds = 0

        [connections.acme]
        provider = "fake"
        api_kee = "canary"
        api_key = "${KEY_ONE}"
        webhook_secrets = ["${TWO}", "${EMPTY}"]
        accept_unsigned = "canary"

        [connections.acme.templates]
        lease = { dokument = "canary.pdf" }

        [connections."our other"]
        provder = "fake"
        endpoint = "acme"

        [connections.third]
        provider = "fakee"
        """
    path = _write(tmp_path, text)
    with pytest.raises(Misconfigured) as caught:
        read_config(path, {"EMPTY": " "}, registry=registry)
    told = [
        ("line 1, jurnal", 'is not known here. Did you mean "journal"?'),
        ("line 2, refresh_after_seconds", "must be a number of seconds above 0"),
        ("line 6, connections.acme.api_kee", 'is not known here. Did you mean "api_key"?'),
        ("line 7, connections.acme.api_key", "the environment variable KEY_ONE is not set"),
        ("line 8, connections.acme.webhook_secrets[0]", "the environment variable TWO is not set"),
        (
            "line 8, connections.acme.webhook_secrets[1]",
            "the environment variable EMPTY is set but empty",
        ),
        ("line 9, connections.acme.accept_unsigned", "must be true or false"),
        (
            "line 12, connections.acme.templates.lease.dokument",
            'is not known here. Did you mean "document"?',
        ),
        ('line 14, connections."our other".provider', "is missing; `esign providers` lists them"),
        ('line 15, connections."our other".provder', 'is not known here. Did you mean "provider"?'),
        (
            'line 16, connections."our other".endpoint',
            'is the endpoint of "acme" already; give it one of its own',
        ),
        (
            "line 19, connections.third.provider",
            'no provider is called "fakee". Installed: fake. Did you mean "fake"?',
        ),
    ]
    lines = [f"{at}: {words}" for at, words in told]
    head = f'"{path}" cannot be used as it is:'
    end = "Nothing was opened; mend these and try again."
    assert str(caught.value).splitlines() == [head, *(f"  {line}" for line in lines), end]
    assert [str(problem) for problem in caught.value.problems] == lines
    assert "canary" not in f"{caught.value!r}"


def test_setting_that_waits_for_a_variable_is_not_told_twice(
    tmp_path: Path, registry: Registry
) -> None:
    """What stands in the file is no value yet; whether it will do is seen once there is one."""
    text = "[connections.acme]\nprovider = 'fake'\nwebhook_secrets = ['${S}']"
    with pytest.raises(Misconfigured) as caught:
        read_config(_write(tmp_path, text), {}, registry=registry)
    (problem,) = caught.value.problems
    assert (problem.field, problem.line) == ("connections.acme.webhook_secrets[0]", 3)
    with pytest.raises(Misconfigured, match=r"line 3, .*webhook_secrets: has a secret of less"):
        read_config(_write(tmp_path, text), {"S": "short"}, registry=registry)


def test_only_mistake_is_of_its_own_kind(tmp_path: Path, registry: Registry) -> None:
    """Whoever catches one kind of error alone finds it, with the line."""
    path = _write(tmp_path, "[connections.acme]\nprovider = 'fakee'")
    with pytest.raises(UnknownProvider, match=r'esign.toml", line 2, connections.acme.provider: '):
        read_config(path, {}, registry=registry)


def test_broken_plugin_does_not_hide_what_is_wrong_elsewhere(
    tmp_path: Path, registry: Registry
) -> None:
    """Nobody can look at its settings; the others' are looked at, and the file can be used."""
    registry.broken.append(BrokenPlugin("gone", "esign-gone", "ImportError: no module"))
    text = "[connections.a]\nprovider = 'gone'\nx = 1\n[connections.b]\nprovider = 'fake'\n"
    assert set(read_config(_write(tmp_path, text), {}, registry=registry).connections) == {"a", "b"}
    with pytest.raises(Misconfigured, match=r"line 6, connections.b.y: is not known here"):
        read_config(_write(tmp_path, f"{text}y = 1"), {}, registry=registry)


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan"), True])
def test_seconds_of_no_length_are_told(seconds: float) -> None:
    """A configuration that was not read from a file is looked at too."""
    with pytest.raises(Misconfigured, match="refresh_after_seconds: must be a number of seconds"):
        Config({}, refresh_after_seconds=seconds)


@pytest.mark.parametrize("days", [0, -1, float("inf"), float("nan"), True, "90", 36501])
def test_days_that_cannot_be_are_told(days: Any) -> None:
    """What would drop everything at once, or nothing ever, is nobody's wish."""
    with pytest.raises(Misconfigured, match="keep_raw_days: must be a number of days above 0"):
        _ = Esign({}, journal="sqlite://", keep_raw_days=days)


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
        ({}, "connections.acme.provider: is missing; `esign providers` lists them"),
        ({"provider": 5}, "connections.acme.provider: must be the name of a provider"),
        ({"provider": "fakee"}, 'no provider is called "fakee".*Did you mean "fake"'),
        (
            {"provider": "fake", "api_kee": "x", "style": "y"},
            r'connections\.acme\.style: .*\n.*acme\.api_kee: is not known here.*mean "api_key"',
        ),
        ({"provider": "fake", "endpoint": "a/b"}, "acme.endpoint: must be text: the last part"),
        ({"provider": "fake", "endpoint": 5}, "acme.endpoint: must be text: the last part"),
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
    with pytest.raises(Misconfigured, match=r'connections\.two\.endpoint: .* of "one" already'):
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
    with pytest.raises(Misconfigured, match=r"connections\.acme: the key is one of another"):
        _opened(registry, acme={"provider": "fake"})


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
    path = _write(tmp_path, 'refresh_after_seconds = 5\njournal = "sqlite:///esign.db"')
    with Esign.from_config(path) as esign:
        assert esign.connections == ()
        assert esign.list() == ()


@pytest.mark.parametrize(
    "text", ["journal = " + "[" * 5000, f"refresh_after_seconds = {'9' * 5000}"]
)
def test_what_has_no_end_is_no_configuration(tmp_path: Path, text: str) -> None:
    """A file that would exhaust the reader is an error like any other."""
    file = tmp_path / "esign.toml"
    _ = file.write_text(text)
    with pytest.raises(Misconfigured, match="is not TOML"):
        _ = read_config(file)
