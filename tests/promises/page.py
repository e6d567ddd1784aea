"""The page that says what users may rely on, row by row; the tests are held against it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "promises.md"

HOLDS, BREAKS, ON = "promise", "negative_control", "database"
"""What a test's report says: the promises that it holds, those that it shows broken, and where."""

_ROW = re.compile(r"^\| ([A-Z][0-9]+) \| (.+) \|$")
_SENTENCE = re.compile(r"(.+?[.:;])(?: |$)")


@dataclass(frozen=True)
class Promise:
    """One row of the page."""

    id: str
    """A letter for its group, and a number: `S1`."""
    text: str
    """All that is promised."""

    @property
    def short(self) -> str:
        """Its first sentence."""
        found = _SENTENCE.match(self.text)
        return (found[1] if found else self.text).rstrip(".:;")


def promises(page: Path = PAGE) -> dict[str, Promise]:
    """Every promise by its id, in the order of the page.

    Raises:
        ValueError: One has two rows.
    """
    found: dict[str, Promise] = {}
    for line in page.read_text("utf-8").splitlines():
        if row := _ROW.match(line):
            promise = Promise(row[1], row[2])
            if promise.id in found:
                raise ValueError(f"{page.name} promises {promise.id} twice")
            found[promise.id] = promise
    return found
