"""Penneo case files as envelopes."""

from esign_penneo.options import PenneoDocumentOptions, PenneoOptions, PenneoSignerOptions
from esign_penneo.provider import PenneoProvider
from esign_penneo.settings import PenneoSettings

__all__ = [
    "PenneoDocumentOptions",
    "PenneoOptions",
    "PenneoProvider",
    "PenneoSettings",
    "PenneoSignerOptions",
]
