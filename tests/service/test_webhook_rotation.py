"""A webhook secret that is taken out: refused at once, and what depended on it is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from esign_core.errors import WebhookRejected
from esign_core.journal import Hearing
from esign_core.model import EnvelopeStatus
from esign_core.testing.fake_webhooks import SECRET

if TYPE_CHECKING:
    from tests.service.conftest import World

NEW = "a-newer-webhook-secret"
DAY = 86400


def hearing(world: World) -> Hearing:
    """What the journal knows of the account's deliveries."""
    return world.workspace.journal.read(lambda tx: tx.connections.get("acme"))


def rotate(world: World, *secrets: str) -> None:
    """A process with these secrets takes over."""
    world.connections["acme"]["webhook_secrets"] = list(secrets)
    world.restart()


@pytest.mark.promise("A3")
def test_a_secret_is_good_as_long_as_it_is_listed_and_no_longer(world: World) -> None:
    """In any place of the list; the first process without it refuses it, with no time of grace."""
    world.send()
    for n, secrets in enumerate([(SECRET,), (SECRET, NEW), (NEW, SECRET), (NEW,)]):
        rotate(world, *secrets)
        for secret in (SECRET, NEW):
            world.clock.pass_time(1)
            delivery = world.vendor.delivery(world.vendor.event("1", f"{n}{secret}"), secret=secret)
            if secret in secrets:
                assert world.receive(delivery).is_new
            else:
                error = world.refused(delivery)
                assert isinstance(error, WebhookRejected)
                assert error.reason == "wrong_signature"
    assert len(world.inbox()) == 6


@pytest.mark.promise("A3", "R6")
def test_what_depended_on_a_revoked_secret_is_looked_at_instead(world: World) -> None:
    """A refused delivery leaves no trace but a count: the account is not taken for heard."""
    old, new = world.send("old"), world.send("new", world.draft("Lease 15"))
    for remote_id in ("1", "2"):
        world.vendor.sign(remote_id, 0)
        world.tell(remote_id, f"e{remote_id}")
    rotate(world, NEW)
    world.work(120)
    before = (hearing(world), world.todo(), world.inbox(), world.events())
    world.vendor.complete("1")
    error = world.refused(world.vendor.delivery(world.vendor.event("1", "e3"), secret=SECRET))
    assert isinstance(error, WebhookRejected)
    assert (hearing(world), world.todo(), world.inbox(), world.events()) == before
    assert world.workspace.rejected == {("acme", "wrong_signature"): 1}

    for _ in range(48):  # the other one is heard of all the time, under the new secret
        world.work(DAY / 48)
        _ = world.tell("2", secret=NEW)
    assert world.get(old.id).status is EnvelopeStatus.COMPLETED
    assert world.get(new.id).status is EnvelopeStatus.IN_PROGRESS


@pytest.mark.promise("A3")
def test_where_nothing_is_heard_any_more_looks_become_frequent(world: World) -> None:
    """Once one look has found what a delivery should have told, all are looked at as usual."""
    for n in range(4):
        world.send(f"{n}", world.draft(f"Lease {n}"))
        world.vendor.sign(f"{n + 1}", 0)
        world.tell(f"{n + 1}", f"e{n}")
    rotate(world, NEW)
    world.vendor.complete("1")
    world.work(DAY)
    known = hearing(world)
    assert known.missed_at is not None
    assert known.heard_at is not None
    assert known.missed_at > known.heard_at
    looks = sum(world.fetches(f"{n}") for n in (2, 3, 4))
    world.work(DAY)
    assert sum(world.fetches(f"{n}") for n in (2, 3, 4)) >= looks + 9
