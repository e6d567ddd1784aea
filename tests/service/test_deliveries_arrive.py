"""Looking is rare where deliveries arrive, and often where they do not; which it is shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from esign_core.journal import Hearing, Transaction, WorkKind
from esign_core.journal.connections import Connections
from esign_core.model import Envelope
from esign_core.service.looking import missed
from tests.service.listing import Listing

if TYPE_CHECKING:
    from tests.service.conftest import World

MakeWorld = Callable[..., "World"]
HOUR, DAY = 3600.0, 86400.0


@pytest.fixture
def heard(world: World) -> World:
    """One whose account has just made a proven delivery about an envelope."""
    _make_heard(world)
    return world


def _make_heard(world: World) -> None:
    _ = world.send("first")
    world.vendor.complete("1")
    world.tell("1", "first")
    world.work(0)


def _hearing(world: World) -> Hearing:
    return world.workspace.journal.read(lambda tx: tx.connections.get("acme"))


def test_month_without_news_costs_a_few_looks(world: World) -> None:
    """An envelope that nobody signs: five times as many requests where nobody tells of it."""
    _ = world.send("quiet")
    world.work(30 * DAY)
    assert 110 < world.fetches("1") < 140
    _ = world.send("other")
    world.vendor.complete("2")
    world.tell("2", "e1")  # from here on deliveries arrive
    _ = world.send("quiet too")
    before = world.fetches("3")
    world.work(30 * DAY)
    assert 20 < world.fetches("3") - before < 35


def test_deliveries_are_heard_of_once_a_minute(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They come by the thousand; to know that they arrive is worth one write now and then."""
    written: list[str] = []
    hear = Connections.hear

    def counted(self: Connections, name: str, at: object) -> None:
        written.append(name)
        hear(self, name, at)  # type: ignore[arg-type]

    monkeypatch.setattr(Connections, "hear", counted)
    _ = world.send()
    for i in range(100):
        world.tell("1", f"e{i}")
        world.clock.pass_time(1)
    assert len(written) <= 3
    heard_at = _hearing(world).heard_at
    assert heard_at is not None
    assert (world.clock.now() - heard_at).total_seconds() < 70


def test_what_proves_nothing_is_not_heard(make_world: MakeWorld) -> None:
    """Otherwise anybody could make us look away."""
    world = make_world(accept_unsigned=True)
    _ = world.send()
    world.tell("1", "e1", secret=None)
    world.tell("1", "e2", signed_at=world.ago(10 * DAY))
    assert _hearing(world) == Hearing()


@pytest.mark.promise("R6")
def test_lost_delivery_is_found_by_looking(heard: World) -> None:
    """Within an hour of sending; and never later than a day."""
    soon, late = heard.send("soon"), heard.send("late")
    heard.work(60)
    heard.vendor.complete("2")  # and nobody tells
    heard.work(HOUR)
    assert heard.get(soon.id).is_final
    heard.tell("3", "e1")
    heard.work(20 * DAY)
    heard.vendor.complete("3")
    heard.work(DAY + 60)
    assert heard.get(late.id).is_final


def _completed_behind_our_back(world: World) -> list[Envelope]:
    """Five envelopes that are looked at hours apart, all completed, of which nobody tells."""
    envelopes: list[Envelope] = []
    for i in range(5):
        envelopes.append(world.send(f"lease-{i}"))
        world.work(4 * HOUR)
    world.work(10 * DAY)
    for each in envelopes:
        world.vendor.complete(str(each.remote_id))
    return envelopes


def _go_to_the_first_look(world: World) -> None:
    due = min(item.due_at for item in world.todo() if item.kind is WorkKind.REFRESH)
    world.work((due - world.clock.now()).total_seconds() + 1)
    assert _hearing(world).missed_at is not None


@pytest.mark.promise("R6")
def test_when_one_was_lost_all_others_are_looked_at_soon(heard: World) -> None:
    """A vendor without a list is asked for each open envelope within a minute or so."""
    envelopes = _completed_behind_our_back(heard)
    _go_to_the_first_look(heard)
    assert [heard.get(each.id).is_final for each in envelopes].count(True) == 1
    heard.work(70)
    assert all(heard.get(each.id).is_final for each in envelopes)


@pytest.mark.promise("R6")
def test_when_one_was_lost_the_list_shows_what_else_was(world: World) -> None:
    """One request a page, where the vendor has a list, and a look at those that have moved."""
    world.with_provider(Listing)
    _make_heard(world)
    envelopes = _completed_behind_our_back(world)
    now = world.clock.now()

    def list_later(tx: Transaction) -> None:
        tx.connections.list("acme", now)
        tx.work.drop(WorkKind.RECONCILE, "acme")
        later = now + timedelta(hours=5)
        tx.work.plan(WorkKind.RECONCILE, "acme", connection="acme", due_at=later)

    world.workspace.journal.write(list_later)
    world.restart()
    before = world.vendor.lists()
    _go_to_the_first_look(world)
    world.work(5)
    assert all(world.get(each.id).is_final for each in envelopes)
    assert 0 < world.vendor.lists() - before <= 3


def test_lost_ones_do_not_make_an_account_that_nobody_tells_of_hurry(world: World) -> None:
    """Where looking is all there is, news that a look brings change no schedule."""
    for i in range(10):
        _ = world.send(f"lease-{i}")
    world.work(10 * DAY)
    before = len(world.vendor.requests)
    world.vendor.complete("1")
    world.work(6 * HOUR)
    assert len(world.vendor.requests) - before < 25


def test_deliveries_have_to_prove_themselves_again(heard: World) -> None:
    """After a missed one, looks are frequent until deliveries have arrived for an hour."""

    def first_pause(key: str) -> float:
        envelope = heard.send(key)
        (item,) = [each for each in heard.todo() if each.subject == envelope.id]
        return (item.due_at - heard.clock.now()).total_seconds()

    assert first_pause("a") == pytest.approx(HOUR, abs=1)
    heard.work(60)
    heard.vendor.complete("2")
    heard.work(HOUR)
    assert _hearing(heard).missed_at is not None
    assert first_pause("b") == pytest.approx(60, abs=1)
    heard.tell("3", "e1")
    assert first_pause("c") == pytest.approx(60, abs=1)
    heard.clock.pass_time(2 * HOUR)
    heard.tell("3", "e2")
    assert first_pause("d") == pytest.approx(HOUR, abs=1)


def test_another_process_learns_of_it(heard: World) -> None:
    """What one has found out is in the journal, and known to the others within a minute."""
    heard.restart()
    envelope = heard.send("a")
    (item,) = [each for each in heard.todo() if each.subject == envelope.id]
    assert (item.due_at - heard.clock.now()).total_seconds() == pytest.approx(HOUR, abs=1)


@pytest.mark.promise("R6")
def test_repair_is_planned_also_where_somebody_else_spoils_the_transaction(heard: World) -> None:
    """Done again by itself, a step plans what it planned the first time."""
    workspace = heard.workspace
    session = workspace.session("acme")

    def poison(_tx: Transaction) -> None:
        raise ValueError

    _ = heard.send("second")
    before = _hearing(heard)
    (planned,) = heard.todo()
    works = [lambda tx: missed(workspace, tx, session), poison]
    _ = workspace.journal.write_all(works)
    assert _hearing(heard).missed_at != before.missed_at
    (hurried,) = heard.todo()
    assert hurried.due_at < planned.due_at
