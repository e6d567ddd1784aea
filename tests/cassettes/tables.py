"""The table of a provider's cassettes, in the README beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from esign_core.testing import Origin, Recording
from tests.cassettes.scenes import Scene

BEGIN = "<!-- table: made by `make record` -->"
END = "<!-- end of table -->"


def readme(text: str, scenes: Sequence[Scene], folder: Path) -> str:
    """The page with the table of what is in its folder."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table(scenes, folder)}\n{END}{after}"


def table(scenes: Sequence[Scene], folder: Path) -> str:
    """A row for each cassette: the operation, where its answers come from, what it holds."""
    rows = ["| file | operation | provenance | source | holds |", "|---|---|---|---|---|"]
    for scene in sorted(scenes, key=lambda each: each.name):
        head = Recording.read(folder / f"{scene.name}.yaml").provenance
        origin = f"{head.origin}, {head.day}" if head.origin is Origin.LIVE else head.origin.value
        source = f"{head.source} ({head.changed})" if head.changed else head.source
        rows.append(
            f"| `{scene.name}.yaml` | `{scene.operation}` | {origin} | {source} | {scene.holds} |"
        )
    return "\n".join(rows)
