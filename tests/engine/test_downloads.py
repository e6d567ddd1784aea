"""Files on their way from a vendor, over a real connection."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from esign_core.engine import bring
from esign_core.errors import (
    AuthenticationFailed,
    DownloadFailed,
    EsignError,
    NotReady,
    Outcome,
    Refused,
    Unavailable,
    UnreadableAnswer,
)
from esign_core.provider import HttpDownload, Limit, Request, Token

if TYPE_CHECKING:
    from tests.engine.conftest import Granter, Heard, Vendor, Way

FILE = b"%PDF-1.7" + random.Random(7).randbytes(100_000)


def chunked(data: bytes, *, end: bool = True) -> bytes:
    """An answer in chunks of 4 KB, that says where it ends or does not."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    parts = [data[i : i + 4096] for i in range(0, len(data), 4096)]
    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return head + body + (b"0\r\n\r\n" if end else b"")


def failure(way: Way, vendor: Vendor, to: Path) -> EsignError:
    """What a download that fails raises; nothing of it is left."""
    with pytest.raises(EsignError) as caught:
        way.download(way.session(vendor), to / "signed.pdf")
    assert list(to.iterdir()) == []
    return caught.value


@pytest.mark.promise("D7")
@pytest.mark.parametrize("answer", [None, chunked(FILE)], ids=["with a length", "in chunks"])
def test_a_file_arrives_with_its_hash(
    way: Way, vendor: Vendor, tmp_path: Path, answer: bytes | None
) -> None:
    """Byte for byte, in both ways to say where it ends."""
    vendor.answers(answer or vendor.reply(200, FILE))
    saved = way.download(way.session(vendor), tmp_path / "signed.pdf")
    assert saved.path.read_bytes() == FILE
    assert (saved.size, saved.sha256) == (len(FILE), hashlib.sha256(FILE).hexdigest())


@pytest.mark.promise("D7")
@pytest.mark.parametrize("form", ["with a length", "in chunks"])
def test_a_file_that_is_cut_anywhere_is_not_there(
    way: Way, vendor: Vendor, tmp_path: Path, form: str
) -> None:
    """Cut every 4 KB: never half a file, and the next try that gets through has it whole."""
    whole = vendor.reply(200, FILE) if form == "with a length" else chunked(FILE)
    session = way.session(vendor)
    for cut in [*range(1, len(whole), 4096), len(whole) - 1]:
        vendor.answers(vendor.sends(whole[:cut]))
        with pytest.raises(Unavailable) as caught:
            way.download(session, tmp_path / "signed.pdf", repeatable=False)
        assert caught.value.outcome is Outcome.NOT_DONE
        assert list(tmp_path.iterdir()) == []
    vendor.answers(vendor.sends(whole[:50_000]), vendor.resets, whole)
    assert way.download(session, tmp_path / "signed.pdf").path.read_bytes() == FILE


@pytest.mark.promise("D7")
def test_a_file_without_an_end_is_not_taken_for_whole(
    way: Way, vendor: Vendor, tmp_path: Path
) -> None:
    """Where only the end of the connection ends a file, half of it looks like all of it."""
    vendor.answers(vendor.sends(b"HTTP/1.1 200 OK\r\n\r\n" + FILE))
    error = failure(way, vendor, tmp_path)
    assert isinstance(error, DownloadFailed)
    assert "does not say where the file ends" in str(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(202, NotReady), (204, NotReady), (206, NotReady), (302, UnreadableAnswer), (404, Refused),
     (503, Unavailable)],
)  # fmt: skip
def test_an_answer_that_is_no_file_is_no_file(
    way: Way, vendor: Vendor, tmp_path: Path, status: int, kind: type[EsignError]
) -> None:
    """`accepted`, `no content`, a part of it, an error: none of them becomes a PDF."""
    vendor.answers(vendor.reply(status, b"" if status == 204 else b"not now"))
    error = failure(way, vendor, tmp_path)
    assert (type(error), error.status_code, error.outcome) == (kind, status, Outcome.NOT_DONE)


@pytest.mark.promise("D3")
@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip"])
def test_a_compressed_file_is_refused(
    way: Way, vendor: Vendor, tmp_path: Path, encoding: str
) -> None:
    """The hash is of the file, not of how it travelled; and a bomb is not set off."""
    vendor.answers(vendor.reply(200, b"\x1f\x8b", Content_Encoding=encoding))
    assert "compressed" in str(failure(way, vendor, tmp_path))


@pytest.mark.promise("D3")
@pytest.mark.parametrize("bound", ["max_bytes", "max_seconds"])
def test_an_endless_file_is_left(
    way: Way, vendor: Vendor, tmp_path: Path, bound: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too long, or a byte at a time for ever: the disk does not fill, the thread comes back."""
    vendor.answers(
        vendor.sends(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n", then=vendor.trickle)
    )
    limits = {"max_bytes": 2_000_000_000, "max_seconds": 3600.0, bound: 0.2}
    monkeypatch.setattr("esign_core.engine.files.write_whole.__kwdefaults__", limits)
    error = failure(way, vendor, tmp_path)
    assert isinstance(error, DownloadFailed)


def test_a_disk_that_refuses_is_not_tried_again(way: Way, vendor: Vendor, tmp_path: Path) -> None:
    """It would fill no less."""
    vendor.answers(vendor.reply(200, FILE))
    (tmp_path / "folder").write_bytes(b"")
    with pytest.raises(DownloadFailed):
        way.download(way.session(vendor), tmp_path / "folder" / "signed.pdf")
    assert len(vendor.heard) == 1


def test_a_download_renews_its_credentials(
    way: Way, vendor: Vendor, granter: Granter, tmp_path: Path
) -> None:
    """As any request does: once."""

    def answer(heard: Heard) -> bytes:
        said = granter.answer(heard)
        return said if heard.target == "/token" or b"401" in said else vendor.reply(200, FILE)

    vendor.answer = answer
    session = way.session(vendor, tokens=True)
    session.tokens.put(session.name, Token("forgotten"))
    assert way.download(session, tmp_path / "signed.pdf").size == len(FILE)
    vendor.answers(vendor.reply(401, b"no"))
    with pytest.raises(AuthenticationFailed):
        way.download(way.session(vendor), tmp_path / "other.pdf")


def test_a_download_can_be_asked_for_by_post(way: Way, vendor: Vendor, tmp_path: Path) -> None:
    """Its body goes out with it, and its limits count."""
    vendor.answers(vendor.reply(200, FILE))
    session = way.session(vendor)
    request = Request("POST", "/export", json={"id": 17}, limits=(Limit("export", 5, 60.0),))
    way.run(bring(session, HttpDownload(request), tmp_path / "signed.pdf"))
    assert (vendor.heard[0].method, vendor.heard[0].body) == ("POST", b'{"id":17}')
