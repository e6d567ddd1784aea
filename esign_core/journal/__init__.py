"""The journal remembers: what was meant, what came in, what became known, what is left to do."""

from esign_core.journal.envelopes import Intent
from esign_core.journal.inbox import DeliveryState, InboxEntry, digest_of
from esign_core.journal.journal import Journal, Transaction
from esign_core.journal.work import WorkItem, WorkKind

__all__ = [
    "DeliveryState",
    "InboxEntry",
    "Intent",
    "Journal",
    "Transaction",
    "WorkItem",
    "WorkKind",
    "digest_of",
]
