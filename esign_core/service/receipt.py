"""What a caller is told of a delivery that was taken in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from esign_core.journal import DeliveryState  # not loaded for its name


@dataclass(frozen=True)
class Receipt:
    """What was made of a delivery that is kept."""

    connection: str
    """The account that it came for."""
    state: DeliveryState
    """What became of it."""
    is_new: bool
    """False if the same delivery was here before."""
    envelope_ids: tuple[str, ...] = ()
    """Our ids of the envelopes that it was about."""
