"""Our mark and the caller's own words, in the one text that Penneo keeps with a case file.

The mark alone is written as it is; with words beside it, as compact JSON whose `esign` it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from esign_core.provider import BadJson, read_json

KEY = "esign"
"""What the mark is called among the words."""
_MARK_PREFIX = "esign:"


def to_text(mark: str | None, words: Mapping[str, str]) -> str | None:
    """What goes into `metaData`; None if there is nothing to say."""
    if not words:
        return mark
    return json.dumps({KEY: mark, **words} if mark else dict(words), separators=(",", ":"))


def is_on(mark: str, row: Any) -> bool:
    """Whether what may be a case file, read or not, carries the mark in `metaData` or reference."""
    if not isinstance(row, dict):
        return False
    text = row.get("metaData")
    marked, _ = from_text(text if isinstance(text, str) else None)
    return mark in (marked, text, row.get("reference"))


def from_text(text: str | None) -> tuple[str | None, dict[str, str]]:
    """The mark and the words in `metaData`; somebody else's text is neither."""
    if text is None:
        return None, {}
    if text.startswith(_MARK_PREFIX):
        return text, {}
    try:
        data = read_json(text.encode())
    except BadJson:
        return None, {}
    if not isinstance(data, dict):
        return None, {}
    words = {str(name): value for name, value in data.items() if isinstance(value, str)}
    return words.pop(KEY, None), words
