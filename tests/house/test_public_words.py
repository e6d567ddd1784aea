"""What users read of the library in their editor: complete, and true of what it stands on."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import esign_core
from esign_core.service import AsyncConnection, AsyncEsign, Connection, Esign

PUBLIC = [
    "esign_core",
    "esign_core.errors",
    "esign_core.integrations",
    "esign_core.model",
    "esign_core.provider",
    "esign_core.sandbox",
    "esign_core.testing",
    "esign_penneo",
    "esign_penvio",
]
QUIET = {"close", "aclose", "worker", "connections", "rejected", "events"}
"""Verbs that raise nothing a caller would want to catch."""


def _named(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """What a module calls public, and has made itself."""
    names = getattr(module, "__all__", None) or [n for n in vars(module) if not n.startswith("_")]
    for name in names:
        thing = getattr(module, name)
        if getattr(thing, "__module__", "").startswith("esign_"):
            yield f"{module.__name__}.{name}", thing


def _things() -> dict[str, Any]:
    """Public classes and functions, by where they are defined."""
    found: dict[str, Any] = {}
    for name in PUBLIC:
        for _, thing in _named(importlib.import_module(name)):
            if inspect.isclass(thing) or inspect.isfunction(thing):
                found[f"{thing.__module__}.{thing.__qualname__}"] = thing
    return found


THINGS = _things()
CLASSES = {name: thing for name, thing in THINGS.items() if inspect.isclass(thing)}
WITH_FIELDS = sorted(set(CLASSES) - {"esign_core.model.capability.Capabilities"})
"""Each field of `Capabilities` is the `Feature` of its name, and described there."""


def _functions(kind: type) -> Iterator[tuple[str, Any]]:
    for name, member in list(vars(kind).items()):  # to look at a model may build it
        function = getattr(member, "fget", None) or getattr(member, "__func__", member)
        if not name.startswith("_") and inspect.isfunction(function):
            yield name, function


def _callables() -> Iterator[tuple[str, Any]]:
    for name, thing in THINGS.items():
        if inspect.isclass(thing):
            yield from ((f"{name}.{verb}", function) for verb, function in _functions(thing))
        else:
            yield name, thing


CALLABLES = dict(_callables())


def test_there_is_something_to_look_at() -> None:
    """The tests below look at what users see."""
    assert {f"esign_core.{name}" for name in ("Esign", "Signer")} <= {
        f"esign_core.{thing.__name__}" for thing in THINGS.values()
    }
    assert "esign_core.service.esign.Esign.send" in CALLABLES


@pytest.mark.parametrize("name", sorted({*THINGS, *CALLABLES}))
def test_everything_public_says_what_it_is(name: str) -> None:
    """Its own words, or those of what it overrides; the first line ends as a sentence does."""
    thing = CALLABLES.get(name) or THINGS[name]
    words = inspect.getdoc(thing) or _inherited(name)
    assert words, f"{name} has no docstring"
    assert words.splitlines()[0].endswith((".", ":")), f"{name}: {words.splitlines()[0]}"


def _inherited(name: str) -> str | None:
    owner, _, verb = name.rpartition(".")
    return inspect.getdoc(getattr(CLASSES[owner], verb)) if owner in CLASSES else None


@pytest.mark.parametrize("name", sorted(CALLABLES))
def test_arguments_are_described_by_the_names_they_have(name: str) -> None:
    """Where arguments are described all are there, and no other."""
    function = CALLABLES[name]
    words = inspect.getdoc(function) or ""
    section = re.search(r"^Args:\n((?: +.*\n?|\n)+)", words, re.MULTILINE)
    if section is None:
        return
    described = re.findall(r"^    (\w+):", section[1], re.MULTILINE)
    taken = [p for p in inspect.signature(function).parameters if p not in {"self", "cls"}]
    assert set(described) == set(taken), name


@pytest.mark.parametrize("kind", [Esign, AsyncEsign, Connection, AsyncConnection])
def test_every_verb_says_what_it_raises(kind: type) -> None:
    """Whoever calls it knows what to catch, by names that exist."""
    for verb, function in _functions(kind):
        words = inspect.getdoc(function) or ""
        assert verb in QUIET or "Raises:" in words, f"{kind.__name__}.{verb}"
        for raised in re.findall(r"^    ([A-Z]\w+):", words.partition("Raises:")[2], re.MULTILINE):
            assert hasattr(esign_core, raised), f"{kind.__name__}.{verb} raises no {raised}"


@pytest.mark.parametrize("name", WITH_FIELDS)
def test_every_field_says_what_it_is(name: str) -> None:
    """A string below it, in the words of the one who fills it in; `Attributes:` for errors."""
    kind = CLASSES[name]
    file = Path(inspect.getfile(kind))
    classes = (n for n in ast.walk(ast.parse(file.read_text())) if isinstance(n, ast.ClassDef))
    body = next(node for node in classes if node.name == kind.__name__).body
    told = inspect.getdoc(kind) or ""
    for line, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
            field = line.target.id
            is_told = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            is_plain = not field.startswith("_") and "ClassVar" not in ast.unparse(line.annotation)
            if is_plain and not re.search(rf"\b{field}\b", told):
                assert is_told, f"{name}.{field} is not described"


def test_every_public_verb_is_checked_by_its_types() -> None:
    """The file that both type checkers read has each verb of the four classes in it."""
    text = (Path(__file__).parents[1] / "typing_api.py").read_text()
    for kind, at in ((Esign, "esign"), (AsyncEsign, "await esign"), (Connection, "account")):
        for verb, _ in _functions(kind):
            assert re.search(rf"\b{at}\.{verb}\b|\b{kind.__name__}\.{verb}\(", text) or (
                kind is AsyncEsign and verb in QUIET
            ), f"{kind.__name__}.{verb}"
