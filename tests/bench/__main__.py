"""Runs the benchmarks: all, or those that are named; ends well also where a bar is not met."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import importing, ingest, journal, observing, overhead, upload, webhooks
from tests.bench.row import Row, head

KEPT = Path("build/bench.json")
"""Where the last figures are."""
SUBJECTS: dict[str, Callable[[], Iterator[Row]]] = {
    "upload": upload.rows,
    "overhead": overhead.rows,
    "observing": observing.rows,
    "webhooks": webhooks.rows,
    "journal": journal.rows,
    "ingest": ingest.rows,
    "importing": importing.rows,
}


def main(arguments: Sequence[str]) -> None:
    """Measure, and print each row as it is known."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    _ = parser.add_argument("subjects", nargs="*", help=f"of {', '.join(SUBJECTS)}; all if none")
    _ = parser.add_argument("--json", action="store_true", help="one line of JSON for each row")
    asked = parser.parse_args(arguments)
    unknown = set(asked.subjects) - set(SUBJECTS)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    if not asked.json:
        _say(head())
    rows: list[Row] = []
    for subject in asked.subjects or SUBJECTS:
        for row in SUBJECTS[subject]():
            rows.append(row)
            _say(json.dumps(asdict(row)) if asked.json else str(row))
    _keep(rows)
    if not asked.json:
        judged = [row for row in rows if row.is_met is not None]
        _say(f"\n{sum(bool(row.is_met) for row in judged)} of {len(judged)} bars are met.")


def _keep(rows: Sequence[Row]) -> None:
    """The figures as JSON, with what they were measured on."""
    machine = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "sqlite": sqlite3.sqlite_version,
    }
    KEPT.parent.mkdir(exist_ok=True)
    told = {"measured": machine, "rows": [asdict(row) for row in rows]}
    _ = KEPT.write_text(json.dumps(told, indent=2), encoding="utf-8")


def _say(text: str) -> None:
    _ = sys.stdout.write(f"{text}\n")
    _ = sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
