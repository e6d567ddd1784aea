"""How a journal stands: what a probe and a graph want to know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from esign_core.engine import Task
    from esign_core.journal import Transaction
    from esign_core.service.workspace import Workspace

_LATE = timedelta(minutes=1)
"""How long work may be due, and a request on its way, before somebody should look."""


@dataclass(frozen=True)
class Condition:
    """How a journal stands at one moment."""

    last_seq: int
    """The position of the last event."""
    work_due: int
    """What can be done now, and nobody is at it."""
    work_overdue: int
    """Of that, what has been due for a minute: nobody works."""
    work_dead: int
    """What was given up, and waits for a person."""
    uncertain: int
    """Envelopes that may have been sent more than a minute ago, and nobody can say."""


def condition(workspace: Workspace) -> Task[Condition]:
    """How the journal stands, after a write that proves that it can be written.

    Raises:
        JournalUnusable: It cannot be written.
    """
    now = workspace.clock()

    def look(tx: Transaction) -> Condition:
        work = tx.vitals.work(now, late_before=now - _LATE)
        doubts = tx.vitals.doubts(before=now - _LATE)
        return Condition(tx.stream.last(), work.due, work.overdue, work.dead, doubts)

    yield from workspace.write(lambda tx: tx.vitals.prove_writable())
    return (yield from workspace.read(look))
