"""0 fine, 1 refused or failed, 2 not understood: for every command; and where settings are read."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from esign_core import Document, EnvelopeDraft, Esign, Signer, TemplateRef
from esign_core.cli.app import COMMANDS
from esign_core.cli.sandbox import to_toml
from esign_core.model import Channel
from esign_core.sandbox import Control, Simulator

Run = Callable[..., Any]

TABLE: dict[str, tuple[str | None, str | None, str]] = {
    # what is fine, what fails, what is misused; None: runs until it is ended, or cannot fail
    "check": ("{lease} --via penvio", "{lease} --via nobody", "{lease}"),
    "send": ("{lease} --via penvio --key new", "{lease} --via nobody --key k", "--via penvio"),
    "list": ("", "--connection nobody", "--limit 0"),
    "show": ("{sent}", "env_none", ""),
    "links": ("{linked}", "{sent}", ""),
    "remind": ("{sent}", "env_none", "{sent} --signer"),
    "cancel": ("{open}", "{signed}", "{open} --because"),
    "download": ("{signed} --to {folder}", "{sent} --to {folder}", "{signed} --kind nothing"),
    "resolve": (None, "env_none --resend", ""),
    "events": ("", "--envelope env_none", "--raw"),
    "serve": (None, "--host 192.0.2.1", "--port -1"),
    "worker": (None, "--config none.toml", "--threads 0"),
    "inbox": ("list", "show 999", "show"),
    "work": ("list", "retry 999", "retry"),
    "keys": ("new", "rotate --config none.toml", "new --forget-locked"),
    "erase": ("nobody@example.com", "no-address", ""),
    "doctor": ("", "--config none.toml", "--nonsense"),
    "providers": ("", None, "--nonsense"),
    "sandbox": (None, "--port nobody=8000", "--port 8000"),
    "demo": (None, None, "--to {lease}"),
}
NO_CONFIG = {"providers", "sandbox", "demo"}
FINE = [(name, row[0]) for name, row in TABLE.items() if row[0] is not None]
FAILS = [(name, row[1]) for name, row in TABLE.items() if row[1] is not None and name in COMMANDS]
MISUSED = [(name, row[2]) for name, row in TABLE.items() if name in COMMANDS]


@pytest.fixture(scope="module")
def places(
    simulators: dict[str, Simulator], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """What rows of the table name: a configuration, a draft, envelopes in every state."""
    folder = tmp_path_factory.mktemp("codes")
    connections = {name: each.connect() for name, each in simulators.items()}
    config, lease = folder / "esign.toml", folder / "lease.yaml"
    _ = config.write_text("\n".join(to_toml(connections)), encoding="utf-8")
    signers = "signers: [{name: Jane Doe, email: jane@example.com, role: tenant}]"
    _ = lease.write_text(f"title: Lease\ntemplate: lease\n{signers}\n", encoding="utf-8")
    jane = Signer(name="Jane Doe", email="jane@example.com", role="tenant")
    draft = EnvelopeDraft(title="Lease", template=TemplateRef("lease"), signers=[jane])
    pdf = Document.from_path(connections["penneo"]["templates"]["lease"]["document"])
    by_link = EnvelopeDraft(title="Lease", documents=[pdf], signers=[jane])
    with Esign.from_config(config) as esign, Control(simulators["penvio"].control_url) as control:
        sent, open_, signed = (esign.send(draft, via="penvio", key=k) for k in ("a", "b", "c"))
        linked = esign.send(by_link.delivered_by(Channel.LINK), via="penneo", key="d", wait=True)
        control.sign_page(control.links(signed.remote_id or "")[0])
        _ = esign.fetch(signed.id)
        yield {
            "config": str(config),
            "folder": str(folder),
            "lease": str(lease),
            "sent": sent.id,
            "open": open_.id,
            "signed": signed.id,
            "linked": linked.id,
        }


def _words(name: str, row: str, places: dict[str, str]) -> list[str]:
    words = [name, *(word.format(**places) for word in shlex.split(row))]
    if name in NO_CONFIG or "--config" in words:
        return words
    return [*words, "--config", places["config"]]


def test_every_command_has_its_row() -> None:
    """A new command is tried as the others are."""
    assert set(COMMANDS) <= set(TABLE)


@pytest.mark.parametrize(("name", "row"), FINE)
def test_what_was_done_is_0(name: str, row: str, esign: Run, places: dict[str, str]) -> None:
    """A script goes on."""
    answer = esign(*_words(name, row, places))
    assert (answer.code, answer.err) == (0, "")


@pytest.mark.parametrize(("name", "row"), FAILS)
def test_what_is_refused_or_fails_is_1(
    name: str, row: str, esign: Run, places: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script stops, and can read why."""
    monkeypatch.chdir(places["folder"])
    answer = esign(*_words(name, row, places), "--json")
    assert answer.code == 1
    told = answer.json["findings"][0]["message"] if name == "doctor" else answer.error["message"]
    assert told


@pytest.mark.parametrize(("name", "row"), MISUSED)
def test_what_is_not_understood_is_2(
    name: str, row: str, esign: Run, places: dict[str, str]
) -> None:
    """Nothing was tried; the words have to be mended, and --help is named."""
    answer = esign(*_words(name, row, places))
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("Usage: ")
    assert answer.err.endswith("Try --help.\n")


@pytest.mark.parametrize("row", ["serve --port 0", "worker", "sandbox"])
def test_what_runs_until_it_is_ended_is_0(row: str, start: Run, places: dict[str, str]) -> None:
    """A supervisor that ends it sees no failure."""
    name, *more = shlex.split(row)
    running = start(*_words(name, shlex.join(more), places), "--json")
    assert running.line()
    assert running.end(signal.SIGTERM).code == 0


@pytest.mark.parametrize("name", COMMANDS)
def test_what_reads_settings_takes_them_from_anywhere(name: str, esign: Run) -> None:
    """By a flag or by the environment; and what reads none does not pretend."""
    told = " ".join(esign(name, "--help").out.split())
    assert ("--config -c PATH" in told) is (name not in NO_CONFIG)
    assert ("ESIGN_CONFIG" in told) is (name not in NO_CONFIG)


def test_the_environment_names_the_configuration(
    esign: Run, places: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever calls often says it once; a flag counts for more."""
    monkeypatch.chdir(tmp_path)
    assert esign("list").code == 1
    monkeypatch.setenv("ESIGN_CONFIG", places["config"])
    assert esign("list").code == 0
    flagged = esign("list", "--config", "none.toml")
    assert flagged.code == 1
    assert "none.toml" in flagged.err
