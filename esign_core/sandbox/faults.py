"""Faults on demand: what a test asks to go wrong, and how often."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

from esign_core.sandbox.vendor import Delivery, VendorRequest


class FaultKind(StrEnum):
    """What can go wrong."""

    LATENCY = "latency"
    """A request, or with `on` a delivery, is held for `seconds` first."""
    DROP = "drop"
    """A delivery is never sent."""
    DUPLICATE = "duplicate"
    """A delivery is sent twice."""
    REORDER = "reorder"
    """A delivery waits until the next one to the same URL has gone out: the two swap places."""
    RATE_LIMITED = "rate_limited"
    """A request is answered 429 and nothing is done."""
    ERROR_BEFORE = "error_before"
    """A request is answered `status` (500) and nothing is done."""
    ERROR_AFTER = "error_after"
    """A request is answered `status` (500) after it was done."""
    LOST_ANSWER = "lost_answer"
    """A request is done and the connection closed without an answer."""
    LATE_EFFECT = "late_effect"
    """The connection is closed without an answer, and the request done `seconds` later."""
    STUCK_JOB = "stuck_job"
    """Work that the vendor accepts is never done."""


class Target(StrEnum):
    """What a fault happens to."""

    REQUESTS = "requests"
    DELIVERIES = "deliveries"


_E = TypeVar("_E", bound=StrEnum)

_DELIVERIES = {FaultKind.DROP, FaultKind.DUPLICATE, FaultKind.REORDER}
_TIMED = {FaultKind.LATENCY: 0.5, FaultKind.LATE_EFFECT: 2.0}  # seconds if none are given


@dataclass(frozen=True)
class Fault:
    """One wish for trouble."""

    kind: FaultKind
    """What goes wrong."""
    match: str = ""
    """Part of `METHOD /path` of a request, or of `event subject` of a delivery; empty: any."""
    times: int | None = 1
    """How often it still happens; None: until it is cleared."""
    seconds: float = 0.0
    """How long, where the kind takes time."""
    status: int = 500
    """The HTTP status, where the kind answers with one."""
    retry_after_seconds: int | None = None
    """Sent as `Retry-After` with 429 and 5xx; None: no such header."""
    on: Target = Target.REQUESTS
    """Whether requests or deliveries suffer."""

    @classmethod
    def from_json(cls, data: object) -> Fault:
        """The fault that a body of the control API asks for.

        Raises:
            ValueError: The message says which field is wrong, and what it may be.
        """
        fields = _object(data)
        kind = _choice(fields, "kind", FaultKind)
        default = Target.DELIVERIES if kind in _DELIVERIES else Target.REQUESTS
        on = _choice({"on": default, **fields}, "on", Target)
        if on is not default and kind is not FaultKind.LATENCY:
            raise ValueError(f"a {kind} fault happens to {default} only")
        match = fields.get("match", "")
        if not isinstance(match, str):
            raise ValueError("match must be text")  # noqa: TRY004  # as in _object
        times = fields.get("times", 1)
        if times is not None and not (_whole(times) and times > 0):
            raise ValueError("times must be a whole number above 0, or null: until cleared")
        seconds = fields.get("seconds", _TIMED.get(kind, 0.0))
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds >= 0:
            raise ValueError("seconds must be a number, 0 or more")
        status = fields.get("status", 500)
        if not (_whole(status) and 500 <= status <= 599):
            raise ValueError("status must be a whole number from 500 to 599")
        pause = fields.get("retry_after_seconds")
        if pause is not None and not (_whole(pause) and pause >= 0):
            raise ValueError("retry_after_seconds must be a whole number, 0 or more")
        return cls(kind, match, times, float(seconds), status, pause, on)

    def to_json(self) -> dict[str, Any]:
        """As the control API lists it."""
        return asdict(self)


class Faults:
    """The faults still to happen, oldest first. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let this happen from now on, as often as it says."""
        with self._lock:
            self._active.append(fault)

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._active.clear()

    def active(self) -> list[Fault]:
        """What is still to happen."""
        with self._lock:
            return list(self._active)

    def take_for_request(self, request: VendorRequest) -> tuple[float, Fault | None]:
        """How many seconds to hold this request, and what else goes wrong with it; used up."""
        return self._take(Target.REQUESTS, f"{request.method} {request.path}")

    def take_for_delivery(self, delivery: Delivery) -> tuple[float, Fault | None]:
        """How many seconds to hold this delivery, and what else goes wrong with it; used up."""
        return self._take(Target.DELIVERIES, f"{delivery.event} {delivery.subject}")

    def _take(self, on: Target, what: str) -> tuple[float, Fault | None]:
        with self._lock:
            seconds, chosen, left = 0.0, None, list[Fault]()
            for fault in self._active:
                fits = fault.on is on and fault.match in what
                if fault.kind is FaultKind.STUCK_JOB or not fits:
                    left.append(fault)
                    continue
                if fault.kind is FaultKind.LATENCY:
                    seconds += fault.seconds
                elif chosen is None:
                    chosen = fault
                else:
                    left.append(fault)
                    continue
                left.extend(_once_less(fault))
            self._active = left
            return seconds, chosen


def _once_less(fault: Fault) -> Iterable[Fault]:
    if fault.times is None:
        yield fault
    elif fault.times > 1:
        yield replace(fault, times=fault.times - 1)


def _object(data: object) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise ValueError("a fault is a JSON object")  # noqa: TRY004  # it is the sender's mistake
    unknown = sorted(set(data) - set(Fault.__dataclass_fields__))
    if unknown:
        known = ", ".join(Fault.__dataclass_fields__)
        raise ValueError(f"a fault has no {', '.join(unknown)}; it has {known}")
    return data


def _choice(fields: Mapping[str, Any], name: str, choices: type[_E]) -> _E:
    try:
        return choices(str(fields.get(name)))
    except ValueError as error:
        raise ValueError(f"{name} must be one of {', '.join(choices)}") from error


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
