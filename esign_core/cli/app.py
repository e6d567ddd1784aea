"""The commands, and what the shell gets back: 0 fine, 1 refused or failed, 2 not understood.

Nothing of a command is loaded before it is called: `esign --help` reads this file alone.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from esign_core.cli.failures import Misused, missing_extra, tell, tell_interrupted, tell_lost
from esign_core.cli.output import OutputLost, telling_lost_output
from esign_core.errors import EsignError

if TYPE_CHECKING:
    from cyclopts import App

_INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it


class Command(NamedTuple):
    """One command: where it is, and what is said about it before it is loaded."""

    target: str
    """`module:function`."""
    help: str
    """The first line of its docstring."""
    group: str
    extra: str = "cli"
    """What has to be installed for it: the extra of esign-core."""


_AT = "esign_core.cli"
COMMANDS = {
    "check": Command(
        f"{_AT}.sending:check", "What a connection cannot do of a draft.", "Envelopes"
    ),
    "send": Command(f"{_AT}.sending:send", "Ask for signatures, once for each key.", "Envelopes"),
    "list": Command(f"{_AT}.envelopes:list_", "The envelopes of the journal.", "Envelopes"),
    "show": Command(
        f"{_AT}.envelopes:show", "Where an envelope stands, and what happens next.", "Envelopes"
    ),
    "links": Command(f"{_AT}.envelopes:links", "Where each signer signs.", "Envelopes"),
    "remind": Command(f"{_AT}.envelopes:remind", "Write once more to who is open.", "Envelopes"),
    "cancel": Command(f"{_AT}.envelopes:cancel", "Call an envelope off.", "Envelopes"),
    "resolve": Command(
        f"{_AT}.resolve:resolve", "Decide about an uncertain envelope.", "Envelopes"
    ),
    "download": Command(
        f"{_AT}.envelopes:download", "Bring an envelope's files here.", "Envelopes"
    ),
    "events": Command(f"{_AT}.events:events", "The stream: what became known.", "Running"),
    "inbox": Command(
        f"{_AT}.inbox:inbox", "What was delivered, and what was made of it.", "Running"
    ),
    "serve": Command(f"{_AT}.serve:serve", "Take webhooks in.", "Running", "serve"),
    "worker": Command(f"{_AT}.worker:worker", "Do what is left to do.", "Running"),
    "erase": Command(f"{_AT}.erase:erase", "Remove a person's data from the journal.", "Running"),
    "keys": Command(f"{_AT}.keys:keys", "Keys that seal the journal's secrets.", "Running"),
    "work": Command(f"{_AT}.work:work", "What is left to do.", "Running"),
    "doctor": Command(f"{_AT}.doctor:doctor", "What is wrong, and what to do.", "Running"),
    "providers": Command(f"{_AT}.providers:providers", "The installed providers.", "Trying out"),
    "sandbox": Command(
        f"{_AT}.sandbox:sandbox", "Simulated vendors to try things on.", "Trying out", "sandbox"
    ),
    "demo": Command(
        f"{_AT}.demo:demo", "One deal through every vendor, simulated.", "Trying out", "demo"
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; answers with the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in words
    _open_closed()
    try:
        with _unlogged(words), telling_lost_output():
            return _run(words)
    except Misused as error:
        tell(error, as_json=as_json)
        return 2
    except EsignError as error:
        tell(error, as_json=as_json)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("esign_core"):
            raise
        command = COMMANDS.get(words[0]) if words else None
        tell(missing_extra(error, command.extra if command else "cli"), as_json=as_json)
    except BrokenPipeError:  # whoever read our output has had enough
        _silence_stdout()
    except OutputLost as error:
        _silence_stdout()
        tell_lost(error, as_json=as_json)
    except KeyboardInterrupt:
        tell_interrupted(words[0] if words else "", as_json=as_json)
        return _INTERRUPTED
    return 1


def _open_closed() -> None:
    """Have what is printed go nowhere if the shell has closed stdout (`>&-`), or stderr."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - to the end
            setattr(sys, name, nowhere)


def _silence_stdout() -> None:
    """Have what is still to be written go nowhere: Python tries once more when it ends."""
    _ = os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _unlogged(words: Sequence[str]) -> Generator[None]:
    """Keep logs off stderr, where a program reads our error; handlers that are set up get them.

    `serve` and `worker` still log what fails there: nothing else would tell of it.
    """
    names = ("stamina",) if words[:1] in (["serve"], ["worker"]) else ("stamina", "esign")
    handler = logging.NullHandler()  # without any, `logging` writes to stderr by itself
    for name in names:
        logging.getLogger(name).addHandler(handler)
    try:
        yield
    finally:
        for name in names:
            logging.getLogger(name).removeHandler(handler)


def _run(words: Sequence[str]) -> int:
    from cyclopts import CycloptsError

    try:
        answer = create_app(words[0] if words else "")(
            words, exit_on_error=False, print_error=False, result_action="return_value"
        )
    except CycloptsError as error:
        raise Misused(str(error)) from None
    return answer if isinstance(answer, int) else 0


def create_app(called: str = "") -> App:
    """The command line as a cyclopts app, its commands not loaded yet.

    The one that is called speaks for itself, in all of its docstring.
    """
    from cyclopts import App, Parameter

    app = App(
        name="esign",
        help="Electronic signatures across vendors: one envelope, one stream of events.",
        help_format="markdown",
        version=lambda: version("esign-core"),
        default_parameter=Parameter(negative=(), show_default=False),
        suppress_keyboard_interrupt=False,
    )
    for name, command in COMMANDS.items():
        told = None if name == called else command.help
        app.command(command.target, name=name, help=told, group=command.group)
    app.command(
        f"{_AT}.completion:install_completion",
        name="--install-completion",
        help=None if called == "--install-completion" else "Let your shell complete what you type.",
    )
    return app
