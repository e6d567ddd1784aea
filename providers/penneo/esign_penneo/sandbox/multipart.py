"""Reads `multipart/form-data` strictly: what a lenient parser would repair is refused here."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_PARAMETER = re.compile(r';\s*([a-z*]+)="((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_ESCAPED = {"%22": '"', "%0D": "\r", "%0A": "\n"}  # WHATWG form encoding of file names


@dataclass(frozen=True)
class Part:
    """One part of a form: a field, or a file if it has a file name."""

    name: str
    file_name: str | None
    content: bytes


def read_multipart(content_type: str, body: bytes) -> list[Part]:
    """All parts in their order.

    Raises:
        ValueError: This is no well-formed multipart form (RFC 7578).
    """
    kind, _, parameters = content_type.partition(";")
    boundary = _BOUNDARY.search(parameters)
    if kind.strip().lower() != "multipart/form-data" or boundary is None:
        raise ValueError("Content-Type must be multipart/form-data with a boundary")
    mark = b"\r\n--" + (boundary[1] or boundary[2]).encode()
    _preamble, *chunks = (b"\r\n" + body).split(mark)
    if not chunks or not chunks[-1].startswith(b"--"):
        raise ValueError("Unexpected end of form")
    return [_read_part(chunk) for chunk in chunks[:-1]]


def _read_part(chunk: bytes) -> Part:
    head, found, content = chunk.partition(b"\r\n\r\n")
    if not found or not head.startswith(b"\r\n"):
        raise ValueError("Malformed part header")
    for line in head.decode().split("\r\n")[1:]:
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-disposition":
            kind = value.partition(";")[0].strip().lower()
            parameters = {key.lower(): _unquote(text) for key, text in _PARAMETER.findall(value)}
            if kind == "form-data" and "name" in parameters:
                return Part(parameters["name"], parameters.get("filename"), content)
    raise ValueError("A part has no Content-Disposition: form-data with a name")


def _unquote(text: str) -> str:
    text = re.sub(r"\\(.)", r"\1", text)
    for escaped, plain in _ESCAPED.items():
        text = text.replace(escaped, plain)
    return text
