"""Times as people read them: one shape, in every table and list."""

from __future__ import annotations

import hashlib
import hmac
import re
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from esign_core import Esign, WebhookRequest
from esign_core.cli.output import plain
from esign_core.journal import Journal, WorkKind

Run = Callable[..., Any]
_TIME = re.compile(r"\b\d{4}-\d\d-\d\d[^\t\n]*")
_SHAPE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")


def _cells(answer: Any) -> list[str]:
    """Those with a time in them."""
    assert answer.code == 0
    return [cell for line in answer.lines for cell in line.split("\t") if _TIME.match(cell)]


@pytest.mark.parametrize("words", ["list", "show {sent}", "events", "work list"])
def test_times_have_one_shape(words: str, esign: Run, config: Path, sent: str) -> None:
    """UTC, to the second, as JSON has it too: they can be sorted, and pasted into a search."""
    cells = _cells(esign(*words.format(sent=sent).split(), "--config", config))
    assert cells
    assert [cell for cell in cells if not _SHAPE.fullmatch(cell)] == []


@pytest.mark.parametrize("words", ["list", "show 1"])
def test_times_of_deliveries_have_it_too(words: str, esign: Run, config: Path) -> None:
    """When one came, and when its body was dropped."""
    connections = tomllib.loads(config.read_text(encoding="utf-8"))["connections"]
    secret = connections["penvio"]["webhook_secrets"][0]
    body = b'{"event": "envelope.sent", "data": {"envelopeId": "1", "status": "SENT"}}'
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    with Esign.from_config(config) as product:
        _ = product.receive("penvio", WebhookRequest({"x-penvio-signature": digest}, body))
        _ = product.inbox.drop_raw(timedelta(0))
    cells = _cells(esign("inbox", *words.split(), "--config", config))
    assert len(cells) == (2 if words == "show 1" else 1)
    assert [cell for cell in cells if not _SHAPE.fullmatch(cell)] == []


def test_a_time_that_was_given_up_has_it_too(esign: Run, config: Path, sent: str) -> None:
    """In the list of work."""
    journal = Journal(f"sqlite:///{config.with_name('esign.db')}")
    now = datetime(2026, 3, 1, 9, 30, 15, 999999, tzinfo=UTC)

    def give_up(tx: Any) -> None:
        tx.work.plan(WorkKind.REFRESH, sent, connection="penvio", due_at=now)
        assert tx.work.give_up(tx.work.claim(now, timedelta(minutes=10)), now, "NotFound")

    journal.write(give_up)
    (line,) = esign("work", "list", "--dead", "--config", config).lines
    assert line.split("\t")[4] == "given up 2026-03-01T09:30:15+00:00"


def test_a_time_of_a_draft_has_it_too(esign: Run, config: Path) -> None:
    """However it was written."""
    draft = [
        "--title",
        "Lease 14",
        "--template",
        "lease",
        "--signer",
        "Jane Doe <jane@example.com>",
    ]
    when = ["--send-at", "2030-01-31T09:00:00.5+01:00", "--via", "penvio", "--key", "k"]
    answer = esign("send", *draft, *when, "--dry-run", "--config", config)
    assert "send at\t2030-01-31T08:00:00+00:00" in answer.lines


def test_times_are_told_in_utc() -> None:
    """Whatever zone they were in."""
    at = datetime(2030, 1, 31, 0, 30, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
    assert plain(at) == "2030-01-30T23:30:00+00:00"
