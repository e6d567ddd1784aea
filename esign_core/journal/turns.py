"""Taking turns between processes that share a file."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from esign_core.errors import JournalUnusable

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows: SQLite's own locks are all there is
    fcntl = None

_LONGEST_PAUSE_SECONDS = 0.01
_open: weakref.WeakSet[Turns] = weakref.WeakSet()


class Turns:
    """A lock between processes, in a file beside the one that they share.

    SQLite's own wait looks again after pauses that grow to a tenth of a second; this one's are a
    hundredth at most. Between threads of a process it locks nothing.

    Args:
        shared: The file that is shared.
        patience_seconds: How long to wait for a turn.
    """

    def __init__(self, shared: Path, patience_seconds: float) -> None:
        self._shared = shared
        self._path = shared.with_name(f"{shared.name}-turns")
        self._patience_seconds = patience_seconds
        self._file: int | None = None
        _open.add(self)

    @contextmanager
    def take(self) -> Generator[None]:
        """Have a turn, while the `with` block lasts.

        Raises:
            JournalUnusable: Another process had its turn for too long.
        """
        if fcntl is None:
            yield
            return
        if self._file is None:
            self._file = self._opened()
        file = self._file
        try:  # from here on: a turn that was had and not given back would lock everybody out
            self._wait(file)
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give up the file."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _opened(self) -> int:
        try:
            if not self._path.exists():
                self._make()
            return os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise JournalUnusable(
                f'the journal\'s lock file "{self._path}" cannot be opened: {error.strerror}. '
                "Nothing was done; give this process the right to write there."
            ) from error

    def _make(self) -> None:
        """Make the file. Whoever may write to the one that is shared may write to it, too."""
        rights = self._shared.stat().st_mode & 0o666 if self._shared.exists() else 0o600
        with suppress(FileExistsError):
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                os.fchmod(file, rights)  # whatever the umask is
            finally:
                os.close(file)

    def _wait(self, file: int) -> None:
        until = time.monotonic() + self._patience_seconds
        pause = 0.0002
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise JournalUnusable(
                        "the journal is locked: another process has been writing for "
                        f"{self._patience_seconds:g} s. Nothing of this step was kept; try again."
                    ) from None
            else:
                return
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _close_inherited() -> None:
    """A child that kept its parent's file open would keep its turn too, if the parent is killed."""
    for each in list(_open):
        each.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_inherited)
