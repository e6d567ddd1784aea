"""`esign sandbox`: simulated vendors, until interrupted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from cyclopts import Parameter
from cyclopts.validators import Number

from esign_core.cli.failures import Misused
from esign_core.cli.interrupts import sleep_until_interrupted, until_interrupted
from esign_core.cli.output import say, show_json, show_table
from esign_core.cli.parameters import AsJson
from esign_core.cli.progress import progress
from esign_core.cli.simulators import running, simulators_of

if TYPE_CHECKING:
    from esign_core.sandbox import Simulator

_SLOWEST = 1000
"""How many times slower than in life a vendor can be."""
_PORT = re.compile(r"[0-9]{1,5}")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def sandbox(
    *,
    port: Annotated[
        tuple[str, ...], Parameter(help="NAME=PORT for one simulator; free ones if not given.")
    ] = (),
    webhooks: Annotated[
        str | None, Parameter(help="Where `esign serve` is: http://127.0.0.1:8000/webhooks.")
    ] = None,
    save: Annotated[
        Path | None, Parameter(help="Save the esign.toml here, unless there is one.")
    ] = None,
    scale: Annotated[
        float,
        Parameter(
            help="0.1 makes vendors' delays ten times quicker.",
            validator=Number(gt=0, lte=_SLOWEST),
        ),
    ] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Simulated vendors to try things on.

    Starts the simulator of every installed provider that ships one, on this machine only, and
    prints what reaches it and an esign.toml that uses it; with --json one line. Runs until it is
    interrupted. What was sent to it is gone then. Nobody is really written to: open its mail_url
    in a browser to read the e-mails, and follow their links to sign.

    ```sh
    esign sandbox --save sandbox.toml
    esign sandbox --port acme=8001 --webhooks http://127.0.0.1:8000/webhooks
    ```
    """
    ports = dict(_port(text) for text in port)
    if webhooks is not None and not _is_web_address(webhooks):
        raise Misused("write --webhooks as http://127.0.0.1:8000/webhooks")
    if save is not None and save.exists():
        raise _taken(save)
    from esign_core.provider import Registry

    kinds = simulators_of(Registry.installed())
    with until_interrupted(), ExitStack() as stack:
        with progress("Starting", as_json=as_json):
            simulators = stack.enter_context(running(kinds, ports=ports, scale=scale))
        connections = {
            name: simulator.connect(f"{webhooks.rstrip('/')}/{name}" if webhooks else None)
            for name, simulator in simulators.items()
        }
        configured = _configured(connections, save)
        if as_json:
            show_json({n: _announced(s, connections[n], webhooks) for n, s in simulators.items()})
        else:
            rows = [(n, what, v) for n, s in simulators.items() for what, v in _told(s).items()]
            show_table(("vendor", "what", "value"), rows)
            say(configured)
            say("\n# Runs until Ctrl-C.")
        sleep_until_interrupted()


def _configured(connections: Mapping[str, Mapping[str, Any]], file: Path | None) -> str:
    """The configuration; or that it is saved now.

    Raises:
        Misused: There is a file of that name, or it cannot be written.
    """
    text = "\n".join(to_toml(connections))
    if file is None:
        return f"\n# esign.toml\n{text}"
    try:
        with file.open("x", encoding="utf-8") as out:
            _ = out.write(f"{text}\n")
    except FileExistsError:
        raise _taken(file) from None
    except OSError as error:
        raise Misused(f'"{file}" cannot be written: {error.strerror}') from None
    return f"\n# {file} is saved: its connections lead here."


def _taken(file: Path) -> Misused:
    return Misused(
        f'"{file}" is there already; it may lead to simulators that have ended: '
        "delete it, or --save another and use --config"
    )


def to_toml(connections: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """A configuration with these connections, ready to be saved; the name is the provider's."""
    yield 'journal = "sqlite:///esign.db"'
    for name, settings in connections.items():
        yield f"\n[connections.{_key(name)}]"
        yield f"provider = {_value(name)}"
        for each, value in settings.items():
            if value is not None:  # TOML has no word for nothing
                yield f"{_key(each)} = {_value(value)}"


def _announced(
    simulator: Simulator, settings: Mapping[str, Any], webhooks: str | None
) -> dict[str, Any]:
    told: dict[str, Any] = dict(_told(simulator))
    return told if webhooks is None else {**told, "settings": settings}


def _told(simulator: Simulator) -> dict[str, str]:
    return {**simulator.announce(), "mail_url": simulator.mail_url}


def _port(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    if not name or not _PORT.fullmatch(number) or int(number) > 0xFFFF:
        raise Misused("write --port as NAME=PORT, with a port from 0 to 65535")
    return name, int(number)


def _is_web_address(text: str) -> bool:
    try:
        url = urlsplit(text)
        return url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
    except ValueError:  # a port that is no number
        return False


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else json.dumps(name)


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        told = ", ".join(f"{_key(name)} = {_value(each)}" for name, each in value.items())
        return f"{{ {told} }}" if told else "{}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value)  # text, numbers, booleans: TOML writes them as JSON does
