"""What `esign serve` counts, as Prometheus reads it.

No label has an endpoint, which may be a secret, nor anything of a delivery: connections are named
for those that were kept, and reasons are codes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client import generate_latest as written
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from esign_core.integrations.answering import Answer
from esign_core.integrations.intake import Intake
from esign_core.integrations.watch import Watch

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_CODE = re.compile(r"[a-z_]{1,40}")


class Metrics:
    """The numbers of one receiver, in a registry of their own.

    Args:
        intake: What takes deliveries in; each of its answers is to be told to `count`.
        watch: What looks at the journal.
    """

    def __init__(self, intake: Intake, watch: Watch) -> None:
        self._registry = CollectorRegistry()
        self._deliveries = Counter(
            "esign_deliveries",
            "Deliveries that were answered. outcome: kept, repeated (it was here before), refused "
            "(4xx), shed (503, too much in hand), not_kept (503), failed (500). reason: what "
            "became of it, or the code it was answered. connection: where it was kept.",
            ["outcome", "reason", "connection"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "esign_delivery_seconds",
            "From the head of a delivery to its answer.",
            ["outcome"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        _ = ProcessCollector(registry=self._registry)
        self._registry.register(_Now(intake, watch))

    def count(self, answer: Answer, seconds: float) -> None:
        """One more delivery was answered, after so many seconds."""
        reason, connection = answer.reason or "", ""
        if answer.receipt is not None:
            reason, connection = answer.receipt.state.value, answer.receipt.connection
        elif reason and not _CODE.fullmatch(reason):  # an adapter's own word
            reason = "other"
        self._deliveries.labels(answer.outcome, reason, connection).inc()
        self._seconds.labels(answer.outcome).observe(seconds)

    def text(self) -> bytes:
        """All of them, in Prometheus' text format."""
        return written(self._registry)


class _Now(Collector):
    """What is looked up when it is asked for."""

    def __init__(self, intake: Intake, watch: Watch) -> None:
        self._intake = intake
        self._watch = watch

    def collect(self) -> Iterator[Metric]:
        intake, watch = self._intake, self._watch
        yield _gauge("deliveries_in_hand", "Deliveries that wait for the journal.", intake.in_hand)
        yield _gauge("delivery_bytes_in_hand", "Bytes of their bodies.", intake.bytes_in_hand)
        yield _gauge("ready", "What /ready says: 1 or 0.", watch.objection is None)
        yield _gauge("journal_writable", "1 while it can be written, else 0.", watch.is_writable)
        seen = watch.condition
        if seen is not None:  # better none than an old number that looks like a new one
            yield _gauge("last_seq", "The position of the stream's last event.", seen.last_seq)
            yield _gauge("work_due", "Work that could be done now.", seen.work_due)
            yield _gauge("work_overdue", "Work due for a minute or more.", seen.work_overdue)
            yield _gauge("work_dead", "Work that was given up.", seen.work_dead)
            yield _gauge("envelopes_uncertain", "Sent or not, nobody knows.", seen.uncertain)


def _gauge(name: str, told: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"esign_{name}", told, value=value)
