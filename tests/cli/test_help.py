"""What `--help` says, and that what it shows can be typed."""

from __future__ import annotations

import importlib
import re
import shlex
from collections.abc import Callable
from typing import Any

import pytest
from cyclopts import CycloptsError

from esign_core.cli.app import COMMANDS, create_app

Run = Callable[..., Any]
TARGETS = {
    **{name: command.target for name, command in COMMANDS.items()},
    "--install-completion": "esign_core.cli.completion:install_completion",
}
_EXAMPLE = re.compile(r"^ *```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def _function(name: str) -> Callable[..., Any]:
    module, _, attribute = TARGETS[name].partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return function


def _docstring(name: str) -> str:
    return str(_function(name).__doc__)


def _examples(name: str) -> list[list[str]]:
    """The command lines that a command's help shows, as the shell would split them."""
    blocks = _EXAMPLE.findall(_docstring(name))
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines if line.strip()]


@pytest.mark.parametrize("name", TARGETS)
def test_every_command_shows_an_example_of_itself(name: str, esign: Run) -> None:
    """Whoever asks for help gets something to copy, whole and on lines of a common terminal."""
    found = _examples(name)
    assert found
    shown = esign(name, "--help")
    assert shown.code == 0
    for words in found:
        assert words[:2] == ["esign", name]
        assert f"esign {name}" in shown.out
    text = "".join(_EXAMPLE.findall(_docstring(name)))
    lines = [line.strip() for line in text.splitlines()]
    assert all(line in shown.out and len(line) < 76 for line in lines)


@pytest.mark.parametrize("name", TARGETS)
def test_every_example_can_be_typed(name: str) -> None:
    """Each is understood as it stands; it is not carried out."""
    for words in _examples(name):
        app = create_app(words[1])
        command, bound, _ = app.parse_args(words[1:], exit_on_error=False, print_error=False)
        assert command is _function(name)
        assert bound.arguments or len(words) == 2


def test_an_example_that_cannot_be_typed_is_found_out() -> None:
    """The test above can fail."""
    app = create_app("send")
    with pytest.raises(CycloptsError):
        _ = app.parse_args(
            ["send", "lease.yaml", "--vai", "acme"], exit_on_error=False, print_error=False
        )
