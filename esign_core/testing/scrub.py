"""Leaving out of a recorded request or answer everything that was not allowed to be in it."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from esign_core.provider import BadJson, read_json
from esign_core.testing.neutral import digest
from esign_core.testing.secret_shapes import find_secrets

BOUNDARY = "cassette"
"""The boundary of every recorded multipart body; a real one is random."""
LEFT_OUT = "<left out>"
"""What stands for a value that no rule allows."""
DELIVERIES = "webhook"
"""The name of the host that stands for the receiver of deliveries."""

_TEXT = "<text>"
_STAND_IN_HOST = re.compile(r"([a-z][a-z0-9-]*)\.invalid")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\[\]-]{0,63}")
_DIGESTED = re.compile(rb"<\d+ bytes, sha256 [0-9a-f]{16}>")
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """What of one vendor may be written into a cassette. Everything else is left out.

    Fields are those of JSON and of forms, at any depth. A rule for `error.message` comes before
    one for `message`; items of a list go by the list's name, and what has no name is `""`.
    """

    fields: Collection[str] = ()
    """Whose values are kept, unless they look like a secret."""
    words: Collection[str] = ()
    """What people wrote, such as names and titles: kept if it is one of `said`."""
    said: Collection[str] = ()
    """The very texts that may stand in `words`: those of your own drafts, and published ones."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Fields and headers of which only a stand-in is kept: `{"api_key": "<api key>"}`."""
    documents: Collection[str] = ()
    """Fields that hold a document as base64; length and digest are kept."""
    headers: Collection[str] = ()
    """Headers that are kept, of requests and answers; `accept` and `content-type` always are."""
    query: Collection[str] = ()
    """Query parameters that are kept."""
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Base URLs and what to call them: `https://api.acme.test/v1` as `api` becomes
    `https://api.invalid`. Those stand-ins are known by themselves."""


@dataclass(frozen=True)
class Scrubber:
    """Applies the rules. What is clean already stays as it is."""

    allowed: Allowed

    def uri(self, uri: str) -> str:
        """An address with the host's stand-in, and allowed values in the query.

        Raises:
            ValueError: It leads to a host that `allowed.hosts` does not name.
        """
        address = self._placed(uri)
        where, mark, query = address.partition("?")
        pairs = [
            (name, value if name in self.allowed.query else LEFT_OUT)
            for name, value in parse_qsl(query, keep_blank_values=True)
        ]
        return f"{where}{mark}{urlencode(pairs)}"

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The allowed ones, by their names in lower case."""
        kept: dict[str, str] = {}
        for name, value in sorted((name.lower(), value) for name, value in headers.items()):
            if name in self.allowed.secrets:
                scheme, space, _ = value.partition(" ")
                kept[name] = f"{scheme if space else ''}{space}{self.allowed.secrets[name]}"
            elif name == "content-type" and value.startswith("multipart/"):
                kept[name] = f"{value.partition(';')[0]}; boundary={BOUNDARY}"
            elif name in {"accept", "content-type", *self.allowed.headers}:
                is_secret = bool(find_secrets(value)) and not is_signature(name)
                kept[name] = LEFT_OUT if is_secret else value
        return kept

    def body(self, content: bytes, content_type: str) -> bytes:
        """The allowed part of a body, made to be read: JSON in lines, files by their digest."""
        if content_type.startswith("multipart/"):
            return self._form(content, content_type)
        if content_type.startswith(_FORM):
            pairs = parse_qsl(content.decode(), keep_blank_values=True)
            return urlencode([(name, self._value("", name, v)) for name, v in pairs]).encode()
        return self._plain(content)

    def delivery(self, content: bytes, *, is_signed: bool) -> bytes:
        """The allowed part of a delivery's body; byte for byte if all of it is allowed.

        Raises:
            ValueError: Something is not, in one that is signed.
        """
        data = read_json(content)
        kept = self._value("", "", data)
        if kept == data:
            return content
        if is_signed:
            raise ValueError(
                "the delivery has fields or words that are not allowed, and without them its "
                "signature would be wrong. Allow them, or record another one."
            )
        return json.dumps(kept, ensure_ascii=False).encode()

    def _placed(self, uri: str) -> str:
        for base, name in self.allowed.hosts.items():
            if uri.startswith(base.rstrip("/")) and uri[len(base.rstrip("/")) :][:1] in "/?":
                return f"https://{name}.invalid{uri[len(base.rstrip('/')) :]}"
        host = urlsplit(uri).hostname or ""
        if _STAND_IN_HOST.fullmatch(host):
            return uri
        raise ValueError(f'a request went to "{host}", which the rules for cassettes do not name')

    def _plain(self, content: bytes) -> bytes:
        if not content or _DIGESTED.fullmatch(content):
            return content
        try:
            data = read_json(content)
        except BadJson:
            return digest(content).encode()
        kept = self._value("", "", data)
        return json.dumps(kept, ensure_ascii=False, indent=2).encode()

    def _form(self, content: bytes, content_type: str) -> bytes:
        header = Message()
        header["content-type"] = content_type
        boundary = str(header.get_boundary())
        if boundary == BOUNDARY:  # recorded before
            return content
        lines: list[str] = []
        for chunk in (b"\r\n" + content).split(f"\r\n--{boundary}".encode())[1:-1]:
            head, _, value = chunk.removeprefix(b"\r\n").partition(b"\r\n\r\n")
            is_file = b"filename=" in head
            kept = digest(value).encode() if is_file else self._plain(value)
            lines += [f"--{BOUNDARY}", *head.decode().split("\r\n"), "", kept.decode()]
        return "\n".join([*lines, f"--{BOUNDARY}--"]).encode()

    def _value(self, parent: str, name: str, value: Any) -> Any:
        """What may be kept of a value; by its name, or by its parent's and its own."""
        rules, longer = self.allowed, f"{parent}.{name}"
        is_ruled = any(longer in each for each in (rules.fields, rules.words, rules.secrets))
        key = longer if is_ruled else name
        is_container = isinstance(value, (dict, list))
        kept: Any
        if value is None:
            kept = None
        elif key in rules.secrets and (name or not is_container):
            kept = rules.secrets[key]
        elif key in rules.documents:
            kept = _document(value)
        elif key not in {"", *rules.fields, *rules.words}:
            kept = LEFT_OUT
        elif isinstance(value, dict):
            kept = {_name(each): self._value(name, each, v) for each, v in value.items()}
        elif isinstance(value, list):
            kept = [self._value(parent, name, each) for each in value]
        elif key in rules.words:
            kept = value if value in rules.said else _TEXT
        else:
            is_secret = isinstance(value, str) and (not name or bool(find_secrets(value)))
            kept = LEFT_OUT if is_secret else value
        return kept


def is_signature(header: str) -> bool:
    """Whether a header signs a delivery: made with a secret, and none itself."""
    return header.lower().endswith("-signature")


def _document(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    if _DIGESTED.fullmatch(text.encode()):
        return text
    try:
        return digest(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return digest(text.encode())


def _name(name: str) -> str:
    """The name of a field; one that is data itself, such as an address, is left out."""
    return name if _NAME.fullmatch(name) else "<name>"
