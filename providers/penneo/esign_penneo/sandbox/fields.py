"""A small vocabulary for documented fields: what a value must be, and what is wrong with one.

Messages read as the Send API's do: `caseFile.signers[1].role must ...` (V for the shape, the words
are ours).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Check = Callable[[str, Any], list[str]]
"""Given the path of a value and the value, everything that is wrong with it."""

_LAST_SECOND = 253_402_300_799  # of the year 9999
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


@dataclass(frozen=True)
class Field:
    """One documented field of an object."""

    check: Check
    required: bool = False


def text(least: int = 0, most: int | None = None, pattern: str | None = None) -> Check:
    """A text of so many characters, all of it like `pattern`."""

    def check(path: str, value: Any) -> list[str]:
        if not isinstance(value, str):
            return [f"{path} must be a string"]
        problems = []
        if len(value) < least:
            problems.append(f"{path} must be longer than or equal to {least} characters")
        if most is not None and len(value) > most:
            problems.append(f"{path} must be shorter than or equal to {most} characters")
        if pattern is not None and not re.fullmatch(pattern, value):
            problems.append(f"{path} must match /^{pattern}$/")
        return problems

    return check


def whole(least: int | None = None, *, nullable: bool = False) -> Check:
    """An integer; a boolean or a float is none."""

    def check(path: str, value: Any) -> list[str]:
        if value is None and nullable:
            return []
        if not isinstance(value, int) or isinstance(value, bool):
            return [f"{path} must be an integer number"]
        if least is not None and value < least:
            return [f"{path} must not be less than {least}"]
        return []

    return check


def moment(*, nullable: bool = False) -> Check:
    """UNIX seconds. Milliseconds, which Penneo takes nowhere, are refused as out of range (I)."""
    number = whole(0, nullable=nullable)

    def check(path: str, value: Any) -> list[str]:
        problems = number(path, value)
        if not problems and value is not None and value > _LAST_SECOND:
            problems = [f"{path} must be a UNIX timestamp in seconds"]
        return problems

    return check


def one_of(*allowed: str | int) -> Check:
    """One of these, of the same type."""

    def check(path: str, value: Any) -> list[str]:
        if any(type(value) is type(each) and value == each for each in allowed):
            return []
        return [f"{path} must be one of the following values: {', '.join(map(str, allowed))}"]

    return check


def many(each: Check, least: int = 0) -> Check:
    """An array, every element checked."""

    def check(path: str, value: Any) -> list[str]:
        if not isinstance(value, list):
            return [f"{path} must be an array"]
        problems = [f"{path} must contain at least {least} elements"] if len(value) < least else []
        for index, item in enumerate(value):
            problems += each(f"{path}[{index}]", item)
        return problems

    return check


def record(fields: Mapping[str, Field]) -> Check:
    """An object with these fields and no others.

    That an undocumented field is refused is not documented (I): the stricter reading, which finds
    a misspelt field that the vendor might silently ignore.
    """

    def check(path: str, value: Any) -> list[str]:
        if not isinstance(value, dict):
            return [f"{path} must be an object"]
        problems = [f"{path}.{name} should not exist" for name in value if name not in fields]
        for name, field in fields.items():
            if name in value:
                problems += field.check(f"{path}.{name}", value[name])
            elif field.required:
                problems.append(f"{path}.{name} is required")
        return problems

    return check


def flag(path: str, value: Any) -> list[str]:
    """True or false."""
    return [] if isinstance(value, bool) else [f"{path} must be a boolean value"]


def email(path: str, value: Any) -> list[str]:
    """An e-mail address."""
    found = isinstance(value, str) and _EMAIL.fullmatch(value)
    return [] if found else [f"{path} must be an email"]


def url(path: str, value: Any) -> list[str]:
    """An absolute HTTP address."""
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
    except ValueError:  # such as an IPv6 address without its end
        parts = urlsplit("")
    good = parts.scheme in {"http", "https"} and bool(parts.netloc)
    return [] if good else [f"{path} must be a URL address"]
