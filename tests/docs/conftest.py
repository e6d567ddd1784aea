"""A place like the one a reader has: a configuration, a PDF, vendors that answer."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from esign_penneo.sandbox import PenneoSandbox
from esign_penvio.sandbox import PenvioSandbox


@pytest.fixture(scope="module")
def penneo() -> Iterator[PenneoSandbox]:
    """Penneo, simulated."""
    with PenneoSandbox(scale=0.1) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def penvio() -> Iterator[PenvioSandbox]:
    """Penvio, simulated."""
    with PenvioSandbox(scale=0.1) as sandbox:
        yield sandbox


@pytest.fixture
def desk(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    penneo: PenneoSandbox,
    penvio: PenvioSandbox,
) -> Path:
    """An empty folder with `esign.toml` and `lease.pdf`, as the working directory."""
    settings = {"penneo-dk": penneo.connect(), "penvio-eu": penvio.connect()}
    providers = {"penneo-dk": "penneo", "penvio-eu": "penvio"}
    lines = ['journal = "sqlite:///esign.db"', "refresh_after_seconds = 1"]
    for name, each in settings.items():
        lines += [f"[connections.{name}]", f'provider = "{providers[name]}"']
        lines += [f"{key} = {_toml(value)}" for key, value in each.items()]
    (tmp_path / "esign.toml").write_text("\n".join(lines), encoding="utf-8")
    _ = tomllib.loads("\n".join(lines))
    _ = shutil.copy(settings["penneo-dk"]["templates"]["lease"]["document"], tmp_path / "lease.pdf")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _toml(value: object) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f'"{key}" = {_toml(each)}' for key, each in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value).lower()
