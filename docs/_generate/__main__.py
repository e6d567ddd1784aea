"""Write every generated part of every page; with `--to FOLDER`, there and not in place.

A generated part stands between two comments; what is in the first one is called:

    <!-- generated: settings penneo -->
    ...
    <!-- end of generated -->
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from docs._generate.commands import commands
from docs._generate.draft import fields, makers
from docs._generate.errors import error_tree, errors
from docs._generate.features import can_do, feature_matrix, operation_matrix
from docs._generate.logs import log_records, span_attributes
from docs._generate.receiver import answers, metrics
from docs._generate.settings import options, settings
from docs._generate.tables import constants, table
from docs._generate.words import class_table

ROOT = Path(__file__).resolve().parents[2]

_PART = re.compile(
    r"(?P<begin><!-- generated: (?P<call>[^>]+?) -->\n).*?(?P<end><!-- end of generated -->)",
    re.DOTALL,
)
_MAKERS: dict[str, Callable[..., str]] = {
    "answers": answers,
    "can-do": can_do,
    "class": class_table,
    "commands": commands,
    "constants": constants,
    "error-tree": error_tree,
    "errors": errors,
    "feature-matrix": feature_matrix,
    "fields": fields,
    "log-records": log_records,
    "makers": makers,
    "metrics": metrics,
    "operation-matrix": operation_matrix,
    "options": options,
    "settings": settings,
    "span-attributes": span_attributes,
    "table": table,
}


def main(arguments: list[str]) -> None:
    """Write the pages that have generated parts."""
    to = Path(arguments[1]) if arguments[:1] == ["--to"] else ROOT
    for page in sorted((ROOT / "docs").rglob("*.md")):
        text = page.read_text("utf-8")
        if _PART.search(text):
            target = to / page.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            _ = target.write_text(_PART.sub(_made, text), encoding="utf-8")


def _made(part: re.Match[str]) -> str:
    name, *words = part["call"].split()
    return f"{part['begin']}\n{_MAKERS[name](*words).strip()}\n\n{part['end']}"


if __name__ == "__main__":
    main(sys.argv[1:])
