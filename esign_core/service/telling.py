"""Telling plugins what became known: every event, at least once.

Each plugin has a place of its own in the stream. Telling it what is new is work like any other, so
one worker at a time does it, and another takes over from who dies. A plugin that fails on an event
keeps nobody waiting, itself included: the event is set aside for it, and told again after a pause.
One for which many are set aside takes nothing, and hears no more until it takes one of them.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from esign_core.engine import Task, transact
from esign_core.errors import BrokenProvider
from esign_core.journal import Transaction, WorkItem, WorkKind
from esign_core.model import Event
from esign_core.service import plugins
from esign_core.service.schedule import next_pause
from esign_core.service.workspace import Workspace

MOST_ASIDE = 10
"""How many events are set aside for one plugin."""
_PAGE = 100


def plan_telling(workspace: Workspace) -> Task[None]:
    """See that every plugin is told of what it has not heard yet."""
    names = plugins.listeners(workspace.registry)
    if not names:
        return
    behind = yield from workspace.read(lambda tx: [n for n in names if _is_behind(tx, n)])
    if behind:
        yield from workspace.write(lambda tx: _plan(workspace, tx, *behind))


def tell(workspace: Workspace, item: WorkItem) -> Task[None]:
    """Tell a plugin of what is new, some of it at a time; for more of it, it is planned again.

    Raises:
        BrokenProvider: It takes nothing; what it has not heard waits for it.
    """
    plugin = item.subject
    if plugin not in plugins.listeners(workspace.registry):  # it is not installed here any more
        return
    asides, events = yield from workspace.read(lambda tx: (_asides(tx, plugin), _news(tx, plugin)))
    told: list[Event] = []
    failed: list[Event] = []
    for event in events:
        if asides + len(failed) >= MOST_ASIDE:
            break
        if not (yield from transact(partial(plugins.tell, workspace.registry, plugin, event))):
            failed.append(event)
        told.append(event)
    if failed:
        yield from workspace.write(lambda tx: _set_aside(workspace, tx, plugin, failed, told[-1]))
    elif told:
        yield from workspace.aside(lambda tx: tx.stream.move_cursor(_place(plugin), told[-1].seq))
    if len(told) < len(events):
        raise BrokenProvider(
            f'the plugin "{plugin}" has failed on {MOST_ASIDE} events, and is told of no other '
            "before it takes one of them. Nothing is lost; mend it, the log tells where."
        )


def tell_again(workspace: Workspace, item: WorkItem) -> Task[None]:
    """Tell a plugin once more of an event on which it failed.

    Raises:
        BrokenProvider: It has failed on it again; or it is not here, and may be again.
    """
    number, _, plugin = item.subject.partition("/")
    found = yield from workspace.read(lambda tx: tx.stream.read(after=int(number) - 1, limit=1))
    if not found:
        return
    if plugin not in plugins.listeners(workspace.registry):
        raise BrokenProvider(
            f'the plugin "{plugin}" is not here, and has not taken event {number} yet: it is not '
            "installed, or cannot be loaded. It is told once it is back; if it is gone for good, "
            "drop this."
        )
    if not (yield from transact(partial(plugins.tell, workspace.registry, plugin, found[0]))):
        raise BrokenProvider(
            f'the plugin "{plugin}" failed on event {number} again. It is told once more; mend '
            "it, the log tells where."
        )
    yield from workspace.write(lambda tx: _plan(workspace, tx, plugin))  # it may be waiting


def _is_behind(tx: Transaction, plugin: str) -> bool:
    """Whether there is something to tell a plugin, and nobody is to tell it or has given it up."""
    is_behind = tx.stream.cursor(_place(plugin)) < tx.stream.last()
    return is_behind and not tx.work.is_there(WorkKind.TELL, plugin)


def _plan(workspace: Workspace, tx: Transaction, *names: str) -> None:
    now = workspace.clock()
    for plugin in names:
        tx.work.plan(WorkKind.TELL, plugin, connection="", due_at=now)


def _asides(tx: Transaction, plugin: str) -> int:
    subjects = tx.work.subjects(WorkKind.TELL_AGAIN)
    return sum(subject.partition("/")[2] == plugin for subject in subjects)


def _news(tx: Transaction, plugin: str) -> list[Event]:
    return tx.stream.read(after=tx.stream.cursor(_place(plugin)), limit=_PAGE)


def _set_aside(
    workspace: Workspace, tx: Transaction, plugin: str, failed: list[Event], last: Event
) -> None:
    pause = next_pause(0)
    due_at = workspace.clock() + timedelta(seconds=pause)
    for event in failed:
        subject = f"{event.seq}/{plugin}"
        tx.work.plan(
            WorkKind.TELL_AGAIN, subject, connection="", due_at=due_at, pause_seconds=pause
        )
    tx.stream.move_cursor(_place(plugin), last.seq)


def _place(plugin: str) -> str:
    """A plugin's place in the stream, as a consumer's; no consumer has such a name."""
    return f"esign:plugin/{plugin}"
