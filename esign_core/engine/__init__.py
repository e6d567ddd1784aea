"""The engine: runs flows over HTTP, inside a vendor's limits, in three kinds of world."""

from esign_core.engine.blame import explain
from esign_core.engine.drive import AsyncDriver, SyncDriver
from esign_core.engine.effects import (
    Effect,
    Exchange,
    Line,
    SavedFile,
    Task,
    Transact,
    WireRequest,
    exclusive,
    sleep,
    transact,
)
from esign_core.engine.files import safe_name, write_whole
from esign_core.engine.limits import BudgetStore, MemoryBudgets, Ticket, Told, admit, come_back
from esign_core.engine.retry import pause
from esign_core.engine.session import Session, bring, call
from esign_core.engine.sharing import Lease, TokenStore, Wanted
from esign_core.engine.tokens import MemoryTokens

__all__ = [
    "AsyncDriver",
    "BudgetStore",
    "Effect",
    "Exchange",
    "Lease",
    "Line",
    "MemoryBudgets",
    "MemoryTokens",
    "SavedFile",
    "Session",
    "SyncDriver",
    "Task",
    "Ticket",
    "TokenStore",
    "Told",
    "Transact",
    "Wanted",
    "WireRequest",
    "admit",
    "bring",
    "call",
    "come_back",
    "exclusive",
    "explain",
    "pause",
    "safe_name",
    "sleep",
    "transact",
    "write_whole",
]
