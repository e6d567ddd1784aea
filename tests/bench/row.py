"""One line of the report: what was measured, beside what, and whether its bar is met."""

from __future__ import annotations

from dataclasses import dataclass

_WIDTHS = (44, 20, 40, 8, 10, 3)
_HEAD = ("what", "figure", "beside, in the same run", "ratio", "bar", "met")


@dataclass(frozen=True)
class Row:
    """What was measured."""

    what: str
    figure: str
    beside: str
    """The floor or the peer, measured in the same run."""
    ratio: float | None = None
    """Of the figure to what is beside it."""
    bar: str = ""
    """What is asked of it; empty where nothing is."""
    is_met: bool | None = None

    def __str__(self) -> str:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f} x"
        met = {True: "yes", False: "NO", None: ""}[self.is_met]
        return _line(self.what, self.figure, self.beside, ratio, self.bar, met)


def head() -> str:
    """The line above the rows."""
    return f"{_line(*_HEAD)}\n{_line(*('-' * width for width in _WIDTHS))}"


def _line(*cells: str) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()
