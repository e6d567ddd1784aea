"""How long nobody may take an envelope for unsent: its sender may be slow, and its vendor too."""

from __future__ import annotations

from datetime import datetime, timedelta

from esign_core.engine import Session
from esign_core.model import Envelope

SENDING_SECONDS = 900.0
"""How long a sender may take from its intent to the last byte; then it stops by itself."""


def may_go_out_until(envelope: Envelope) -> datetime:
    """When its sender has stopped, if it was still at it."""
    assert envelope.created_at is not None  # noqa: S101 - every envelope that was sent has it
    return envelope.created_at + timedelta(seconds=SENDING_SECONDS)


def may_turn_up_until(session: Session, envelope: Envelope) -> datetime:
    """When the vendor's longest delay has passed, had it gone out at the last moment."""
    delay = timedelta(seconds=session.provider.longest_delay_seconds)
    return may_go_out_until(envelope) + delay
