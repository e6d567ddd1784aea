"""What is logged and traced, from the modules that say it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import groupby

from docs._generate.words import attributes_of, code, grid
from esign_core.engine import records
from esign_core.engine.logs import Fields, Record
from esign_core.engine.telemetry import ATTRIBUTES


def log_records() -> str:
    """Every record, logger by logger."""
    found = sorted(_records(), key=lambda record: record.logger)
    parts: list[str] = []
    for name, group in groupby(found, lambda record: record.logger):
        rows = [
            (
                logging.getLevelName(each.level),
                code(each.message),
                each.when,
                ", ".join(code(_short(field)) for field in each.fields),
            )
            for each in group
        ]
        table = grid(("level", "message", "when", "fields, each with `esign_` before it"), rows)
        parts.append(f"### `{name}`\n\n{table}")
    return "\n\n".join(parts)


def span_attributes() -> str:
    """What a field of a record is called in a span."""
    told = attributes_of(Fields)
    rows = [
        (code(name), code(field), told[field])
        for field, name in sorted(ATTRIBUTES.items(), key=lambda each: each[1])
    ]
    return grid(("attribute", "field of a record", "meaning"), rows)


def _records() -> Iterator[Record]:
    return (each for each in vars(records).values() if isinstance(each, Record))


def _short(field: str) -> str:
    return field.removeprefix("esign_")
