"""Files that appear whole or not at all, under names that are only names."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esign_core.engine import safe_name, write_whole
from esign_core.errors import DownloadFailed, NotReady

if TYPE_CHECKING:
    from pathlib import Path

CHUNKS = [b"%PDF-", b"", b"x" * 100_000]


def test_a_file_is_there_with_its_hash(tmp_path: Path) -> None:
    """In a folder that is made for it; for its owner's eyes only."""
    to = tmp_path / "a" / "b" / "signed.pdf"
    saved = write_whole(CHUNKS, to)
    assert to.read_bytes() == b"".join(CHUNKS)
    assert (saved.path, saved.size) == (to, 100_005)
    assert saved.sha256 == hashlib.sha256(b"".join(CHUNKS)).hexdigest()
    assert stat.S_IMODE(to.stat().st_mode) == 0o600
    assert os.listdir(to.parent) == ["signed.pdf"]  # noqa: PTH208 - the names are what counts


def test_nothing_is_an_empty_file(tmp_path: Path) -> None:
    """An answer of no bytes is a file of no bytes."""
    assert write_whole([], tmp_path / "empty").size == 0


@pytest.mark.promise("D6")
def test_a_file_is_not_seen_before_it_is_whole(tmp_path: Path) -> None:
    """While it comes it has another name, and what was there before stays."""
    to = tmp_path / "signed.pdf"
    to.write_bytes(b"before")

    def chunks() -> Iterator[bytes]:
        for chunk in CHUNKS:
            assert to.read_bytes() == b"before"
            assert len(list(tmp_path.iterdir())) == 2
            yield chunk

    write_whole(chunks(), to)
    assert to.read_bytes() == b"".join(CHUNKS)
    assert list(tmp_path.iterdir()) == [to]


@pytest.mark.promise("D6")
def test_it_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Synced, renamed, and the folder synced after that."""
    done: list[str] = []
    fsync, rename = os.fsync, os.rename

    def spied_fsync(handle: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def spied_rename(*arguments: Any) -> None:
        done.append("rename")
        rename(*arguments)

    monkeypatch.setattr(os, "fsync", spied_fsync)
    monkeypatch.setattr(os, "replace", spied_rename)
    write_whole(CHUNKS, tmp_path / "signed.pdf")
    assert done == ["file", "rename", "folder"]


@pytest.mark.parametrize("call", ["open", "fsync"])
def test_a_folder_that_cannot_be_synced_does_not_spoil_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Some file systems cannot; the file is there, and nobody is told that it is not."""
    real = getattr(os, call)

    def failing(what: Any, *arguments: Any) -> Any:
        is_folder = what == tmp_path if call == "open" else stat.S_ISDIR(os.fstat(what).st_mode)
        if is_folder:
            raise OSError(errno.EINVAL, "not here")
        return real(what, *arguments)

    monkeypatch.setattr(os, call, failing)
    assert write_whole(CHUNKS, tmp_path / "signed.pdf").size == 100_005


@pytest.mark.promise("D7")
@pytest.mark.parametrize("error", [NotReady("no"), KeyboardInterrupt(), ValueError("no")])
def test_whatever_goes_wrong_nothing_is_left(tmp_path: Path, error: BaseException) -> None:
    """An error of the source goes on as it is, without a trace in the folder."""
    (tmp_path / "signed.pdf").write_bytes(b"before")

    def chunks() -> Iterator[bytes]:
        yield CHUNKS[0]
        raise error

    with pytest.raises(type(error)):
        write_whole(chunks(), tmp_path / "signed.pdf")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"before"]


@pytest.mark.promise("D7")
@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_disk_that_refuses_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """At the first piece, at the sync, at the renaming: nothing is left, and it says what to do."""

    def full(*_arguments: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    class Full:
        def __init__(self, handle: int, _mode: str) -> None:
            self.handle = handle

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_error: object) -> None:
            os.close(self.handle)

        write = full

    if call == "write":
        monkeypatch.setattr(os, "fdopen", Full)
    else:
        monkeypatch.setattr(os, call, full)
    with pytest.raises(DownloadFailed, match=r"No space left on device\. Nothing is left"):
        write_whole(CHUNKS, tmp_path / "signed.pdf")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file stands in its way."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DownloadFailed, match="could not be written"):
        write_whole(CHUNKS, tmp_path / "file" / "signed.pdf")


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    """A folder under the name stays, and so does what is in it."""
    (tmp_path / "signed.pdf").mkdir()
    with pytest.raises(DownloadFailed):
        write_whole(CHUNKS, tmp_path / "signed.pdf")
    assert [path.name for path in tmp_path.iterdir()] == ["signed.pdf"]


