"""Penvio's lists, page by page.

Source: E-Sign API v1, "List Envelopes", "List Templates": pages from 1, at most 100 on each (V).
Their order is not documented.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from esign_core.errors import NotFound, UnreadableAnswer
from esign_core.provider import Flow, Request
from esign_penvio.wire import data_of

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list."""

    items: Sequence[Any]
    next_number: int | None
    """The page after it; None at the end."""


def read_page(path: str, number: int, *, status: str | None = None) -> Flow[ListPage]:
    """One page.

    Raises:
        UnreadableAnswer: It is no list.
    """
    params = {"page": number, "pageSize": PAGE_SIZE, "status": status}
    response = yield Request("GET", path, params=params)
    items = data_of(response)
    if not isinstance(items, list):
        raise UnreadableAnswer(f"{response.status}, the answer is no list.")
    last = _last_page(response.json())
    # Without a count, a full page may have one after it. An empty page has none, whatever is said.
    more = bool(items) and (len(items) >= PAGE_SIZE if last is None else number < last)
    return ListPage(items, number + 1 if more else None)


def page_number(cursor: str | None) -> int:
    """The page that a cursor leads to; the first one without.

    Raises:
        NotFound: The cursor is none of Penvio's.
    """
    if cursor is None:
        return 1
    if not re.fullmatch(r"[1-9][0-9]{0,8}", cursor):
        raise NotFound("that cursor is none of Penvio's: it is no page number.")
    return int(cursor)


def _last_page(body: Any) -> int | None:
    meta = body.get("meta")
    pagination = meta.get("pagination") if isinstance(meta, dict) else None
    last = pagination.get("totalPages") if isinstance(pagination, dict) else None
    return last if isinstance(last, int) else None
