"""The simulators of the installed providers, found by name and loaded when they are asked for."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from esign_core.errors import BrokenProvider, Misconfigured, UnknownProvider

if TYPE_CHECKING:
    from esign_core.provider import Registry
    from esign_core.sandbox import Simulator


def simulators_of(registry: Registry) -> dict[str, type[Simulator]]:
    """The simulator of each installed provider that ships one, by the provider's name.

    Raises:
        Misconfigured: No installed provider ships one.
        BrokenProvider: One cannot be loaded.
    """
    found = {
        name: _load(name, provider.sandbox)
        for name, provider in sorted(registry.providers.items())
        if provider.sandbox is not None
    }
    if not found:
        raise Misconfigured(
            "no installed provider ships a simulator. `esign providers` lists what is installed."
        )
    return found


@contextmanager
def running(
    kinds: Mapping[str, type[Simulator]],
    *,
    ports: Mapping[str, int] | None = None,
    scale: float = 1.0,
) -> Generator[dict[str, Simulator]]:
    """Simulators while they run, by name.

    Raises:
        UnknownProvider: A port is for a provider that ships no simulator.
        Misconfigured: A port is taken.
    """
    ports = ports or {}
    for name in ports:
        if name not in kinds:
            raise UnknownProvider(f'"{name}" has no simulator. Some have: {", ".join(kinds)}.')
    with ExitStack() as stack:
        started: dict[str, Simulator] = {}
        for name, kind in kinds.items():
            simulator = kind(port=ports.get(name, 0), scale=scale)
            try:
                started[name] = stack.enter_context(simulator)
            except OSError as error:
                port = ports.get(name, 0)
                raise Misconfigured(
                    f"the simulator of {name} cannot listen at port {port}: {error.strerror}"
                ) from None
        yield started


def _load(name: str, place: str) -> type[Simulator]:
    from esign_core.sandbox import Simulator

    module, _, attribute = place.partition(":")
    try:
        kind: object = getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        if module.startswith(error.name or " "):
            raise BrokenProvider(f"the simulator of {name} is not there: {place}") from None
        raise  # a package that an extra brings
    except AttributeError:
        raise BrokenProvider(f"the simulator of {name} is not there: {place}") from None
    if not (isinstance(kind, type) and issubclass(kind, Simulator)):
        raise BrokenProvider(f"the simulator of {name} is no Simulator: {place}")
    return kind
