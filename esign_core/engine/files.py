"""Files that appear whole or not at all: temporary name, hash, sync, rename."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from esign_core.engine.effects import SavedFile
from esign_core.errors import DownloadFailed

MAX_FILE_BYTES = 2 * 1024**3
"""The largest file that is brought over."""
_NAME_BYTES = 200
_UNSAFE = re.compile(r"[^\w .,()+@=-]")
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def write_whole(chunks: Iterable[bytes], to: Path, *, cap: int = MAX_FILE_BYTES) -> SavedFile:
    """Write pieces to a file that is there under its name only when it is whole.

    Raises:
        DownloadFailed: The disk refused, or there is more than `cap`. Nothing is left behind.
    """
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=to.parent, prefix=".esign-", suffix=".part")
    except OSError as error:
        raise _failed(to, error) from None
    try:
        saved = _fill(handle, chunks, to, cap)
        Path(temporary).replace(to)
        _sync_folder(to.parent)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise _failed(to, error) from None
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return saved


def _fill(handle: int, chunks: Iterable[bytes], to: Path, cap: int) -> SavedFile:
    digest, size = hashlib.sha256(), 0
    with os.fdopen(handle, "wb") as file:
        for chunk in chunks:
            size += len(chunk)
            if size > cap:
                raise DownloadFailed(f'"{to.name}" is larger than {cap} bytes and was not kept.')
            digest.update(chunk)
            _ = file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return SavedFile(to, size, digest.hexdigest())


def _sync_folder(folder: Path) -> None:
    """Make the new name durable, where folders can be synced."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _failed(to: Path, error: OSError) -> DownloadFailed:
    reason = error.strerror or type(error).__name__
    return DownloadFailed(
        f'"{to}" could not be written: {reason}. Nothing is left of it; make room or choose '
        "another folder, and download again."
    )


def safe_name(name: str, *, otherwise: str = "document.pdf") -> str:
    """A file name made from words that came from outside: one plain name, never a path."""
    text = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    text = _UNSAFE.sub("_", text).strip(" .")
    while len(text.encode()) > _NAME_BYTES:
        stem, dot, ending = text.rpartition(".")
        text = f"{stem[:-1]}{dot}{ending}" if len(stem) > 1 else text[:-1]
    if not text or _DEVICES.fullmatch(text):
        return otherwise
    return text
