"""Reading `esign.toml`: connections and the journal, with secrets from the environment."""

from __future__ import annotations

import math
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from esign_core.errors import Misconfigured

DEFAULT_JOURNAL = "sqlite:///esign.db"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_KEYS = {"journal", "connections", "refresh_after_seconds"}
_DEFAULT_REFRESH_SECONDS = 60.0


@dataclass(frozen=True)
class Config:
    """What a configuration says."""

    connections: Mapping[str, Mapping[str, Any]] = field(repr=False)
    """By name: `provider`, `endpoint` if it is not the name, and the provider's settings."""
    journal: str = DEFAULT_JOURNAL
    """The journal's address."""
    refresh_after_seconds: float = _DEFAULT_REFRESH_SECONDS
    """How long without news before the vendor is asked; grows while nothing changes."""

    def __post_init__(self) -> None:
        seconds: object = self.refresh_after_seconds
        is_number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
        if not (is_number and 0 < self.refresh_after_seconds < math.inf):
            raise Misconfigured("refresh_after_seconds must be a number of seconds above 0")


def read_config(path: str | Path, environment: Mapping[str, str] | None = None) -> Config:
    """A configuration from a TOML file.

    `${NAME}` stands for an environment variable. Paths of templates and of the journal are taken
    from the file's own folder.

    Raises:
        Misconfigured: The file cannot be read, is no TOML, or says what nobody knows.
    """
    path = Path(path)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Misconfigured(
            f'the configuration "{path}" cannot be read: {error.strerror}. Name one with --config.'
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured(f'"{path}" is not TOML: {error}') from None
    unknown = sorted(set(data) - _KEYS)
    if unknown:
        known = ", ".join(sorted(_KEYS))
        raise Misconfigured(f'"{path}" says {", ".join(unknown)}; it may say {known}')
    told = _expanded(data, environment if environment is not None else os.environ, str(path))
    connections = told.get("connections", {})
    if not isinstance(connections, dict) or not all(
        isinstance(each, dict) for each in connections.values()
    ):
        raise Misconfigured(f'"{path}": write each connection as a table [connections.NAME]')
    folder = path.resolve().parent
    return Config(
        connections={name: _rooted(each, folder) for name, each in connections.items()},
        journal=_rooted_journal(told.get("journal", DEFAULT_JOURNAL), folder),
        refresh_after_seconds=told.get("refresh_after_seconds", _DEFAULT_REFRESH_SECONDS),
    )


def _expanded(value: Any, environment: Mapping[str, str], where: str) -> Any:
    match value:
        case str():
            return _VARIABLE.sub(lambda found: _variable(found[1], environment, where), value)
        case dict():
            return {k: _expanded(v, environment, f"{where}: {k}") for k, v in value.items()}
        case list():
            return [_expanded(each, environment, where) for each in value]
        case _:
            return value


def _variable(name: str, environment: Mapping[str, str], where: str) -> str:
    if name not in environment:
        raise Misconfigured(f"{where}: the environment variable {name} is not set")
    if not environment[name].strip():
        raise Misconfigured(f"{where}: the environment variable {name} is set but empty")
    return environment[name]


def _rooted(connection: dict[str, Any], folder: Path) -> dict[str, Any]:
    templates = connection.get("templates")
    if not isinstance(templates, dict):
        return connection
    rooted = {
        name: {**target, "document": str(folder / target["document"])}
        if isinstance(target, dict) and isinstance(target.get("document"), str)
        else target
        for name, target in templates.items()
    }
    return {**connection, "templates": rooted}


def _rooted_journal(url: object, folder: Path) -> str:
    if not isinstance(url, str):
        raise Misconfigured("journal must be an address such as sqlite:///esign.db")
    prefix, found, name = url.partition("sqlite:///")
    if found and not prefix and name and not name.startswith((":", "/")):
        return f"sqlite:///{folder / name}"
    return url
