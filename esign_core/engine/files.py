"""Files that appear whole or not at all: temporary name, hash, sync, rename."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from esign_core.engine.effects import SavedFile
from esign_core.errors import DownloadFailed

MAX_FILE_BYTES = 2 * 1024**3
"""The largest file that is brought over."""
MAX_FILE_SECONDS = 3600.0
"""How long a file may take in all, however it trickles."""
_NAME_BYTES = 200
_ENDING_BYTES = 20
_UNSAFE = re.compile(r"[^\w .,()+@=-]")
_DEVICES = re.compile(r"(con|prn|aux|nul|(com|lpt)[\d¹²³]) *(\..*)?", re.IGNORECASE)


def write_whole(
    chunks: Iterable[bytes],
    to: Path,
    *,
    max_bytes: int = MAX_FILE_BYTES,
    max_seconds: float = MAX_FILE_SECONDS,
) -> SavedFile:
    """Write pieces to a file that is there under its name only when it is whole.

    Only its owner can read it. What was there under the name before is replaced.

    Raises:
        DownloadFailed: The disk refused, or it is too large or too slow. Nothing is left behind.
    """
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=to.parent, prefix=".esign-", suffix=".part")
    except OSError as error:
        raise _failed(to, error) from None
    temporary = Path(name)
    try:
        saved = _fill(handle, chunks, to, max_bytes, max_seconds)
        _ = temporary.replace(to)
    except OSError as error:
        raise _failed(to, error) from None
    finally:
        temporary.unlink(missing_ok=True)  # after the renaming there is none
    _sync_folder(to.parent)
    return saved


def _fill(
    handle: int, chunks: Iterable[bytes], to: Path, max_bytes: int, max_seconds: float
) -> SavedFile:
    digest, size = hashlib.sha256(), 0
    until = time.monotonic() + max_seconds
    with os.fdopen(handle, "wb") as file:
        for chunk in chunks:
            size += len(chunk)
            if size > max_bytes:
                raise DownloadFailed(f'"{to.name}" is over {max_bytes} bytes and was not kept.')
            if time.monotonic() > until:
                raise DownloadFailed(f'"{to.name}" took over {max_seconds:g} s and was not kept.')
            digest.update(chunk)
            _ = file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return SavedFile(to, size, digest.hexdigest())


def _sync_folder(folder: Path) -> None:
    """Make the new name durable. Not every folder can be synced; the file itself is."""
    with suppress(OSError):
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
    text = _shortened(_UNSAFE.sub("_", text).lstrip(" .-").rstrip(" ."))
    return otherwise if not text or _DEVICES.fullmatch(text) else text


def _shortened(text: str) -> str:
    """At most `_NAME_BYTES`, with its ending."""
    if len(text.encode()) <= _NAME_BYTES:
        return text
    stem, dot, ending = text.rpartition(".")
    if not stem or len(ending.encode()) > _ENDING_BYTES:
        stem, dot, ending = text, "", ""
    room = _NAME_BYTES - len(f"{dot}{ending}".encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(" .") + dot + ending
