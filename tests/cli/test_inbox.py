from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.mark.parametrize("days", ["-1", "36501", "99999999999", "nan"])
def test_days_that_cannot_be_are_usage(days: str, esign: Run, config: Path) -> None:
    """Nobody has deliveries of before there were any; nothing is dropped."""
    answer = esign("inbox", "drop", f"--older-than-days={days}", "--config", config)
    assert answer.code == 2
    assert "--older-than-days" in answer.err
    assert "Traceback" not in answer.err


def test_many_days_are_fine(esign: Run, config: Path) -> None:
    """There is nothing that old."""
    answer = esign("inbox", "drop", "--older-than-days", "36500", "--config", config)
    assert (answer.code, answer.out) == (0, "0 dropped; their hashes stay.\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("replay --connection penvio", "replay takes no --connection."),
        ("show 1 --envelope env_1", "show takes no --envelope."),
        ("show 1 --limit 3", "show takes no --limit."),
        ("show 1 --state hint", "show takes no --state."),
        ("list --raw", "list takes no --raw."),
        ("drop --older-than-days 1 --state hint", "drop takes no --state."),
        ("replay 1 --state hint", "replay takes an ID or --state, not both."),
    ],
)
def test_an_option_of_another_action_is_usage(
    words: str, told: str, esign: Run, config: Path
) -> None:
    """Whoever thinks that it narrows what is done is told before anything is."""
    answer = esign("inbox", *words.split(), "--config", config)
    assert (answer.code, answer.err) == (2, f"Usage: {told}\nTry --help.\n")


@pytest.mark.parametrize(
    ("option", "told"), [("--connection", "UnknownConnection"), ("--envelope", "UnknownEnvelope")]
)
def test_a_name_of_nothing_is_no_empty_list(
    option: str, told: str, esign: Run, config: Path
) -> None:
    """A slip of the hand does not look as if nothing had come."""
    answer = esign("inbox", "list", option, "nope", "--config", config)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith(f"{told}: ")
    assert '"nope"' in answer.err


def test_a_state_that_is_none_names_those_that_there_are(esign: Run, config: Path) -> None:
    """In --help too."""
    answer = esign("inbox", "list", "--state", "nope", "--config", config)
    assert answer.code == 2
    assert "unreadable" in answer.err
    assert "unreadable" in esign("inbox", "--help").out
