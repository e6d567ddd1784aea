"""A document to be signed: bytes, a file, or an opener; never held whole unless it came so."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, BinaryIO, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from esign_core.errors import DocumentChanged, InvalidDraft, Problem
from esign_core.model.options import DocumentOptions, OptionsOf, OptionsT, option
from esign_core.model.value import Value

PDF = "application/pdf"
CHUNK_BYTES = 192 * 1024
"""How much is read at a time; a multiple of three, so that base64 of chunks joins up."""

_MAGIC = b"%PDF-"
_MAGIC_WITHIN_BYTES = 1024
_NAME_BYTES = 255


@dataclass(frozen=True)
class Content:
    """Where the bytes of a document come from. It can be opened any number of times."""

    opener: Callable[[], BinaryIO] = field(repr=False)
    """Answers a new binary file at its start, each time it is called."""

    def open(self) -> BinaryIO:
        """The bytes, from the start."""
        return self.opener()

    def chunks(self) -> Iterator[bytes]:
        """The bytes, from the start, in pieces of `CHUNK_BYTES`."""
        with self.open() as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk


class Document(Value):
    """A document that goes out with an envelope.

    Make one with `from_path`, `from_bytes` or `from_opener`. A PDF is taken as data: its first
    bytes and its length are looked at, nothing in it is interpreted.
    """

    name: str = Field(min_length=1)
    """The file name that the vendor sees, such as `lease.pdf`; unique in an envelope."""
    content: Content = Field(repr=False)
    """Where the bytes are."""
    size: int = Field(ge=1)
    """Length in bytes."""
    title: str | None = Field(default=None, min_length=1)
    """What people see; the name without its ending if not given."""
    media_type: str = PDF
    """IANA media type."""
    signable: bool = True
    """False makes it an attachment: sent along, not signed."""
    roles: Annotated[Sequence[str], AfterValidator(tuple)] = ()
    """The roles that sign it; empty means every signer."""
    options: OptionsOf[DocumentOptions] = ()
    """Wishes that only one vendor knows; other vendors do not see them."""
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    """Set by `pinned`: what the upload must turn out to be."""

    @classmethod
    def from_path(
        cls,
        path: str | Path,
        *,
        name: str | None = None,
        title: str | None = None,
        signable: bool = True,
        roles: Sequence[str] = (),
        options: Sequence[DocumentOptions] = (),
    ) -> Self:
        """A document that is read from a file when it is needed, in pieces.

        Raises:
            InvalidDraft: There is no such file, it cannot be read, is empty or is no PDF.
        """
        path = Path(path)
        try:
            size = path.stat().st_size
            with path.open("rb") as file:
                _ = _expect_pdf(file.read(_MAGIC_WITHIN_BYTES), str(path))
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise _invalid(f'"{path}" cannot be read: {reason}; look at the path') from None
        return cls(
            name=name or path.name,
            content=Content(lambda: path.open("rb")),
            size=size,
            title=title,
            signable=signable,
            roles=roles,
            options=options,
        )

    @classmethod
    def from_bytes(
        cls,
        data: bytes,
        *,
        name: str,
        title: str | None = None,
        signable: bool = True,
        roles: Sequence[str] = (),
        options: Sequence[DocumentOptions] = (),
    ) -> Self:
        """A document that is in memory already.

        Raises:
            InvalidDraft: It is empty or no PDF.
        """
        data = _expect_pdf(bytes(data), name)
        return cls(
            name=name,
            content=Content(lambda: io.BytesIO(data)),
            size=len(data),
            title=title,
            signable=signable,
            roles=roles,
            options=options,
        )

    @classmethod
    def from_opener(
        cls,
        opener: Callable[[], BinaryIO],
        *,
        name: str,
        size: int | None = None,
        title: str | None = None,
        signable: bool = True,
        roles: Sequence[str] = (),
        options: Sequence[DocumentOptions] = (),
    ) -> Self:
        """A document that a function opens, for storage of your own.

        Args:
            opener: Answers a new binary file at its start, each time it is called.
            name: The file name that the vendor sees.
            size: Length in bytes; read through once to find out if it is not given.
            title: What people see.
            signable: False makes it an attachment.
            roles: The roles that sign it; empty means every signer.
            options: Wishes that only one vendor knows.

        Raises:
            InvalidDraft: It is empty or no PDF.
        """
        content = Content(opener)
        with content.open() as file:
            _ = _expect_pdf(file.read(_MAGIC_WITHIN_BYTES), name)
        if size is None:
            size = sum(map(len, content.chunks()))
        return cls(
            name=name,
            content=content,
            size=size,
            title=title,
            signable=signable,
            roles=roles,
            options=options,
        )

    @model_validator(mode="after")
    def _named_like_a_file(self) -> Self:
        if "/" in self.name or "\\" in self.name or not self.name.isprintable():
            message = "must be a plain file name, without a folder or control characters"
            raise InvalidDraft("Document", [Problem("name", message)])
        if len(self.name.encode()) > _NAME_BYTES:
            raise InvalidDraft("Document", [Problem("name", f"is over {_NAME_BYTES} bytes")])
        return self

    @property
    def display_title(self) -> str:
        """The title, or the name without its ending."""
        return self.title or Path(self.name).stem

    def option(self, kind: type[OptionsT]) -> OptionsT:
        """The vendor-only wishes of a kind, or that kind's defaults."""
        return option(self.options, kind)

    def pinned(self) -> Self:
        """The same document with its SHA-256, read through once; one that has it is left alone.

        Raises:
            DocumentChanged: It cannot be read any more, or is not as long as it was.
        """
        if self.sha256 is not None:  # what was meant stays what was meant: the upload checks it
            return self
        digest, size = hashlib.sha256(), 0
        try:
            for chunk in self.content.chunks():
                digest.update(chunk)
                size += len(chunk)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise DocumentChanged(
                f'"{self.name}" cannot be read any more: {reason}. Nothing was sent. '
                "Make the Document again from where it is now."
            ) from None
        if size != self.size:
            raise DocumentChanged(
                f'"{self.name}" was {self.size} bytes and is {size} now. Nothing was sent. '
                "Make the Document again once the file is complete."
            )
        return self.model_copy(update={"sha256": digest.hexdigest()})


def _expect_pdf(head: bytes, what: str) -> bytes:
    if not head:
        raise _invalid(f'"{what}" is empty; give a PDF, once it is written to its end')
    if _MAGIC not in head[:_MAGIC_WITHIN_BYTES]:
        raise _invalid(f'"{what}" is not a PDF: it does not begin with %PDF-; make one of it')
    return head


def _invalid(message: str) -> InvalidDraft:
    return InvalidDraft("Document", [Problem("", message)])


def _from_text(value: object) -> object:
    return Document.from_path(value) if isinstance(value, (str, Path)) else value


DocumentOrPath = Annotated[Document, BeforeValidator(_from_text)]
"""A document; in data read from a file, also its path."""
