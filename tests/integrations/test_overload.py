"""More deliveries than the disk can keep, over real HTTP."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from esign_core.integrations import Intake
from tests.integrations.accounts import acme
from tests.integrations.slow import until
from tests.integrations.stalled import BOUND
from tests.integrations.wire import post

if TYPE_CHECKING:
    from tests.integrations.conftest import Start

ROOT = Path(__file__).parents[2]
MEGABYTE = 1024 * 1024


@pytest.mark.promise("R10")
def test_deliveries_beyond_the_limit_are_503_unread_and_the_others_are_kept(
    slow: Start,
) -> None:
    """While the disk hangs nobody's body is read in vain; when it goes on, so does everything."""
    busy = slow(Intake(max_in_hand=8))
    posted = [acme() for _ in range(8)]
    waiting = [busy.deliver(each) for each in posted]
    until(lambda: busy.intake.in_hand == 8)
    for _ in range(50):
        reply = busy.announce()
        assert (reply.status, reply.reason) == (503, "too_many_in_hand")
        assert int(reply.headers["retry-after"]) > 0
    assert not any(each.done() for each in waiting)
    busy.disk.be_quick()
    assert [kept.status for each in waiting if (kept := each.result())] == [204] * 8
    assert busy.inbox() == {each.body for each in posted}
    after = busy.deliver(acme()).result()
    assert after is not None
    assert after.status == 204


@pytest.mark.promise("R10")
def test_disk_that_hangs_is_noticed_while_there_is_still_room(slow: Start) -> None:
    """The first one that waits for too long closes the door; once it is kept, it is open again."""
    now = 0.0
    busy = slow(Intake(clock=lambda: now))
    first = busy.deliver(acme())
    until(lambda: busy.intake.in_hand == 1)
    now = 0.6
    reply = busy.announce()
    assert (reply.status, reply.reason) == (503, "waiting_too_long")
    busy.disk.be_quick()
    kept = first.result()
    again = busy.deliver(acme()).result()
    assert [reply.status for reply in (kept, again) if reply] == [204, 204]


@pytest.mark.promise("R10", "R1")
def test_in_a_storm_each_2xx_is_in_the_inbox_and_nothing_else_is(
    slow: Start,
) -> None:
    """Two hundred clients, a disk that keeps what it can: each answer is true."""
    busy = slow(Intake(max_in_hand=16))
    posted = [acme() for _ in range(200)]
    answers = {each.body: busy.deliver(each) for each in posted}
    until(lambda: sum(each.done() for each in answers.values()) >= 150)  # 503s so far
    while not all(each.done() for each in answers.values()):
        assert busy.intake.in_hand <= 16
        busy.disk.commit()
        time.sleep(0.002)
    replies = {body: reply for body, each in answers.items() if (reply := each.result())}
    statuses = Counter(reply.status for reply in replies.values())
    assert set(statuses) == {204, 503}
    assert sum(statuses.values()) == 200
    assert busy.inbox() == {body for body, reply in replies.items() if reply.status == 204}


async def _storm(port: int, clients: int) -> dict[str, int]:
    """What a receiver whose disk hangs has, after so many have sent it a megabyte each."""
    posted = acme(b"x" * MEGABYTE)
    told = "".join(f"{name}: {value}\r\n" for name, value in posted.headers.items())
    head = f"POST /webhooks/acme HTTP/1.1\r\nHost: a\r\n{told}Content-Length: {MEGABYTE}\r\n\r\n"
    answered = 0

    async def client() -> None:
        nonlocal answered
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(head.encode() + posted.body)
            line = await reader.readline()
            assert line.startswith(b"HTTP/1.1 503 ")
            answered += 1
        finally:
            writer.close()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(client()) for _ in range(clients)]
        while True:
            reply = await asyncio.to_thread(post, port, "/peak", method="GET")
            assert reply is not None
            seen: dict[str, int] = json.loads(reply.body)
            if answered + seen["in_hand"] == clients:
                break
        for task in tasks:
            task.cancel()
    return seen


def _peak_after_storm(folder: Path, kind: str) -> tuple[int, dict[str, int]]:
    """By how many bytes the process grew, and what it had in hand."""
    command = [sys.executable, "-m", "tests.integrations.stalled", str(folder), kind]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            before = post(port, "/peak", method="GET")
            assert before is not None
            seen = asyncio.run(_storm(port, clients=100))
            return seen["peak"] - json.loads(before.body)["peak"], seen
        finally:
            process.kill()


@pytest.mark.promise("R10")
def test_memory_does_not_grow_with_the_number_of_clients(tmp_path: Path) -> None:
    """A hundred clients send a megabyte each to a disk that hangs: the rest is 503."""
    grown, seen = _peak_after_storm(tmp_path, "bounded")
    assert seen["bytes"] <= BOUND + 64 * 1024
    assert grown < 80 * MEGABYTE


@pytest.mark.negative_control("R10")
def test_without_bounds_memory_grows_with_every_client(tmp_path: Path) -> None:
    """Negative control of the test above."""
    grown, seen = _peak_after_storm(tmp_path, "boundless")
    assert seen["in_hand"] == 100
    assert grown > 150 * MEGABYTE
