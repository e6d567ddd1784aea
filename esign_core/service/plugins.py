"""Telling plugins of events: after they are stored, in order, at least once."""

from __future__ import annotations

import logging

from esign_core.engine import Task
from esign_core.service.workspace import Workspace

_CONSUMER = "esign/plugins"
_BATCH = 100
_log = logging.getLogger("esign.plugins")


def tell_plugins(workspace: Workspace) -> Task[int]:
    """Hand new events to every `esign_event` hook; answers how many there were.

    A plugin that raises is logged and passed over: it harms nobody else, and no event waits for it.
    """
    impls = workspace.registry.manager.hook.esign_event.get_hookimpls()
    if not impls:
        return 0
    after = yield from workspace.read(lambda tx: tx.stream.cursor(_CONSUMER))
    events = yield from workspace.read(lambda tx: tx.stream.read(after=after, limit=_BATCH))
    for event in events:
        for impl in impls:
            try:
                impl.function(event)
            except Exception:
                _log.exception(
                    "a plugin failed on an event",
                    extra={"plugin": impl.plugin_name, "event": event.id},
                )
    if events:
        last = events[-1].seq
        yield from workspace.write(lambda tx: tx.stream.move_cursor(_CONSUMER, last))
    return len(events)
