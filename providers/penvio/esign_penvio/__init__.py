"""Penvio for esign: templates sent as envelopes, results out of the customer's own bucket."""

from esign_penvio.provider import PenvioProvider
from esign_penvio.settings import PenvioSettings

__all__ = ["PenvioProvider", "PenvioSettings"]
