from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.mark.parametrize("words", [["worker"], ["serve", "--port", "0", "--worker"]])
def test_a_worker_waits_for_the_vendor_s_queue(
    words: list[str], esign: Run, start: Run, config: Path, pdf: Path
) -> None:
    """What `send` left in a vendor's queue is followed until it is sent."""
    draft = ["--document", pdf, "--signer", "Jane Doe", "--by-link", "--via", "penneo"]
    sent = esign("send", *draft, "--key", "k", "--config", config, "--json")
    assert sent.json["status"] == "queued"
    following = start("events", "--follow", "--json", "--config", config)
    assert json.loads(following.line())["type"] == "envelope.queued"
    worker = start(*words, "--config", config, "--json")
    assert json.loads(worker.line())["connections"] == ["penneo", "penvio"]
    event = json.loads(following.line())
    assert (event["type"], event["source"]) == ("envelope.sent", "poll")
    ended = worker.end(signal.SIGTERM)
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def test_people_are_told_for_whom_it_works(start: Run, config: Path) -> None:
    """One line, when it has begun."""
    assert start("worker", "--config", config).line() == (
        "Working for penneo, penvio. Ctrl-C ends it."
    )


@pytest.mark.parametrize(
    ("threads", "told"), [("0", ">= 1"), ("101", "<= 100"), ("100000", "<= 100")]
)
def test_threads_that_cannot_be_meant_are_usage(
    threads: str, told: str, esign: Run, config: Path
) -> None:
    """No machine is better for thousands of them."""
    answer = esign("worker", "--threads", threads, "--config", config)
    assert (answer.code, answer.out) == (2, "")
    assert told in answer.err
