"""Bodies that stream, piece by piece."""

from __future__ import annotations

import base64
import email
import io
import json
from email.message import Message
from typing import TYPE_CHECKING, Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esign_core.engine.bodies import BodyStream, checked, json_with_documents, multipart
from esign_core.errors import DocumentChanged, Outcome
from esign_core.model import Document
from esign_core.model.document import CHUNK_BYTES
from esign_core.provider import JsonWithDocuments, Multipart, Part

if TYPE_CHECKING:
    from pathlib import Path

sizes = st.one_of(
    st.integers(8, 200),
    st.sampled_from([CHUNK_BYTES + delta for delta in (-1, 0, 1, 2, 3)]),
    st.just(2 * CHUNK_BYTES + 1),
)


def content(size: int) -> bytes:
    """A PDF by its first bytes, with every byte in it."""
    return (b"%PDF-1.7" + bytes(range(256)) * (size // 256 + 1))[:size]


class InPieces(io.BytesIO):
    """A file that gives out less than it is asked for, as sockets and storage clients do."""

    def __init__(self, data: bytes, most: int) -> None:
        super().__init__(data)
        self._most = most

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self._most if size is None or size < 0 else min(size, self._most))


def parsed(body: BodyStream) -> list[Message]:
    """The parts of a form, as Python's own parser for mail reads them."""
    head = f"Content-Type: {body.content_type}\r\n\r\n".encode()
    message = email.message_from_bytes(head + b"".join(body))
    parts = message.get_payload()
    assert isinstance(parts, list)
    return [part for part in parts if isinstance(part, Message)]


@pytest.mark.promise("S7")
@given(size=sizes, most=st.integers(8, 400_000))
def test_base64_is_right_however_a_document_is_read(size: int, most: int) -> None:
    """Byte for byte what a whole encoding gives, at the announced length, from any reader."""
    most = max(most, size // 200)
    document = Document.from_opener(lambda: InPieces(content(size), most), name="a.pdf", size=size)
    body = json_with_documents(JsonWithDocuments({"before": "x", "file": document, "after": 1}))
    sent = b"".join(body)
    assert len(sent) == body.length
    assert json.loads(sent) == {
        "before": "x",
        "file": base64.b64encode(content(size)).decode(),
        "after": 1,
    }


@pytest.mark.promise("S7")
@given(size=sizes, most=st.integers(8, 400_000), text=st.text())
def test_a_form_is_right_however_a_document_is_read(size: int, most: int, text: str) -> None:
    """A parser of another make finds every part, byte for byte."""
    most = max(most, size // 200)
    document = Document.from_opener(lambda: InPieces(content(size), most), name="a.pdf", size=size)
    data = json.dumps(text).encode()
    body = multipart(
        Multipart(
            (
                Part("data", data, "application/json"),
                Part("files", document, "application/pdf", "a.pdf"),
            )
        )
    )
    assert len(b"".join(body)) == body.length
    first, second = parsed(body)
    assert (first.get_content_type(), first.get_payload(decode=True)) == ("application/json", data)
    assert second.get_filename() == "a.pdf"
    # the parser ends lines its own way when asked to decode; the raw bytes are looked for instead
    assert content(size) in b"".join(body)


def test_a_form_is_written_as_the_standard_says() -> None:
    """RFC 7578, with the names escaped as browsers do, and nothing to break out of."""
    body = multipart(
        Multipart(
            (
                Part('a"b', b"1", "text/plain"),
                Part("f", b"2", "text/plain\r\nX-Evil: 1", 'a"\r\nX-Evil: 1\r\n\r\næ.pdf'),
            )
        ),
        boundary="B",
    )
    assert body.content_type == "multipart/form-data; boundary=B"
    assert b"".join(body).decode() == (
        '--B\r\nContent-Disposition: form-data; name="a%22b"\r\nContent-Type: text/plain\r\n\r\n'
        '1\r\n--B\r\nContent-Disposition: form-data; name="f"; filename="a%22%0D%0AX-Evil: '
        '1%0D%0A%0D%0Aæ.pdf"\r\nContent-Type: text/plain%0D%0AX-Evil: 1\r\n\r\n2\r\n--B--\r\n'
    )


def test_boundaries_cannot_be_guessed() -> None:
    """Each form has its own."""
    assert len({multipart(Multipart(())).content_type for _ in range(10)}) == 10


def test_a_draft_cannot_forge_a_documents_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """The marks are made after the draft is written, at random, and anew each time."""
    document = Document.from_bytes(content(8), name="a.pdf")
    data = {"title": "x", "file": document, "same": document}
    marks: list[str] = []
    token_hex = json_with_documents.__globals__["secrets"].token_hex

    def spied(size: int) -> str:
        marks.append(token_hex(size))
        return marks[-1]

    monkeypatch.setattr("esign_core.engine.bodies.secrets.token_hex", spied)
    one = b"".join(json_with_documents(JsonWithDocuments(data)))
    forged = {**data, "title": " ".join(marks)}  # those of last time
    two = b"".join(json_with_documents(JsonWithDocuments(forged)))
    encoded = base64.b64encode(content(8)).decode()
    assert json.loads(one) == {"title": "x", "file": encoded, "same": encoded}
    assert json.loads(two) == {"title": forged["title"], "file": encoded, "same": encoded}
    assert len(set(marks)) == 4
    assert all(len(mark) == 32 for mark in marks)


def test_a_body_runs_again(tmp_path: Path) -> None:
    """For a retry: each run reads the file from its start."""
    path = tmp_path / "a.pdf"
    path.write_bytes(content(500_000))
    body = json_with_documents(JsonWithDocuments([Document.from_path(path).pinned()]))
    assert b"".join(body) == b"".join(body)


# --- documents that are not what they were ------------------------------------------------------


def given_out(document: Document) -> tuple[bytes, DocumentChanged]:
    """What came before the error, and the error."""
    out: list[bytes] = []
    with pytest.raises(DocumentChanged) as caught:
        out.extend(checked(document))
    return b"".join(out), caught.value


SIZE = 3 * CHUNK_BYTES + 5


@pytest.mark.promise("S7")
@pytest.mark.parametrize("place", [0, CHUNK_BYTES, SIZE - 1])
def test_a_document_with_other_content_is_not_given_out_whole(tmp_path: Path, place: int) -> None:
    """One byte that differs, wherever, is found before the last piece is out."""
    path = tmp_path / "a.pdf"
    path.write_bytes(content(SIZE))
    document = Document.from_path(path).pinned()
    changed = bytearray(content(SIZE))
    changed[place] ^= 1
    path.write_bytes(changed)
    out, error = given_out(document)
    assert len(out) < SIZE
    assert "has other content" in str(error)
    assert error.outcome is Outcome.NOT_DONE


@pytest.mark.promise("S7")
@pytest.mark.parametrize("size", [8, CHUNK_BYTES, SIZE - 1, SIZE + 1, 10 * SIZE])
def test_a_document_of_another_length_is_not_given_out_whole(tmp_path: Path, size: int) -> None:
    """Grown or shrunk, also where nobody knows its hash; no more is given out than announced."""
    path = tmp_path / "a.pdf"
    path.write_bytes(content(SIZE))
    document = Document.from_path(path)
    path.write_bytes(content(size))
    out, error = given_out(document)
    assert len(out) < SIZE
    told = f"more than {SIZE}" if size > SIZE else str(size)
    assert f"was {SIZE} bytes and is {told}." in str(error)


def test_a_document_that_is_gone_is_named(tmp_path: Path) -> None:
    """The file's name in the vendor's eyes, and why."""
    path = tmp_path / "a.pdf"
    path.write_bytes(content(SIZE))
    document = Document.from_path(path)
    path.unlink()
    out, error = given_out(document)
    assert out == b""
    assert str(error).startswith('"a.pdf" cannot be read: No such file or directory.')


@pytest.mark.parametrize("error", [OSError("gone"), RuntimeError("storage says no"), TypeError()])
def test_whatever_an_opener_raises_is_a_document_that_changed(error: Exception) -> None:
    """Storage of the caller's own raises what it likes; nothing was sent, and its error is kept."""
    times = 0

    class Breaking(InPieces):
        def read(self, size: int | None = -1, /) -> bytes:
            if times and self.tell() > 500:
                raise error
            return super().read(size)

    def opener() -> BinaryIO:
        return Breaking(content(1000), 300)

    document = Document.from_opener(opener, name="a.pdf", size=1000)
    times = 1
    out, changed = given_out(document)
    assert len(out) < 1000
    assert f"cannot be read: {type(error).__name__}" in str(changed)
    assert changed.__cause__ is error


def test_a_reader_of_text_is_no_crash() -> None:
    """An opener that opens in text mode is a document that cannot be read."""
    texts: list[Any] = [io.BytesIO(content(8)), io.StringIO("%PDF-1.7")]
    document = Document.from_opener(lambda: texts.pop(0), name="a.pdf", size=8)
    assert given_out(document)[0] == b""
