from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def broken(install: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed plugin that cannot be imported."""
    monkeypatch.syspath_prepend(install("raise RuntimeError('half an update')\n"))


def test_installed_providers_are_listed(esign: Callable[..., Any]) -> None:
    """What is installed is found, and says what it can do."""
    answer = esign("providers", "--json")
    assert answer.code == 0
    found = {each["name"]: each for each in answer.json["providers"]}
    assert set(found) == {"penneo", "penvio"}
    assert "link_delivery" in found["penneo"]["features"]
    assert "link_delivery" not in found["penvio"]["features"]
    assert "cancel" in found["penvio"]["operations"]
    assert all(each["has_sandbox"] for each in found.values())
    assert answer.json["broken"] == []


@pytest.mark.usefixtures("broken")
def test_a_broken_plugin_is_listed_with_its_error(esign: Callable[..., Any]) -> None:
    """One broken plugin takes no other down, and is not passed over in silence."""
    answer = esign("providers", "--json")
    assert answer.code == 0
    assert {each["name"] for each in answer.json["providers"]} == {"penneo", "penvio"}
    assert answer.json["broken"] == [
        {"name": "acme", "distribution": "esign-acme", "error": "RuntimeError: half an update"}
    ]


@pytest.mark.usefixtures("broken")
def test_a_pipe_gets_a_line_for_each(esign: Callable[..., Any]) -> None:
    """Tabs between cells, no frame: for `cut` and `grep`."""
    rows = [line.split("\t") for line in esign("providers").lines]
    assert [row[:2] for row in rows] == [["penneo", "ok"], ["penvio", "ok"], ["acme", "broken"]]
    assert rows[2][3] == "RuntimeError: half an update"


def test_an_installed_package_with_an_import_error_harms_itself_alone(
    install: Callable[[str], Path], config: Path, lease: Path
) -> None:
    """The real command, in a process of its own: the package is named, and the others work."""
    site = install("from esign_core import NoSuchThing\n")
    more = '\n[connections.acme-eu]\nprovider = "acme"\n'
    _ = config.write_text(config.read_text(encoding="utf-8") + more, encoding="utf-8")

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [Path(sys.executable).with_name("esign"), *map(str, words)],
            env={**os.environ, "PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            check=False,
        )

    listed = run("providers", "--json")
    assert listed.returncode == 0, listed.stderr
    (broken,) = json.loads(listed.stdout)["broken"]
    assert (broken["name"], broken["distribution"]) == ("acme", "esign-acme")
    assert broken["error"].startswith("ImportError: cannot import name 'NoSuchThing'")
    assert {each["name"] for each in json.loads(listed.stdout)["providers"]} == {"penneo", "penvio"}
    works = run("check", lease, "--via", "penvio", "--config", config)
    assert (works.returncode, works.stdout) == (0, 'penvio can send "Lease 14".\n')
    refused = run("check", lease, "--via", "acme-eu", "--config", config)
    assert refused.returncode == 1
    assert refused.stderr.startswith(
        'BrokenProvider: the plugin "acme" (esign-acme) cannot be used'
    )
