"""Comparing two runs of the same calls: what legitimately differs, masked.

Two runs never have the same ids, times, tokens, nonces or boundaries. What must be the same is
*where* they stand, and that the same one stands in the same places. So each is replaced by what
it is and a number, counted in the order of first appearance: `<id 1>`, `<uuid 2>`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any

_LONG = 400  # a document as base64, or a page of HTML: shown by its digest
_VARYING = re.compile(
    r"(?P<origin>https?://(?:127\.0\.0\.1|localhost):\d+)"
    r"|(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?"
    r"|(?<![\w.])[12]\d{9}(?![\w.]))"  # UNIX seconds
    r"|(?P<uuid>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"|(?P<hex>(?<![0-9A-Za-z])[0-9a-f]{12,}(?![0-9A-Za-z]))"
    r"|(?P<id>(?<![\w.])\d{7,}(?![\w.]))"
)
_TIMELESS = "<time>"  # not numbered: two moments may fall into one second, or not


@dataclass
class Neutral:
    """Masks values of one run. Use a new one for each run, and the same for all of a run."""

    _numbers: dict[str, dict[str, int]] = field(default_factory=dict, repr=False)

    def of(self, value: Any) -> Any:
        """The value as plain data, with what varies masked.

        Models become mappings with their `kind`, times `<time>`, long texts their digest. Numbers
        of seven digits and more count as ids, those that can be UNIX seconds as times.
        """
        match value:
            case None | bool() | float():
                plain: Any = value
            case int():
                text = self._text(str(value))
                plain = value if text == str(value) else text
            case datetime():
                plain = _TIMELESS
            case bytes():
                plain = digest(value)
            case PurePath():
                plain = self._text(value.name)
            case Mapping():
                plain = {self._text(str(name)): self.of(each) for name, each in value.items()}
            case Collection() if not isinstance(value, str):
                plain = [self.of(each) for each in value]
            case _ if is_dataclass(value):
                told = {each.name: self.of(getattr(value, each.name)) for each in fields(value)}
                plain = {"kind": type(value).__name__, **told}
            case _:
                plain = self._text(str(value))
        return plain

    def _text(self, text: str) -> str:
        if len(text) > _LONG:
            return digest(text.encode())
        return _VARYING.sub(self._masked, text)

    def _masked(self, found: re.Match[str]) -> str:
        kind = found.lastgroup or ""
        if kind == "time":
            return _TIMELESS
        known = self._numbers.setdefault(kind, {})
        return f"<{kind} {known.setdefault(found[0], len(known) + 1)}>"


def digest(data: bytes) -> str:
    """Bytes by their length and the start of their SHA-256."""
    return f"<{len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()[:16]}>"


def shape(data: Any) -> Any:
    """JSON without its values: names and types; of a list, each different shape once."""
    if isinstance(data, Mapping):
        return {name: shape(each) for name, each in data.items()}
    if isinstance(data, (list, tuple)):
        found: list[Any] = []
        for each in map(shape, data):
            if each not in found:
                found.append(each)
        return found
    return type(data).__name__
