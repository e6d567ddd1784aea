"""Penneo case files as envelopes."""

from esign_penneo.options import PenneoOptions
from esign_penneo.provider import PenneoProvider
from esign_penneo.settings import PenneoSettings

__all__ = ["PenneoOptions", "PenneoProvider", "PenneoSettings"]
