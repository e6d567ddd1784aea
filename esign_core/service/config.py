"""Reading `esign.toml`: connections and the journal, with secrets from the environment."""

from __future__ import annotations

import math
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from esign_core.errors import Misconfigured, Problem
from esign_core.model import unknown_name
from esign_core.model.address import is_in_memory, rooted
from esign_core.model.secrecy import NeverPickled
from esign_core.service.arguments import expect_path, is_list_of
from esign_core.service.connections import each_connection, misconfigured, wrong_tables
from esign_core.service.defaults import MOST_DAYS
from esign_core.service.lines import dotted, line_of, lines_of

if TYPE_CHECKING:
    from esign_core.provider import Registry

DEFAULT_JOURNAL = "sqlite:///esign.db"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_NO_MEMORY = (
    "would be in memory: it would end with the process, and with it what must not get lost. Name a "
    f"file, such as {DEFAULT_JOURNAL}"
)
_INDEX = re.compile(r"\[\d+\]$")
_KEYS = (
    "journal",
    "connections",
    "refresh_after_seconds",
    "archive",
    "encryption_keys",
    "keep_raw_days",
)
_DEFAULT_REFRESH_SECONDS = 60.0
_NO_SECONDS = "must be a number of seconds above 0"
_NO_DAYS = (
    f"must be a number of days above 0, up to {MOST_DAYS}; leave it out to keep them for ever"
)
_NO_KEYS = 'must be a list of keys, such as ["${ESIGN_KEY}"]; `esign keys new` makes one'
_NO_ADDRESS = f"must be an address such as {DEFAULT_JOURNAL}"
_NO_FOLDER = "must be the path of a folder"
_NO_TABLE = "write each connection as a table [connections.NAME]"


@dataclass(frozen=True)
class Config(NeverPickled):
    """What a configuration says."""

    connections: Mapping[str, Mapping[str, Any]] = field(repr=False)
    """By name: `provider`, `endpoint` if it is not the name, and the provider's settings."""
    journal: str = field(default=DEFAULT_JOURNAL, repr=False)  # it may have a password in it
    """The journal's address. In the path of a file, write `%` as `%25` and `?` as `%3F`."""
    refresh_after_seconds: float = _DEFAULT_REFRESH_SECONDS
    """How long without news before the vendor is asked; longer while nothing changes, and much
    longer where deliveries arrive."""
    archive: str | None = None
    """The folder into which a worker brings the signed files of every completed envelope."""
    encryption_keys: tuple[SecretStr, ...] = ()
    """What seals secrets in the journal: the first one seals, every one opens. Without any, tokens
    stay in the memory of their process."""
    keep_raw_days: float | None = None
    """After how many days a worker drops headers and bodies of deliveries; their hashes stay, and
    those of which nothing could be made yet stay whole. For ever if not given."""

    def __post_init__(self) -> None:
        problems = [
            *_wrong_keys(self.encryption_keys),
            *_wrong_types(self.journal, self.archive),
            *wrong_tables(self.connections),
        ]
        if not _are_seconds(self.refresh_after_seconds):
            problems.append(Problem("refresh_after_seconds", _NO_SECONDS))
        if self.keep_raw_days is not None and not _are_days(self.keep_raw_days):
            problems.append(Problem("keep_raw_days", _NO_DAYS))
        if problems:
            raise misconfigured(problems)


