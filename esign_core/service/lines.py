"""On which line of a TOML file each setting stands: `tomllib` reads values and tells no places."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping

_NAME = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
_NAMES = rf"({_NAME}(?:[ \t]*\.[ \t]*{_NAME})*)"
_HEADER = re.compile(rf"[ \t]*\[\[?[ \t]*{_NAMES}[ \t]*\]")
_SETTING = re.compile(rf"[ \t]*{_NAMES}[ \t]*=")
_PIECE = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?!")'
    r"|'''.*?'''(?!')"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
    r"""|[^"'#\[\]{}\n]+"""
    r"|.",
    re.DOTALL,
)
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def lines_of(text: str) -> dict[str, int]:
    """The line of every table and setting of a TOML text, by its dotted name.

    What is inside of a list or of a table in braces has no line of its own; `line_of` tells that
    of the setting around it.
    """
    found: dict[str, int] = {}
    table: tuple[str, ...] = ()
    for line, statement in _statements(text):
        if header := _HEADER.match(statement):
            names = table = _parts(header[1])
        elif setting := _SETTING.match(statement):
            names = (*table, *_parts(setting[1]))
        else:
            continue
        for end in range(1, len(names) + 1):  # a table may be there by one inside of it alone
            _ = found.setdefault(dotted(names[:end]), line)
    return found


def line_of(field: str, lines: Mapping[str, int]) -> int | None:
    """The line of a setting, or of the nearest one around it; None if no part of it is there."""
    while field and field not in lines:
        field = field[: max(field.rfind("."), field.rfind("["), 0)]
    return lines.get(field)


def dotted(names: Iterable[str]) -> str:
    """Names as TOML writes them one inside of the other: `connections.acme.api_key`."""
    return ".".join(name if _BARE.fullmatch(name) else json.dumps(name) for name in names)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each statement with its first line; lists and long texts go over several lines."""
    line, first, depth, statement = 1, 1, 0, ""
    for piece in _PIECE.findall(text):
        statement += piece
        line += piece.count("\n")
        depth += (piece in {"[", "{"}) - (piece in {"]", "}"})
        if piece == "\n" and depth == 0:
            yield first, statement
            first, statement = line, ""
    yield first, statement


def _parts(names: str) -> tuple[str, ...]:
    """The names in a dotted one, read by `tomllib`: it knows how they are quoted."""
    found: list[str] = []
    inner: object = tomllib.loads(f"{names} = 0")
    while isinstance(inner, dict):
        name, inner = next(iter(inner.items()))
        found.append(name)
    return tuple(found)
