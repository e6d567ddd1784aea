"""What a connection cannot do of a draft, printed."""

from __future__ import annotations

from typing import Any

from esign_core.cli.output import say, show_table
from esign_core.provider import Check


def check_data(found: Check) -> dict[str, Any]:
    """A check as JSON data."""
    gaps = [
        {"feature": g.feature, "field": g.field, "message": g.message, "remedy": g.remedy}
        for g in found.gaps
    ]
    return {
        "ok": found.ok,
        "connection": found.connection,
        "provider": found.provider,
        "gaps": gaps,
        "alternatives": found.alternatives,
    }


def show_gaps(found: Check) -> None:
    """Print each gap with its remedy, and the connections that could do it."""
    rows = [(gap.field, gap.message, gap.remedy) for gap in found.gaps]
    show_table(("field", "what cannot be done", "what to do"), rows)
    if found.alternatives:
        say(f"Connections that can: {', '.join(found.alternatives)}.")
