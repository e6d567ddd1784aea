"""What holds for every simulated world."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _nobody_reads_the_logs() -> Iterator[None]:
    """A world has hundreds of faults, and each is told."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
