"""Settings in examples: read as the product reads them, with the reader's own words filled in."""

from __future__ import annotations

import ast
import base64
import hashlib
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from esign_core import Registry
from esign_core.provider import read_settings
from esign_core.sandbox import Simulator
from esign_core.service.config import read_config

_VARIABLE = re.compile(r"\$\{(\w+)\}")


def check_settings(text: str) -> None:
    """Read an `esign.toml`, and each connection's settings as its provider reads them.

    Raises:
        Misconfigured: The page shows what would be refused.
    """
    variables = {name: _secret(name) for name in _VARIABLE.findall(text)}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "esign.toml"
        _ = file.write_text(text, encoding="utf-8")
        config = read_config(file, variables)
    registry = Registry.installed()
    for settings in config.connections.values():
        own = {name: value for name, value in settings.items() if name != "endpoint"}
        _ = read_settings(registry.provider(str(own.pop("provider"))), own)


def _secret(name: str) -> str:
    """A value that is another one for each variable, long enough, and a key of the journal."""
    return base64.urlsafe_b64encode(hashlib.sha256(name.encode()).digest()).decode()


def filled_in(source: str, vendors: Mapping[str, Simulator]) -> str:
    """Python whose `settings = {...}` with `"..."` in it are those that reach a simulator.

    The simulator is the one whose settings have every name that the example has.
    """
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Assign(targets=[ast.Name("settings")], value=ast.Dict() as value):
                shown = ast.get_source_segment(source, value) or ""
                if '"..."' in shown:
                    lines = "\n" * shown.count("\n")
                    told = repr(_settings_like(_names_of(value), vendors))
                    source = source.replace(shown, f"({told}{lines})")
            case _:
                pass
    return source


def _names_of(value: ast.Dict) -> set[str]:
    return {str(key.value) for key in value.keys if isinstance(key, ast.Constant)}


def _settings_like(names: set[str], vendors: Mapping[str, Simulator]) -> dict[str, Any]:
    for vendor in vendors.values():
        settings = vendor.connect()
        if names <= settings.keys():
            return settings
    raise AssertionError(f"no provider has all the settings {', '.join(sorted(names))}")
