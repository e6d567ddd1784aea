from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from esign_core.cli.progress import progress

Seen = Callable[..., tuple[int, str]]


@pytest.fixture
def seen(config: Path, lease: Path) -> Seen:
    """What somebody sees on stderr who sends a draft from a terminal; stdout goes elsewhere."""

    def run(*more: str) -> tuple[int, str]:
        master, slave = pty.openpty()
        words = ["send", lease, "--via", "penvio", "--key", "k", "--config", config, *more]
        process = subprocess.Popen(
            [sys.executable, "-m", "esign_core.cli", *map(str, words)],
            stdout=subprocess.DEVNULL,
            stderr=slave,
            env={**os.environ, "TERM": "xterm"},
        )
        os.close(slave)
        said = b""
        try:
            while piece := os.read(master, 4096):
                said += piece
        except OSError:  # how a terminal says that nobody writes any more
            pass
        finally:
            os.close(master)
        return process.wait(), said.decode()

    return run


@pytest.mark.parametrize(
    ("more", "told"), [([], "Sending to penvio"), (["--dry-run"], "Reading the documents")]
)
def test_a_terminal_sees_that_something_is_done(more: list[str], told: str, seen: Seen) -> None:
    """Whoever waits knows for what; when it is done, the line is gone again."""
    code, said = seen(*more)
    assert code == 0
    assert told in said
    assert said.rstrip("\r\n").endswith("\x1b[2K"), "the line was not wiped"


def test_a_program_at_a_terminal_sees_nothing(seen: Seen) -> None:
    """With --json, stderr is for errors."""
    assert seen("--json") == (0, "")


def test_a_pipe_sees_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A log is not filled with spinners."""
    with progress("Sending to acme", as_json=False):
        pass
    assert capsys.readouterr() == ("", "")


def test_what_is_told_is_no_markup(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection's name is shown as it is, and moves no cursor."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    told = "Sending to [bold]acme[/bold]\x1b[31m"
    with progress(told, as_json=False):
        pass
    said = capsys.readouterr().err
    assert "[bold]acme[/bold] [31m" in said
