"""A document of 50 MB on its way to Penneo, in both forms: memory, and time."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.row import Row
from tests.bench.uploading import FORMS, LARGE, SMALL
from tests.bench.vendor import running

BAR_MB = 5.0
BAR_RATIO = 1.3
_BLOCK = b"%PDF-1.7" + bytes(range(256)) * 3906 + bytes(56)  # a million bytes


def rows() -> Iterator[Row]:
    """Each form in a process of its own: what was needed for one would hide what the next needs."""
    with running() as url, tempfile.TemporaryDirectory() as folder:
        _write(Path(folder, SMALL), 1)
        _write(Path(folder, LARGE), 50)
        for form in FORMS:
            command = [sys.executable, "-m", "tests.bench.uploading", form, url, folder]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            yield from _rows(form, json.loads(done.stdout))


def _write(path: Path, blocks: int) -> None:
    with path.open("wb") as file:
        for _ in range(blocks):
            _ = file.write(_BLOCK)


def _rows(form: str, found: dict[str, float]) -> Iterator[Row]:
    more, held = found["added_mb"], found["whole_mb"]
    yield Row(
        f"50 MB as {form}: added peak memory",
        f"{more:.1f} MB",
        f"the same, read whole first: {held:.0f} MB",
        more / held,
        f"{BAR_MB:g} MB",
        more <= BAR_MB,
    )
    ours, bare, encoding = (found[f"{name}_seconds"] for name in ("ours", "bare", "encoding"))
    yield Row(
        f"50 MB as {form}: time",
        f"{ours * 1000:.0f} ms",
        f"httpx alone, as many bytes: {bare * 1000:.0f} ms",
        ours / bare,
        f"{BAR_RATIO} x",
        ours <= BAR_RATIO * bare,
    )
    if form == "json":
        what = f"httpx alone, encoding: {encoding * 1000:.0f} ms"
        yield Row("the same", f"{ours * 1000:.0f} ms", what, ours / encoding)
