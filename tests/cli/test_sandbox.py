from __future__ import annotations

import json
import signal
import socket
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from esign_core import BrokenProvider, Connection, Misconfigured, Registry
from esign_core.cli.sandbox import to_toml
from esign_core.cli.simulators import running, simulators_of

Run = Callable[..., Any]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_json_line_says_how_to_reach_every_vendor(start: Run, number: signal.Signals) -> None:
    """A test suite in any language can start the vendors, use them, and stop them."""
    sandbox = start("sandbox", "--json")
    told = json.loads(sandbox.line())
    assert list(told["penneo"]) == [
        "base_url", "oauth_url", "client_id", "client_secret", "api_key", "api_secret",
        "control_url", "mail_url",
    ]  # fmt: skip
    assert list(told["penvio"]) == [
        "base_url", "api_key", "bucket_url", "template_id", "control_url", "mail_url",
    ]  # fmt: skip
    for each in told.values():
        assert httpx.get(f"{each['control_url']}/ledger", trust_env=False).json() == {"ledger": []}
        assert httpx.get(each["mail_url"], trust_env=False).json() == {"mail": []}
    bucket = Path(told["penvio"]["bucket_url"].removeprefix("file://"))
    assert bucket.is_dir()
    ended = sandbox.end(number)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert not bucket.exists()


