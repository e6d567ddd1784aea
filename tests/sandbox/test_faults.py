from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from esign_core.sandbox import (
    Clock,
    Delivery,
    Fault,
    FaultKind,
    Faults,
    Outbox,
    Simulation,
    Vendor,
    VendorRequest,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CREATE = VendorRequest("POST", "/things")


class Frozen(Clock):
    """A clock that moves only when told."""

    def __init__(self) -> None:
        super().__init__(lambda: NOW)


@pytest.fixture
def simulation(toy: Vendor) -> Simulation:
    """A vendor at a time that stands still."""
    return Simulation(toy, clock=Frozen())


def asked(simulation: Simulation) -> int:
    """How often somebody was asked to sign."""
    return sum(entry.what == "asked" for entry in simulation.ledger())


def delivery(event: str, url: str = "http://a.invalid") -> Delivery:
    """A webhook about envelope 7."""
    return Delivery(url, {}, b"", event, "7")


def order_out(outbox: Outbox) -> list[str]:
    """What would go out, in order."""
    return [outgoing.delivery.event for outgoing in outbox._drained()]


@pytest.fixture
def faults() -> Faults:
    """No faults yet."""
    return Faults()


@pytest.fixture
def outbox(faults: Faults) -> Outbox:
    """An outbox that nobody empties."""
    return Outbox(faults, retry_seconds=())


@pytest.mark.parametrize(
    ("kind", "status", "effects"),
    [
        ("rate_limited", 429, 0),
        ("error_before", 500, 0),
        ("error_after", 500, 1),
        ("lost_answer", None, 1),
        ("late_effect", None, 0),
    ],
)
def test_request_fault_answers_and_acts_as_its_name_says(
    simulation: Simulation, kind: str, status: int | None, effects: int
) -> None:
    """Whether something was done, and whether the caller hears of it, are told apart."""
    answer = simulation.answer(CREATE, Fault(FaultKind(kind)))
    assert (answer.status if answer else None) == status
    assert asked(simulation) == effects


def test_late_effect_comes_when_its_time_has_come(simulation: Simulation) -> None:
    """The vendor does it after all, exactly once, and not before."""
    simulation.answer(CREATE, Fault(FaultKind.LATE_EFFECT, seconds=30))
    simulation.advance(timedelta(seconds=29))
    assert asked(simulation) == 0
    simulation.advance(timedelta(seconds=1))
    simulation.advance(timedelta(seconds=60))
    assert asked(simulation) == 1


def test_refusal_tells_when_to_come_back_if_asked_to(simulation: Simulation) -> None:
    """Retry-After is there only where the fault says so."""
    plain = simulation.answer(CREATE, Fault(FaultKind.RATE_LIMITED))
    timed = simulation.answer(CREATE, Fault(FaultKind.RATE_LIMITED, retry_after_seconds=7))
    assert plain is not None
    assert timed is not None
    assert "retry-after" not in plain.headers
    assert timed.headers["retry-after"] == "7"


def test_fault_happens_to_what_it_matches_as_often_as_it_says(faults: Faults) -> None:
    """Nothing else is hit, and a used up fault is gone."""
    faults.add(Fault(FaultKind.ERROR_BEFORE, match="POST /thi", times=2))
    hits = [
        faults.take_for_request(request)[1] is not None
        for request in [
            VendorRequest("GET", "/things"),
            CREATE,
            CREATE,
            CREATE,
        ]
    ]
    assert hits == [False, True, True, False]
    assert faults.active() == []


def test_fault_without_number_lasts_until_cleared(faults: Faults) -> None:
    """`times: null` is until cleared."""
    faults.add(Fault(FaultKind.ERROR_BEFORE, times=None))
    assert all(faults.take_for_request(CREATE)[1] for _ in range(5))
    faults.clear()
    assert faults.take_for_request(CREATE) == (0.0, None)


def test_one_request_meets_one_fault_and_all_latencies(faults: Faults) -> None:
    """The oldest fault goes first; the next one waits for the next request."""
    faults.add(Fault(FaultKind.LATENCY, seconds=1))
    faults.add(Fault(FaultKind.ERROR_BEFORE))
    faults.add(Fault(FaultKind.LOST_ANSWER))
    faults.add(Fault(FaultKind.LATENCY, seconds=2))
    first, second = faults.take_for_request(CREATE), faults.take_for_request(CREATE)
    assert (first[0], first[1] and first[1].kind) == (3, "error_before")
    assert (second[0], second[1] and second[1].kind) == (0, "lost_answer")


def test_faults_of_deliveries_do_not_touch_requests(faults: Faults, outbox: Outbox) -> None:
    """A dropped webhook is no lost request, even where `match` fits both."""
    faults.add(Fault.from_json({"kind": "drop"}))
    assert faults.take_for_request(CREATE) == (0.0, None)
    outbox.put([delivery("a")], NOW)
    assert order_out(outbox) == []
    assert outbox.log()[0].state == "dropped"


@pytest.mark.parametrize(
    ("kind", "order"),
    [("drop", "acd"), ("duplicate", "abbcd"), ("reorder", "acbd")],
)
def test_delivery_fault_changes_what_goes_out(
    faults: Faults, outbox: Outbox, kind: str, order: str
) -> None:
    """Dropped, twice, or overtaken by the next one."""
    faults.add(Fault.from_json({"kind": kind, "match": "b 7"}))
    outbox.put([delivery(event) for event in "abcd"], NOW)
    assert "".join(order_out(outbox)) == order


def test_reordered_delivery_waits_for_one_to_the_same_url(faults: Faults, outbox: Outbox) -> None:
    """Webhooks to somebody else do not overtake."""
    faults.add(Fault.from_json({"kind": "reorder", "match": "a"}))
    outbox.put([delivery("a"), delivery("b", "http://b.invalid")], NOW)
    assert order_out(outbox) == ["b"]
    outbox.release()
    assert order_out(outbox) == ["a"]


def test_clearing_faults_lets_go_what_waited(simulation: Simulation) -> None:
    """A delivery that waits to be overtaken goes out, and stuck jobs are let loose."""
    simulation.add_fault(Fault.from_json({"kind": "reorder"}))
    simulation.add_fault(Fault.from_json({"kind": "stuck_job", "times": 2}))
    simulation.outbox.put([delivery("a")], NOW)
    assert order_out(simulation.outbox) == []
    assert [fault.kind for fault in simulation.faults.active()] == ["stuck_job"]
    simulation.clear_faults()
    assert order_out(simulation.outbox) == ["a"]
    assert simulation.vendor.stuck == [("stuck_job", 2), ("stuck_job", 0)]  # type: ignore[attr-defined]
    assert simulation.faults.active() == []


def test_vendor_without_jobs_refuses_to_have_them_stuck(toy: Vendor) -> None:
    """A fault that could never happen is refused, not swallowed; ending it is always fine."""
    with pytest.raises(ValueError, match="toy has nothing that a stuck_job"):
        Vendor.fault(toy, "stuck_job", 1)
    Vendor.fault(toy, "stuck_job", 0)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ([], "a fault is a JSON object"),
        ({}, "kind must be one of latency, drop"),
        ({"kind": "429"}, "kind must be one of"),
        ({"kind": ["drop"]}, "kind must be one of"),
        ({"kind": "drop", "macht": "x"}, "a fault has no macht; it has kind, match"),
        ({"kind": "drop", "match": 7}, "match must be text"),
        ({"kind": "drop", "times": 0}, "times must be"),
        ({"kind": "drop", "times": True}, "times must be"),
        ({"kind": "drop", "times": 1.5}, "times must be"),
        ({"kind": "latency", "seconds": -1}, "seconds must be"),
        ({"kind": "latency", "seconds": "1"}, "seconds must be"),
        ({"kind": "latency", "seconds": float("nan")}, "seconds must be"),
        ({"kind": "error_after", "status": 404}, "status must be"),
        ({"kind": "rate_limited", "retry_after_seconds": -1}, "retry_after_seconds must be"),
        ({"kind": "drop", "on": "requests"}, "a drop fault happens to deliveries only"),
        ({"kind": "lost_answer", "on": "deliveries"}, "happens to requests only"),
        ({"kind": "latency", "on": "people"}, "on must be one of requests, deliveries"),
    ],
)
def test_wrong_fault_is_refused_with_what_is_wrong(body: Any, told: str) -> None:
    """A typing mistake in a test is told, and does not turn into no fault at all."""
    with pytest.raises(ValueError, match=told):
        Fault.from_json(body)


def test_latency_may_be_of_deliveries(faults: Faults, outbox: Outbox) -> None:
    """`on` chooses; the delivery is held, in its place."""
    faults.add(Fault.from_json({"kind": "latency", "on": "deliveries", "seconds": 3}))
    outbox.put([delivery("a"), delivery("b")], NOW)
    assert [outgoing.latency_seconds for outgoing in outbox.log()] == [3, 0]


def test_clock_never_goes_back() -> None:
    """Time goes forward, and stays in the calendar."""
    clock = Frozen()
    with pytest.raises(ValueError, match="forward"):
        clock.advance(timedelta(seconds=-1))
    with pytest.raises(ValueError, match="calendar"):
        clock.advance(timedelta.max)
    assert clock.now() == NOW
    assert clock.advance(timedelta(days=1)) == clock.now() == NOW + timedelta(days=1)
