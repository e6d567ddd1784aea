"""One simulated vendor with everything around it that is not HTTP: clock, faults, webhooks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from esign_core.sandbox.clock import Clock
from esign_core.sandbox.deliver import Outbox
from esign_core.sandbox.faults import Fault, FaultKind, Faults
from esign_core.sandbox.vendor import (
    Act,
    Delivery,
    LedgerEntry,
    SigningPage,
    Vendor,
    VendorRequest,
    VendorResponse,
)

_T = TypeVar("_T")


class Simulation:
    """Drives a `Vendor` in real time.

    Every method may be called from any thread, and may block for as long as a PDF takes to sign.
    """

    def __init__(self, vendor: Vendor, *, clock: Clock | None = None, scale: float = 1.0) -> None:
        self.vendor = vendor
        self.clock = clock or Clock()
        self.faults = Faults()
        self.outbox = Outbox(self.faults, retry_seconds=vendor.retry_seconds, scale=scale)
        self._lock = threading.RLock()
        self._late: list[tuple[datetime, VendorRequest]] = []

    def answer(self, request: VendorRequest, fault: Fault | None = None) -> VendorResponse | None:
        """The vendor's answer, spoilt by the fault; None: the connection closes without one."""
        with self._lock:
            now = self.clock.now()
            if fault is None:
                return self._handle(request, now)
            match fault.kind:
                case FaultKind.RATE_LIMITED:
                    return self._refusal(429, fault, now)
                case FaultKind.ERROR_BEFORE:
                    return self._refusal(fault.status, fault, now)
                case FaultKind.ERROR_AFTER:
                    _ = self._handle(request, now)
                    return self._refusal(fault.status, fault, now)
                case FaultKind.LOST_ANSWER:
                    _ = self._handle(request, now)
                    return None
                case FaultKind.LATE_EFFECT:
                    self._late.append((now + timedelta(seconds=fault.seconds), request))
                    return None
                case _:
                    raise ValueError(f"{fault.kind} does not happen to requests")

    def tick(self) -> None:
        """Do what time has made due."""
        with self._lock:
            now = self.clock.now()
            due = [request for at, request in self._late if at <= now]
            self._late = [(at, request) for at, request in self._late if at > now]
            for request in due:
                _ = self._handle(request, now)
            self._send(self.vendor.advance(now), now)

    def advance(self, by: timedelta) -> None:
        """Leap forward, and do what became due on the way.

        Raises:
            ValueError: `by` is negative, or leads out of the calendar.
        """
        with self._lock:
            _ = self.clock.advance(by)
            self.tick()

    def page(self, token: str) -> SigningPage | None:
        """What is behind a signing link, looked at without opening it."""
        with self._lock:
            return self.vendor.page(token)

    def document(self, token: str, index: int) -> bytes | None:
        """A document behind a signing link."""
        with self._lock:
            return self.vendor.document(token, index)

    def act(self, token: str, act: Act, reason: str = "") -> tuple[bool, SigningPage] | None:
        """Whether the signer could do that, and the page after it; None: no such link."""
        with self._lock:
            now = self.clock.now()
            self._send(self.vendor.advance(now), now)
            before = self.vendor.page(token)
            if before is None:
                return None
            self._send(self.vendor.act(token, act, now, reason), now)
            return act is Act.OPEN or before.state == "open", self.vendor.page(token) or before

    def ledger(self) -> list[LedgerEntry]:
        """What happened to people so far."""
        with self._lock:
            return list(self.vendor.ledger)

    def add_fault(self, fault: Fault) -> None:
        """Let this go wrong from now on.

        Raises:
            ValueError: The vendor has nothing that could go wrong in this way.
        """
        with self._lock:
            if fault.kind is FaultKind.STUCK_JOB:
                self.vendor.fault(fault.kind, fault.times)
            self.faults.add(fault)  # a stuck job too: it is listed until it is cleared

    def clear_faults(self) -> None:
        """Let nothing go wrong any more; what waited to be overtaken goes out."""
        with self._lock:
            self.faults.clear()
            self.vendor.fault(FaultKind.STUCK_JOB, 0)
            self.outbox.release()

    def ask(self, question: Callable[[datetime], _T]) -> _T:
        """The answer of a function that looks at the vendor, or sets it up, while nobody else does.

        It is given the vendor's present moment.
        """
        with self._lock:
            return question(self.clock.now())

    def _handle(self, request: VendorRequest, now: datetime) -> VendorResponse:
        response, deliveries = self.vendor.handle(request, now)
        self._send(deliveries, now)
        return response

    def _send(self, deliveries: list[Delivery], now: datetime) -> None:
        if deliveries:
            self.outbox.put(deliveries, now)

    def _refusal(self, status: int, fault: Fault, now: datetime) -> VendorResponse:
        refusal = self.vendor.refusal(status, now)
        if fault.retry_after_seconds is None:
            return refusal
        after = {"retry-after": str(fault.retry_after_seconds)}
        return replace(refusal, headers={**refusal.headers, **after})
