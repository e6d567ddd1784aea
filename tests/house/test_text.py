from __future__ import annotations

import re
from pathlib import Path

import pytest

LONGEST = 300
VAGUE = {"base", "common", "helpers", "misc", "utils"}
# Spelled in two halves, so that this file is not what it looks for.
REGISTRIES = [
    "pypi" + ".org",
    "python" + "hosted.org",
    "registry." + "npmjs.org",
    "registry.yarnpkg" + ".com",
    "anaconda" + ".org",
    "crates" + ".io",
    "proxy.golang" + ".org",
]
HOMES = re.compile(r"(?<![\w.:/-])(/(home|Users|root|work)/[\w.-]|[A-Z]:\\Users\\)")


def test_no_vendor_is_named_in_the_core(root: Path, providers: list[Path]) -> None:
    """The core works for a vendor it has never heard of."""
    vendors = [package.name.removeprefix("esign_") for package in providers]
    named = [
        f"{file}: {vendor}"
        for file in _files_below(root / "esign_core")
        for vendor in vendors
        if vendor in f"{file.relative_to(root)}\n{_text(file)}".lower()
    ]
    assert vendors
    assert not named, "\n".join(named)


def test_no_file_names_a_package_registry(tracked: list[Path]) -> None:
    """Where packages come from is the business of whoever installs."""
    naming = [f"{file}: {host}" for file in tracked for host in REGISTRIES if host in _text(file)]
    assert not naming, "\n".join(naming)


def test_no_file_names_a_folder_of_one_machine(tracked: list[Path], root: Path) -> None:
    """A clone works wherever it is put."""
    naming = [
        f"{file}: {line.strip()}"
        for file in tracked
        for line in _text(file).splitlines()
        if HOMES.search(line) or f"{root}/" in line
    ]
    assert not naming, "\n".join(naming)


@pytest.mark.parametrize(
    ("line", "is_home"),
    [
        ("see /" + "home/jane/esign", True),
        ('"/' + "root/.config", True),
        ("C:" + "\\Users\\jane", True),
        ("https://example.com/home/jane", False),
        ("docs/home/page.md", False),
    ],
)
def test_a_folder_of_one_machine_is_told_from_a_url(line: str, *, is_home: bool) -> None:
    """The rule above finds what it is there to find, and nothing else."""
    assert bool(HOMES.search(line)) is is_home


def test_no_lock_file_is_kept(tracked: list[Path]) -> None:
    """A lock file would name the package index it was made from."""
    locks = {"uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock", "pylock.toml"}
    assert [file for file in tracked if file.name in locks] == []


def test_each_file_has_one_subject(sources: list[Path]) -> None:
    """A file can be read in one sitting, and its name says what it is about."""
    too_long = [f"{f}: {n}" for f in sources if (n := len(_text(f).splitlines())) > LONGEST]
    vague = [f for f in sources if VAGUE & {part.strip("_") for part in [f.stem, f.parent.name]}]
    assert not too_long, "\n".join(too_long)
    assert not vague, vague


def test_a_decision_takes_a_page(root: Path) -> None:
    """Each decision is in the index and has at most 40 lines."""
    folder = root / "docs" / "decisions"
    index = _text(folder / "README.md")
    for page in folder.glob("[0-9]*.md"):
        assert f"]({page.name})" in index
        assert len(_text(page).splitlines()) <= 40, page.name


def _files_below(folder: Path) -> list[Path]:
    return [f for f in folder.rglob("*") if f.is_file() and "__pycache__" not in f.parts]


def _text(file: Path) -> str:
    """The file as text; a font or a PDF is none, and is searched all the same."""
    return file.read_text(encoding="utf-8", errors="replace")
