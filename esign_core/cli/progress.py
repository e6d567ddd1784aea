"""What takes long says so, to whoever sits in front of it."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager

from esign_core.cli.output import plain


@contextmanager
def progress(what: str, *, as_json: bool) -> Generator[None]:
    """A spinner and `what` on a terminal's stderr until the block ends; elsewhere nothing."""
    if as_json or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text(plain(what))):
        yield
