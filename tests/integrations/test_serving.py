"""What `esign serve` tells those who watch over it, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from esign_core.errors import JournalUnusable
from esign_core.integrations import Answer, Intake
from esign_core.integrations.metrics import Metrics
from esign_core.integrations.serving import create_app
from esign_core.integrations.watch import Watch
from esign_core.journal import WorkKind
from esign_core.provider import utc_now
from esign_core.service import AsyncEsign
from tests.integrations.accounts import PENVIO_SECRET, acme, penvio
from tests.integrations.slow import Receiver, until

if TYPE_CHECKING:
    from tests.integrations.conftest import Start


@pytest.fixture
def served(slow: Start) -> Receiver:
    """What `esign serve` serves, over a disk that is quick."""
    return slow(make_app=create_app, is_quick=True)


def _ready(served: Receiver) -> tuple[int, str | None]:
    reply = served.get("/ready")
    return reply.status, reply.reason


def _metrics(served: Receiver) -> dict[str, float]:
    """Each sample, by name and the values of its labels."""
    reply = served.get("/metrics")
    assert reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return dict(_samples(reply.body.decode()))


def _samples(text: str) -> Iterator[tuple[str, float]]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = (sample.labels.get(name) for name in ("outcome", "reason", "connection"))
            yield " ".join([sample.name, *filter(None, labels)]), sample.value


def test_it_is_ready_once_the_journal_was_written(served: Receiver) -> None:
    """The journal is made and written before the first delivery, not by it."""
    assert _ready(served) == (200, None)
    assert _metrics(served)["esign_ready"] == 1


def test_it_is_not_ready_before_the_journal_can_be_written(
    slow: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It says once why, and is ready as soon as it can be: nobody has to start it again."""
    folder = tmp_path / "later"
    served = slow(make_app=create_app, is_quick=True, folder=folder)
    reply = served.get("/ready")
    assert (reply.status, reply.reason) == (503, "journal_not_writable")
    assert reply.headers["retry-after"] == "5"
    assert served.get("/health").status == 200
    metrics = _metrics(served)
    assert (metrics["esign_ready"], metrics["esign_journal_writable"]) == (0, 0)
    assert "esign_last_seq" not in metrics
    folder.mkdir()
    until(lambda: _ready(served) == (200, None))
    told = [record.getMessage() for record in caplog.records if record.name == "esign.deliveries"]
    assert len(told) == 2, told
    assert "cannot be written" in told[0]
    assert "folder" in told[0]
    assert told[1] == "the journal can be written again"


@pytest.mark.promise("D9")
def test_it_is_not_ready_after_a_delivery_could_not_be_kept(served: Receiver) -> None:
    """A disk that is full is told by the next probe, and so is that it has room again."""
    assert _ready(served) == (200, None)
    served.disk.error = JournalUnusable("the disk is full")
    reply = served.deliver(acme()).result()
    assert reply is not None
    assert (reply.status, reply.reason, reply.headers["retry-after"]) == (503, "not_kept", "30")
    until(lambda: _ready(served) == (503, "journal_not_writable"))
    served.disk.error = None
    until(lambda: _ready(served) == (200, None))
    assert _metrics(served)["esign_deliveries_total not_kept not_kept"] == 1


@pytest.mark.promise("R10")
def test_probes_are_answered_while_the_disk_hangs(slow: Start) -> None:
    """Nobody who watches waits for the journal, and who balances load sends elsewhere."""
    served = slow(Intake(max_in_hand=2), make_app=create_app)
    assert _ready(served) == (503, "starting")
    waiting = [served.deliver(acme()) for _ in range(2)]
    until(lambda: served.intake.in_hand == 2)
    served.announce()
    served.disk.commit()  # the first look; deliveries wait for the next one
    until(lambda: _ready(served) == (503, "too_many_in_hand"))
    metrics = _metrics(served)
    assert metrics["esign_deliveries_in_hand"] == 2
    assert metrics["esign_delivery_bytes_in_hand"] > 0
    assert metrics["esign_deliveries_total shed too_many_in_hand"] == 1
    assert served.get("/health").status == 200
    served.disk.be_quick()
    assert [kept.status for each in waiting if (kept := each.result())] == [204, 204]
    until(lambda: _ready(served) == (200, None))


