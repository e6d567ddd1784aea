"""Numbers that are large: what every database knows is taken, whatever it may be of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.databases import DATABASES, fresh

Run = Callable[..., Any]
HIGHEST = str(2**63 - 1)


@pytest.fixture(params=DATABASES)
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A configuration with a journal and nothing else, for each database."""
    with fresh(request.param, tmp_path) as url:
        file = tmp_path / "esign.toml"
        _ = file.write_text(f'journal = "{url}"\n', encoding="utf-8")
        yield file


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (f"list --limit {HIGHEST}", 0),
        (f"events --after {HIGHEST} --limit {HIGHEST}", 0),
        (f"inbox list --limit {HIGHEST}", 0),
        (f"inbox show {HIGHEST}", 1),
        (f"inbox replay {HIGHEST}", 1),
        (f"work list --limit {HIGHEST}", 0),
        (f"work retry {HIGHEST}", 1),
        (f"work drop {HIGHEST}", 1),
    ],
)
def test_the_highest_number_is_a_number(words: str, code: int, esign: Run, bare: Path) -> None:
    """Limits, positions and ids: there may be nothing there, and the database is not upset."""
    answer = esign(*words.split(), "--config", bare)
    assert answer.code == code
    assert not answer.out
    assert answer.err.startswith("NotInJournal: ") if code else not answer.err


@pytest.mark.parametrize("words", ["inbox show", "work retry", "work drop", "events --after"])
def test_one_more_is_usage(words: str, esign: Run, bare: Path) -> None:
    """No database knows a number like that."""
    answer = esign(*words.split(), str(2**63), "--config", bare)
    assert answer.code == 2
    assert f"Must be <= {HIGHEST}." in answer.err
