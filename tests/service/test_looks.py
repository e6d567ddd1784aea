"""Which deliveries make the core look at the vendor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from esign_core.journal import WorkKind
from esign_core.model import (
    EnvelopeStatus,
    EventType,
    Notice,
    SignerNotice,
    WebhookRequest,
)
from esign_core.testing.fake_webhooks import FakeWebhooks

if TYPE_CHECKING:
    from tests.service.conftest import World


def _saying(notice: Notice) -> type[FakeWebhooks]:
    class Saying(FakeWebhooks):
        def parse(self, request: WebhookRequest) -> Sequence[Notice]:
            del request
            return [notice]

    return Saying


def _is_due(world: World) -> bool:
    refreshes = [item for item in world.todo() if item.kind is WorkKind.REFRESH]
    return any(item.due_at <= world.clock.now() for item in refreshes)


@pytest.mark.parametrize(
    ("signer", "looks"),
    [
        (SignerNotice(EventType.SIGNER_VIEWED, name="Somebody Else"), True),
        (SignerNotice(EventType.SIGNER_VIEWED, name="Jane Doe"), False),
    ],
)
def test_delivery_about_a_stranger_causes_a_look(
    world: World, signer: SignerNotice, *, looks: bool
) -> None:
    """What was said of a signer whom no seat fits is not just dropped."""
    envelope = world.send()
    world.with_webhooks(_saying(Notice(envelope.remote_id, signers=(signer,))))
    _ = world.tell("1", "e1")
    assert _is_due(world) is looks


@pytest.mark.parametrize("status", [None, EnvelopeStatus.DECLINED])
def test_after_the_end_only_news_causes_a_look(world: World, status: EnvelopeStatus | None) -> None:
    """A delivery that says nothing but "look" costs no request once an envelope has ended."""
    envelope = world.send()
    end = Notice(envelope.remote_id, key="end", status=EnvelopeStatus.DECLINED)
    world.with_webhooks(_saying(end))
    _ = world.tell("1", "e1")
    _ = world.work()
    assert world.todo() == []
    later = Notice(envelope.remote_id, key="later", status=status, needs_fetch=True)
    world.with_webhooks(_saying(later))
    _ = world.tell("1", "e2")
    assert _is_due(world) is (status is not None)


@pytest.mark.promise("R6")
@pytest.mark.parametrize("is_followed", [False, True])
def test_an_end_that_leaves_somebody_open_causes_a_last_look(
    world: World, *, is_followed: bool
) -> None:
    """Who signed before somebody declined is known, though that delivery was lost.

    Also when another delivery comes right after the end, before anybody had time to look.
    """
    envelope = world.send()
    world.vendor.sign("1", 0)
    world.vendor.decline("1", 1)
    bo = SignerNotice(EventType.SIGNER_DECLINED, name="Bo Ek")
    end = Notice(envelope.remote_id, status=EnvelopeStatus.DECLINED, signers=(bo,))
    world.with_webhooks(_saying(end))
    _ = world.tell("1", "e1")
    if is_followed:
        viewed = SignerNotice(EventType.SIGNER_VIEWED, name="Bo Ek")
        world.with_webhooks(_saying(Notice(envelope.remote_id, key="e2", signers=(viewed,))))
        _ = world.tell("1", "e2")
    before = world.fetches("1")
    _ = world.work()
    assert world.fetches("1") == before + 1
    assert [signer.status for signer in world.get(envelope.id).signers] == ["signed", "declined"]
    assert world.todo() == []


@pytest.mark.parametrize("status", ["completed", "declined"])
def test_an_end_that_tells_all_causes_none(world: World, status: str) -> None:
    """What everybody did is known: the vendor is not asked."""
    envelope = world.send()
    if status == "completed":
        world.vendor.complete("1")
    else:
        world.vendor.sign("1", 0)
        world.vendor.decline("1", 1)
    before = world.fetches("1")
    _ = world.tell("1", "e1")
    _ = world.work(7200)
    assert world.get(envelope.id).status == status
    assert world.fetches("1") == before
    assert world.todo() == []
