"""Runs every test that holds a promise, and prints which promise is held by what.

`python -m tests.promises --only S1,D3` runs those of some, and `--whole` cuts the power and kills
as often as is promised, which takes minutes; any other argument is pytest's.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from itertools import pairwise

import pytest

from tests.promises.page import BREAKS, HOLDS, ON, promises
from tests.promises.table import Ran, Result, table, verdict

WHOLE = {"ESIGN_POWER_CUTS": "10000", "ESIGN_KILLS": "50"}  # kills of a receiver on each database


class Listener:
    """Hears what came of each test, whichever process ran it."""

    def __init__(self) -> None:
        self._properties: dict[str, list[tuple[str, object]]] = {}
        self._results: dict[str, Result] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test is set up, called, and torn down: the worst of the three counts."""
        before = self._results.get(report.nodeid, Result.PASSED)
        self._properties[report.nodeid] = list(report.user_properties)
        self._results[report.nodeid] = _worse(before, _result_of(report))

    def ran(self) -> list[Ran]:
        """Every test."""
        return [
            Ran(
                nodeid.partition("[")[0],
                result,
                holds=self._named(nodeid, HOLDS),
                breaks=self._named(nodeid, BREAKS),
                databases=self._named(nodeid, ON),
            )
            for nodeid, result in self._results.items()
        ]

    def _named(self, nodeid: str, name: str) -> frozenset[str]:
        return frozenset(str(value) for key, value in self._properties[nodeid] if key == name)


def main(arguments: Sequence[str]) -> int:
    """Run, print, and answer 0 if every promise that was asked for is held."""
    listener = Listener()
    if "--whole" in arguments:
        os.environ.update(WHOLE)
        arguments = [each for each in arguments if each != "--whole"]
    options = ["-p", "tests.promises.recording", "-q", "--no-header", "-r", "fE"]
    options += ["--continue-on-collection-errors", *arguments]
    code = pytest.main(options, plugins=[listener])
    if code in {pytest.ExitCode.INTERRUPTED, pytest.ExitCode.USAGE_ERROR}:
        return int(code)
    rows = table(promises(), listener.ran())
    if wanted := _only(arguments):
        rows = [row for row in rows if row.promise.id in wanted]
    for row in rows:
        _say("\n".join(["", *row.lines()]))
    is_held, told = verdict(rows)
    _say(f"\n{told}")
    return 0 if is_held and code == pytest.ExitCode.OK else 1


def _only(arguments: Sequence[str]) -> set[str]:
    values = [b for a, b in pairwise(arguments) if a == "--only"]
    values += [each.partition("=")[2] for each in arguments if each.startswith("--only=")]
    return {id_ for value in values for id_ in value.split(",") if id_}


def _result_of(report: pytest.TestReport) -> Result:
    if report.failed or hasattr(report, "wasxfail"):  # what is expected to fail holds nothing
        return Result.FAILED
    return Result.SKIPPED if report.skipped else Result.PASSED


def _worse(one: Result, other: Result) -> Result:
    order = (Result.PASSED, Result.SKIPPED, Result.FAILED)
    return max(one, other, key=order.index)


def _say(text: str) -> None:
    _ = sys.stdout.write(f"{text}\n")
    _ = sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
