from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest

from esign_core.errors import DocumentChanged, InvalidDraft, Outcome
from esign_core.model import CHUNK_BYTES, Content, Document, EnvelopeDraft, Signer

PDF = b"%PDF-1.7\n" + b"x" * CHUNK_BYTES
SHA256 = hashlib.sha256(PDF).hexdigest()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A PDF in a file."""
    file = tmp_path / "Lease 14.pdf"
    file.write_bytes(PDF)
    return file


def test_a_document_is_the_same_however_it_comes(path: Path) -> None:
    """From a file, from memory, from a function: the same name, length and bytes."""
    documents = [
        Document.from_path(path),
        Document.from_path(str(path)),
        Document.from_bytes(PDF, name="Lease 14.pdf"),
        Document.from_opener(lambda: path.open("rb"), name="Lease 14.pdf"),
        Document.from_opener(lambda: path.open("rb"), name="Lease 14.pdf", size=len(PDF)),
    ]
    for document in documents:
        assert (document.name, document.size) == ("Lease 14.pdf", len(PDF))
        assert (document.media_type, document.signable, document.roles) == (
            "application/pdf",
            True,
            (),
        )
        assert b"".join(document.content.chunks()) == PDF
        assert b"".join(document.content.chunks()) == PDF, "it can be read again"
        assert document.pinned().sha256 == SHA256


def test_a_document_is_read_in_pieces_that_join_in_base64() -> None:
    """No piece is longer than it must be, and each length but the last divides by three."""
    lengths = [len(chunk) for chunk in Document.from_bytes(PDF, name="a.pdf").content.chunks()]
    assert lengths == [CHUNK_BYTES, 9]
    assert CHUNK_BYTES % 3 == 0


def test_a_document_says_what_it_is_for(path: Path) -> None:
    """Name, title, roles, and whether it is signed, by each way of making one."""
    given: dict[str, Any] = {"name": "a.pdf", "title": "A", "signable": False, "roles": ("x",)}
    for document in (
        Document.from_path(path, **given),
        Document.from_bytes(PDF, **given),
        Document.from_opener(lambda: io.BytesIO(PDF), **given),
    ):
        assert (document.name, document.title, document.display_title) == ("a.pdf", "A", "A")
        assert (document.signable, document.roles) == (False, ("x",))


def test_without_a_title_the_name_is_shown() -> None:
    """Without its ending."""
    assert Document.from_bytes(PDF, name="Lease 14.pdf").display_title == "Lease 14"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", '"lease.pdf" is empty'),
        (b"PK\x03\x04", '"lease.pdf" is not a PDF: it does not begin with %PDF-'),
        (b" " * 1024 + b"%PDF-1.7", '"lease.pdf" is not a PDF: it does not begin with %PDF-'),
    ],
)
def test_what_is_no_pdf_is_refused(tmp_path: Path, data: bytes, reason: str) -> None:
    """By each way of making one, where it is made and not when it is sent."""
    file = tmp_path / "lease.pdf"
    file.write_bytes(data)
    for make in (
        lambda: Document.from_bytes(data, name="lease.pdf"),
        lambda: Document.from_opener(lambda: io.BytesIO(data), name="lease.pdf"),
        lambda: Document.from_path(file),
    ):
        with pytest.raises(InvalidDraft) as caught:
            make()
        assert reason.split('" ', 1)[1] in str(caught.value)
        assert 'lease.pdf" ' in str(caught.value)


def test_a_little_before_the_magic_is_allowed() -> None:
    """Readers accept that, and so do vendors."""
    assert Document.from_bytes(b"\n" * 1019 + b"%PDF-1.7", name="a.pdf").size == 1027


def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path) -> None:
    """Missing, or a folder."""
    with pytest.raises(InvalidDraft, match=r'nope\.pdf" cannot be read: No such file'):
        Document.from_path(tmp_path / "nope.pdf")
    with pytest.raises(InvalidDraft, match="cannot be read: Is a directory"):
        Document.from_path(tmp_path)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "name: must not be empty"),
        ("a/b.pdf", "name: must be a plain file name"),
        ("..\\b.pdf", "name: must be a plain file name"),
        ("a\n.pdf", "name: must be a plain file name"),
        ("a\u202efdp.exe", "name: must be a plain file name"),
        ("ø" * 128, "name: is over 255 bytes"),
    ],
)
@pytest.mark.promise("D6")
def test_a_name_that_could_become_a_path_is_refused(name: str, reason: str) -> None:
    """The vendor and whoever downloads it see a file name and nothing more."""
    with pytest.raises(InvalidDraft) as caught:
        Document.from_bytes(PDF, name=name)
    assert reason in str(caught.value)


def test_a_document_that_changed_is_noticed_before_anything_is_sent(path: Path) -> None:
    """It was named with one length and has another now."""
    document = Document.from_path(path)
    path.write_bytes(PDF[:-1])
    with pytest.raises(DocumentChanged) as caught:
        document.pinned()
    assert str(caught.value) == (
        f'"Lease 14.pdf" was {len(PDF)} bytes and is {len(PDF) - 1} now. Nothing was sent. '
        "Make the Document again once the file is complete."
    )
    assert caught.value.outcome is Outcome.NOT_DONE


def test_a_path_in_a_draft_is_a_document(path: Path) -> None:
    """Data from a file may name documents by their path; what is neither is refused."""
    ann = Signer(name="Ann", email="ann@example.com")
    for given in (str(path), path, Document.from_path(path)):
        draft = EnvelopeDraft.model_validate(
            {"title": "Lease 14", "documents": [given], "signers": [ann]}
        )
        assert draft.documents[0].name == "Lease 14.pdf"
    with pytest.raises(InvalidDraft, match=r"documents\[0\]"):
        EnvelopeDraft.model_validate({"title": "x", "documents": [5], "signers": [ann]})


def test_a_document_does_not_show_what_is_in_it() -> None:
    """Neither its bytes nor where they come from are printed."""
    document = Document.from_bytes(b"%PDF-canary", name="a.pdf")
    assert "canary" not in f"{document} {document!r} {Content(lambda: io.BytesIO(b'canary'))!r}"
    assert "lambda" not in repr(document)


def test_document_that_is_gone_is_told_so_when_it_is_pinned(tmp_path: Path) -> None:
    """A file that was moved away between draft and sending is named, and nothing is sent."""
    path = tmp_path / "lease.pdf"
    _ = path.write_bytes(b"%PDF-1.7 lease")
    document = Document.from_path(path)
    path.unlink()
    with pytest.raises(DocumentChanged, match="cannot be read any more: No such file") as caught:
        _ = document.pinned()
    assert caught.value.outcome is Outcome.NOT_DONE
