from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed plugin that cannot be imported."""
    info = tmp_path / "acme-1.0.dist-info"
    info.mkdir()
    _ = (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    _ = (info / "entry_points.txt").write_text("[esign]\nacme = acme_plugin\n")
    _ = (tmp_path / "acme_plugin.py").write_text("raise RuntimeError('half an update')\n")
    monkeypatch.syspath_prepend(tmp_path)


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
        {"name": "acme", "distribution": "acme", "error": "RuntimeError: half an update"}
    ]


@pytest.mark.usefixtures("broken")
def test_a_pipe_gets_a_line_for_each(esign: Callable[..., Any]) -> None:
    """Tabs between cells, no frame: for `cut` and `grep`."""
    rows = [line.split("\t") for line in esign("providers").lines]
    assert [row[:2] for row in rows] == [["penneo", "ok"], ["penvio", "ok"], ["acme", "broken"]]
    assert rows[2][3] == "RuntimeError: half an update"
