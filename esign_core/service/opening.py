"""Opening connections: from a provider's name and plain settings to a session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from esign_core.engine import BudgetStore, Line, MemoryBudgets, MemoryTokens, Session, TokenStore
from esign_core.engine.transport import Transport
from esign_core.errors import BrokenProvider, EsignError
from esign_core.provider import Registry, read_settings, utc_now


def open_session(
    registry: Registry,
    provider: str,
    settings: Mapping[str, Any],
    *,
    name: str | None = None,
    line: Line | None = None,
    tokens: TokenStore | None = None,
    budgets: BudgetStore | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Session:
    """One account, ready to be talked to; nothing is sent yet.

    Raises:
        UnknownProvider: No installed provider is called that.
        BrokenProvider: Its plugin cannot be loaded.
        Misconfigured: A setting is wrong, unknown or missing.
    """
    kind = registry.provider(provider)
    told = read_settings(kind, dict(settings))
    try:
        opened = kind(told, clock=clock)
    except EsignError:
        raise
    except Exception as error:
        raise BrokenProvider(
            f"{type(error).__name__} while opening {kind.name}: a fault of the adapter, not of "
            "yours; please report it with the traceback",
            provider=kind.name,
        ) from error
    return Session(
        name=name or provider,
        provider=opened,
        line=line or Transport(),
        tokens=MemoryTokens(),
        budgets=budgets or MemoryBudgets(),
        token_store=tokens,
    )
