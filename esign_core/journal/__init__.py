"""The journal remembers: what was meant, what came in, what became known, what is left to do."""

from esign_core.journal.budgets import JournalBudgets, budgets_of
from esign_core.journal.connections import Hearing
from esign_core.journal.delivery import DeliveryState, InboxEntry, digest_of
from esign_core.journal.envelopes import Intent
from esign_core.journal.erasure import Trace
from esign_core.journal.journal import Journal, Transaction
from esign_core.journal.tokens import JournalTokens
from esign_core.journal.vault import Vault
from esign_core.model import WorkItem, WorkKind

__all__ = [
    "DeliveryState",
    "Hearing",
    "InboxEntry",
    "Intent",
    "Journal",
    "JournalBudgets",
    "JournalTokens",
    "Trace",
    "Transaction",
    "Vault",
    "WorkItem",
    "WorkKind",
    "budgets_of",
    "digest_of",
]
