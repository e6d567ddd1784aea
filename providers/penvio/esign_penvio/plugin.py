"""What esign finds through entry-point group `esign`."""

from __future__ import annotations

from typing import Any

from esign_core.provider import Provider, hookimpl
from esign_penvio.provider import PenvioProvider


@hookimpl
def esign_providers() -> list[type[Provider[Any]]]:
    """The providers that this package brings."""
    return [PenvioProvider]
