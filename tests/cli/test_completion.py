from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from esign_core.cli.app import COMMANDS

Run = Callable[..., Any]
SHELLS = ("bash", "zsh", "fish")
PLACES = {
    "bash": ".local/share/bash-completion/completions/esign",
    "zsh": ".zsh/completions/_cyclopts_esign",
    "fish": ".config/fish/completions/esign.fish",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Somebody's home, empty."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("ZSH", "ZSH_CUSTOM", "ZSH_VERSION", "BASH_VERSION", "FISH_VERSION"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_names_every_command_and_its_options(shell: str, esign: Run) -> None:
    """What can be typed can be completed."""
    shown = esign("--install-completion", "--shell", shell, "--show")
    assert shown.code == 0
    assert all(name in shown.out for name in COMMANDS)
    dashes = "" if shell == "fish" else "--"
    assert all(f"{dashes}{name}" in shown.out for name in ("config", "dry-run", "expires-in-days"))


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["esign", "se"], {"send", "serve"}),
        (["esign", "send", "--dr"], {"--dry-run"}),
        (["esign", "list", "--status", "comp"], {"completed"}),
    ],
)
def test_bash_offers_what_fits(typed: list[str], offered: set[str], esign: Run) -> None:
    """The script is one that a real shell can run."""
    script = esign("--install-completion", "--shell", "bash", "--show").out
    words = " ".join(typed)
    asked = f'COMP_WORDS=({words}); COMP_CWORD={len(typed) - 1}; _esign; echo "${{COMPREPLY[@]}}"'
    ran = subprocess.run(
        ["bash", "--norc", "-c", f"{script}\n{asked}"], capture_output=True, text=True, check=True
    )
    assert set(ran.stdout.split()) == offered, ran.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_it_is_written_where_the_shell_looks_and_nowhere_else(
    shell: str, esign: Run, home: Path
) -> None:
    """Nobody's start-up file is changed; what is left to do is said."""
    written = esign("--install-completion", "--shell", shell)
    assert written.code == 0
    assert [each for each in home.rglob("*") if each.is_file()] == [home / PLACES[shell]]
    assert str(home / PLACES[shell]) in written.out
    assert "Start a new shell" in written.out
    if shell == "zsh":
        assert f"fpath=({(home / PLACES[shell]).parent} $fpath)" in written.out


def test_one_s_own_shell_is_found(esign: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most people need not say which shell they use."""
    monkeypatch.setenv("FISH_VERSION", "3.7.0")
    assert esign("--install-completion").code == 0
    assert (home / PLACES["fish"]).exists()


@pytest.mark.parametrize("found", ["powershell", None])
def test_a_shell_that_cannot_be_told_is_asked_for(
    found: str | None, esign: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, and nothing is written."""
    from cyclopts.completion import ShellDetectionError

    def detect() -> str:
        if found is None:
            raise ShellDetectionError("none")
        return found

    monkeypatch.setattr("esign_core.cli.completion.detect_shell", detect)
    answer = esign("--install-completion")
    assert answer.code == 2
    assert "Add --shell bash, zsh or fish" in answer.err
    assert list(home.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(esign: Run, home: Path) -> None:
    """A file where a folder should be: exit code 1, and another way."""
    _ = (home / ".config").write_text("in the way")
    answer = esign("--install-completion", "--shell", "fish")
    assert answer.code == 1
    assert answer.err.startswith(f"Misconfigured: the script cannot be written: {home}/.config")
    assert "--show" in answer.err


def test_completion_costs_help_nothing() -> None:
    """What makes the script is loaded with the command alone."""
    program = (
        "import sys; from esign_core.cli import main; main(['--help']); "
        "sys.exit('cyclopts.completion.bash' in sys.modules"
        " or 'esign_core.cli.completion' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
