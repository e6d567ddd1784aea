"""The cursor moves in the product's own transaction: each event has its effect exactly once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import django
import psycopg
import pytest
from django.conf import settings
from sqlalchemy import make_url, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine

from esign_core import AsyncEsign, Esign
from esign_core.testing import fake_registry

ALL = list(range(1, 11))


class Crash(Exception):
    """The product dies here."""


class Fuse:
    """Burns at the n-th step of all lives together."""

    def __init__(self, dies_at: int) -> None:
        self.left = dies_at

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Crash


def _options(url: str) -> str:
    return str(make_url(url).query["options"])


@contextmanager
def _product(url: str) -> Generator[psycopg.Connection[Any]]:
    """The product's own connection, and its table."""
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bills (seq bigint, note text)")
        connection.commit()
        yield connection


def _bills(connection: psycopg.Connection[Any]) -> list[int]:
    return [row[0] for row in connection.execute("SELECT seq FROM bills ORDER BY seq")]


def _with_psycopg(esign: Esign, line: psycopg.Connection[Any], fuse: Fuse) -> None:
    for batch in esign.events.batches("billing", size=3, forever=False):
        with line.transaction():
            for event in batch:
                line.execute("INSERT INTO bills VALUES (%s, %s)", (event.seq, event.type))
                fuse.step()
            line.execute(batch.ack_statement().encode())
            fuse.step()
        fuse.step()


def _acknowledged_apart(esign: Esign, line: psycopg.Connection[Any], fuse: Fuse) -> None:
    for batch in esign.events.batches("billing", size=3, forever=False):
        with line.transaction():
            for event in batch:
                line.execute("INSERT INTO bills VALUES (%s, %s)", (event.seq, event.type))
                fuse.step()
        fuse.step()
        batch.ack()
        fuse.step()


def _lives(live: Callable[[Fuse], None], dies_at: int) -> bool:
    """Die once and come again; False if it did not come to that."""
    fuse = Fuse(dies_at)
    try:
        live(fuse)
    except Crash:
        live(fuse)
        return True
    return False


@pytest.mark.promise("R5")
def test_effects_are_there_once_wherever_it_dies(neighbour: Esign, url: str) -> None:
    """psycopg: dying after any statement, each event is billed exactly once."""
    with _product(url) as line:
        for dies_at in range(1, 100):
            died = _lives(lambda fuse: _with_psycopg(neighbour, line, fuse), dies_at)
            assert _bills(line) == ALL
            line.execute("DELETE FROM bills")
            line.execute("DELETE FROM esign_cursors")
            line.commit()
            if not died:
                assert dies_at > 15
                return
    pytest.fail("it never lived to the end")


@pytest.mark.negative_control("R5")
def test_acknowledging_apart_bills_twice(neighbour: Esign, url: str) -> None:
    """The control: with `ack()` after the commit, dying between the two bills some events twice."""
    with _product(url) as line:
        assert _lives(lambda fuse: _acknowledged_apart(neighbour, line, fuse), 4)
        assert _bills(line) == sorted([*ALL, 1, 2, 3])


@pytest.mark.promise("R5")
def test_two_processes_with_one_name_bill_once(neighbour: Esign, url: str) -> None:
    """Both have the same batch: one of them is turned back by the database."""
    [mine] = [next(neighbour.events.batches("billing", size=10))]
    with (
        Esign({}, journal=url, registry=fake_registry()) as other,
        _product(url) as line,
        psycopg.connect(url) as second,
    ):
        theirs = next(other.events.batches("billing", size=10))
        refused: list[BaseException] = []

        def bill() -> None:
            try:
                with second.transaction():
                    second.execute(theirs.ack_statement().encode())
            except psycopg.errors.NotNullViolation as error:
                refused.append(error)

        with line.transaction():
            line.execute(mine.ack_statement().encode())
            waiting = threading.Thread(target=bill)
            waiting.start()
            waiting.join(0.2)
            assert refused == []  # it waits for the first one's end
        waiting.join(10)
        assert len(refused) == 1


@pytest.mark.promise("R5")
async def test_sqlalchemy_shares_its_transaction(neighbour: Esign, url: str) -> None:
    """SQLAlchemy, async: effect and cursor are there together or not at all."""
    engine = create_async_engine(make_url(url).set(drivername="postgresql+psycopg"))
    async with AsyncEsign({}, journal=url, registry=fake_registry()) as esign:
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE bills (seq bigint)"))

        async def live(fuse: Fuse) -> None:
            async for batch in esign.events.batches("billing", size=4, forever=False):
                async with engine.begin() as connection:
                    for event in batch:
                        insert = text("INSERT INTO bills VALUES (:seq)")
                        await connection.execute(insert, {"seq": event.seq})
                    await connection.execute(text(batch.ack_statement()))
                    fuse.step()
                fuse.step()

        for dies_at in (1, 2, 3):
            fuse = Fuse(dies_at)
            with pytest.raises(Crash):
                await live(fuse)
        await live(Fuse(0))
        stale = next(neighbour.events.batches("other", size=2))
        neighbour.events.batches("other").__next__().ack()
        with pytest.raises(IntegrityError):
            async with engine.begin() as connection:
                await connection.execute(text(stale.ack_statement()))
        async with engine.connect() as connection:
            rows = await connection.execute(text("SELECT seq FROM bills ORDER BY seq"))
            assert list(rows.scalars()) == ALL
    await engine.dispose()


@pytest.fixture
def django_database(url: str) -> Generator[Any]:
    """Django's connection to the journal's database."""
    if not settings.configured:
        settings.configure(DATABASES={}, USE_TZ=True)
        django.setup()
    from django.db import connections

    place = make_url(url)
    connections.settings["default"] = connections.configure_settings(
        {
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": place.database,
                "USER": place.username,
                "HOST": place.host,
                "PORT": place.port,
                "OPTIONS": {"options": _options(url)},
            }
        }
    )["default"]
    yield connections["default"]
    connections["default"].close()
    del connections["default"]
    del connections.settings["default"]


@pytest.mark.promise("R5")
def test_django_shares_its_transaction(neighbour: Esign, django_database: Any) -> None:
    """Django: inside `atomic`, effect and cursor are there together or not at all."""
    from django.db import transaction

    with django_database.cursor() as cursor:
        cursor.execute("CREATE TABLE bills (seq bigint)")

    def live(fuse: Fuse) -> None:
        for batch in neighbour.events.batches("billing", size=4, forever=False):
            with transaction.atomic(), django_database.cursor() as cursor:
                for event in batch:
                    cursor.execute("INSERT INTO bills VALUES (%s)", [event.seq])
                cursor.execute(batch.ack_statement())
                fuse.step()
            fuse.step()

    for dies_at in (1, 2, 3):
        with pytest.raises(Crash):
            live(Fuse(dies_at))
    live(Fuse(0))
    with django_database.cursor() as cursor:
        cursor.execute("SELECT seq FROM bills ORDER BY seq")
        assert [row[0] for row in cursor.fetchall()] == ALL
