"""Where esign finds this package: entry point `penneo` in group `esign`."""

from __future__ import annotations

from typing import Any

from esign_core.provider import Provider, hookimpl
from esign_penneo.provider import PenneoProvider


@hookimpl
def esign_providers() -> list[type[Provider[Any]]]:
    """The providers of this package."""
    return [PenneoProvider]
