"""Simulators that all rows share, and the scene of one row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from esign_core.sandbox import Simulator
from esign_penneo.sandbox import PenneoSandbox
from esign_penvio.sandbox import PenvioSandbox


@pytest.fixture(scope="session")
def sandboxes() -> Iterator[dict[str, Simulator]]:
    """Both vendors, a hundred times quicker than they are."""
    with ExitStack() as stack:
        kinds = (PenneoSandbox, PenvioSandbox)
        yield {kind.name: stack.enter_context(kind(scale=0.01)) for kind in kinds}
