"""A plugin of pytest's that has each test's report say which promises the test holds.

Loaded in every worker by `python -m tests.promises`, which reads the reports.
"""

from __future__ import annotations

import re

import pytest

from tests.promises.page import BREAKS, HOLDS, ON, PAGE, promises

_DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "postgres": "PostgreSQL"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--only S1,R2` runs the tests of some promises."""
    parser.addoption("--only", default="", help="ids of promises, with commas between them")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests that have to do with promises, and write on each with which."""
    wanted = set(filter(None, str(config.getoption("--only")).split(",")))
    known = set(promises())
    _expect_known(wanted, known, "--only")
    kept: list[pytest.Item] = []
    for item in items:
        marked = [
            (name, str(id_))
            for name in (HOLDS, BREAKS)
            for mark in item.iter_markers(name)
            for id_ in mark.args
        ]
        ids = {id_ for _, id_ in marked}
        _expect_known(ids, known, item.nodeid)
        if marked and (not wanted or wanted & ids):
            item.user_properties += [*dict.fromkeys(marked), *_databases(item)]
            kept.append(item)
    dropped = set(items) - set(kept)
    config.hook.pytest_deselected(items=[item for item in items if item in dropped])
    items[:] = kept


def _expect_known(ids: set[str], known: set[str], where: str) -> None:
    if unknown := sorted(ids - known):
        raise pytest.UsageError(f"{where}: {PAGE.name} has no promise {', '.join(unknown)}")


def _databases(item: pytest.Item) -> list[tuple[str, str]]:
    """The database that a test runs on, where its parameters name one."""
    words = re.split(r"[^a-z]+", item.name.partition("[")[2].lower())
    return [(ON, _DATABASES[word]) for word in words if word in _DATABASES]
