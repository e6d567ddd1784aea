"""A simulated Penvio, for development and tests without an account."""

from esign_penvio.sandbox.access import ApiKey
from esign_penvio.sandbox.simulator import PenvioSandbox
from esign_penvio.sandbox.vendor import PenvioVendor

__all__ = ["ApiKey", "PenvioSandbox", "PenvioVendor"]
