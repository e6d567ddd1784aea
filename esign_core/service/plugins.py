"""What plugins are asked and told, one after the other, so that none takes another down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from esign_core.engine.records import PLUGIN_FAILED
from esign_core.model import Event
from esign_core.provider import Registry
from esign_core.service.faults import where


def hooks_of(registry: Registry, hook: str) -> Iterator[tuple[str, Callable[..., list[Any]]]]:
    """Each plugin that implements a hook, by name, with a call of it alone."""
    manager = registry.manager
    impls = reversed(getattr(manager.hook, hook).get_hookimpls())  # the first to be called is last
    plugins = list(dict.fromkeys(impl.plugin for impl in impls))
    for plugin in plugins:
        others = [each for each in plugins if each is not plugin]
        yield manager.get_name(plugin) or "?", manager.subset_hook_caller(hook, others)


def hears(registry: Registry, plugin: str | None = None) -> bool:
    """Whether any plugin wants to be told of events, or whether one does."""
    listening = hooks_of(registry, "esign_event")
    return any(plugin is None or name == plugin for name, _ in listening)


def tell(registry: Registry, event: Event, *, only: str | None = None) -> list[str]:
    """Hand an event to every plugin, or to one; answers which of them failed on it."""
    failed: list[str] = []
    for plugin, call in hooks_of(registry, "esign_event"):
        if only is not None and plugin != only:
            continue
        try:
            _ = call(event=event)
        except Exception as error:  # noqa: BLE001 - whatever it is harms nobody else
            failed.append(plugin)
            PLUGIN_FAILED.write(
                esign_plugin=plugin,
                esign_error=type(error).__name__,
                esign_place=where(error),
                esign_event_id=event.id,
                esign_seq=event.seq,
                esign_envelope_id=event.envelope_id,
                esign_connection=event.connection,
            )
    return failed
