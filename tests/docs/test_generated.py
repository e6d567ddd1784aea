"""What pages say of the code is made from the code."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from esign_core import Registry
from esign_core.errors import EsignError
from tests.docs.markdown import ROOT, pages

SKELETON = [
    "Setup",
    "What it can do",
    "Options",
    "Settings",
    "Statuses",
    "Identities",
    "Webhooks",
    "Quirks",
    "How this was verified",
]


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages with generated parts, made anew."""
    folder = tmp_path_factory.mktemp("generated")
    command = [sys.executable, "-m", "docs._generate", "--to", str(folder)]
    _ = subprocess.run(command, cwd=ROOT, check=True, timeout=60)
    return folder


def test_generated_parts_are_up_to_date(generated: Path) -> None:
    """A page says what the code says now; `make docs` brings it up to date."""
    pages = [page.relative_to(generated) for page in generated.rglob("*.md")]
    assert len(pages) >= 7
    for page in pages:
        made, kept = ((folder / page).read_text("utf-8") for folder in (generated, ROOT))
        assert made == kept, f"{page} is out of date: run `make docs`"


def test_each_error_is_explained(generated: Path) -> None:
    """The reference has every error that there is, once."""
    page = (generated / "docs/reference/errors.md").read_text("utf-8")
    told = re.findall(r"^##+ `(\w+)`$", page, re.MULTILINE)
    assert sorted(told) == sorted(kind.__name__ for kind in _all_below(EsignError))


def test_each_field_of_a_draft_is_written_in_yaml(generated: Path) -> None:
    """The examples of the reference write every field, but for those that Python alone has."""
    page = (generated / "docs/reference/draft.md").read_text("utf-8")
    unwritten = re.findall(r"^\| `(\w+)` \| [^|]+ \| - \|", page, re.MULTILINE)
    made = ["content", "size", "media_type", "sha256"]
    assert unwritten == ["mark", "prepared_from", *made, "name"]  # a template's name is the value


def _all_below(kind: type[EsignError]) -> set[type[EsignError]]:
    below = {each for sub in kind.__subclasses__() for each in _all_below(sub)}
    return {each for each in {kind, *below} if each.__module__ == EsignError.__module__}


@pytest.mark.parametrize("name", sorted(Registry.installed().providers))
def test_provider_pages_share_a_skeleton(name: str) -> None:
    """What is known of a vendor stands where it stands for every other one."""
    page = (ROOT / "docs" / "providers" / f"{name}.md").read_text("utf-8")
    assert re.findall(r"^## (.*)$", page, re.MULTILINE) == SKELETON


def test_pages_become_html(tmp_path: Path) -> None:
    """All pages are in the HTML, and none of them has anything to warn of."""
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", "docs/_generate"]
    built = subprocess.run(
        [*command, "-d", str(tmp_path / "doctrees"), ".", str(tmp_path / "html")],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert built.returncode == 0, built.stderr
    html = tmp_path / "html"
    missing = [p for p in pages() if not (html / p.relative_to(ROOT).with_suffix(".html")).exists()]
    assert not missing
