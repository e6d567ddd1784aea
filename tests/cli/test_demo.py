from __future__ import annotations

import hashlib
import json
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from esign_core import EnvelopeStatus, EventType, Registry, Source
from esign_core.cli.demo.play import Played, play
from esign_core.cli.demo.stage import set_stage
from esign_core.cli.demo.story import Story
from esign_core.cli.demo.telling import Teller
from esign_core.cli.demo.verdict import findings

Run = Callable[..., Any]
ALWAYS = {
    "seq", "id", "type", "envelope_id", "connection", "provider", "occurred_at", "received_at",
    "source", "authenticity", "inferred",
}  # fmt: skip
ENDS = {
    "envelope.completed", "envelope.declined", "envelope.cancelled", "envelope.expired",
    "envelope.failed",
}  # fmt: skip
LINK = re.compile(r"http://127\.0\.0\.1:\d+/\S+/\w+")


def _install_only(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Other providers are not there."""
    found = Registry.load(p for p in entry_points(group="esign") if p.name in names)
    monkeypatch.setattr(Registry, "installed", classmethod(lambda _: found))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """What came of one play."""
    folder = tmp_path_factory.mktemp("demo")

    async def perform() -> Played:
        esign = stage.esign
        async with esign, esign.worker(), Story(esign, Teller(as_json=True)) as story:
            return await play(stage, story, folder)

    with set_stage(folder, scale=0.05) as stage:
        return anyio.run(perform)


def test_the_stream_is_whole_and_nothing_else_is_on_stdout(start: Run) -> None:
    """`esign demo --json`: all that the demonstration promises, read by a program."""
    answer = start("demo", "--json").end(None)
    assert answer.code == 0, answer.err
    events = [json.loads(line) for line in answer.lines]
    assert len(events) >= 20
    assert all(set(event) >= ALWAYS for event in events)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert {event["connection"] for event in events} == {"penneo", "penvio"}
    assert {event["source"] for event in events} >= {"webhook", "poll"}
    once = Counter(
        (event["envelope_id"], event["type"], event["signer_id"], event["round"])
        for event in events
        if event["type"] != "signer.reminded"
    )
    assert set(once.values()) == {1}
    ends = [event["type"] for event in events if event["type"] in ENDS]
    assert sorted(ends) == [
        "envelope.cancelled", "envelope.completed", "envelope.completed", "envelope.declined",
    ]  # fmt: skip
    completed = {e["connection"] for e in events if e["type"] == "envelope.completed"}
    assert completed == {"penneo", "penvio"}
    assert "@example.com" not in answer.out
    assert not LINK.search(answer.out)


def test_people_see_a_table_the_ends_and_the_files(esign: Run, tmp_path: Path) -> None:
    """Each event as it comes, then what became of each envelope, and files that are kept."""
    answer = esign("demo", "--to", tmp_path / "kept")
    assert answer.code == 0, answer.err
    ends = [line.split("\t")[:3] for line in answer.lines if line.startswith("Lease")]
    assert ends == [
        ["Lease 14", "penneo", "completed"],
        ["Lease 14", "penvio", "completed"],
        ["Lease 15", "penneo", "declined"],
        ["Lease 16", "penvio", "cancelled"],
    ]
    files = [line.split("\t") for line in answer.lines if ".pdf" in line]
    assert [via for via, *_ in files] == ["penneo", "penvio"]
    for _, path, size, sha256 in files:
        data = Path(path).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (int(size), sha256)
    assert re.search(r"\d+ events \(.*\), none lost, none twice, in", answer.lines[-1])


@pytest.mark.parametrize("name", ["penneo", "penvio"])
def test_one_vendor_plays_every_part(
    name: str, esign: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any number of installed providers will do."""
    _install_only(monkeypatch, name)
    answer = esign("demo", "--json")
    assert answer.code == 0, answer.err
    events = [json.loads(line) for line in answer.lines]
    ends = [event["type"] for event in events if event["type"] in ENDS]
    assert ends == ["envelope.completed", "envelope.declined", "envelope.cancelled"]


def test_without_a_simulator_it_says_so(esign: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The core alone has nobody to play with."""
    _install_only(monkeypatch)
    answer = esign("demo")
    assert answer.code == 1
    assert answer.err.startswith("Misconfigured: no installed provider ships a simulator")


def test_it_stays_with_links_to_click(start: Run) -> None:
    """`--serve`: whoever signs on the page sees the stream go on; a signal ends it."""
    demo = start("demo", "--serve")
    line = demo.line()
    while not line.startswith("Your turn"):
        line = demo.line()
    links = [found[0] for found in (LINK.search(demo.line()) for _ in range(4)) if found]
    assert len(links) == 4
    for link in links[:2]:
        assert httpx.post(f"{link}/sign", trust_env=False).is_success
    line = demo.line()
    while "envelope.completed" not in line:
        line = demo.line()
    assert "Lease 17" in line
    ended = demo.end(signal.SIGINT)
    assert (ended.code, ended.err) == (0, "")


def test_a_play_that_went_well_has_no_findings(played: Played) -> None:
    """The verdict is about what happened, not about how it was told."""
    assert findings(played) == []


def _spoilt(played: Played) -> Iterator[tuple[Played, str]]:
    first = played.events[0]
    yield (
        replace(played, events=played.events[1:]),
        "the stream has gaps",
    )
    yield (
        replace(played, events=[*played.events, replace(first, seq=len(played.events) + 1)]),
        f"{first.type} of {first.envelope_id} is there 2 times",
    )
    yield (
        replace(played, expected=dict.fromkeys(played.expected, EnvelopeStatus.EXPIRED)),
        "is completed, not expired",
    )
    yield (
        replace(played, events=[replace(e, source=Source.WEBHOOK) for e in played.events]),
        "nothing became known by poll",
    )
    yield (
        replace(
            played,
            events=[
                replace(e, source=Source.WEBHOOK) if e.type is EventType.SIGNER_SIGNED else e
                for e in played.events
            ],
        ),
        "was not found by polling",
    )
    yield (
        replace(played, deliveries={}),
        "no webhook met with the mishap that was planned: drop",
    )
    yield (
        replace(played, ledgers={name: [*told, *told] for name, told in played.ledgers.items()}),
        "asked Tess Holm 2 times",
    )
    yield (
        replace(played, files=played.files[:1]),
        "1 signed files for 2 signed leases",
    )


def test_whatever_is_not_as_it_should_be_is_found(played: Played) -> None:
    """A lost event, a doubled one, a wrong end, somebody asked twice: each is told."""
    for spoilt, told in _spoilt(played):
        assert any(told in finding for finding in findings(spoilt)), told


def test_a_failed_play_is_told_and_exits_with_1(
    esign: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody mistakes a broken demonstration for a good one."""
    monkeypatch.setattr("esign_core.cli.demo.verdict.findings", lambda _: ["the stream has gaps"])
    answer = esign("demo", "--json")
    assert answer.code == 1
    assert answer.err == "The demonstration failed:\n  the stream has gaps\n"


def test_a_play_that_gets_stuck_says_where(esign: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What did not come is named, and everything is stopped all the same."""
    monkeypatch.setattr("esign_core.cli.demo.story.PATIENCE_SECONDS", 0.1)
    answer = esign("demo", "--json")
    assert answer.code == 1
    assert 'waited 0.1 s for envelope.sent of "Lease 14", in vain' in answer.err


def test_files_are_kept_in_a_folder_only(esign: Run, tmp_path: Path) -> None:
    """A file in the way is noticed before anything is played."""
    (tmp_path / "kept").touch()
    answer = esign("demo", "--to", tmp_path / "kept")
    assert answer.code == 2
    assert "name a folder" in answer.err
