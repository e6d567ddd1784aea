from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from esign_core.engine import AsyncDriver, SavedFile, SyncDriver, WireRequest
from esign_core.provider import Flow, Registry, Response
from esign_core.service.findings import Finding, Severity
from esign_core.service.opening import open_session
from esign_core.service.probing import TimedLine, probe
from esign_core.testing import FakeVendor, Fault
from esign_core.testing.fake_provider import FakeProvider

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Probed(FakeProvider):
    """One that can be asked something cheap."""

    def probe(self) -> Flow[Response]:
        return (yield self.get("/envelopes", params={"mark": "none"}))


class Dated:
    """A vendor that answers with a status and a Date, and takes its time."""

    def __init__(self, date: str | None, status: int = 200) -> None:
        headers = {"date": date} if date is not None else {}
        self.answer = Response(status, headers, b'{"found": [], "error": "no"}')
        self.closed: list[str] = []

    def exchange(self, request: WireRequest, **_: bool) -> Response:
        return self.answer

    async def exchange_async(self, request: WireRequest, **_: bool) -> Response:
        return self.answer

    def save(self, request: WireRequest, to: Path) -> SavedFile | Response:
        return self.answer

    def close(self) -> None:
        self.closed.append("sync")

    async def aclose(self) -> None:
        self.closed.append("async")


@pytest.fixture
def registry(registry: Registry) -> Registry:
    """The adapter for the vendor in memory, and it can be asked something cheap."""
    registry.providers["fake"] = Probed
    return registry


@pytest.fixture
def found(registry: Registry) -> Callable[..., list[Finding]]:
    """What an account's probe tells, by the way to its vendor and what the clock says."""

    def run(line: Any, *times: datetime, **settings: Any) -> list[Finding]:
        told: Iterator[datetime] = iter(times or [NOON] * 20)
        timed = TimedLine(line, lambda: next(told))
        session = open_session(registry, "fake", settings, name="acme", line=timed)
        return SyncDriver().run(probe(session))

    return run


def _told(findings: list[Finding], check: str) -> Finding:
    (one,) = [each for each in findings if each.check == check]
    return one


@pytest.mark.parametrize(
    ("there", "told"),
    [
        (NOON, ""),
        (NOON + 30 * SECOND, ""),
        (NOON - 31 * SECOND, ""),
        (NOON + 31 * SECOND, "31 s ahead of this machine's"),
        (NOON - 32 * SECOND, "31 s behind this machine's"),
    ],
)
def test_clocks_that_differ_are_told(
    there: datetime, told: str, found: Callable[..., list[Finding]]
) -> None:
    """Half a minute is borne (the vendor tells whole seconds); more is a warning, and which way."""
    one = _told(found(Dated(format_datetime(there, usegmt=True))), "clock")
    assert told in one.message
    assert one.severity is (Severity.WARNING if told else Severity.OK)
    assert ("NTP" in one.remedy) is bool(told)


def test_a_slow_answer_is_no_difference(found: Callable[..., list[Finding]]) -> None:
    """The vendor's time lies between asking and hearing: how long that took does not count."""
    date = format_datetime(NOON + 50 * SECOND, usegmt=True)
    told = _told(found(Dated(date), NOON, NOON + 100 * SECOND), "clock")
    assert told.severity is Severity.OK


def test_a_refusal_tells_the_time_too(found: Callable[..., list[Finding]]) -> None:
    """A wrong clock is often why credentials are refused, so it is told beside that."""
    date = format_datetime(NOON + timedelta(hours=1), usegmt=True)
    told = found(Dated(date, 401))
    assert _told(told, "reach").severity is Severity.ERROR
    assert "3600 s ahead" in _told(told, "clock").message


_STRANGE = [
    "Sun, 99 Mar 2026 99:00:00 GMT",
    "Sun, 01 Mar 99999999999999999999 12:00:00 GMT",
    "Sun, 01 Mar 2026 12:00:00 +99999999999999",
]


@pytest.mark.parametrize("date", [None, "", "noon", *_STRANGE])
def test_an_answer_without_a_time_tells_nothing_of_clocks(
    date: str | None, found: Callable[..., list[Finding]]
) -> None:
    """What cannot be known is not claimed."""
    assert [each.check for each in found(Dated(date))] == ["reach"]


def test_the_end_of_time_is_a_difference_and_no_crash(found: Callable[..., list[Finding]]) -> None:
    """One strange header spoils no other finding."""
    told = found(Dated("Fri, 31 Dec 9999 23:59:59 GMT"))
    assert _told(told, "clock").severity is Severity.WARNING
    assert _told(told, "reach").severity is Severity.OK


def test_a_time_without_a_zone_is_utc(found: Callable[..., list[Finding]]) -> None:
    """`-0000` is what some servers write for UTC."""
    told = found(Dated("Sun, 01 Mar 2026 12:00:00 -0000"))
    assert _told(told, "clock").severity is Severity.OK


@pytest.mark.parametrize(
    ("fault", "settings", "severity", "told"),
    [
        (None, {}, Severity.OK, "answers, and takes the credentials"),
        (None, {"api_key": "of-somebody-else"}, Severity.ERROR, "refuses the credentials: 401"),
        (Fault.BROKEN, {}, Severity.ERROR, "cannot be reached: 503"),
        (Fault.REFUSED, {}, Severity.ERROR, "does not answer as it should: 422"),
        (Fault.LIMITED, {}, Severity.WARNING, "429"),
    ],
)
def test_every_kind_of_answer_has_its_remedy(
    *,
    fault: Fault | None,
    settings: dict[str, str],
    severity: Severity,
    told: str,
    vendor: FakeVendor,
    found: Callable[..., list[Finding]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever a vendor does, it is told how bad it is and what to do."""
    monkeypatch.setattr("esign_core.engine.attempts.pause", lambda *_: None)
    if fault is not None:
        vendor.fail(fault, on="GET")
    one = _told(found(vendor, **settings), "reach")
    assert one.severity is severity
    assert told in one.message
    assert bool(one.remedy) is (severity is not Severity.OK)
    if fault is Fault.LIMITED:
        assert one.remedy == "try again in 30 s"


def test_an_adapter_that_names_no_harmless_request_is_left_alone(
    registry: Registry, vendor: FakeVendor, found: Callable[..., list[Finding]]
) -> None:
    """Nothing is guessed: it is said that nobody asked."""
    registry.providers["fake"] = FakeProvider
    (one,) = found(vendor)
    assert one.severity is Severity.WARNING
    assert "was not asked" in one.message
    assert vendor.requests == []


async def test_an_awaited_answer_tells_the_time_too(registry: Registry) -> None:
    """Both drivers can examine; everything is closed through the line."""
    inner = Dated(format_datetime(NOON + timedelta(hours=1), usegmt=True))
    timed = TimedLine(inner, lambda: NOON)
    session = open_session(registry, "fake", {}, line=timed)
    _ = await AsyncDriver().run(probe(session))
    assert timed.skew == timedelta(hours=1)
    assert timed.save(WireRequest("GET", "", {}), Path()) is inner.answer
    timed.close()
    await timed.aclose()
    assert inner.closed == ["sync", "async"]
    assert "Dated" not in repr(timed)