def read_config(
    path: str | Path,
    environment: Mapping[str, str] | None = None,
    *,
    registry: Registry | None = None,
) -> Config:
    """A configuration from a TOML file, in which every setting has been looked at.

    `${NAME}` stands for an environment variable. Paths of templates and of the journal are taken
    from the file's own folder.

    Args:
        path: The file.
        environment: The variables; those of this process if not given.
        registry: Where providers are looked for; the installed ones if not given.

    Raises:
        Misconfigured: The file cannot be read or is no TOML; or something that it says cannot be,
            with everything of that kind in `problems`, each with its line.
    """
    expect_path(path=path)
    path = Path(path)
    text, data = _read(path)
    problems = [Problem(name, unknown_name(name, _KEYS)) for name in data if name not in _KEYS]
    unset: list[Problem] = []
    told = _expanded(data, "", environment if environment is not None else os.environ, unset)
    problems += unset
    problems += _misspelt_values(told)
    problems += _settled(_wrong_keys(_keys(told)), unset)
    connections = _tables(told)
    wrong = _wrong_settings(connections, registry)
    kind = Misconfigured if wrong is None or problems else type(wrong)
    problems += _settled(wrong.problems if wrong is not None else (), unset)
    if problems:
        lines = lines_of(text)
        found = [replace(each, line=line_of(each.field, lines)) for each in problems]
        raise misconfigured(found, f'"{path}"', kind=kind)
    folder = path.resolve().parent
    return Config(
        connections={name: _rooted(each, folder) for name, each in connections.items()},
        journal=rooted(told.get("journal", DEFAULT_JOURNAL), folder),
        refresh_after_seconds=told.get("refresh_after_seconds", _DEFAULT_REFRESH_SECONDS),
        archive=str(folder / told["archive"]) if "archive" in told else None,
        encryption_keys=_keys(told),
        keep_raw_days=told.get("keep_raw_days"),
    )


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except OSError as error:
        raise Misconfigured(
            f'the configuration "{path}" cannot be read: {error.strerror}. Nothing was opened. '
            "Name one with --config."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured(
            f'"{path}" is not TOML: {error}. Nothing was opened; mend it and try again.'
        ) from None
    except (RecursionError, ValueError):  # of brackets without end, or of digits
        raise Misconfigured(
            f'"{path}" is not TOML that anybody writes: it is nested too deep, or has a number '
            "without end. Nothing was opened; mend it and try again."
        ) from None


def _expanded(value: Any, at: str, environment: Mapping[str, str], unset: list[Problem]) -> Any:
    """The value with its variables; those that are not there go to `unset`, and stay as written."""

    def variable(found: re.Match[str]) -> str:
        name = found[1]
        if name not in environment:
            unset.append(Problem(at, f"the environment variable {name} is not set"))
        elif not environment[name].strip():
            unset.append(Problem(at, f"the environment variable {name} is set but empty"))
        else:
            return environment[name]
        return found[0]

    match value:
        case str():
            return _VARIABLE.sub(variable, value)
        case dict():
            return {
                name: _expanded(
                    each, ".".join(filter(None, (at, dotted([name])))), environment, unset
                )
                for name, each in value.items()
            }
        case list():
            return [
                _expanded(each, f"{at}[{i}]", environment, unset) for i, each in enumerate(value)
            ]
        case _:
            return value


def _misspelt_values(told: Mapping[str, Any]) -> Iterator[Problem]:
    if not isinstance(told.get("journal", ""), str):
        yield Problem("journal", _NO_ADDRESS)
    elif is_in_memory(told.get("journal", DEFAULT_JOURNAL)):
        yield Problem("journal", _NO_MEMORY)
    if not _are_seconds(told.get("refresh_after_seconds", _DEFAULT_REFRESH_SECONDS)):
        yield Problem("refresh_after_seconds", _NO_SECONDS)
    if "keep_raw_days" in told and not _are_days(told["keep_raw_days"]):
        yield Problem("keep_raw_days", _NO_DAYS)
    keys = told.get("encryption_keys", [])
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        yield Problem("encryption_keys", _NO_KEYS)
    archive = told.get("archive", ".")
    if not isinstance(archive, str) or not archive or "\0" in archive:
        yield Problem("archive", _NO_FOLDER)
    connections = told.get("connections", {})
    if not isinstance(connections, dict):
        yield Problem("connections", _NO_TABLE)
    else:
        for name, each in connections.items():
            if not isinstance(each, dict):
                yield Problem(f"connections.{dotted([name])}", _NO_TABLE)


def _wrong_types(journal: object, archive: object) -> Iterator[Problem]:
    """What was given in Python and cannot be meant; a file's own words were looked at before."""
    if not isinstance(journal, str):
        yield Problem("journal", _NO_ADDRESS)
    if archive is not None and (not isinstance(archive, str) or not archive):
        yield Problem("archive", _NO_FOLDER)


def _tables(told: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    connections = told.get("connections", {})
    rows = connections.items() if isinstance(connections, dict) else ()
    return {name: each for name, each in rows if isinstance(each, dict)}


def as_keys(keys: Sequence[str | SecretStr]) -> tuple[SecretStr, ...]:
    """Keys as a configuration has them.

    Raises:
        Misconfigured: It is no list of keys.
    """
    if not is_list_of(keys, str, SecretStr):
        raise misconfigured([Problem("encryption_keys", _NO_KEYS)])
    return tuple(each if isinstance(each, SecretStr) else SecretStr(each) for each in keys)


def _keys(told: Mapping[str, Any]) -> tuple[SecretStr, ...]:
    keys = told.get("encryption_keys")
    rows = keys if isinstance(keys, list) else ()
    return tuple(SecretStr(key) for key in rows if isinstance(key, str))


def _wrong_keys(keys: tuple[SecretStr, ...]) -> Iterator[Problem]:
    if keys:  # with the first one comes all of the journal
        from esign_core.journal.vault import key_problems

        yield from key_problems(keys)


def _wrong_settings(
    connections: Mapping[str, Mapping[str, Any]], registry: Registry | None
) -> Misconfigured | None:
    """What providers find wrong in their settings."""
    from esign_core.provider import Registry, read_settings  # loaded once there is a file

    installed = registry or Registry.installed()

    def look(_name: str, provider: str, own: dict[str, Any]) -> None:
        _ = read_settings(installed.provider(provider), own)

    try:
        _ = each_connection(connections, look)
    except Misconfigured as error:
        return error
    return None


def _settled(problems: Iterable[Problem], unset: Iterable[Problem]) -> Iterator[Problem]:
    """The problems but for those of settings whose variable is not there: they have no value."""
    waiting = {_INDEX.sub("", each.field) for each in unset}
    return (each for each in problems if _INDEX.sub("", each.field) not in waiting)


def _are_seconds(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return 0 < value < math.inf


def _are_days(value: object) -> bool:
    return _are_seconds(value) and isinstance(value, (int, float)) and value <= MOST_DAYS


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
