"""The databases that a journal can be in, fresh and empty for each test.

PostgreSQL is asked for at `ESIGN_TEST_POSTGRESQL`, or where it usually listens. Where there is none
its tests are skipped, and fail when `CI=true`. `ESIGN_TEST_DATABASES=sqlite` leaves it alone.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

DATABASES = tuple(os.environ.get("ESIGN_TEST_DATABASES", "sqlite postgresql").split())
SERVER = os.environ.get(
    "ESIGN_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/test?connect_timeout=5"
)


@contextmanager
def fresh(database: str, folder: Path) -> Generator[str]:
    """The address of a journal that is not there yet.

    For `sqlite` that is a file in the folder; for `postgresql`, a schema, dropped at the end.
    """
    if database == "sqlite":
        yield f"sqlite:///{folder / 'esign.db'}"
        return
    expect_postgresql()
    schema = f"esign_test_{secrets.token_hex(8)}"
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(schema)))
    sign = "&" if "?" in SERVER else "?"
    try:
        # processes die in tests, machines do not: the disk need not be waited for
        quick = "-csynchronous_commit%3Doff"
        yield f"{SERVER}{sign}options=-csearch_path%3D{schema}%20{quick}"
    finally:
        with psycopg.connect(SERVER, autocommit=True) as connection:
            connection.execute("SET synchronous_commit = off")
            connection.execute("SET client_min_messages = warning")
            connection.execute("SET lock_timeout = '5s'")
            connection.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(schema)))


class Schemas(ExitStack):
    """Schemas that are used again: to make all tables takes longer than most tests."""

    def __init__(self) -> None:
        super().__init__()
        self._free: list[str] = []

    @contextmanager
    def empty(self, folder: Path) -> Generator[str]:
        """The address of a journal with nothing in it; its tables may be there already."""
        url = self._free.pop() if self._free else self.enter_context(fresh("postgresql", folder))
        yield url
        _empty(url)
        self._free.append(url)  # not if the test has left it so that it cannot be emptied


def _empty(url: str) -> None:
    """Take all rows out, but for the versions of the tables; ids of rows are not used again."""
    with psycopg.connect(url) as connection:
        _ = connection.execute("SET lock_timeout = '5s'")
        rows = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        ).fetchall()
        for name in {row[0] for row in rows} - {"esign_versions", "esign_counters"}:
            _ = connection.execute(SQL("DELETE FROM {}").format(Identifier(name)))
        if rows:
            _ = connection.execute("UPDATE esign_counters SET value = 0")


def expect_postgresql() -> None:
    """Skip the test where there is no PostgreSQL; fail it in CI."""
    missing = _missing()
    if missing is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)


@cache
def _missing() -> str | None:
    try:
        psycopg.connect(SERVER, autocommit=True).close()
    except psycopg.Error:
        return "no PostgreSQL at ESIGN_TEST_POSTGRESQL, or at 127.0.0.1:5432 (database test)"
    return None
