from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from esign_core.cli.app import COMMANDS, create_app
from esign_core.cli.failures import error_data, tell
from esign_core.errors import KeyReused, Outcome, Problem, Refused, Uncertain
from tests.cli.conftest import LOST, onto_a_full_disk

ISSUED = {
    "providers", "check", "send", "show", "links", "cancel", "download", "events", "serve",
    "worker", "list", "remind", "resolve", "sandbox", "demo", "doctor", "inbox", "work", "keys",
    "erase",
}  # fmt: skip
HUGE = "9" * 25
"""No database has a number like that."""
HEAVY = "{'pydantic', 'sqlalchemy', 'httpx', 'starlette', 'uvicorn', 'esign_core.service'}"


def _function(name: str) -> Callable[..., Any]:
    module, _, attribute = COMMANDS[name].target.partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return function


def test_help_names_every_command(esign: Callable[..., Any]) -> None:
    """Whoever types `esign --help` learns all that there is."""
    shown = esign("--help")
    assert shown.code == 0
    assert set(COMMANDS) == ISSUED
    assert all(
        name in shown.out and command.help in shown.out for name, command in COMMANDS.items()
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_the_same_before_and_after_loading(name: str) -> None:
    """The line in the list is the command's own first line."""
    first = (_function(name).__doc__ or "").splitlines()[0]
    assert first == COMMANDS[name].help


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_speaks_json(name: str, esign: Callable[..., Any]) -> None:
    """No command is for people alone."""
    shown = esign(name, "--help")
    assert shown.code == 0
    assert "--json" in shown.out


def test_a_command_s_help_is_all_that_it_has_to_say(esign: Callable[..., Any]) -> None:
    """What to know before calling it, and how to write what it takes."""
    told = " ".join(esign("send", "--help").out.replace("│", " ").split())
    assert "The same key and draft are the same envelope, for ever" in told
    assert "Jane Doe <jane@example.com>, role=tenant, order=1" in told


def test_help_loads_nothing_heavy() -> None:
    """`esign --help` stays quick, whatever a command needs."""
    program = (
        "import sys; from esign_core.cli import main; main(['--help']); "
        f"sys.exit(', '.join({HEAVY} & set(sys.modules)) or 0)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr


def test_version_is_the_distribution_s(esign: Callable[..., Any]) -> None:
    """A report of a fault can name the version."""
    from importlib.metadata import version

    assert esign("--version").out.strip() == version("esign-core")


@pytest.mark.parametrize(
    "words",
    [
        ["sedn"],
        ["send", "--nonsense"],
        ["send", "--via", "penvio"],
        ["show"],
        ["send", "--via", "penvio", "--key", "k"],
        ["send", "draft.yaml", "--title", "Lease", "--via", "penvio", "--key", "k"],
        ["send", "--signer", "<<", "--title", "Lease", "--via", "penvio", "--key", "k"],
        ["send", "--signer", "Jane, colour=red", "--via", "penvio", "--key", "k"],
        ["send", "--wait", "long", "--via", "penvio", "--key", "k"],
        ["list", "--status", "nearly"],
        ["events", "--consumer", "billing", "--after", "3"],
        ["sandbox", "--port", "8000"],
        ["sandbox", "--port", "penvio=70000"],
        ["serve", "--port", "http"],
        ["serve", "--port", "99999"],
        ["serve", "--port", "-1"],
        ["worker", "--threads", "0"],
        ["list", "--limit", "0"],
        ["events", "--limit", "0"],
        ["events", "--after", "-1"],
        ["events", "--raw"],
        ["events", "--after", HUGE],
        ["events", "--limit", HUGE],
        ["list", "--limit", HUGE],
        ["inbox", "list", "--limit", HUGE],
        ["inbox", "show", HUGE],
        ["inbox", "replay", HUGE],
        ["inbox", "drop", "--older-than-days", "inf"],
        ["inbox", "drop", "--older-than-days", "1e300"],
        ["work", "list", "--limit", HUGE],
        ["work", "retry", HUGE],
        ["work", "drop", "1", HUGE],
        ["send", "--wait", "-3", "--via", "penvio", "--key", "k", "draft.yaml"],
        ["send", "--wait", "nan", "--via", "penvio", "--key", "k", "draft.yaml"],
        ["send", "--wait", "inf", "--via", "penvio", "--key", "k", "draft.yaml"],
        ["check", "--nonsense", "--via", "penvio"],
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(words: list[str], esign: Callable[..., Any]) -> None:
    """Exit code 2: the command line is wrong, nothing was tried."""
    answer = esign(*words)
    assert answer.code == 2
    assert answer.err.startswith("Usage: ")
    assert "Traceback" not in answer.err
    assert not answer.out


def test_a_usage_error_is_json_if_asked(esign: Callable[..., Any]) -> None:
    """A program that called it wrongly can read why."""
    answer = esign("show", "--json")
    assert answer.code == 2
    assert answer.error["type"] == "Usage"
    assert answer.error["outcome"] == "not_done"


def test_an_error_is_told_in_its_own_words(esign: Callable[..., Any], config: Path) -> None:
    """Exit code 1, the error's name and message on stderr, and no traceback."""
    answer = esign("show", "env_0", "--config", config)
    assert answer.code == 1
    assert answer.err.startswith('UnknownEnvelope: the journal has no envelope "env_0"')
    assert "Traceback" not in answer.err
    assert not answer.out


def test_an_error_is_json_if_asked(esign: Callable[..., Any], config: Path) -> None:
    """Programs get type, message and outcome in one line on stderr."""
    answer = esign("show", "env_0", "--config", config, "--json")
    assert answer.code == 1
    assert answer.error["type"] == "UnknownEnvelope"
    assert answer.error["outcome"] == "not_done"
    assert "env_0" in answer.error["message"]


def test_a_missing_configuration_is_named(esign: Callable[..., Any], tmp_path: Path) -> None:
    """The first thing that goes wrong for everybody says what to do."""
    answer = esign("list", "--config", tmp_path / "none.toml")
    assert answer.code == 1
    assert "none.toml" in answer.err
    assert "--config" in answer.err


def test_notes_are_told_too(capsys: pytest.CaptureFixture[str]) -> None:
    """What was added to an error on its way is not lost."""
    error = Uncertain("no answer", connection="x", operation="send", subject="Lease")
    error.add_note("It is being looked for.")
    tell(error)
    assert capsys.readouterr().err == f"Uncertain: {error}\nIt is being looked for.\n"
    assert error_data(error)["notes"] == ["It is being looked for."]
    assert error_data(error)["outcome"] == Outcome.UNCERTAIN


@pytest.mark.promise("D8")
def test_words_of_an_error_move_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    """Its lines stay lines; nothing else in it does anything to a terminal."""
    error = Refused("no\x1b[2J\u2028and\u202e no")
    error.add_note("one\ntwo\x07")
    tell(error)
    assert capsys.readouterr().err == "Refused: no [2J and  no\none\ntwo \n"


def test_problems_keep_their_fields() -> None:
    """A program can point at what is wrong."""
    refused = Refused("no", problems=[Problem("signers[0].email", "is unknown")])
    assert error_data(refused)["problems"] == [
        {"field": "signers[0].email", "message": "is unknown", "line": None}
    ]


def test_differences_are_told_without_their_values() -> None:
    """A signer's address is in no output, not even in an error's."""
    reused = KeyReused("differs", differences={"signers[0].email": ("a@example.com", "b@x.com")})
    assert error_data(reused)["differences"] == ["signers[0].email"]


@pytest.mark.parametrize(
    ("missing", "words", "extra"),
    [
        ("cyclopts", ["list"], "cli"),
        ("uvicorn", ["serve"], "serve"),
        ("starlette", ["sandbox"], "sandbox"),
        ("reportlab", ["demo"], "demo"),
    ],
)
def test_a_missing_package_names_its_extra(missing: str, words: list[str], extra: str) -> None:
    """Whoever installed too little learns what to install."""
    program = (
        f"import sys; sys.modules[{missing!r}] = None; "
        f"from esign_core.cli import main; sys.exit(main({words!r}))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert f'pip install ".[{extra}]"' in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_reader_that_has_had_enough_is_no_fault(config: Path) -> None:
    """`esign ... | head` prints no traceback."""
    read, write = os.pipe()
    os.close(read)
    ran = subprocess.run(
        [sys.executable, "-m", "esign_core.cli", "list", "--json", "--config", str(config)],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)
    assert ran.returncode == 1
    assert not ran.stderr


@pytest.mark.parametrize("words", [["list", "--json"], ["list"], ["--help"]])
def test_a_full_disk_is_told_in_a_line(words: list[str], config: Path, sent: str) -> None:
    """What was printed is lost and what was done is not; Python's own last try is not seen."""
    del sent  # so that there is something to list
    more = [] if "--help" in words else ["--config", str(config)]
    ran = onto_a_full_disk(*words, *more)
    assert ran.err.startswith("{") == ("--json" in words)
    assert (ran.code, ran.told) == (1, LOST)


@pytest.mark.parametrize("words", ["list", "show env_nowhere", "serve --port 70000"])
def test_closed_streams_are_no_fault(words: str, config: Path) -> None:
    """Whoever closes them wants no output; the exit code is what it would be."""
    command = [sys.executable, "-m", "esign_core.cli", *words.split(), "--config", str(config)]
    usual = subprocess.run(command, capture_output=True, check=False)
    for closed, rest in ((">&-", usual.stderr), ("2>&-", usual.stdout)):
        shell = ["sh", "-c", f'"$@" {closed}', "sh", *command]
        ran = subprocess.run(shell, capture_output=True, check=False)
        assert (ran.returncode, ran.stdout + ran.stderr) == (usual.returncode, rest)


def test_a_failure_of_another_file_is_not_taken_for_stdout_s(
    esign: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads that only output was lost may rely on it."""

    def full(words: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("esign_core.cli.app._run", full)
    with pytest.raises(OSError, match="No space left"):
        _ = esign("list")


@pytest.mark.parametrize(
    ("name", "told", "outcome"),
    [
        ("send", "The same command with the same --key is safe", "uncertain"),
        ("list", "Interrupted.", "not_done"),
    ],
)
def test_ctrl_c_says_what_is_known(
    name: str, told: str, outcome: str, esign: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever interrupts a command learns whether it may have done something."""

    def interrupted(words: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("esign_core.cli.app._run", interrupted)
    answer = esign(name)
    assert (answer.code, answer.out) == (130, "")
    assert told in answer.err
    assert esign(name, "--json").error["outcome"] == outcome


@pytest.mark.parametrize(
    ("name", "told"), [("send", ""), ("worker", "a turn failed\n"), ("serve", "a turn failed\n")]
)
def test_logs_stay_off_stderr(name: str, told: str) -> None:
    """An error in JSON is alone there; only what runs for long logs what fails, and no retries."""
    program = (
        "import logging; from esign_core.cli import app, main\n"
        "def run(words):\n"
        "    logging.getLogger('stamina').warning('retry scheduled')\n"
        "    logging.getLogger('esign.worker').error('a turn failed')\n"
        f"app._run = run; main([{name!r}])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stderr == told


def test_an_app_is_made_anew_each_time() -> None:
    """No command line leaves anything behind for the next one."""
    assert create_app() is not create_app()
