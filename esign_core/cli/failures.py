"""What goes wrong, told on stderr in the error's own words: no traceback, and no secret."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from esign_core.cli.output import OutputLost, plain, say
from esign_core.errors import EsignError, KeyReused, MissingExtra, Outcome

_INTERRUPTED = {
    "send": "Interrupted: it is not known whether the envelope was sent. The same command with "
    "the same --key is safe, and goes on where this one ended; `esign list` shows the envelope.",
    "remind": "Interrupted: it is not known whether anybody was reminded.",
    "cancel": "Interrupted: it is not known whether the envelope was cancelled. "
    "`esign show ENVELOPE --fetch` asks the vendor.",
    "resolve": "Interrupted: it is decided, or nothing has changed. The same decision again is "
    "safe; `esign show ENVELOPE` tells how it stands.",
}
"""What is said of commands that change something at a vendor."""


class Misused(Exception):
    """The command line says what cannot be meant."""


def takes_none(action: str, options: Mapping[str, object]) -> None:
    """See that options of other actions were left out: each by its name, with what was said.

    Raises:
        Misused: One was given.
    """
    for name, value in options.items():
        if value is not None and value is not False:
            raise Misused(f"{action} takes no {name}.")


def tell(error: EsignError | Misused, *, as_json: bool = False) -> None:
    """Print an error on stderr, with its notes; as one line of JSON if asked."""
    if as_json:
        say(json.dumps({"error": error_data(error)}), to=sys.stderr)
        return
    kind = "Usage" if isinstance(error, Misused) else type(error).__name__
    for line in "\n".join([f"{kind}: {error}", *_notes(error)]).split("\n"):
        say(plain(line), to=sys.stderr)
    if isinstance(error, Misused):
        say("Try --help.", to=sys.stderr)


def error_data(error: EsignError | Misused) -> dict[str, Any]:
    """An error as JSON data. What the vendor answered is left out: it may name people."""
    if isinstance(error, Misused):
        return {"type": "Usage", "message": str(error), "outcome": Outcome.NOT_DONE.value}
    data: dict[str, Any] = {
        "type": type(error).__name__,
        "message": str(error),
        "outcome": error.outcome.value,
        "provider": error.provider,
        "connection": error.connection,
        "operation": error.operation,
        "subject": error.subject,
        "envelope_id": error.envelope_id,
        "status_code": error.status_code,
        "retry_after_seconds": error.retry_after_seconds,
        "notes": _notes(error),
        "problems": [asdict(problem) for problem in error.problems],
    }
    if isinstance(error, KeyReused):  # the fields only: their values may be addresses
        data["differences"] = sorted(error.differences)
    return data


def tell_interrupted(command: str, *, as_json: bool = False) -> None:
    """Print on stderr that a command was interrupted; and what to do, if it may have done some."""
    message = _INTERRUPTED.get(command, "Interrupted.")
    if as_json:
        outcome = Outcome.UNCERTAIN if command in _INTERRUPTED else Outcome.NOT_DONE
        data = {"type": "Interrupted", "message": message, "outcome": outcome.value}
        message = json.dumps({"error": data})
    say(message, to=sys.stderr)


def tell_lost(error: OutputLost, *, as_json: bool = False) -> None:
    """Print on stderr that stdout could not be written, and that nothing else failed."""
    message = f"The output could not be written: {error}. What the command did is done."
    if as_json:
        data = {"type": "OutputLost", "message": message, "outcome": Outcome.DONE.value}
        message = json.dumps({"error": data})
    say(message, to=sys.stderr)


def missing_extra(error: ModuleNotFoundError, extra: str) -> MissingExtra:
    """The error for a package that is not installed, naming the extra that brings it."""
    return MissingExtra(
        f'this needs the package "{error.name}", which is not installed. '
        f'Install esign-core with its extra "{extra}"; in a checkout: pip install ".[{extra}]"'
    )


def _notes(error: BaseException) -> list[str]:
    notes: list[str] = getattr(error, "__notes__", [])
    return notes
