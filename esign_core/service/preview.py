"""What `send` would send, found out without sending it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from esign_core.model import Envelope, EnvelopeDraft

if TYPE_CHECKING:
    from esign_core.provider import Check, TemplateTarget  # not loaded for their names


@dataclass(frozen=True)
class Preview:
    """What `send` would do with a draft."""

    check: Check
    """What stands in its way; with a gap, nothing would be sent."""
    draft: EnvelopeDraft
    """As the provider gets it: amended by plugins, its template resolved, its documents hashed."""
    template: TemplateTarget | None = None
    """What the draft's template is at this connection."""
    known: Envelope | None = None
    """What was sent with this key and draft already: `send` would answer it, and ask nobody."""
