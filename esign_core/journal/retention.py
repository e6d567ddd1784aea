"""What is kept for a time only: headers and bodies of deliveries."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from esign_core.journal import codec
from esign_core.journal.delivery import DeliveryState
from esign_core.journal.inbox import Inbox
from esign_core.journal.rows import Rows
from esign_core.journal.schema import inbox
from esign_core.model import Authenticity

_PROOFS = [each.value for each in Authenticity if each.is_proof]
_UNDECIDED = [DeliveryState.UNREADABLE.value, DeliveryState.WAITING.value]
_IS_LEFT = inbox.c.state.in_(_UNDECIDED) & inbox.c.authenticity.in_(_PROOFS)
"""It proves something, and nothing was made of it yet: only its body tells what."""


class Retention:
    """The table, inside one transaction."""

    def __init__(self, rows: Rows, kept: Inbox) -> None:
        self._rows = rows
        self._inbox = kept

    def drop_raw(self, before: datetime, at: datetime, *, limit: int) -> int:
        """Drop headers and bodies of what came before a time and was worked; answers how many."""
        chosen = select(inbox.c.id).where(_is_older(before) & ~_IS_LEFT)
        chosen = chosen.order_by(inbox.c.received_at).limit(limit)
        return self._inbox.empty(inbox.c.id.in_(chosen.scalar_subquery()), at)

    def count_left(self, before: datetime) -> int:
        """How many came before a time and are whole, since nothing was made of them yet."""
        query = select(func.count()).select_from(inbox).where(_is_older(before) & _IS_LEFT)
        return self._rows.connection.execute(query).scalar_one()


def _is_older(before: datetime) -> ColumnElement[bool]:
    return (inbox.c.received_at < codec.dump_time(before)) & inbox.c.dropped_at.is_(None)
