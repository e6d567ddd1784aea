"""Words of somebody else's, fit to be shown: one line, which cannot pretend to be another."""

from __future__ import annotations

_ENDS_OF_WORDS = " \"'<>(),;"


def printable(text: str) -> str:
    """The text on one line: a space for what moves a cursor, ends a line or turns its direction."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def excerpt(text: str, most: int) -> str:
    """The start of a text, `printable`, without a word that the cut goes through.

    Half an address or half a key would no longer be known for what it is.
    """
    start = printable(text[:most])
    if len(text) <= most or text[most].isspace():
        return start
    end = max(map(start.rfind, _ENDS_OF_WORDS))
    return start[:end] if end > 0 else start
