"""What is said in docstrings, as Markdown."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from importlib import import_module
from itertools import pairwise
from typing import Any


def named(place: str) -> Any:
    """What is at `package.module.Name`."""
    module, _, name = place.rpartition(".")
    return getattr(import_module(module), name)


def told_of(thing: Any) -> str:
    """The whole docstring, without its indentation."""
    return inspect.getdoc(thing) or ""


def first_line(thing: Any) -> str:
    """The first paragraph of a docstring, on one line, without where it is from."""
    return one_line(told_of(thing).split("\n\n")[0]).split(" Source:")[0]


def attributes_of(cls: type) -> dict[str, str]:
    """What is said below each attribute, by name, those of the bases first."""
    found: dict[str, str] = {}
    for kind in reversed(cls.__mro__):
        if kind.__module__.split(".")[0].startswith("esign"):
            found |= _attributes_in(kind)
    return found


def class_table(place: str) -> str:
    """The members of an enum, or the fields of a class, with what is said of each."""
    cls = named(place)
    docs = attributes_of(cls)
    if issubclass(cls, Enum):
        return grid(("word", "meaning"), [(code(m.value), docs[m.name]) for m in cls])
    defaults = {f.name: f.default for f in fields(cls)} if is_dataclass(cls) else {}
    rows = [(code(name), text + _default(defaults.get(name))) for name, text in docs.items()]
    return grid(("field", "meaning"), rows)


def grid(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def code(value: object) -> str:
    """A value as code."""
    return f"`{value}`"


def one_line(text: str) -> str:
    """Text without its line breaks."""
    return " ".join(text.split())


def _default(value: object) -> str:
    return f" `{json.dumps(value)}` if not given." if isinstance(value, (str, float)) else ""


def _attributes_in(cls: type) -> dict[str, str]:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    found: dict[str, str] = {}
    for statement, after in pairwise(body):
        match statement, after:
            case (
                ast.AnnAssign(target=ast.Name(name)) | ast.Assign(targets=[ast.Name(name)]),
                ast.Expr(ast.Constant(str(text))),
            ):
                found[name] = one_line(text)
            case _:
                pass
    return found


def _cell(text: str) -> str:
    return one_line(text).replace("|", "\\|")
