"""Listing an account's envelopes, and looking at those that stand otherwise than is known."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from esign_core.engine.simulate import Crash
from esign_core.journal import Hearing, WorkKind
from esign_core.model import Page, Query
from esign_core.provider import Flow
from esign_core.testing import Fault
from tests.service.listing import Listing

if TYPE_CHECKING:
    from tests.service.conftest import World

MakeWorld = Callable[..., "World"]


@pytest.fixture
def listed(make_world: MakeWorld) -> World:
    """One whose vendor lists envelopes, and where nobody looks by themselves for a day."""
    world = make_world()
    world.refresh_after_seconds = 86400
    world.with_provider(Listing)
    return world


def _list_now(world: World) -> None:
    """Have the account listed, whatever the schedule says."""
    now = world.clock.now()
    world.workspace.journal.write(
        lambda tx: tx.work.plan(WorkKind.RECONCILE, "acme", connection="acme", due_at=now)
    )
    world.work(0.5)


def _heard(world: World) -> Hearing:
    return world.workspace.journal.read(lambda tx: tx.connections.get("acme"))


@pytest.mark.promise("R6")
def test_list_finds_what_no_delivery_told(listed: World) -> None:
    """Who stands otherwise there is looked at, and nobody else."""
    envelopes = [listed.send(f"lease-{i}") for i in range(5)]
    listed.vendor.complete("2")
    listed.vendor.sign("4", 0)
    _list_now(listed)
    assert [listed.get(each.id).status for each in envelopes] == [
        "sent",
        "completed",
        "sent",
        "in_progress",
        "sent",
    ]
    assert listed.vendor.lists() == 3, "five envelopes are three pages"
    looked_at = [each for each in listed.vendor.requests if each.startswith("GET /envelopes/")]
    assert sorted(looked_at) == ["GET /envelopes/2", "GET /envelopes/4"]


def test_list_that_shows_nothing_new_causes_no_look(listed: World) -> None:
    """A list costs a request a page, and no more."""
    listed.send()
    _list_now(listed)
    before = len(listed.vendor.requests)
    _list_now(listed)
    assert listed.vendor.requests[before:] == ["GET /lists/0"]


def test_envelope_that_was_never_found_is_adopted_by_its_mark(listed: World) -> None:
    """Also long after nobody looked for it any more; and then the vendor is followed."""
    listed.vendor.fail(Fault.ANSWER_LOST)
    listed.vendor.fail(Fault.REFUSED, on="GET /envelopes")  # it cannot be looked for
    listed.failed()
    listed.send("another")
    (lost,) = [each for each in listed.all() if each.is_in_doubt]
    _list_now(listed)
    found = listed.get(lost.id)
    assert (found.remote_id, found.outcome, found.status) == ("1", "done", "sent")


def test_what_is_not_ours_is_left_alone(listed: World) -> None:
    """Neither a stranger's envelope nor a copy of one of ours is looked at or written down."""
    ours = listed.send()
    stranger = listed.vendor._make({"title": "Theirs", "mark": None, "signers": []}, is_asked=True)
    mark = listed.vendor.envelopes["1"].mark
    copy = listed.vendor._make({"title": "Copy", "mark": mark, "signers": []}, is_asked=True)
    elsewhere = "esign:env_of_another_journal"
    other = listed.vendor._make({"title": "X", "mark": elsewhere, "signers": []}, is_asked=True)
    before = len(listed.vendor.requests)
    _list_now(listed)
    assert set(listed.vendor.requests[before:]) == {"GET /lists/0", "GET /lists/1"}
    assert [each.remote_id for each in listed.all()] == [ours.remote_id]
    assert {stranger.id, copy.id, other.id} == {"2", "3", "4"}


def test_list_goes_back_to_the_oldest_open_envelope(listed: World) -> None:
    """What ended needs no more listing; an account without anything open is not asked at all."""
    old = listed.send("old")
    listed.clock.pass_time(10 * 86400)
    listed.send("new")
    _list_now(listed)
    listed.vendor.complete("1")
    _list_now(listed)
    assert listed.get(old.id).is_final
    asked = listed.vendor.lists()
    listed.vendor.complete("2")
    _list_now(listed)
    assert listed.vendor.lists() == asked + 1, "the old one is out of its way"
    _list_now(listed)
    assert listed.vendor.lists() == asked + 1, "nothing is open"


@pytest.mark.promise("R6")
def test_list_that_broke_off_is_begun_anew(listed: World) -> None:
    """`listed_at` moves only when every page was read; what was found until then stays found."""
    for i in range(5):
        listed.send(f"lease-{i}")
    listed.work(0.5)
    before = _heard(listed)
    listed.clock.pass_time(3600)
    listed.vendor.complete("5")
    listed.vendor.complete("1")
    for _ in range(5):
        listed.vendor.fail(Fault.BROKEN, on="GET /lists/2")
    _list_now(listed)
    assert _heard(listed) == before
    assert [each.status for each in listed.all() if each.is_final] == ["completed"]
    listed.work(60)
    assert [each.status for each in listed.all() if each.is_final] == ["completed"] * 2
    assert _heard(listed) != before


@pytest.mark.parametrize("crash_at", range(1, 12))
def test_list_survives_the_death_of_its_worker(listed: World, crash_at: int) -> None:
    """Wherever it dies, the next one brings the same."""
    envelopes = [listed.send(f"lease-{i}") for i in range(3)]
    for each in envelopes:
        listed.vendor.complete(str(each.remote_id))
    listed.restart(crash_at=crash_at)
    with suppress(Crash):
        _list_now(listed)
    listed.restart()
    listed.work(3600)
    assert [each.status for each in listed.all()] == ["completed"] * 3


def test_what_has_ended_is_looked_at_for_another_end_only(listed: World) -> None:
    """A list that shows an ended envelope as it is known causes no look."""
    ours, other = listed.send(), listed.send("other")
    listed.vendor.complete("1")
    _list_now(listed)
    before = listed.fetches("1")
    _list_now(listed)
    assert listed.fetches("1") == before
    listed.vendor.envelopes["1"].status = "declined"
    _list_now(listed)
    assert listed.fetches("1") == before + 1
    assert listed.get(ours.id).has_conflict
    assert not listed.get(other.id).is_final


def test_list_without_end_has_one(listed: World) -> None:
    """A vendor that leads from page to page in a circle is asked for each page once."""

    class Circling(Listing):
        def list_envelopes(self, query: Query) -> Flow[Page]:
            page = yield from super().list_envelopes(query)
            return Page(page.snapshots, "1" if query.cursor == "0" else "0")

    listed.send()
    listed.with_provider(Circling)
    before = listed.vendor.lists()
    _list_now(listed)
    assert listed.vendor.lists() - before <= 3


def test_accounts_that_can_be_listed_are_listed_by_themselves(listed: World) -> None:
    """A worker sees to it when it begins, once for each account."""
    listed.send()
    listed.work(1)
    lists = [item for item in listed.todo() if item.kind is WorkKind.RECONCILE]
    assert sorted(item.subject for item in lists) == ["acme", "other"]
    listed.restart()
    listed.work(1)
    assert [i.id for i in listed.todo() if i.kind is WorkKind.RECONCILE] == [i.id for i in lists]


def test_vendor_that_has_no_list_is_not_listed(world: World) -> None:
    """Its envelopes are looked at one by one."""
    world.send()
    world.work(1)
    assert world.kinds() == [WorkKind.REFRESH]
