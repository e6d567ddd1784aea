"""Numbered steps from one version of the tables to the next; each is taken once, in order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Column, Connection, func, insert, inspect, select
from sqlalchemy.schema import CreateColumn

from esign_core.errors import JournalUnusable
from esign_core.journal import schema

VERSION = 2
"""The version of the tables in `schema`."""


def migrate(connection: Connection) -> None:
    """Bring a database up to this version's tables, inside the caller's transaction.

    Raises:
        JournalUnusable: The database was made by a newer version of esign-core.
    """
    done = 0
    if inspect(connection).has_table(schema.versions.name):
        newest = connection.execute(select(func.max(schema.versions.c.version))).scalar_one()
        done = newest or 0
    if done > VERSION:
        raise JournalUnusable(
            f"the journal was written by a newer esign-core (tables {done}, this one knows "
            f"{VERSION}). Nothing was changed; install that version or a later one."
        )
    if done == 0:
        schema.metadata.create_all(connection)
        _ = connection.execute(insert(schema.counters).values(name="seq", value=0))
        done = VERSION - 1
    else:
        for version in range(done + 1, VERSION + 1):
            _STEPS[version](connection)
    for version in range(done + 1, VERSION + 1):
        _ = connection.execute(
            insert(schema.versions).values(
                version=version, applied_at=datetime.now(UTC).isoformat()
            )
        )


def _to_2(connection: Connection) -> None:
    """Dead letters, erasure and retention; budgets, secrets and what is known of connections."""
    _add_columns(
        connection,
        schema.envelopes.c.erased_at,
        schema.inbox.c.sha256,
        schema.inbox.c.dropped_at,
        schema.work.c.dead_at,
        schema.cursors.c.updated_at,
    )
    new = [schema.budgets, schema.secrets, schema.connections]
    schema.metadata.create_all(connection, tables=new)
    _ = connection.exec_driver_sql("DROP INDEX esign_inbox_waiting")
    for table, name in (
        (schema.inbox, "esign_inbox_received"),
        (schema.inbox, "esign_inbox_unclaimed"),
        (schema.envelopes, "esign_envelopes_uncertain"),
    ):
        next(index for index in table.indexes if index.name == name).create(connection)


def _add_columns(connection: Connection, *columns: Column[object]) -> None:
    for column in columns:
        table = column.table
        told = CreateColumn(column).compile(dialect=connection.dialect)
        _ = connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN {told}")


_STEPS: dict[int, Callable[[Connection], None]] = {2: _to_2}