def test_deliveries_are_counted_by_what_became_of_them(served: Receiver) -> None:
    """Each answer once, by outcome, reason and the connection that kept it."""
    kept, forged = acme(), acme(secret="guess")
    for posted in (kept, kept, penvio(), acme(b"this is no JSON"), forged, forged):
        assert served.deliver(posted).result() is not None
    assert served.get("/webhooks/acme").status == 405
    for _ in range(3):  # logged once, and counted all the same
        assert served.deliver(acme(b"x" * (Intake().max_body_bytes + 1))).result() is not None
    metrics = _metrics(served)
    counted = {name: value for name, value in metrics.items() if "deliveries_total" in name}
    assert counted == {
        "esign_deliveries_total kept waiting acme": 1,
        "esign_deliveries_total repeated waiting acme": 1,
        "esign_deliveries_total kept waiting penvio-eu": 1,
        "esign_deliveries_total kept unreadable acme": 1,
        "esign_deliveries_total refused wrong_signature": 2,
        "esign_deliveries_total refused only_post": 1,
        "esign_deliveries_total refused too_large": 3,
    }
    assert metrics["esign_delivery_seconds_count kept"] == 3
    assert metrics["esign_deliveries_in_hand"] == 0


@pytest.mark.promise("D1")
def test_nothing_that_is_watched_tells_a_secret(served: Receiver) -> None:
    """Neither where deliveries go, nor what is in them, nor what somebody tries."""
    guess = "/webhooks/k3jx9-guess"
    posted = penvio()
    assert served.deliver(posted).result() is not None
    assert served.deliver(acme(secret="canary")).result() is not None
    for method in ("POST", "GET"):
        headers = {"content-length": "0", "x-penvio-signature": "canary"}
        assert served.request(guess, method=method, headers=headers).status in {404, 405}
    told = b"".join(served.get(path).body for path in ("/health", "/ready", "/metrics"))
    signature = posted.headers["x-penvio-signature"]
    for secret in ("k3jx9", "canary", "fake-webhook-secret", PENVIO_SECRET, signature, "env_"):
        assert secret.encode() not in told, secret


def test_an_odd_reason_of_an_adapter_is_no_label(tmp_path: Path) -> None:
    """An adapter that puts what it was sent into its reason makes no new time series."""
    esign = AsyncEsign({}, journal=f"sqlite:///{tmp_path / 'esign.db'}")
    intake = Intake()
    metrics = Metrics(intake, Watch(esign, intake))
    for reason in ("Bad Signature: 1234", "a" * 41, "jane@example.com"):
        metrics.count(Answer(401, reason), 0.001)
    assert dict(_samples(metrics.text().decode()))["esign_deliveries_total refused other"] == 3


def test_what_is_left_to_do_is_told(slow: Start, tmp_path: Path) -> None:
    """Work that nobody does shows, as does how far the stream is."""
    first = slow(is_quick=True)
    long_ago = utc_now() - timedelta(hours=1)
    first.esign._workspace.journal.write(
        lambda tx: tx.work.plan(WorkKind.REFRESH, "env_a", connection="acme", due_at=long_ago)
    )
    served = slow(make_app=create_app, is_quick=True)
    assert _ready(served) == (200, None)
    metrics = _metrics(served)
    assert {name: metrics[f"esign_{name}"] for name in ("work_due", "work_overdue")} == {
        "work_due": 1,
        "work_overdue": 1,
    }
    assert metrics["esign_work_dead"] == metrics["esign_last_seq"] == 0
    assert metrics["esign_envelopes_uncertain"] == 0
    assert metrics["process_resident_memory_bytes"] > 0


def test_two_in_one_process_count_for_themselves(slow: Start, tmp_path: Path) -> None:
    """Nothing is in Prometheus' global registry, where a product has its own numbers."""
    (tmp_path / "other").mkdir()
    one = slow(make_app=create_app, is_quick=True)
    other = slow(make_app=create_app, is_quick=True, folder=tmp_path / "other")
    assert one.deliver(acme()).result() is not None
    assert any("deliveries_total" in name for name in _metrics(one))
    assert not any("deliveries_total" in name for name in _metrics(other))
    assert not [family for family in REGISTRY.collect() if family.name.startswith("esign")]


def test_health_counts_what_was_turned_away_by_reason(served: Receiver) -> None:
    """And names no endpoint."""
    assert served.deliver(acme(secret=None)).result() is not None
    told: Any = json.loads(served.get("/health").body)
    assert told == {"status": "ok", "rejected": {"unsigned": 1}}
