"""Tables of the adapters, row by row with the evidence that stands beside each."""

from __future__ import annotations

import ast
import inspect
import io
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from importlib import import_module
from types import ModuleType
from typing import Any

from docs._generate.words import code, grid, named, one_line


def table(place: str, left: str = "there", right: str = "here") -> str:
    """A mapping `package.module.NAME` with the comment of each row; `-` is a space."""
    module, _, name = place.rpartition(".")
    mapping: Mapping[Any, Any] = named(place)
    evidence = list(_comments_of(import_module(module), name))
    rows = [
        (_said(key), _said(value), why)
        for (key, value), why in zip(mapping.items(), evidence, strict=True)
    ]
    columns = (left.replace("-", " "), right.replace("-", " "), "evidence")
    return grid(columns, rows)


def constants(place: str) -> str:
    """The members of an enum with the numbers that they stand for."""
    kind: type[Enum] = named(place)
    return grid(("number", "word"), [(code(m.value), code(_word(m))) for m in kind])


def _word(member: Enum) -> str:
    return getattr(member, "word", member.name.lower())


def _said(value: object) -> str:
    """A value as people read it: neutral words as code, a meaning as all that it tells."""
    if is_dataclass(value) and not isinstance(value, type):
        told = [_flag(f.name, getattr(value, f.name)) for f in fields(value)]
        return ", ".join(filter(None, told)) or "nothing"
    if isinstance(value, (tuple, list)):
        return " or ".join(map(_said, value))
    return code(value.value if isinstance(value, Enum) else value)


def _flag(name: str, value: object) -> str:
    if value is True:
        return name.replace("_", " ")
    return _said(value) if value else ""


def _comments_of(module: ModuleType, name: str) -> Iterator[str]:
    """What stands beside or above each row of a dictionary in a module's source."""
    source = inspect.getsource(module)
    comments = {
        token.start[0]: (token.string.removeprefix("# "), token.line.lstrip().startswith("#"))
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    rows = _dictionary(ast.parse(source), name)
    for key, value in zip(rows.keys, rows.values, strict=True):
        first = (key or value).lineno
        above: list[str] = []
        line = first - 1
        while line in comments and comments[line][1]:
            above.insert(0, comments[line][0])
            line -= 1
        last = value.end_lineno or first
        beside = [comments[n][0] for n in range(first, last + 1) if n in comments]
        yield one_line(" ".join([*above, *beside]))


def _dictionary(tree: ast.Module, name: str) -> ast.Dict:
    for statement in tree.body:
        match statement:
            case ast.AnnAssign(target=ast.Name(found), value=ast.Dict() as value) if found == name:
                return value
            case ast.Assign(targets=[ast.Name(found)], value=ast.Dict() as value) if found == name:
                return value
            case _:
                pass
    raise ValueError(f"there is no dictionary {name}")
