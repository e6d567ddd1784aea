"""Numbered steps from one version of the tables to the next; each is taken once, in order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Connection, func, insert, inspect, select

from esign_core.errors import JournalUnusable
from esign_core.journal import schema


def migrate(connection: Connection) -> None:
    """Bring a database up to this version's tables, inside the caller's transaction.

    Raises:
        JournalUnusable: The database was made by a newer version of esign-core.
    """
    done = 0
    if inspect(connection).has_table(schema.versions.name):
        newest = connection.execute(select(func.max(schema.versions.c.version))).scalar_one()
        done = newest or 0
    if done > len(_STEPS):
        raise JournalUnusable(
            f"the journal was written by a newer esign-core (tables {done}, this one knows "
            f"{len(_STEPS)}). Nothing was changed; install that version or a later one."
        )
    for version, step in enumerate(_STEPS[done:], start=done + 1):
        step(connection)
        _ = connection.execute(
            insert(schema.versions).values(
                version=version, applied_at=datetime.now(UTC).isoformat()
            )
        )


def _first_tables(connection: Connection) -> None:
    schema.metadata.create_all(connection)
    _ = connection.execute(insert(schema.counters).values(name="seq", value=0))


_STEPS: tuple[Callable[[Connection], None], ...] = (_first_tables,)