def test_a_file_that_is_too_large_is_not_kept(tmp_path: Path) -> None:
    """A cap on bytes."""
    assert write_whole([b"x" * 10], tmp_path / "a", max_bytes=10).size == 10
    with pytest.raises(DownloadFailed, match='"b" is over 10 bytes'):
        write_whole([b"x" * 10, b"x"], tmp_path / "b", max_bytes=10)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_file_that_is_too_slow_is_not_kept(tmp_path: Path) -> None:
    """A cap on time."""
    with pytest.raises(DownloadFailed, match="took over -1 s"):
        write_whole([b"x"], tmp_path / "a", max_seconds=-1)
    assert list(tmp_path.iterdir()) == []


# --- names --------------------------------------------------------------------------------------

OTHERWISE = "document.pdf"
NAMES = [
    ("lease.pdf", "lease.pdf"),
    ("Lejekontrakt nr. 14 (æøå).pdf", "Lejekontrakt nr. 14 (æøå).pdf"),
    ("契約書.pdf", "契約書.pdf"),
    ("e\u0301.pdf", "\u00e9.pdf"),
    ("../../etc/passwd", "passwd"),
    ("..\\..\\windows\\system.ini", "system.ini"),
    ("/etc/passwd", "passwd"),
    ("C:\\a.pdf", "a.pdf"),
    ("C:a.pdf", "C_a.pdf"),
    ("a.pdf/", OTHERWISE),
    ("", OTHERWISE),
    (".", OTHERWISE),
    ("..", OTHERWISE),
    ("...", OTHERWISE),
    (" . . ", OTHERWISE),
    (".htaccess", "htaccess"),
    ("-rf.pdf", "rf.pdf"),
    (" --.-x", "x"),
    (".ssh/authorized_keys", "authorized_keys"),
    ("a\x00.pdf", "a_.pdf"),
    ("a\n.pdf", "a_.pdf"),
    ("a\r\nSet-Cookie: x.pdf", "a__Set-Cookie_ x.pdf"),
    ("\x1b[2Ja.pdf", "__2Ja.pdf"),
    ("a\u202efdp.exe", "a_fdp.exe"),
    ("a\u2028b.pdf", "a_b.pdf"),
    ("\ud800.pdf", "_.pdf"),
    ("a\uff0fb.pdf", "a_b.pdf"),
    ("a\u2215b.pdf", "a_b.pdf"),
    ("a|b<c>d*e?f\"g'h:i.pdf", "a_b_c_d_e_f_g_h_i.pdf"),
    ("$(rm -rf ~).pdf", "_(rm -rf _).pdf"),
    ("`id`;.pdf", "_id__.pdf"),
    ("%2e%2e%2fpasswd", "_2e_2e_2fpasswd"),
    ("CON", OTHERWISE),
    ("con.pdf", OTHERWISE),
    ("Con .pdf", OTHERWISE),
    ("nul.tar.gz", OTHERWISE),
    ("LPT1", OTHERWISE),
    ("com¹.pdf", OTHERWISE),
    ("console.pdf", "console.pdf"),
    ("com10.pdf", "com10.pdf"),
    ("trailing. ", "trailing"),
    ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
    ("é" * 300 + ".pdf", "é" * 98 + ".pdf"),
    ("a." + "x" * 300, "a." + "x" * 198),
    ("x" * 195 + " .pdf" + "y" * 30, "x" * 195 + " .pdf"),
    ("x" * 100_000, "x" * 200),
]


@pytest.mark.promise("D6")
@pytest.mark.parametrize(("name", "safe"), NAMES)
def test_a_name_from_outside_becomes_one_plain_name(name: str, safe: str) -> None:
    """Never a path, a device, a hidden file, or something that a terminal or a shell obeys."""
    assert safe_name(name) == safe


def test_what_to_call_it_otherwise_is_the_callers() -> None:
    """Where nothing is left of a name."""
    assert safe_name("..", otherwise="log.json") == "log.json"


@pytest.mark.promise("D6")
@given(
    st.one_of(
        st.text(),
        st.text(alphabet="./\\ :~con1\x00\u202e"),
        st.binary(max_size=400).map(os.fsdecode),
    )
)
def test_no_name_leaves_its_folder(name: str) -> None:
    """Whatever it is: one part of a path, printable, not hidden, not too long, and stable."""
    safe = safe_name(name)
    assert os.path.basename(safe) == safe  # noqa: PTH119 - as the system splits it
    assert safe.isprintable()
    assert 0 < len(safe.encode()) <= 200
    assert not re.search(r"^[.\s]|[.\s]$|[/\\:\x00]", safe)
    assert safe_name(safe) == safe
