"""What plugins are asked and told, one after the other, so that none takes another down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from esign_core.engine.records import PLUGIN_FAILED
from esign_core.model import Event
from esign_core.provider import Registry
from esign_core.provider.blame import is_signal
from esign_core.service.faults import where


def hooks_of(registry: Registry, hook: str) -> Iterator[tuple[str, Callable[..., list[Any]]]]:
    """Each plugin that implements a hook, by name, with a call of it alone."""
    manager = registry.manager
    impls = reversed(getattr(manager.hook, hook).get_hookimpls())  # the first to be called is last
    plugins = list(dict.fromkeys(impl.plugin for impl in impls))
    for plugin in plugins:
        others = [each for each in plugins if each is not plugin]
        yield manager.get_name(plugin) or "?", manager.subset_hook_caller(hook, others)


def listeners(registry: Registry) -> list[str]:
    """The plugins that want to be told of events."""
    return [name for name, _ in hooks_of(registry, "esign_event")]


def tell(registry: Registry, plugin: str, event: Event) -> bool:
    """Hand an event to a plugin; False if it failed on it."""
    call = dict(hooks_of(registry, "esign_event"))[plugin]
    try:
        _ = call(event=event)
    except BaseException as error:
        if is_signal(error):
            raise
        PLUGIN_FAILED.write(
            esign_plugin=plugin,
            esign_error=type(error).__name__,
            esign_place=where(error),
            esign_event_id=event.id,
            esign_seq=event.seq,
            esign_envelope_id=event.envelope_id,
            esign_connection=event.connection,
        )
        return False
    return True
