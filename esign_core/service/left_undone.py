"""What of the work that is left somebody should know: nobody does it, or it does not go well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from esign_core.errors import Outcome
from esign_core.journal import Transaction, WorkItem
from esign_core.model import Envelope
from esign_core.service.expiry import old_before
from esign_core.service.findings import Finding
from esign_core.service.next_step import next_step
from esign_core.service.schedule import arrive
from esign_core.service.workspace import Workspace

_LATE = timedelta(minutes=1)
"""How long work may be due before it counts as left undone: workers look every two seconds."""
_JUST_NOW = timedelta(minutes=20)
"""More than an account that is down is left alone."""
_FEW_TRIES = 3
"""How often work may fail before somebody should look."""
_MOST_SHOWN = 20


def left_undone(workspace: Workspace, tx: Transaction, *, most: int) -> list[Finding]:
    """How the work stands, in one view of the journal; at most so much of it is looked at."""
    now = workspace.clock()
    items, dead = tx.work.list(dead=False, limit=most), tx.work.list(dead=True, limit=most)
    return [
        *_lost(items, workspace),
        *_late(items, workspace, now),
        *_failing(items),
        *_given_up(dead),
        *_doubts(tx, now, most=most),
        *_unheard(tx, workspace),
        *_kept_longer(tx, workspace, now),
    ]


def _lost(items: Sequence[WorkItem], workspace: Workspace) -> Iterator[Finding]:
    names = Counter(item.connection for item in items if not _is_known(item, workspace))
    for name, count in names.items():
        remedy = "put the connection back under its old name, or nobody hears of them again"
        yield Finding.error("work", name, f"{count} to do for an unknown connection", remedy)


def _late(items: Sequence[WorkItem], workspace: Workspace, now: datetime) -> Iterator[Finding]:
    late = [i for i in items if i.due_at < now - _LATE and _is_known(i, workspace)]
    if not late:
        yield Finding.ok("work", "worker", "nothing is overdue")
        return
    kinds = ", ".join(f"{n} {kind}" for kind, n in Counter(i.kind for i in late).items())
    message = f"{kinds} left undone, the first since {_told(min(i.due_at for i in late))}"
    failing = {_kind_of(i) for i in items if _failed_just_now(i, now)}
    is_somebody_there = any(i.leased_until is not None and i.leased_until > now for i in items)
    if failing or is_somebody_there:
        why = f" ({', '.join(sorted(failing))})" if failing else ""
        yield Finding.warning(
            "work",
            "worker",
            f"{message}: workers do not get to it{why}",
            "look at what is said of the connections here; more workers help only if none of "
            "their budgets is used up",
        )
        return
    remedy = "run `esign worker`, or `esign serve --worker`, and keep it running"
    yield Finding.error("work", "worker", f"{message}: nobody works", remedy)


def _failing(items: Sequence[WorkItem]) -> Iterator[Finding]:
    for item in items:
        if item.error is not None and item.attempts >= _FEW_TRIES:
            yield Finding.warning(
                "work",
                item.subject,
                f"{item.kind} was tried {item.attempts} times, the last time {_kind_of(item)}",
                f"look at {item.connection or 'the log'}; it is tried again",
            )


def _given_up(dead: Sequence[WorkItem]) -> Iterator[Finding]:
    for item in dead[:_MOST_SHOWN]:
        yield Finding.error(
            "work",
            item.subject,
            f"{item.kind} was given up after {item.attempts} tries, the last time {_kind_of(item)}",
            f"`esign work list --dead` tells why; mend it, then `esign work retry {item.id}`, or "
            f"`esign work drop {item.id}`",
        )
    if len(dead) > _MOST_SHOWN:
        more = f"{len(dead) - _MOST_SHOWN} more were given up"
        yield Finding.error("work", "worker", more, "`esign work list --dead` shows them")


def _doubts(tx: Transaction, now: datetime, *, most: int) -> Iterator[Finding]:
    for each in tx.envelopes.list(outcome=Outcome.UNCERTAIN, limit=most):
        if each.is_in_doubt and each.created_at and each.created_at < now - _LATE:
            yield _doubt(tx, each, now)


def _doubt(tx: Transaction, envelope: Envelope, now: datetime) -> Finding:
    what = f'"{envelope.title}" may have been sent through {envelope.connection}'
    step = next_step(envelope, tx.work.list(subject=envelope.id), now)
    if step is not None and step.what != "decide":
        is_draft = envelope.remote_id is not None
        told = "is a draft there that goes on being sent" if is_draft else "is being looked for"
        return Finding.warning("doubt", envelope.id, f"{what}, and {told}", "keep a worker running")
    return Finding.error(
        "doubt",
        envelope.id,
        f"{what}, and nobody can say",
        f"look at the vendor, then `esign resolve {envelope.id}`: --adopt, --resend or --abandon",
    )


def _unheard(tx: Transaction, workspace: Workspace) -> Iterator[Finding]:
    for name in workspace.connections:
        hearing = tx.connections.get(name)
        if hearing.heard_at is not None and hearing.missed_at is not None and not arrive(hearing):
            yield Finding.warning(
                "deliveries",
                name,
                f"its deliveries do not all arrive: a look at {_told(hearing.missed_at)} found "
                "news that none had brought",
                "look at the vendor's subscription and at the address that it leads to; until "
                "they arrive again, envelopes are looked at more often",
            )


def _kept_longer(tx: Transaction, workspace: Workspace, now: datetime) -> Iterator[Finding]:
    before = old_before(workspace, now)
    count = tx.retention.count_left(before) if before is not None else 0
    if count:
        yield Finding.warning(
            "deliveries",
            "inbox",
            f"{count} older than keep_raw_days are kept whole: nothing could be made of them yet",
            "`esign inbox list --state unreadable`, and --state waiting, show them; after an "
            "upgrade `esign inbox replay` reads them, and `esign inbox drop` drops them unread",
        )


def _is_known(item: WorkItem, workspace: Workspace) -> bool:
    return not item.connection or item.connection in workspace.config.connections


def _failed_just_now(item: WorkItem, now: datetime) -> bool:
    """Which shows that somebody works."""
    tried_at = item.due_at - timedelta(seconds=item.pause_seconds)
    return item.error is not None and tried_at > now - _JUST_NOW


def _told(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _kind_of(item: WorkItem) -> str:
    """The kind of error: the rest may quote what a vendor says."""
    return (item.error or "").partition(":")[0]
