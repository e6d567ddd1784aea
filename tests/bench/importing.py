"""How long it takes until a product can write its first line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from statistics import median

from tests.bench.row import Row

OURS = "from esign_core import Esign, EnvelopeDraft"
PYDANTIC = "import pydantic"
ONE_MODEL = """
from pydantic import BaseModel, Field
class Model(BaseModel):
    field: int = Field(ge=1)
"""
"""pydantic itself is loaded piece by piece, when it is first used: this is what a model costs."""
BAR = 1.5
_ROUNDS = 11


def rows() -> Iterator[Row]:
    """The import, beside pydantic's."""
    lines = (OURS, PYDANTIC, ONE_MODEL)
    taken = [[_seconds(line) for line in lines] for _ in range(_ROUNDS)]
    ours, pydantic, model = (median(each) for each in zip(*taken, strict=True))
    yield Row(
        "from esign_core import Esign, EnvelopeDraft",
        f"{ours * 1000:.0f} ms CPU",
        f"import pydantic: {pydantic * 1000:.0f} ms",
        ours / pydantic,
        f"{BAR} x",
        ours <= BAR * pydantic,
    )
    yield Row(
        "the same",
        f"{ours * 1000:.0f} ms CPU",
        f"a pydantic model of one field: {model * 1000:.0f} ms",
        ours / model,
    )


def _seconds(line: str) -> float:
    """CPU time of a line in a fresh interpreter."""
    code = f"import time\nbegin = time.process_time()\n{line}\nprint(time.process_time() - begin)"
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True
    )
    return float(done.stdout)
