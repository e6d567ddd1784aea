from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TYPE_CHECKING

import anyio
import pytest

from esign_core.engine import AsyncDriver, SyncDriver
from esign_core.model import Envelope, Event, observe, seats_of
from esign_core.service.events import AsyncEvents, Events

if TYPE_CHECKING:
    from tests.service.conftest import World


@pytest.fixture
def stream(world: World) -> Events:
    """Six events of one envelope, one of another."""
    world.send("a")
    world.vendor.complete("1")
    world.tell("1", "e1")
    world.send("b")
    return Events(world.workspace, SyncDriver())


@pytest.fixture
def async_stream(world: World, stream: Events) -> AsyncEvents:
    """The same, awaited."""
    return AsyncEvents(world.workspace, AsyncDriver())


def _seqs(events: list[Event]) -> list[int]:
    return [event.seq for event in events]


def test_stream_is_read_in_pages(world: World, stream: Events) -> None:
    """From after a position, so many, of one envelope if it is named."""
    assert _seqs(stream.read(after=2, limit=3)) == [3, 4, 5]
    assert _seqs(stream.read(envelope_id=world.all()[0].id)) == [7]
    assert stream.read(after=7) == []


@pytest.mark.promise("R5")
def test_follower_resumes_at_what_it_had_not_finished(world: World, stream: Events) -> None:
    """An event that was being worked on when the process died is handed out again."""
    follower = stream.follow("billing")
    assert [next(follower).seq for _ in range(3)] == [1, 2, 3]
    follower.close()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    world.restart()
    again = Events(world.workspace, SyncDriver())
    assert _seqs(list(again.follow("billing", forever=False))) == [3, 4, 5, 6, 7]
    assert list(again.follow("billing", forever=False)) == []
    assert _seqs(list(again.follow("archive", forever=False))) == [1, 2, 3, 4, 5, 6, 7]


def test_follower_waits_for_news(world: World, stream: Events) -> None:
    """It is woken by what this process writes."""
    follower = stream.follow("billing")
    for _ in range(7):
        next(follower)
    got: list[Event] = []
    waiting = threading.Thread(target=lambda: got.append(next(follower)))
    waiting.start()
    world.send("c")
    waiting.join(10)
    assert _seqs(got) == [8]


async def _in_thread(work: Callable[[], object]) -> None:
    await anyio.to_thread.run_sync(work)


@pytest.mark.promise("R5")
async def test_async_follower_resumes_and_waits(world: World, async_stream: AsyncEvents) -> None:
    """The same, awaited."""
    assert _seqs(await async_stream.read(after=2, limit=3)) == [3, 4, 5]

    async def take(follower: AsyncIterator[Event], count: int) -> list[int]:
        return [(await anext(follower)).seq for _ in range(count)]

    follower = async_stream.follow("billing")
    assert await take(follower, 3) == [1, 2, 3]
    await follower.aclose()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    again = async_stream.follow("billing")
    assert await take(again, 5) == [3, 4, 5, 6, 7]
    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            _ = group.start_soon(_in_thread, partial(world.send, "c"))
            assert await take(again, 1) == [8]
    assert [e.seq async for e in async_stream.follow("other", forever=False)] == [*range(1, 9)]


@pytest.mark.promise("R4")
@pytest.mark.parametrize("style", ["direct", "job", "draft"])
def test_stored_observations_give_the_same_state_and_events(
    make_world: Callable[[str], World], style: str
) -> None:
    """The stream can be made again from what was observed, to the last id."""
    world = make_world(style)
    sent = world.send(wait_seconds=20)
    world.vendor.sign("1", 0)
    world.tell("1", "e1")
    world.clock.pass_time(5)
    world.tell("1", "e1b")
    world.work(61)
    world.vendor.decline("1", 1)
    world.tell("1", "e2")
    world.receive(world.vendor.delivery(world.vendor.event("1", "e3", status="expired")))
    world.work(100)
    stored = world.get(sent.id)
    envelope = Envelope(
        id=sent.id,
        connection=sent.connection,
        provider=sent.provider,
        title=sent.title,
        seats=seats_of(world.draft()),
        key=sent.key,
        created_at=sent.created_at,
    )
    events: list[Event] = []
    for observation in world.workspace.journal.read(lambda tx: tx.stream.observations(sent.id)):
        envelope, new = observe(envelope, observation)
        events += new
    assert envelope == stored
    assert [{**event.to_json(), "seq": 0} for event in world.events()] == [
        event.to_json() for event in events
    ]
    assert len(events) >= 6