def test_a_port_can_be_chosen(start: Run) -> None:
    """Whoever writes addresses into a configuration wants them to stay."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    told = json.loads(start("sandbox", "--json", "--port", f"penvio={port}").line())
    assert told["penvio"]["base_url"].startswith(f"http://127.0.0.1:{port}/")
    assert not told["penneo"]["base_url"].endswith(f":{port}")


def test_webhooks_go_where_they_are_wanted(start: Run) -> None:
    """With `esign serve` beside it, a whole product can be tried on one machine."""
    to = "http://127.0.0.1:9/webhooks"
    told = json.loads(start("sandbox", "--json", "--webhooks", to).line())
    assert told["penvio"]["settings"]["webhook_url"] == f"{to}/penvio"
    assert told["penneo"]["settings"]["webhook_secrets"]


def test_people_get_a_configuration_to_copy(start: Run) -> None:
    """What is printed is an esign.toml that works as it stands."""
    sandbox = start("sandbox")
    lines = [sandbox.line()]
    while lines[-1] != "# Runs until Ctrl-C.":
        lines.append(sandbox.line())
    assert sum("mail_url" in line for line in lines) == 2
    text = "\n".join(lines[lines.index("# esign.toml") :])
    settings = tomllib.loads(text)["connections"]
    assert set(settings) == {"penneo", "penvio"}
    for each in settings.values():
        with Connection(each.pop("provider"), **each) as connection:
            assert connection.list() == ((), None)


@pytest.mark.parametrize(
    ("name", "told"), [("acme", "acme"), (" ", " "), ("a/b", "a/b"), ("a\x1b[31m\n", "a [31m")]
)
def test_a_port_for_nobody_is_refused(name: str, told: str, esign: Run) -> None:
    """A mistyped name starts nothing, and moves no cursor."""
    answer = esign("sandbox", "--port", f"{name}=8000")
    assert answer.code == 1
    said = " ".join(answer.err.splitlines())
    assert said.startswith(f'UnknownProvider: "{told}')
    assert said.endswith('" has no simulator. Some have: penneo, penvio.')
    assert "\x1b" not in said


def test_a_file_that_is_there_starts_nothing(
    esign: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked at first: no vendor is even loaded."""
    monkeypatch.setattr("esign_core.cli.sandbox.simulators_of", None)
    monkeypatch.setattr("esign_core.cli.sandbox.running", None)
    file = tmp_path / "my.toml"
    file.touch()
    answer = esign("sandbox", "--save", file)
    assert (answer.code, answer.out) == (2, "")
    assert f'"{file}" is there already' in answer.err
    assert "use --config" in answer.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--scale", "0"), "> 0"),
        (("--scale", "-1"), "> 0"),
        (("--scale", "1001"), "<= 1000"),
        (("--scale", "inf"), "<= 1000"),
        (("--scale", "nan"), "--scale. Must be"),
        (("--name", "acme"), "Unknown option: --name"),
        (("--port", "=8000"), "write --port as NAME=PORT"),
        (("--port", "penvio=65536"), "write --port as NAME=PORT"),
        (("--port", f"penvio={'9' * 5000}"), "write --port as NAME=PORT"),
        (("--port", "penvio=\u0663"), "write --port as NAME=PORT"),
        (("--webhooks", "foo"), "write --webhooks as http://"),
        (("--webhooks", "ftp://127.0.0.1/webhooks"), "write --webhooks as http://"),
        (("--webhooks", "http://127.0.0.1:port"), "write --webhooks as http://"),
    ],
)
def test_what_cannot_be_meant_starts_nothing(
    words: tuple[str, ...], told: str, esign: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time does not stand still, and webhooks need somewhere to go: exit code 2."""
    monkeypatch.setattr("esign_core.cli.sandbox.running", None)
    answer = esign("sandbox", *words)
    assert (answer.code, answer.out) == (2, "")
    assert told in answer.err


def test_a_taken_port_is_named(esign: Run) -> None:
    """And what had been started before is stopped again."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = esign("sandbox", "--port", f"penvio={port}", "--json")
    assert answer.code == 1
    assert answer.error["type"] == "Misconfigured"
    assert f"the simulator of penvio cannot listen at port {port}" in answer.error["message"]


def test_settings_are_written_as_toml() -> None:
    """Every kind of setting comes back as it was."""
    settings = {
        "text": 'a "quoted" \\ line\n',
        "flag": True,
        "number": 0.5,
        "list": ["a", "b"],
        "empty": {},
        "odd key": {"a.b": {"c": 1}},
    }
    text = "\n".join(to_toml({"acme": {**settings, "nothing": None}}))
    assert tomllib.loads(text)["connections"]["acme"] == {"provider": "acme", **settings}


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("no_such_package:Thing", "is not there"),
        ("json:Thing", "is not there"),
        ("json:JSONDecoder", "is no Simulator"),
    ],
)
def test_a_broken_simulator_is_named(
    place: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plugin that promises a simulator and has none is told by its name."""
    registry = Registry.installed()
    monkeypatch.setattr(registry.providers["penvio"], "sandbox", place)
    with pytest.raises(BrokenProvider, match=f"the simulator of penvio {told}: {place}"):
        _ = simulators_of(registry)


def test_no_simulator_at_all_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing to start, it says where to look."""
    registry = Registry.installed()
    for provider in registry.providers.values():
        monkeypatch.setattr(provider, "sandbox", None)
    with pytest.raises(Misconfigured, match="no installed provider ships a simulator"):
        _ = simulators_of(registry)


def test_simulators_stop_with_their_block() -> None:
    """Nothing is left running, and no file behind."""
    with running(simulators_of(Registry.installed()), scale=0.1) as started:
        folders = [simulator.folder for simulator in started.values()]
        assert all(folder.is_dir() for folder in folders)
    assert not any(folder.exists() for folder in folders)


def test_configuration_is_saved_and_never_over_another(
    start: Run, esign: Run, tmp_path: Path
) -> None:
    """It can be used as it is; a file that is there stays as it is."""
    sandbox = start("sandbox", "--save", tmp_path / "my.toml")
    lines = [sandbox.line()]
    while lines[-1] != "# Runs until Ctrl-C.":
        lines.append(sandbox.line())
    assert f"# {tmp_path / 'my.toml'} is saved: its connections lead here." in lines
    with Connection.from_config(tmp_path / "my.toml", "penvio") as connection:
        assert connection.list() == ((), None)
    before = (tmp_path / "my.toml").read_text()
    again = esign("sandbox", "--save", tmp_path / "my.toml")
    assert again.code == 2
    assert again.out == ""
    assert "it may lead to simulators that have ended: delete it, or --save another" in again.err
    assert (tmp_path / "my.toml").read_text() == before
    other = start("sandbox", "--json", "--save", tmp_path / "other.toml")
    assert "penvio" in json.loads(other.line())
    assert (tmp_path / "other.toml").is_file()  # for programs too
    nowhere = esign("sandbox", "--save", tmp_path / "nowhere" / "my.toml")
    assert nowhere.code == 2
    assert "cannot be written" in nowhere.err
