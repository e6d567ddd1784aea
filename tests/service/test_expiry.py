"""Headers and bodies of deliveries, dropped by the worker when they are old enough."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from esign_core.journal import DeliveryState, InboxEntry, Journal, Transaction, WorkKind
from esign_core.model import Authenticity, WebhookRequest
from esign_core.provider import utc_now
from esign_core.service import Esign
from esign_core.service.expiry import CHUNK
from esign_core.service.findings import Finding, Severity
from esign_core.service.left_undone import left_undone
from esign_core.service.replay import replay_all
from esign_core.service.worker import turn
from esign_core.testing.fake_webhooks import FakeWebhooks
from tests.service.test_replay import Older

if TYPE_CHECKING:
    from pathlib import Path

    from tests.service.conftest import World

DAY = 86400.0


@pytest.fixture
def forgetful(world: World) -> World:
    """One that keeps bodies for 30 days."""
    world.keep_raw_days = 30
    world.restart()
    return world


def _keep(tx: Transaction, received_at: datetime, i: int) -> None:
    _ = tx.inbox.keep(
        WebhookRequest({"x-number": str(i)}, b"body %d" % i),
        envelope=0,
        digest=f"d{i}",
        connection="acme",
        remote_id=f"r{i}",
        state=DeliveryState.FOREIGN,
        authenticity=Authenticity.SIGNED_FRESH,
        received_at=received_at,
    )


def _whole(world: World) -> list[InboxEntry]:
    found = world.workspace.journal.read(lambda tx: tx.inbox.list(limit=10_000))
    return [entry for entry in found if entry.dropped_at is None]


@pytest.mark.promise("A5", "R2")
def test_worker_drops_what_is_old_enough_and_knows_it_when_it_comes_again(
    forgetful: World,
) -> None:
    """Within an hour; what is younger stays whole, and so do all hashes."""
    forgetful.send()
    forgetful.vendor.sign("1", 0)
    forgetful.tell("1", "old")
    forgetful.clock.pass_time(10 * DAY)
    forgetful.vendor.sign("1", 1)
    forgetful.tell("1", "young")
    hashes = {entry.id: entry.sha256 for entry in forgetful.inbox()}
    forgetful.clock.pass_time(20 * DAY - 2 * 3600)
    forgetful.work(3600)
    assert len(_whole(forgetful)) == 2, "not before its time"
    forgetful.work(2.5 * 3600)
    (young,) = _whole(forgetful)
    assert young.request.body
    dropped = forgetful.inbox()[1]
    assert (dropped.request.body, dict(dropped.request.headers)) == (b"", {})
    assert {entry.id: entry.sha256 for entry in forgetful.inbox()} == hashes
    seen = forgetful.events()
    assert not forgetful.tell("1", "old").is_new
    assert (forgetful.events(), len(forgetful.inbox())) == (seen, 2)
    forgetful.clock.pass_time(11 * DAY)
    forgetful.work(2 * 3600)
    assert _whole(forgetful) == []


def test_everything_is_kept_for_ever_if_nobody_says_otherwise(world: World) -> None:
    """And nothing is planned."""
    world.send()
    world.vendor.complete("1")
    world.tell("1", "old")
    world.clock.pass_time(1000 * DAY)
    world.restart()
    world.work(2 * 3600)
    assert len(_whole(world)) == 1
    assert WorkKind.DROP_RAW not in world.kinds()


def test_it_ends_when_it_is_wished_no_longer(forgetful: World) -> None:
    """The setting is looked at each time."""
    forgetful.work(1)
    assert WorkKind.DROP_RAW in forgetful.kinds()
    forgetful.keep_raw_days = None
    forgetful.restart()
    forgetful.work(2 * 3600)
    assert WorkKind.DROP_RAW not in forgetful.kinds()


def test_much_is_dropped_some_at_a_time(forgetful: World) -> None:
    """Others come in between: no step holds the journal for longer than a few bodies take."""
    old = forgetful.ago(31 * DAY)
    count = 2 * CHUNK + 5

    def write(tx: Transaction) -> None:
        for i in range(count):
            _keep(tx, old, i)

    forgetful.workspace.journal.write(write)
    left = []
    while len(_whole(forgetful)) > 0:
        assert forgetful.run(turn(forgetful.workspace)) == 0
        left.append(len(_whole(forgetful)))
    assert left == [CHUNK + 5, 5, 0]
    assert forgetful.run(turn(forgetful.workspace)) > 0


@pytest.mark.promise("R8", "R9")
def test_what_could_not_be_read_is_kept_until_it_can(forgetful: World) -> None:
    """Whatever its age, as long as it proves something; the doctor tells of it."""
    forgetful.send()
    forgetful.with_webhooks(Older)
    forgetful.vendor.sign("1", 0)
    assert forgetful.tell("1", "e1").state is DeliveryState.UNREADABLE
    forgetful.clock.pass_time(40 * DAY)
    forgetful.work(2 * 3600)
    [kept] = _whole(forgetful)
    [told] = [each for each in _findings(forgetful) if each.subject == "inbox"]
    assert told.severity is Severity.WARNING
    assert told.message.startswith("1 older than keep_raw_days")
    forgetful.with_webhooks(FakeWebhooks)
    [again] = forgetful.run(replay_all(forgetful.workspace, DeliveryState.UNREADABLE))
    assert again.state is DeliveryState.OBSERVED
    forgetful.work(2 * 3600)
    assert _whole(forgetful) == []
    assert all(each.subject != "inbox" for each in _findings(forgetful))
    assert forgetful.inbox()[0].sha256 == kept.sha256


def _findings(world: World) -> list[Finding]:
    return world.workspace.journal.read(lambda tx: left_undone(world.workspace, tx, most=1000))


@pytest.mark.promise("R8")
def test_what_waits_for_its_envelope_is_kept(make_world: Callable[..., World]) -> None:
    """Unless anybody could have sent it: then it would only have the vendor asked."""
    world = make_world(accept_unsigned=True)
    world.keep_raw_days = 30
    world.restart()
    event = {"key": "e1", "at": world.clock.now().isoformat(), "envelope": _stranger("77")}
    assert world.receive(world.vendor.delivery(event)).state is DeliveryState.WAITING
    event = {**event, "envelope": _stranger("88")}
    assert world.receive(world.vendor.delivery(event, secret=None)).state is DeliveryState.WAITING
    [item] = world.todo()[:1]
    assert item.kind is WorkKind.IDENTIFY
    world.workspace.journal.write(lambda tx: tx.work.drop(item.kind, item.subject))
    world.clock.pass_time(40 * DAY)
    world.work(2 * 3600)
    assert [entry.remote_id for entry in _whole(world)] == ["77"]


def _stranger(remote_id: str) -> dict[str, object]:
    return {"id": remote_id, "title": "", "mark": None, "status": "in_progress", "signers": []}


def test_product_says_for_how_long(journal_url: str, tmp_path: Path) -> None:
    """In its configuration; any worker of it does the rest."""
    path = tmp_path / "esign.toml"
    path.write_text(f"journal = '{journal_url}'\nkeep_raw_days = 0.5\n", encoding="utf-8")
    journal = Journal(journal_url)
    for i, days in enumerate((0.4, 0.6)):
        at = utc_now() - timedelta(days=days)
        journal.write(partial(_keep, received_at=at, i=i))
    journal.close()
    with Esign.from_config(path) as esign, esign.worker():
        while all(entry.dropped_at is None for entry in esign.inbox.list()):
            esign._workspace.journal.wait_for_news(esign._workspace.journal.seen(), 0.05)
        assert [entry.dropped_at is None for entry in esign.inbox.list()] == [False, True]
