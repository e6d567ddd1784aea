"""Webhooks on their way out: in order for each URL, repeated until they arrive, all on record."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import httpx

from esign_core.sandbox.faults import FaultKind, Faults
from esign_core.sandbox.vendor import Delivery

_TIMEOUT_SECONDS = 30


class DeliveryState(StrEnum):
    """Where a delivery is."""

    PENDING = "pending"
    """Not sent, or not yet taken by the receiver."""
    DELIVERED = "delivered"
    """Answered 2xx."""
    DROPPED = "dropped"
    """Never sent: a fault swallowed it."""
    FAILED = "failed"
    """Given up after the last attempt."""


@dataclass
class Outgoing:
    """One delivery and what became of it."""

    delivery: Delivery
    put_at: datetime
    fault: FaultKind | None = None
    """What was made to go wrong with it."""
    latency_seconds: float = 0.0
    state: DeliveryState = DeliveryState.PENDING
    statuses: list[int | str] = field(default_factory=list)
    """What each attempt met: a status, or the name of the failure."""

    def to_json(self) -> dict[str, Any]:
        """As the control API lists it: never the body, nor the headers, which are signed."""
        return {
            "event": self.delivery.event,
            "subject": self.delivery.subject,
            "url": self.delivery.url,
            "put_at": self.put_at.isoformat(),
            "attempts": len(self.statuses),
            "statuses": list(self.statuses),
            "state": self.state,
            "fault": self.fault,
            "latency_seconds": self.latency_seconds,
        }


class Outbox:
    """Takes deliveries from any thread; sends them while `run` runs in an event loop."""

    def __init__(
        self, faults: Faults, *, retry_seconds: Sequence[float], scale: float = 1.0
    ) -> None:
        self._faults = faults
        self._pauses = [pause * scale for pause in retry_seconds]
        self._lock = threading.Lock()
        self._log: list[Outgoing] = []
        self._waiting: deque[Outgoing] = deque()
        self._held: dict[str, list[Outgoing]] = {}
        self._wake: Callable[[], object] = _asleep

    def put(self, deliveries: Iterable[Delivery], now: datetime) -> None:
        """Send these, in this order; faults are decided now, not when they go out."""
        with self._lock:
            for delivery in deliveries:
                self._waiting.extend(self._planned(delivery, now))
            _ = self._wake()

    def release(self) -> None:
        """Let go what waits to be overtaken."""
        with self._lock:
            for held in self._held.values():
                self._waiting.extend(held)
            self._held.clear()
            _ = self._wake()

    def log(self) -> list[Outgoing]:
        """Every delivery so far, oldest first."""
        with self._lock:
            return list(self._log)

    async def run(self) -> None:
        """Send what is put, until cancelled."""
        arrived = asyncio.Event()
        loop = asyncio.get_running_loop()
        lanes: dict[str, asyncio.Queue[Outgoing]] = {}
        with self._lock:
            self._wake = lambda: loop.call_soon_threadsafe(arrived.set)
        try:
            # environment variables must not send loopback traffic through a proxy
            async with (
                httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, trust_env=False) as client,
                asyncio.TaskGroup() as tasks,
            ):
                while True:
                    arrived.clear()
                    for outgoing in self._drained():
                        url = outgoing.delivery.url
                        if url not in lanes:
                            lanes[url] = asyncio.Queue()
                            _ = tasks.create_task(self._send_all(client, lanes[url]))
                        lanes[url].put_nowait(outgoing)
                    _ = await arrived.wait()
        finally:
            with self._lock:
                self._wake = _asleep

    def _planned(self, delivery: Delivery, now: datetime) -> Iterator[Outgoing]:
        """What really goes out for a delivery, now."""
        latency, fault = self._faults.take_for_delivery(delivery)
        outgoing = Outgoing(delivery, now, fault.kind if fault else None, latency)
        self._log.append(outgoing)
        match outgoing.fault:
            case FaultKind.DROP:
                outgoing.state = DeliveryState.DROPPED
                return
            case FaultKind.REORDER:
                self._held.setdefault(delivery.url, []).append(outgoing)
                return
            case FaultKind.DUPLICATE:
                again = Outgoing(delivery, now, outgoing.fault, latency)
                self._log.append(again)
                yield again
            case _:
                pass
        yield outgoing
        yield from self._held.pop(delivery.url, [])

    def _drained(self) -> list[Outgoing]:
        with self._lock:
            drained = list(self._waiting)
            self._waiting.clear()
            return drained

    async def _send_all(self, client: httpx.AsyncClient, lane: asyncio.Queue[Outgoing]) -> None:
        while True:
            outgoing = await lane.get()
            await asyncio.sleep(outgoing.latency_seconds)
            for pause in (*self._pauses, None):
                status = await _attempt(client, outgoing.delivery)
                outgoing.statuses.append(status)
                if isinstance(status, int) and 200 <= status <= 299:
                    outgoing.state = DeliveryState.DELIVERED
                    break
                if pause is None:
                    outgoing.state = DeliveryState.FAILED
                else:
                    await asyncio.sleep(pause)


async def _attempt(client: httpx.AsyncClient, delivery: Delivery) -> int | str:
    try:
        reply = await client.post(
            delivery.url, content=delivery.body, headers=dict(delivery.headers)
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return type(error).__name__
    return reply.status_code


def _asleep() -> None:
    """Nobody runs the outbox: what is put waits."""
