"""Programs on terminals of their own, read until they have said what they were to say."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

LIMIT_SECONDS = 60.0
"""How long a block may take."""

_COLUMNS = 240  # no address is folded
_ENDING_SECONDS = 10.0
_STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_END_OF_ANSWER = re.compile("\x1e(\\d+)\x1e\r?\n")


class Terminal:
    """A program that writes to a terminal, in a process group of its own."""

    def __init__(
        self, words: Sequence[str], *, folder: Path, environment: Mapping[str, str]
    ) -> None:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, _COLUMNS, 0, 0))
        self._terminal = ours
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
        self._process = subprocess.Popen(
            words,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=theirs,
            stderr=self._errors,
            start_new_session=True,
        )
        os.close(theirs)
        self._pending = b""
        self._errors_read = 0
        self.printed = ""
        """What it has printed, without colours."""

    def ask(self, line: str) -> tuple[int, str]:
        """Its status and what it has printed, of a program that ends each answer as ours do."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        self._process.stdin.flush()
        before = len(self.printed)
        ended = self.wait_for(_END_OF_ANSWER.search)
        printed = self.printed[before : ended.start()]
        self.printed = self.printed[: ended.start()] + self.printed[ended.end() :]
        told = printed + self._new_errors()
        return int(ended[1]), told

    def wait_for(self, find: Callable[[str], re.Match[str] | None]) -> re.Match[str]:
        """What `find` finds in what it has printed, as soon as it does.

        Raises:
            AssertionError: It has ended before, or it has not come to that in time.
        """
        deadline = time.monotonic() + LIMIT_SECONDS
        while not (found := find(self.printed)):
            left = deadline - time.monotonic()
            if left <= 0:
                os.killpg(self._process.pid, signal.SIGKILL)
                raise AssertionError(
                    f"not within {LIMIT_SECONDS:g} s; it printed:\n{self._story()}"
                )
            has_ended = not self._read(left) and time.monotonic() < deadline
            assert not has_ended, f"it ended; it printed:\n{self._story()}"
        return found

    def read(self) -> str:
        """What it has printed so far."""
        while self._read(0):
            pass
        return self.printed

    def interrupt(self) -> int:
        """Its exit code after Ctrl-C, or after it has ended by itself."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)
        try:
            return self._process.wait(_ENDING_SECONDS)
        finally:
            _ = self.read()

    def end(self) -> None:
        """Let it end; by force if it does not, with all that it has started."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            _ = self._process.wait(_ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            _ = self._process.wait()
        os.close(self._terminal)
        self._errors.close()

    def _read(self, seconds: float) -> bool:
        """Whether there was something more to read, within so many seconds."""
        ready, _, _ = select.select([self._terminal], [], [], seconds)
        if not ready:
            return False
        try:
            self._pending += os.read(self._terminal, 65536)
        except OSError:  # EIO: nobody is at the other end any more
            return False
        whole, newline, rest = self._pending.rpartition(b"\n")
        self._pending = rest
        text = (whole + newline).decode("utf-8", "replace")
        self.printed += _STYLE.sub("", text).replace("\r", "")
        return True

    def _new_errors(self) -> str:
        told = os.pread(self._errors.fileno(), 1 << 20, self._errors_read)
        self._errors_read += len(told)
        return _STYLE.sub("", told.decode("utf-8", "replace"))

    def _story(self) -> str:
        return self.printed + self._new_errors()
