from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]
ALWAYS = {
    "seq", "id", "type", "envelope_id", "connection", "provider", "occurred_at", "received_at",
    "source", "authenticity", "inferred",
}  # fmt: skip


def _types(answer: Any) -> list[str]:
    return [json.loads(line)["type"] for line in answer.lines]


def test_the_stream_is_json_lines(esign: Run, config: Path, sent: str) -> None:
    """One event, one line, every field; without the vendor's own words, which name people."""
    events = [json.loads(line) for line in esign("events", "-c", config, "--json").lines]
    assert [event["seq"] for event in events] == [1, 2]
    assert [event["type"] for event in events] == ["envelope.sent", "signer.notified"]
    assert all(event["envelope_id"] == sent for event in events)
    assert all(set(event) >= ALWAYS and "raw" not in event for event in events)


def test_the_vendor_s_own_words_are_there_if_asked(esign: Run, config: Path, sent: str) -> None:
    """`--raw` is for looking into what a vendor said."""
    event = json.loads(esign("events", "-c", config, "--json", "--raw").lines[0])
    assert event["envelope_id"] == sent
    assert event["raw"]["subject"] == "Lease 14"


def test_the_stream_is_rows_in_a_pipe(esign: Run, config: Path, sent: str) -> None:
    """Position, time, event, connection, envelope, signer, source."""
    rows = [line.split("\t") for line in esign("events", "-c", config).lines]
    assert [[r[0], *r[2:]] for r in rows] == [
        ["1", "envelope.sent", "penvio", sent, "-", "reply"],
        ["2", "signer.notified", "penvio", sent, "s1", "reply"],
    ]


def test_the_stream_is_narrowed(esign: Run, config: Path, sent: str) -> None:
    """By position, number and envelope."""
    assert _types(esign("events", "--after", "1", "-c", config, "--json")) == ["signer.notified"]
    assert _types(esign("events", "--limit", "1", "-c", config, "--json")) == ["envelope.sent"]
    assert len(_types(esign("events", "--envelope", sent, "-c", config, "--json"))) == 2


def test_an_unknown_envelope_has_no_stream(esign: Run, config: Path) -> None:
    """A mistyped id is no envelope to which nothing happened."""
    answer = esign("events", "--envelope", "nope", "-c", config, "--json")
    assert (answer.code, answer.error["type"]) == (1, "UnknownEnvelope")


def test_a_consumer_goes_on_where_it_left_off(esign: Run, config: Path, sent: str) -> None:
    """A job that runs each night gets what is new, and nothing twice."""
    first = esign("events", "--consumer", "billing", "-c", config, "--json")
    assert _types(first) == ["envelope.sent", "signer.notified"]
    assert _types(esign("events", "--consumer", "billing", "-c", config, "--json")) == []
    assert esign("cancel", sent, "-c", config).code == 0
    news = esign("events", "--consumer", "billing", "-c", config, "--json")
    assert _types(news) == ["envelope.cancelled"]


def test_following_shows_what_another_process_learns(
    esign: Run, start: Run, config: Path, sent: str
) -> None:
    """`--follow` goes on with new events as they come, and ends in good order."""
    following = start("events", "--follow", "--json", "--config", config)
    assert [json.loads(following.line())["seq"] for _ in range(2)] == [1, 2]
    assert esign("cancel", sent, "-c", config).code == 0
    assert json.loads(following.line())["type"] == "envelope.cancelled"
    ended = following.end(signal.SIGINT)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
