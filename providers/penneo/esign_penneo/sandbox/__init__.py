"""A simulated Penneo: for tests, demonstrations, and for trying without an account."""

from __future__ import annotations

from esign_penneo.sandbox.account import Behaviour
from esign_penneo.sandbox.simulator import PenneoSandbox
from esign_penneo.sandbox.vendor import PenneoVendor

__all__ = ["Behaviour", "PenneoSandbox", "PenneoVendor"]
