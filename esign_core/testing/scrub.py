"""Leaving out of a recorded request or answer everything that was not allowed to be in it."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from email import message_from_string
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

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
_NAME = re.compile(r"(?!.*\d{6})[A-Za-z_][A-Za-z0-9_.\[\]-]{0,63}")
_DIGESTED = re.compile(rb"<\d+ bytes, sha256 [0-9a-f]{16}>")
_FORM = "application/x-www-form-urlencoded"
_SCHEMES = {"basic", "bearer", "jwt", "usernametoken"}
_CHARSET = re.compile(r";\s*charset=\"?[\w-]+\"?", re.IGNORECASE)


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
    """The very texts that may stand in `words`, and as names of files in forms: those of your own
    drafts, and published ones."""
    numbers: Collection[str] = ()
    """Those of `fields` and `query` whose numbers are kept though they may look like somebody's
    identity number, such as times in seconds."""
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

        Parts of the path are kept, unless they look like a secret.

        Raises:
            ValueError: It leads to a host that `allowed.hosts` does not name.
        """
        address = self._placed(uri)
        where, mark, query = address.partition("?")
        pairs = [
            (_name(name), self._asked(name, value))
            for name, value in parse_qsl(query, keep_blank_values=True)
        ]
        return f"{_path(where)}{mark}{urlencode(pairs)}"

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The allowed ones, by their names in lower case."""
        kept: dict[str, str] = {}
        for name, value in sorted((name.lower(), value) for name, value in headers.items()):
            if name in self.allowed.secrets:
                scheme, space, _ = value.partition(" ")
                told = f"{scheme} " if space and scheme.lower() in _SCHEMES else ""
                kept[name] = f"{told}{self.allowed.secrets[name]}"
            elif name == "content-type":
                kept[name] = _kind(value)
            elif name in {"accept", *self.allowed.headers}:
                is_secret = bool(find_secrets(value)) and not is_signature(name)
                kept[name] = LEFT_OUT if is_secret else value
        return kept

    def body(self, content: bytes, content_type: str) -> bytes:
        """The allowed part of a body, made to be read: JSON in lines, files by their digest."""
        if content_type.startswith("multipart/"):
            return self._form(content, content_type)
        if content_type.startswith(_FORM):
            pairs = parse_qsl(content.decode(), keep_blank_values=True)
            return urlencode(
                [(_name(name), self._value("", name, v)) for name, v in pairs]
            ).encode()
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

    def numbers(self, text: str) -> list[str]:
        """The numbers in what was written that `allowed.numbers` keeps, with their names."""
        names = "|".join(re.escape(each.rpartition(".")[2]) for each in self.allowed.numbers)
        return re.findall(rf'(?:"(?:{names})": ?|[?&](?:{names})=)\d+\b', text) if names else []

    def _asked(self, name: str, value: str) -> str:
        """What may be kept of a value in a query."""
        is_kept = name in self.allowed.numbers and value.isdigit()
        is_clean = is_kept or not find_secrets(value)
        return value if name in self.allowed.query and is_clean else LEFT_OUT

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
        end = b"\n" if boundary == BOUNDARY else b"\r\n"  # the first was recorded before
        lines: list[str] = []
        for chunk in (end + content).split(end + f"--{boundary}".encode())[1:-1]:
            head, _, value = chunk.removeprefix(end).partition(end * 2)
            told = message_from_string(head.decode(errors="replace"))
            is_file = told.get_filename() is not None and not _DIGESTED.fullmatch(value)
            kept = digest(value).encode() if is_file else self._plain(value)
            lines += [f"--{BOUNDARY}", *self._head(told), "", kept.decode()]
        return "\n".join([*lines, f"--{BOUNDARY}--"]).encode()

    def _head(self, told: Message) -> list[str]:
        """The head of a form's part, made anew of what is allowed."""
        lines: list[str] = []
        if "content-disposition" in told:
            name = told.get_param("name", "", header="content-disposition")
            line = f'Content-Disposition: form-data; name="{_name(str(name))}"'
            file = told.get_filename()
            if file is not None:
                line += f'; filename="{file if file in self.allowed.said else _TEXT}"'
            lines.append(line)
        others = {k: str(v) for k, v in told.items() if k.lower() != "content-disposition"}
        return lines + [f"{name.title()}: {v}" for name, v in self.headers(others).items()]

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
            kept = LEFT_OUT if self._is_secret(name, longer, value) else value
        return kept

    def _is_secret(self, name: str, longer: str, value: object) -> bool:
        if isinstance(value, str):
            return not name or bool(find_secrets(value))
        if {name, longer} & {*self.allowed.numbers}:
            return False
        # a number has lost the zero that an identity number may begin with
        return bool(find_secrets(str(value).lstrip("-").zfill(10)))


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
    """The name of a field; one that is data itself, such as an address or a key, is left out."""
    return name if _NAME.fullmatch(name) and not find_secrets(name) else "<name>"


def _path(where: str) -> str:
    """An address without a query, in which parts that look like a secret are left out."""
    scheme, mark, rest = where.partition("://")
    host, *parts = rest.split("/")
    kept = [host]
    for part in parts:
        plain = unquote(part)
        # what follows `signing` is a secret for its place
        is_secret = find_secrets(plain) or find_secrets(f"{scheme}://{host}/{kept[-1]}/{plain}")
        kept.append(quote(LEFT_OUT) if is_secret else part)
    return f"{scheme}{mark}{'/'.join(kept)}"


def _kind(value: str) -> str:
    """A content type without what else stands there, such as the name of a file."""
    kind = value.partition(";")[0]
    if kind.startswith("multipart/"):
        return f"{kind}; boundary={BOUNDARY}"
    charset = _CHARSET.search(value)
    return LEFT_OUT if find_secrets(kind) else f"{kind}{charset[0] if charset else ''}"
