"""Taking out of Penneo's words what must not be kept or shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from esign_core.model import excerpt

_LONGEST = 2_000
"""What is read of one text; the rest is left out."""
_LONGEST_USUAL_NAME = 64
_PLAIN = frozenset({str, int, float, bool, type(None)})
_SECRET_NAMES = frozenset(
    {
        "accesstoken",
        "confirmationtoken",
        "content",  # a whole document as base64
        "link",
        "payloadhash",  # with the uuid beside it, it opens the signing links without login
        "pdf",  # a whole document as base64
        "refreshtoken",
        "secret",
        "signinglink",
        "signinglinks",
        "socialsecuritynumber",
        "socialsecuritynumberplain",
        "ssn",
        "token",
    }
)
_PRIVATE = (
    (re.compile(r"\bhttps?://\S+"), "(link)"),
    # It begins where a word does: tried at every character, a long word would take for ever.
    (re.compile(r"(?<![^\s@\"'<>(),;:])[^\s@\"'<>(),;:]+@[^\s@\"'<>(),;:]+"), "(e-mail)"),
    # Tokens and keys: long, and not a word, a path or a UUID.
    (re.compile(r"\b[A-Za-z0-9+/=_-]{40,}(?:\.[A-Za-z0-9+/=_-]+)*"), "(secret)"),
    (re.compile(r"\beyJ[A-Za-z0-9+/=_-]*(?:\.[A-Za-z0-9+/=_-]+)*"), "(secret)"),  # a JWT
    # National ids and phones: ten digits and more, or a Finnish id.
    (re.compile(r"\+?\d(?:[ .-]?\d){9,}|\b\d{6}[-+A-FU-Y]\d{3}[0-9A-Z]\b"), "(number)"),
)


def without_secrets(data: Any) -> Any:
    """The data without signing links, tokens, national ids and documents; its keys `scrubbed`."""
    if isinstance(data, (dict, Mapping)):
        kept: dict[str, Any] = {}
        for name, value in data.items():
            told = _usual_name(name) if len(name) <= _LONGEST_USUAL_NAME else _name(name)
            if told is not None:
                kept[told] = value if type(value) in _PLAIN else without_secrets(value)
        return kept
    if isinstance(data, list):
        return [without_secrets(value) for value in data]
    return data


def _name(name: str) -> str | None:
    """How a name is told; None if what is under it is not."""
    is_secret = name.lower().replace("_", "") in _SECRET_NAMES
    return None if is_secret else scrubbed(name)


_usual_name = lru_cache(maxsize=1024)(_name)  # Penneo has a few hundred, and they come every time


def scrubbed(text: str) -> str:
    """The start of the text on one line, with e-mails, links, tokens and long numbers replaced."""
    text = excerpt(text, _LONGEST)
    for pattern, stand_in in _PRIVATE:
        text = pattern.sub(stand_in, text)
    return text


def scrubbed_data(data: Any) -> Any:
    """The data without secrets, and every text in it `scrubbed`."""
    return _with_texts_scrubbed(without_secrets(data))


def _with_texts_scrubbed(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: _with_texts_scrubbed(value) for name, value in data.items()}
    if isinstance(data, list):
        return [_with_texts_scrubbed(value) for value in data]
    return scrubbed(data) if isinstance(data, str) else data
