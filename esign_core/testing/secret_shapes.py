"""What a secret looks like: for searching what is written down, and for refusing to write it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_UNSHOWN = r"(?!<|\$\{)"  # a stand-in, such as `<token>` or `${TOKEN}`, is no secret
_DAY_AND_MONTH = r"(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])"

SHAPES = {
    "a credential in a header": rf"(?i:\b(?:bearer|basic|jwt)) +{_UNSHOWN}[\w.~+/=-]{{6,}}",
    "a JSON web token": r"\beyJ[\w-]{6,}\.[\w-]+",
    "an API key": r"\b(?:[a-z]{2,8}_(?:live|test)_\w+|[a-z]{2,8}_(?=\w*\d)[0-9A-Za-z]{16,}\b)",
    "a cookie": r"(?i:\b(?:set-)?cookie\b)",
    "an e-mail address": (
        r"[\w.+%-]+@(?!(?:[\w-]+\.)*(?:example(?:\.(?:com|net|org))?|invalid|test)(?![\w-]|\.\w))"
        r"[\w-]+(?:\.[\w-]+)+"
    ),
    "a signing link": rf"https?://[^\s\"'<>\\]+/sign(?:ing)?/{_UNSHOWN}(?!%3C)[^\s\"'<>\\]+",
    "long hexadecimal": r"(?<![0-9A-Za-z])[0-9a-fA-F]{24,}(?![0-9A-Za-z])",
    "long base64": (
        r"(?<![\w+/])(?=[\w+/-]*[a-z])(?=[\w+/-]*[A-Z])(?=[\w+/-]*\d)[\w+/-]{32,}={0,2}"
    ),
    "a document": r"%PDF-|JVBERi0|!!binary",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY",
    "an identity number": (
        rf"(?<![\w.-])(?:{_DAY_AND_MONTH}\d\d-?\d{{4}}|\d{{6}}[-+A-FU-Y]\d{{3}}[0-9A-Z]"
        r"|(?:19|20)\d{6}-?\d{4}|\d{11})(?![\w-])"
    ),
    "a telephone number": r"(?<![\w+])\+\d{8,15}\b",
}
"""The shapes by what they are, as regular expressions."""

_COMPILED = {what: re.compile(pattern) for what, pattern in SHAPES.items()}


@dataclass(frozen=True, slots=True)
class Found:
    """Something that looks like a secret; it says where, and never shows it."""

    what: str
    line: int
    """From 1."""

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}"


def find_secrets(text: str, *, apart_from: Collection[str] = ()) -> tuple[Found, ...]:
    """Everything in a text that looks like a secret.

    Stand-ins in angle brackets, `example` domains and `.invalid` hosts are none.

    Args:
        text: What is searched.
        apart_from: Texts that only look like one, such as the signature of a made-up delivery.
    """
    for each in apart_from:
        text = text.replace(each, "")
    return tuple(_found(text))


def _found(text: str) -> Iterator[Found]:
    for number, line in enumerate(text.splitlines(), start=1):
        for what, pattern in _COMPILED.items():
            if pattern.search(line):
                yield Found(what, number)
