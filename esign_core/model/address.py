"""What a journal's address tells before anything is opened.

It is here, below all that needs it, because a configuration is read before a database is loaded.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote, unquote

IN_MEMORY = frozenset({"", ":memory:"})
"""What SQLite calls a database that ends with its process."""
_SQLITE = re.compile(r"(?P<head>sqlite(?:\+\w+)?://)(?:/(?P<name>[^?]*))?(?P<tail>\?.*)?")


def is_in_memory(url: str) -> bool:
    """Whether the journal would end with its process."""
    found = _SQLITE.fullmatch(url)
    return found is not None and (found["name"] or "") in IN_MEMORY


def file_of(url: str) -> Path | None:
    """The file of a journal in SQLite; None in memory, in a server, and for no address at all."""
    found = _SQLITE.fullmatch(url)
    name = unquote(found["name"] or "") if found is not None else ""
    return Path(name) if name not in IN_MEMORY else None


def rooted(url: str, folder: Path) -> str:
    """The address with its file taken from the folder, where it is not absolute already."""
    found = _SQLITE.fullmatch(url)
    file = file_of(url)
    if found is None or file is None or file.is_absolute():
        return url
    return f"{found['head']}/{quote(str(folder / file))}{found['tail'] or ''}"
