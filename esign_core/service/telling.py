"""Telling plugins what became known: every event, in order, at least once.

A plugin that fails on an event keeps nobody waiting, itself included: the event is set aside for
it, and told again after a pause.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from esign_core.engine import Task, transact
from esign_core.journal import Transaction, WorkItem, WorkKind
from esign_core.model import Event
from esign_core.service.pages import advance, next_page
from esign_core.service.plugins import hears, tell
from esign_core.service.schedule import Again, next_pause
from esign_core.service.workspace import Workspace

CONSUMER = "esign/plugins"
"""The plugins' place in the stream, as a consumer's."""
_PAGE = 100


def tell_plugins(workspace: Workspace) -> Task[int]:
    """Hand new events to plugins; answers how many there were."""
    if not hears(workspace.registry) or not workspace.telling.acquire(blocking=False):
        return 0  # nobody waits for a plugin that takes its time
    try:
        page = yield from next_page(workspace, CONSUMER, _PAGE)
        failed: list[tuple[Event, str]] = []
        for event in page.events:
            deaf = yield from transact(partial(tell, workspace.registry, event))
            failed += [(event, plugin) for plugin in deaf]
        if failed:
            now = workspace.clock()
            yield from workspace.write(lambda tx: _set_aside(tx, failed, now))
        if page.events:
            yield from advance(workspace, page)
        return len(page.events)
    finally:
        workspace.telling.release()


def tell_again(workspace: Workspace, item: WorkItem) -> Task[Again | None]:
    """Tell one plugin of one event on which it failed."""
    number, _, plugin = item.subject.partition("/")
    found = yield from workspace.read(lambda tx: tx.stream.read(after=int(number) - 1, limit=1))
    if not found or not hears(workspace.registry, plugin):  # it is not installed here any more
        return None
    deaf = yield from transact(partial(tell, workspace.registry, found[0], only=plugin))
    if deaf:
        raise PluginFailed(plugin, found[0])
    return None


class PluginFailed(Exception):
    """A plugin failed once more; the log says on what."""

    def __init__(self, plugin: str, event: Event) -> None:
        super().__init__(f'the plugin "{plugin}" failed on event {event.seq}; the log tells where.')


def _set_aside(tx: Transaction, failed: list[tuple[Event, str]], now: datetime) -> None:
    pause = next_pause(0)
    due_at = now + timedelta(seconds=pause)
    for event, plugin in failed:
        subject = f"{event.seq}/{plugin}"
        tx.work.plan(WorkKind.TELL, subject, connection="", due_at=due_at, pause_seconds=pause)
