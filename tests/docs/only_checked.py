"""Commands that would change the machine: not run, but what they name has to be there."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from itertools import chain

from tests.docs.markdown import ROOT

_EXTRAS = re.compile(r"(?P<name>[^\[]*)(?:\[(?P<extras>[\w,-]+)\])?")


def is_only_checked(command: str) -> bool:
    """Whether a command is one of those; then it is checked.

    Raises:
        AssertionError: It names a target, a package, an extra or a file that is not there.
    """
    match shlex.split(command, comments=True):
        case ["make", *words]:
            _check_make(words)
        case ["pip", "install", *words] | ["uv", "pip", "install", *words]:
            _check_install(words)
        case [".venv/bin/pip", "install", *words]:
            _check_install(words)
        case [program, *words] if program.startswith(".venv/bin/"):
            assert (ROOT / program).exists(), f"{program} is not there"
            for word in words:
                assert "/" not in word or (ROOT / word.split("::")[0]).exists(), word
        case ["git", "clone", _, *_] | ["python" | "python3", "-m", "venv", _]:
            pass
        case ["." | "source", path] if path.endswith("bin/activate"):
            pass
        case _:
            return False
    return True


def _check_make(words: list[str]) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for word in words:
        variable, is_set, _ = word.partition("=")
        if is_set:
            assert re.search(rf"\$\({variable}\)|^{variable}\b", makefile, re.MULTILINE), word
        elif not word.startswith("-"):
            assert re.search(rf"^{re.escape(word)}:", makefile, re.MULTILINE), f"no target {word}"


def _check_install(words: list[str]) -> None:
    known = dict(_distributions())
    for word in words:
        found = _EXTRAS.fullmatch(word)
        assert found, word
        name = found["name"]
        if name.startswith("."):
            project = ROOT / name / "pyproject.toml"
            assert project.exists(), f"{name} is no project"
            name = str(tomllib.loads(project.read_text("utf-8"))["project"]["name"])
        if not name.startswith("-"):
            assert name in known, f"nobody here knows the package {name}"
            missing = set((found["extras"] or "").split(",")) - {""} - known[name]
            assert not missing, f"{name} has no extra {missing}"


def _distributions() -> Iterator[tuple[str, set[str]]]:
    """Our distributions with their extras, and what they may bring."""
    for file in [ROOT / "pyproject.toml", *ROOT.glob("providers/*/pyproject.toml")]:
        project = tomllib.loads(file.read_text("utf-8"))["project"]
        extras: dict[str, list[str]] = project.get("optional-dependencies", {})
        yield project["name"], set(extras)
        for line in chain(project.get("dependencies", []), *extras.values()):
            name = re.split(r"[\[<>=~!; ]", line)[0]
            if not name.startswith("esign"):
                yield name, set()
