"""The page of promises, the markers of tests, and the table that is made of both."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from tests.promises.page import BREAKS, HOLDS, PAGE, ROOT, Promise, promises
from tests.promises.table import Ran, Result, table, verdict

PASSED, FAILED, SKIPPED = Result
S1, S2 = Promise("S1", "Never twice: not ever."), Promise("S2", "Never lost.")
BOTH = {"S1": S1, "S2": S2}


def markers() -> Iterator[tuple[str, str, str]]:
    """Each place in the tests that marks one, with the marker and the id."""
    for file in sorted(ROOT.glob("tests/**/*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            of = node.func.value
            is_mark = isinstance(of, ast.Attribute) and of.attr == "mark"
            if is_mark and node.func.attr in {HOLDS, BREAKS}:
                where = f"{file.relative_to(ROOT)}:{node.lineno}"
                for argument in node.args:
                    assert isinstance(argument, ast.Constant), f"{where}: write the id there"
                    yield where, node.func.attr, str(argument.value)


def test_page_numbers_its_promises() -> None:
    """Each group counts from 1 without a gap: a row that is lost is noticed."""
    groups = groupby(promises(), key=lambda id_: id_[0])
    counted = {letter: [id_[1:] for id_ in ids] for letter, ids in groups}
    assert set(counted) >= {"S", "R", "A", "D"}
    for numbers in counted.values():
        assert numbers == [str(i) for i in range(1, len(numbers) + 1)]


def test_promise_has_one_row(tmp_path: Path) -> None:
    """Two rows of one name would be one in the table."""
    page = tmp_path / "promises.md"
    page.write_text("| S1 | One. |\n| S1 | Another. |\n", "utf-8")
    with pytest.raises(ValueError, match="S1 twice"):
        promises(page)


def test_no_marker_names_a_promise_that_nobody_made() -> None:
    """Page and tests speak of the same promises."""
    strange = [f"{where}: {id_}" for where, _, id_ in markers() if id_ not in promises()]
    assert not strange, "\n".join(strange)


def test_each_promise_has_a_test_that_names_it() -> None:
    """Whether it passes, `make promises` tells."""
    held = {id_ for _, name, id_ in markers() if name == HOLDS}
    assert sorted(set(promises()) - held) == []


def test_promise_is_told_by_its_first_sentence() -> None:
    """The rest is on the page."""
    assert S1.short == "Never twice"
    assert S2.short == "Never lost"


@pytest.mark.parametrize(
    ("ran", "is_held"),
    [
        ([], False),
        ([("S1", PASSED)], True),
        ([("S1", SKIPPED)], False),
        ([("S1", PASSED), ("S1", SKIPPED)], True),
        ([("S1", PASSED), ("S1", FAILED)], False),
        ([("S2", PASSED)], False),
    ],
)
def test_promise_is_held_by_a_test_that_passed(
    ran: list[tuple[str, Result]], *, is_held: bool
) -> None:
    """A skipped test holds nothing, and one that fails breaks it, whatever others say."""
    rows = table(BOTH, [Ran("test_x", result, holds=frozenset({id_})) for id_, result in ran])
    assert rows[0].is_held is is_held
    assert ("NOT HELD" in "\n".join(rows[0].lines())) is not is_held


def test_negative_control_holds_nothing_and_counts_when_it_fails() -> None:
    """That the simple way breaks proves that the test can; a control that does not is a fault."""
    control = Ran("test_naive", PASSED, breaks=frozenset({"S1"}))
    assert not table(BOTH, [control])[0].is_held
    good = Ran("test_good", PASSED, holds=frozenset({"S1"}), databases=frozenset({"SQLite"}))
    row = table(BOTH, [control, good])[0]
    assert row.is_held
    assert "1 passed; 1 negative control; SQLite: 1 passed" in "\n".join(row.lines())
    failed = Ran("test_naive", FAILED, breaks=frozenset({"S1"}))
    assert not table(BOTH, [failed, good])[0].is_held


def test_verdict_names_what_is_not_held() -> None:
    """In a sentence; and says so where all are."""
    ran = [Ran("test_x", PASSED, holds=frozenset({"S1"}))]
    assert verdict(table(BOTH, ran)) == (False, "NOT HELD: S2 (1 of 2 promises).")
    ran = [Ran("test_x", PASSED, holds=frozenset({"S1", "S2"}))]
    assert verdict(table(BOTH, ran)) == (True, "All 2 promises are held.")


def run(folder: Path, tests: str, *arguments: str) -> tuple[int, str]:
    """What the command answers and prints, of tests in a file."""
    file, settings = folder / "test_made_up.py", folder / "pytest.ini"
    file.write_text(f"import pytest\n{tests}", "utf-8")
    settings.write_text(f"[pytest]\nmarkers =\n {HOLDS}\n {BREAKS}\n", "utf-8")
    options = ["-p", "no:cacheprovider", "-c", str(settings), *arguments, str(file)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.promises", *options],
        cwd=ROOT,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def test_command_prints_the_table(tmp_path: Path) -> None:
    """Of what passed, was skipped, and on which database; from processes of its own, too."""
    code, told = run(
        tmp_path,
        """
@pytest.mark.promise("S1")
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_once(database):
    if database == "postgresql":
        pytest.skip("there is none")

@pytest.mark.negative_control("S1")
def test_naively(): pass

def test_of_nothing(): raise AssertionError
""",
        *("--only", "S1", "-p", "xdist", "-n", "1"),
    )
    assert code == 0, told
    assert "1 passed, 1 skipped; 1 negative control" in told
    assert "PostgreSQL: 1 skipped; SQLite: 1 passed" in told
    assert "test_once  1 passed, 1 skipped" in told
    assert told.endswith("All 1 promises are held.\n")


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        ('@pytest.mark.promise("S1")\ndef test_a(): assert 0', "NOT HELD"),
        ('@pytest.mark.promise("S99")\ndef test_a(): pass', f"{PAGE.name} has no promise S99"),
        ('@pytest.mark.promise("S1")\ndef test_a(): pass\nimport nothing', "nothing"),
        ("def test_a(): pass", "NOT HELD"),
    ],
    ids=["fails", "unknown", "cannot be read", "not held"],
)
def test_command_fails(tmp_path: Path, tests: str, said: str) -> None:
    """Where a test fails, names what is not promised, or is missing."""
    code, told = run(tmp_path, tests, "--only=S1")
    assert code != 0
    assert said in told
