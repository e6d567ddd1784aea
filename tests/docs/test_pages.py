"""Every example and every command in the documentation does what its page says.

A page is one session: its blocks run from top to bottom, in a folder of its own, with one shell
and one Python between them. CONTRIBUTING.md, "Pages", tells how pages are written so that they can
be run: what is in the folder, and what each kind of block means.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.docs.markdown import ROOT, blocks_of, pages
from tests.docs.session import Session

_LINK = re.compile(r"\]\(([^)#]*)#?([^)]*)\)")


def name_of(page: Path) -> str:
    """The page, as one names it here."""
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_page_does_what_it_says(page: Path, request: pytest.FixtureRequest) -> None:
    """Every block of the page runs, and prints what is shown."""
    if blocks := blocks_of(page):
        session: Session = request.getfixturevalue("quick_session")
        for block in blocks:
            session.run(block)


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_each_file_that_a_page_has_you_write_is_used(page: Path) -> None:
    """A block with a file's name is not run by itself, so something below it has to."""
    blocks = blocks_of(page)
    for i, block in enumerate(blocks):
        if block.file is not None and block.file != "esign.toml":
            below = "".join(later.text for later in blocks[i + 1 :])
            assert block.file in below, f"{block.where}: nothing uses {block.file}"


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of every page leads to a file, and a heading, that is there."""
    for target, heading in _LINK.findall(page.read_text("utf-8")):
        if "://" not in target:
            there = page.parent / unquote(target) if target else page
            assert there.exists(), f"{page.name} links to {target}"
            if heading:
                assert heading in _headings(there), f"{page.name} links to {target}#{heading}"


def _headings(page: Path) -> set[str]:
    """What links to headings are called: lower case, hyphens for spaces, no other signs."""
    titles = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_each_page_is_in_the_index() -> None:
    """Whoever opens the documentation finds every page of it."""
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    for page in ROOT.glob("docs/*/*.md"):
        if page.parent.name != "decisions" or page.name == "README.md":
            assert f"]({page.relative_to(ROOT / 'docs')})" in index, page


def test_fifteen_lines_are_fifteen() -> None:
    """The README's first example is as short as its heading says."""
    first = next(b for b in blocks_of(ROOT / "README.md") if b.language == "python")
    assert len([line for line in first.text.splitlines() if line]) <= 15


def test_what_to_install_tells_of_every_extra() -> None:
    """Whoever installs for production finds each extra, and whether it is for that."""
    page = (ROOT / "docs/how-to/run-in-production.md").read_text("utf-8")
    _, _, install = page.partition("## Install\n")
    install, _, _ = install.partition("\n## ")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = set(project["optional-dependencies"]) - {"dev", "docs"}
    assert [name for name in sorted(extras) if f"`{name}`" not in install] == []


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_pages_install_from_the_checkout(page: Path) -> None:
    """No index has it, so `pip install esign-core` would bring somebody else's package."""
    commands = [line for line in page.read_text("utf-8").splitlines() if "pip install" in line]
    assert not [line for line in commands if "esign-core" in line]


def test_architecture_page_names_files_that_exist() -> None:
    """The walk through the files stays true: each file and folder that it names is there."""
    page = (ROOT / "docs/explanation/architecture.md").read_text("utf-8")
    named = re.findall(
        r"`((?:model|provider|engine|journal|service|integrations)/\w+(?:\.py)?)`", page
    )
    assert len(named) > 15
    for name in named:
        path = ROOT / "esign_core" / name
        assert path.exists() or path.with_suffix(".py").exists(), name
