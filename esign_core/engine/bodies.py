"""Request bodies that stream: documents are read in pieces, whatever form they travel in.

A body knows its length before it starts. While it runs it hashes every document again and holds
the last piece back until the hash is right, so that a vendor never gets a whole request with a
document that is not the one that was meant. The end of the body is held back too if by then it is
too late to send it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from esign_core.engine.permission import Permission
from esign_core.errors import DocumentChanged, Outcome
from esign_core.model import Document
from esign_core.provider import JsonWithDocuments, Multipart, Part


@dataclass(frozen=True, slots=True)
class BodyStream:
    """A body in pieces; it can be run any number of times."""

    pieces: tuple[bytes | Document, ...] = field(repr=False)
    content_type: str
    is_base64: bool = False
    """Whether documents travel as base64."""
    permission: Permission | None = None
    """Looked at before the end is given out."""

    @property
    def length(self) -> int:
        """Length in bytes, known before the first piece is read."""
        return sum(map(self._length_of, self.pieces))

    def _length_of(self, piece: bytes | Document) -> int:
        if isinstance(piece, bytes):
            return len(piece)
        return 4 * ((piece.size + 2) // 3) if self.is_base64 else piece.size

    def __iter__(self) -> Iterator[bytes]:
        """The bytes, in order.

        Raises:
            DocumentChanged: A document is not what it was; its last piece is not given out.
            Unavailable: It is too late; the last piece is not given out.
        """
        last = len(self.pieces) - 1
        for place, piece in enumerate(self.pieces):
            if place == last and self.permission is not None:
                self.permission.expect()
            if isinstance(piece, bytes):
                yield piece
            else:
                yield from _base64(checked(piece)) if self.is_base64 else checked(piece)


def checked(document: Document) -> Iterator[bytes]:
    """A document's bytes, the last piece only after all of it has proved to be as it was.

    Raises:
        DocumentChanged: It is not, or cannot be read.
    """
    digest = hashlib.sha256() if document.sha256 is not None else None  # nothing to compare with
    size, held = 0, b""
    for chunk in _read(document):
        size += len(chunk)
        if size > document.size:
            break
        if digest is not None:
            digest.update(chunk)
        if held:
            yield held
        held = chunk
    if size != document.size:
        more = "more than " if size > document.size else ""
        raise _changed(
            document, f"was {document.size} bytes and is {more}{min(size, document.size)}"
        )
    if digest is not None and digest.hexdigest() != document.sha256:
        raise _changed(document, "has other content than when it was first read")
    yield held


def _read(document: Document) -> Iterator[bytes]:
    try:
        for chunk in document.content.chunks():
            yield bytes(chunk)  # no copy of what is bytes; a reader of text fails here
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _changed(document, f"cannot be read: {reason}") from error
    except Exception as error:  # an opener of the caller's own may raise anything
        raise _changed(document, f"cannot be read: {type(error).__name__}") from error


def _changed(document: Document, how: str) -> DocumentChanged:
    return DocumentChanged(
        f'"{document.name}" {how}. The upload was stopped before its end, so nothing was sent. '
        "Make the Document again once the file is complete, and send again.",
        outcome=Outcome.NOT_DONE,
    )


def _base64(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Base64 of all of it, however it is cut; a reader may give out less than it was asked for."""
    rest = b""
    for chunk in chunks:
        data = rest + chunk
        whole = len(data) - len(data) % 3
        rest = data[whole:]
        yield base64.b64encode(data[:whole])
    yield base64.b64encode(rest)


def multipart(body: Multipart, boundary: str | None = None) -> BodyStream:
    """A `multipart/form-data` body (RFC 7578)."""
    boundary = boundary or secrets.token_hex(16)
    pieces: list[bytes | Document] = []
    for part in body.parts:
        pieces += [_head(part, boundary), part.content, b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode())
    return BodyStream(tuple(pieces), f"multipart/form-data; boundary={boundary}")


def _head(part: Part, boundary: str) -> bytes:
    disposition = f'form-data; name="{_quoted(part.name)}"'
    if part.file_name is not None:
        disposition += f'; filename="{_quoted(part.file_name)}"'
    return (
        f"--{boundary}\r\nContent-Disposition: {disposition}\r\n"
        f"Content-Type: {_on_one_line(part.content_type)}\r\n\r\n"
    ).encode()


def _quoted(text: str) -> str:
    """As HTML's form submission escapes names, which servers follow since."""
    return _on_one_line(text).replace('"', "%22")


def _on_one_line(text: str) -> str:
    return text.replace("\r", "%0D").replace("\n", "%0A")


def json_with_documents(body: JsonWithDocuments) -> BodyStream:
    """A JSON body in which each document is a string of base64.

    A document's place is held by 128 random bits, made anew each time: nothing in a draft can
    stand for one.
    """
    stand_ins: dict[str, Document] = {}

    def stand_in(value: Any) -> str:
        if not isinstance(value, Document):
            raise TypeError(f"{type(value).__name__} is not JSON")
        mark = secrets.token_hex(16)
        stand_ins[mark] = value
        return mark

    rest = json.dumps(body.data, default=stand_in, allow_nan=False, separators=(",", ":"))
    pieces: list[bytes | Document] = []
    for mark, document in stand_ins.items():  # in the order in which they stand in the text
        before, rest = rest.split(mark, 1)
        pieces += [before.encode(), document]
    pieces.append(rest.encode())
    return BodyStream(tuple(pieces), "application/json", is_base64=True)
