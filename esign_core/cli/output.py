"""What is printed: tables for people, tab-separated lines for pipes, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime
from typing import Any, TextIO, cast


class OutputLost(Exception):
    """What was to be printed could not be written to stdout; the message says why."""


@contextmanager
def telling_lost_output() -> Generator[None]:
    """Until the block ends, a failure of stdout is `OutputLost`: no other file's failure is.

    A reader that has had enough is still a `BrokenPipeError`.
    """
    with redirect_stdout(cast("TextIO", _Stdout(sys.stdout))):
        yield


def say(text: str = "", *, to: TextIO | None = None) -> None:
    """A line on stdout, at once; or elsewhere."""
    out = to or sys.stdout
    _ = out.write(f"{text}\n")
    _ = out.flush()


def show_json(data: Any) -> None:
    """One JSON document on one line."""
    say(json.dumps(data))


def show_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None
) -> None:
    """A table on a terminal; elsewhere a line for each row, its cells separated by tabs."""
    if not sys.stdout.isatty():
        for row in rows:
            say("\t".join(map(plain, row)))
        return
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=SIMPLE, title=title, title_justify="left", show_edge=False)
    for column in table.columns:
        column.overflow = "fold"  # an address that is cut off leads nowhere
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    Console().print(table)


def show_fields(fields: Iterable[tuple[str, object]]) -> None:
    """A name and a value on each line; what is empty is left out."""
    told = [(name, plain(value)) for name, value in fields if plain(value)]
    if not sys.stdout.isatty():
        for name, value in told:
            say(f"{name}\t{value}")
        return
    width = max((len(name) for name, _ in told), default=0)
    for name, value in told:
        say(f"{name:<{width}}  {value}")


def plain(value: object) -> str:
    """A value on one line; a time in UTC, to the second.

    Control characters would move a terminal's cursor, and break columns.
    """
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    text = ("yes" if value else "no") if isinstance(value, bool) else str(value)
    return "".join(char if char.isprintable() else " " for char in text)


class _Stdout:
    """Stdout, whose failures bear a name of their own."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> int:
        with _named():
            return self._out.write(text)

    def flush(self) -> None:
        with _named():
            self._out.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._out, name)


@contextmanager
def _named() -> Generator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputLost(error.strerror or type(error).__name__) from error
