"""What plugins are asked and told, one after the other, so that none takes another down."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

from esign_core.model import Event
from esign_core.provider import Registry
from esign_core.service.faults import where

_log = logging.getLogger("esign.plugins")


def hooks_of(registry: Registry, hook: str) -> Iterator[tuple[str, Callable[..., list[Any]]]]:
    """Each plugin that implements a hook, by name, with a call of it alone."""
    manager = registry.manager
    impls = reversed(getattr(manager.hook, hook).get_hookimpls())  # the first to be called is last
    plugins = list(dict.fromkeys(impl.plugin for impl in impls))
    for plugin in plugins:
        others = [each for each in plugins if each is not plugin]
        yield manager.get_name(plugin) or "?", manager.subset_hook_caller(hook, others)


def tell(registry: Registry, event: Event) -> None:
    """Hand an event to every plugin; one that raises is logged and passed over."""
    for plugin, call in hooks_of(registry, "esign_event"):
        try:
            _ = call(event=event)
        except Exception as error:  # noqa: BLE001 - whatever it is harms nobody else
            _log.error(
                'plugin "%s" failed on an event with %s at %s',
                plugin,
                type(error).__name__,
                where(error),
                extra={"plugin": plugin, "event": event.id},
            )
