"""What a consumer of the stream has not had yet, and how far it has come."""

from __future__ import annotations

import re

from esign_core.engine import Task
from esign_core.errors import Misconfigured
from esign_core.journal import Transaction
from esign_core.service.batches import Page
from esign_core.service.workspace import Workspace

MOST = 1000
"""The largest page."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/@+-]{0,99}")


def next_page(workspace: Workspace, consumer: str, size: int) -> Task[Page]:
    """What a consumer has not had yet, so many events at the most.

    Raises:
        Misconfigured: The consumer's name, or the size, cannot be.
    """
    if not _is_name(consumer):
        raise Misconfigured(
            "a consumer's name is up to 100 letters, digits and . _ / @ + -, such as billing"
        )
    if not 1 <= size <= MOST:
        raise Misconfigured(f"a batch has 1 to {MOST} events, not {size}")

    def read(tx: Transaction) -> Page:
        after = tx.stream.cursor(consumer)
        events = tuple(tx.stream.read(after=after, limit=size))
        return Page(consumer, after, events, tx.stream.cursors_in_sql())

    return workspace.read(read)


def _is_name(consumer: object) -> bool:
    return isinstance(consumer, str) and _NAME.fullmatch(consumer) is not None


def advance(workspace: Workspace, page: Page, to: int | None = None) -> Task[None]:
    """A consumer is done with a page, or with its events up to a position."""
    seq = page.last if to is None else to
    return workspace.aside(lambda tx: tx.stream.move_cursor(page.consumer, seq))
