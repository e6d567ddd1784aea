"""The command line, `esign`: the same words as `Esign`, for a shell."""

from esign_core.cli.app import main

__all__ = ["main"]
