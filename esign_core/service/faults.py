"""Telling of faults in somebody else's code without quoting it: its words may hold secrets."""

from __future__ import annotations

import traceback


def where(error: BaseException) -> str:
    """The file, line and function in which something was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "an unknown place"
    last = frames[-1]
    return f"{last.filename}:{last.lineno} in {last.name}"
