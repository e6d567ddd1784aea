from __future__ import annotations

import ast
import importlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement

CORE_MAY_REQUIRE = {"anyio", "httpcore", "httpx", "pluggy", "pydantic", "sqlalchemy", "stamina"}
MAY_IMPORT_HTTPX = (
    "esign_core.engine.connections",
    "esign_core.engine.transport",
    "esign_core.sandbox",
)
HTTPX = ("httpx", "httpcore")


@dataclass(frozen=True)
class Import:
    """`from module import name`, or `import module` where `name` is None."""

    module: str
    name: str | None
    line: int

    def is_of(self, package: str) -> bool:
        return self.module == package or self.module.startswith(f"{package}.")


def test_httpx_is_imported_by_transport_and_simulator_kit_only(sources: list[Path]) -> None:
    """The HTTP library can be replaced by changing two files."""
    strangers = [
        f"{file}:{found.line}"
        for file in sources
        for found in _imports_of(file)
        if any(map(found.is_of, HTTPX)) and not _module_of(file).startswith(MAY_IMPORT_HTTPX)
    ]
    assert not strangers, "\n".join(strangers)


def test_providers_import_public_names_of_the_core_only(providers: list[Path]) -> None:
    """A provider is written as a stranger would: against what the core exports, one level deep."""
    private = [
        f"{file}:{found.line}: {found.module} does not export {found.name}"
        for package in providers
        for file in sorted(package.rglob("*.py"))
        for found in _imports_of(file)
        if found.is_of("esign_core") and not _is_public(found)
    ]
    assert not private, "\n".join(private)


@pytest.mark.parametrize(
    "source",
    [
        "import esign_core.errors",
        "from esign_core.errors import _private",
        "from esign_core.errors import annotations",
        "from esign_core.provider.flow import Request",
        "from esign_core.provider import *",
        "def lazily():\n    from esign_core.nowhere import thing",
    ],
)
def test_an_import_of_something_private_is_noticed(source: str) -> None:
    """The rule above finds what it is there to find."""
    (found,) = _imports_in(source)
    assert not _is_public(found)


def test_an_import_of_something_exported_is_accepted() -> None:
    """The rule above lets pass what a provider needs."""
    (found,) = _imports_in("from esign_core.errors import EsignError")
    assert _is_public(found)


def test_a_relative_import_is_spelled_out() -> None:
    """No dot hides where an import goes."""
    found = list(_imports_in("from ..wire import a\nfrom . import b", "esign_x.sandbox"))
    assert [(f.module, f.name) for f in found] == [("esign_x.wire", "a"), ("esign_x.sandbox", "b")]


def test_simulators_and_adapters_do_not_import_each_other(providers: list[Path]) -> None:
    """Adapter and simulator are two readings of the vendor's documents that check each other."""
    shared = []
    for package in providers:
        sandbox = f"{package.name}.sandbox"
        may_name_both = {package.name, f"{package.name}.plugin"}  # where they are announced
        for file in sorted(package.rglob("*.py")):
            module = _module_of(file)
            simulates = module == sandbox or module.startswith(f"{sandbox}.")
            for found in _imports_of(file):
                goes_there = found.is_of(sandbox) or (found.module, found.name) == (
                    package.name,
                    "sandbox",
                )
                if simulates:
                    crosses = found.is_of(package.name) and not goes_there
                else:
                    crosses = goes_there and module not in may_name_both
                if crosses:
                    shared.append(f"{file}:{found.line}")
    assert not shared, "\n".join(shared)


def test_the_core_requires_little(root: Path) -> None:
    """A product that only wants to send gets six packages; everything else is an extra."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = {Requirement(line).name.lower() for line in project["dependencies"]}
    assert required <= CORE_MAY_REQUIRE


def _is_public(found: Import) -> bool:
    if found.name is None or found.module.count(".") > 1:
        return False
    try:
        module = importlib.import_module(found.module)
    except ModuleNotFoundError:
        return False
    if hasattr(module, "__all__"):
        return found.name in module.__all__
    # A module of names that are all its own, such as `errors`, needs no list of them.
    own = getattr(getattr(module, found.name, None), "__module__", None) == module.__name__
    return own and not found.name.startswith("_")


def _module_of(file: Path) -> str:
    parts = file.relative_to(_top_of(file)).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports_of(file: Path) -> list[Import]:
    package = ".".join(file.relative_to(_top_of(file)).parent.parts)
    return list(_imports_in(file.read_text(encoding="utf-8"), package))


def _top_of(file: Path) -> Path:
    """The folder from which the file's package is found."""
    folder = file.parent
    while (folder / "__init__.py").exists():
        folder = folder.parent
    return folder


def _imports_in(source: str, package: str = "") -> Iterator[Import]:
    """Every import, wherever in the file; relative ones spelled out from `package`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, None, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, package)
            yield from (Import(module, alias.name, node.lineno) for alias in node.names)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    above = parts[: len(parts) - (node.level - 1)]
    return ".".join([*above, *([node.module] if node.module else [])])
