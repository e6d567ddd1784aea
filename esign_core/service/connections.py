"""The connections of a configuration, each opened or found wrong, and all that is wrong told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from esign_core.errors import (
    BrokenProvider,
    Misconfigured,
    Problem,
    UnknownConnection,
    UnknownProvider,
)
from esign_core.model import did_you_mean, unknown_name
from esign_core.service.lines import dotted

if TYPE_CHECKING:
    from esign_core.service.config import Config

T = TypeVar("T")

_OURS = ("provider", "endpoint")
"""What of a connection is not its provider's."""

_NO_SETTINGS = "must be the names of settings with their values, `provider` among them"


def each_connection(
    connections: Mapping[str, Mapping[str, Any]],
    open_: Callable[[str, str, dict[str, Any]], T],
) -> tuple[dict[str, T], dict[str, str]]:
    """What comes of opening each connection, and why those of broken providers cannot be opened.

    Args:
        connections: By name, as a configuration has them.
        open_: Called with a connection's name, its provider's name, and the provider's settings.

    Raises:
        Misconfigured: With every problem of every connection; of the kind of the only one.
    """
    opened: dict[str, T] = {}
    broken: dict[str, str] = {}
    problems = list(_endpoint_problems(connections))
    kinds: list[type[Misconfigured]] = [Misconfigured] * len(problems)
    for name, settings in connections.items():
        own = {key: value for key, value in settings.items() if key not in _OURS}
        try:
            opened[name] = open_(name, _provider_of(settings), own)
        except BrokenProvider as error:  # harms its own connections only, when they are used
            broken[name] = str(error)
        except Misconfigured as error:
            found = _problems_at(dotted(["connections", name]), error)
            problems += found
            kinds += [type(error)] * len(found)
    if problems:
        raise misconfigured(problems, kind=kinds[0] if len(kinds) == 1 else Misconfigured)
    return opened, broken


def wrong_tables(connections: Mapping[Any, object]) -> Iterator[Problem]:
    """Those that are no names with settings."""
    for name, settings in connections.items():
        if not isinstance(name, str):
            yield Problem("connections", "the name of a connection must be text")
        elif not isinstance(settings, Mapping) or not all(isinstance(key, str) for key in settings):
            yield Problem(dotted(["connections", name]), _NO_SETTINGS)


def connection_in(config: Config, name: str) -> tuple[str, dict[str, Any]]:
    """A connection's provider, and that provider's settings.

    Raises:
        UnknownConnection: None is called that.
    """
    if name not in config.connections:
        raise unknown_connection(name, config.connections)
    settings = config.connections[name]
    own = {key: value for key, value in settings.items() if key not in _OURS}
    return _provider_of(settings), own


def unknown_connection(name: str, known: Iterable[str]) -> UnknownConnection:
    """The error that names the connections there are."""
    names = list(known)
    return UnknownConnection(
        f'no connection is called "{name}". There are: {", ".join(names) or "none"}.'
        f"{did_you_mean(name, names)} Nothing was done."
    )


def misconfigured(
    problems: Sequence[Problem], where: str = "", *, kind: type[Misconfigured] = Misconfigured
) -> Misconfigured:
    """The error that tells every problem, in the order of their lines; `where` names the file."""
    found = sorted(problems, key=lambda each: each.line or 0)
    if len(found) == 1:
        told = ", ".join(filter(None, (where, str(found[0])))).rstrip(".")
        end = "" if told.endswith("?") else "."
        return kind(f"{told}{end} Nothing was opened; mend this and try again.", problems=found)
    rows = "".join(f"\n  {each}" for each in found)
    head = f"{where or 'the configuration'} cannot be used as it is:"
    return kind(f"{head}{rows}\nNothing was opened; mend these and try again.", problems=found)


def _provider_of(settings: Mapping[str, Any]) -> str:
    provider = settings.get("provider")
    if isinstance(provider, str):
        return provider
    said = "is missing" if provider is None else "must be the name of a provider"
    meant = [key for key in settings if key not in _OURS and did_you_mean(key, _OURS)]
    problems = [Problem(key, unknown_name(key, _OURS)) for key in meant]
    problems.append(Problem("provider", f"{said}; `esign providers` lists them"))
    raise Misconfigured("", problems=problems)


def _problems_at(connection: str, error: Misconfigured) -> list[Problem]:
    if not error.problems:
        at = f"{connection}.provider" if isinstance(error, UnknownProvider) else connection
        return [Problem(at, str(error))]
    return [
        replace(each, field=".".join(filter(None, (connection, each.field))))
        for each in error.problems
    ]


def _endpoint_problems(connections: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for name, settings in connections.items():
        at = dotted(["connections", name, "endpoint"])
        endpoint = settings.get("endpoint", name)
        if not isinstance(endpoint, str) or not endpoint or "/" in endpoint:
            yield Problem(at, 'must be text: the last part of an address, without "/"')
        elif endpoint in owners:
            other = owners[endpoint]
            yield Problem(at, f'is the endpoint of "{other}" already; give it one of its own')
        else:
            owners[endpoint] = name
