"""Reading deliveries again: after an upgrade that understands more, or a mended adapter.

What is known only grows, so reading again can only add.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from esign_core.engine import Task
from esign_core.errors import NotInJournal, NotReady
from esign_core.journal import DeliveryState, InboxEntry, Transaction, WorkKind
from esign_core.model import Envelope, Notice
from esign_core.service.arguments import expect_count
from esign_core.service.receipt import Receipt
from esign_core.service.record import (
    Reading,
    identify_subject,
    plan_refresh,
    read,
    record_notice,
)
from esign_core.service.workspace import Workspace

_PAGE = 100


def delivery(workspace: Workspace, delivery_id: int) -> Task[InboxEntry]:
    """A delivery as it was kept.

    Raises:
        NotInJournal: There is none with that id.
    """
    expect_count(delivery_id=delivery_id)
    found = yield from workspace.read(lambda tx: tx.inbox.get(delivery_id))
    if found is None:
        raise NotInJournal(f"the inbox has no delivery {delivery_id}; `esign inbox list` shows it.")
    return found


def replay(workspace: Workspace, delivery_id: int) -> Task[Receipt]:
    """Read one delivery again.

    Raises:
        NotInJournal: There is none with that id.
        NotReady: Its body was dropped.
        UnknownConnection: Its connection is not there any more.
    """
    entry = yield from delivery(workspace, delivery_id)
    if entry.dropped_at is not None:
        raise NotReady(
            f"delivery {entry.id} cannot be read again: its body was dropped at "
            f"{entry.dropped_at:%Y-%m-%d %H:%M} UTC. Nothing was changed; `esign show` looks at "
            "the vendor instead."
        )
    reading = read(workspace.session(entry.connection), entry.request)
    return (yield from workspace.write(lambda tx: _read_again(workspace, tx, entry, reading)))


def replay_all(workspace: Workspace, state: DeliveryState) -> Task[tuple[Receipt, ...]]:
    """Read every delivery again of which a certain thing was made; what was dropped is left."""
    receipts: list[Receipt] = []
    before: int | None = None
    while True:
        page = yield from workspace.read(_page(state, before))
        for entry in (each for each in page if each.dropped_at is None):
            receipts += [(yield from replay(workspace, entry.id))]
        if len(page) < _PAGE:
            return tuple(receipts)
        before = page[-1].id


def _page(state: DeliveryState, before: int | None) -> Callable[[Transaction], list[InboxEntry]]:
    return lambda tx: tx.inbox.list(state=state, before=before, limit=_PAGE)


def _read_again(
    workspace: Workspace, tx: Transaction, entry: InboxEntry, reading: Reading
) -> Receipt:
    if reading.error is not None:
        tx.inbox.mark(entry.id, DeliveryState.UNREADABLE, reading.error)
        return Receipt(entry.connection, DeliveryState.UNREADABLE, is_new=False)
    before = tx.stream.last()
    found = _about(tx, entry, reading.notices)
    for notice in (each for each in reading.notices if each.remote_id is not None):
        envelope = tx.envelopes.by_remote_id(entry.connection, notice.remote_id or "")
        if envelope is not None:
            _take(workspace, tx, entry, envelope, notice)
    state = _state(entry, reading.notices, found)
    if found and entry.envelope_id is None:
        tx.inbox.claim(entry, tx.envelopes.number(found[0]), state)
    else:
        tx.inbox.mark(entry.id, state)
    if state is DeliveryState.WAITING and entry.remote_id is None:
        _wait(workspace, tx, entry, reading.notices)
    ids = tuple(dict.fromkeys(envelope.id for envelope in found))
    return Receipt(entry.connection, state, is_new=tx.stream.last() > before, envelope_ids=ids)


def _about(tx: Transaction, entry: InboxEntry, notices: Sequence[Notice]) -> list[Envelope]:
    ids = [notice.remote_id for notice in notices if notice.remote_id is not None]
    found = [tx.envelopes.by_remote_id(entry.connection, id_) for id_ in ids]
    return [envelope for envelope in found if envelope is not None]


def _take(
    workspace: Workspace, tx: Transaction, entry: InboxEntry, envelope: Envelope, notice: Notice
) -> None:
    if entry.authenticity.is_proof:
        after = record_notice(
            tx,
            envelope,
            notice,
            authenticity=entry.authenticity,
            received_at=entry.received_at,
        )
        plan_refresh(workspace, tx, after)
    if notice.needs_fetch or not entry.authenticity.is_proof:
        now = workspace.clock()
        tx.work.plan(WorkKind.REFRESH, envelope.id, connection=entry.connection, due_at=now)


def _wait(
    workspace: Workspace, tx: Transaction, entry: InboxEntry, notices: Sequence[Notice]
) -> None:
    """It can be read now, and is about an envelope that is not known here, or not yet."""
    remote_id = next(notice.remote_id for notice in notices if notice.remote_id is not None)
    tx.inbox.is_about(entry.id, remote_id)
    if entry.authenticity.is_proof:
        tx.work.plan(
            WorkKind.IDENTIFY,
            identify_subject(entry.connection, remote_id),
            connection=entry.connection,
            due_at=workspace.clock(),
        )


def _state(
    entry: InboxEntry, notices: Sequence[Notice], found: Sequence[Envelope]
) -> DeliveryState:
    if found:
        is_proof = entry.authenticity.is_proof
        return DeliveryState.OBSERVED if is_proof else DeliveryState.HINT
    if not any(notice.remote_id is not None for notice in notices):
        return DeliveryState.EMPTY
    is_known = entry.state in {DeliveryState.FOREIGN, DeliveryState.WAITING}
    return entry.state if is_known else DeliveryState.WAITING
