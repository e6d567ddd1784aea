"""Adapters that break the contract: named, and of no harm to anybody else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from esign_core.engine import bring, call
from esign_core.errors import (
    BrokenProvider,
    Outcome,
)
from esign_core.model import Page, Snapshot
from esign_core.provider import Flow, HttpDownload, Request
from tests.engine.failing import GET, POST, SNAPSHOT, failure

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import Vendor, Way


def raising(error: BaseException) -> Flow[None]:
    """A flow that raises."""
    yield from ()
    raise error


def yielding(*requests: Any) -> Any:
    """A flow that yields whatever it is given."""
    for request in requests:  # noqa: UP028 - `yield from` would not take the answers
        yield request


BROKEN: dict[str, tuple[Callable[[], Any], str]] = {
    "raises": (lambda: raising(KeyError("canary")), "KeyError in acme.request"),
    "stops": (lambda: raising(StopIteration()), "RuntimeError in acme.request"),
    "exits": (lambda: raising(GeneratorExit()), "GeneratorExit in acme.request"),
    "cancels": (lambda: raising(asyncio.CancelledError()), "CancelledError in acme.request"),
    "yields garbage": (lambda: yielding({"method": "GET"}), "yielded dict, not a Request"),
    "yields nothing": (lambda: yielding(None), "yielded NoneType, not a Request"),
    "has no end": (lambda: yielding(*[GET] * 21), "made 20 requests and did not end"),
    "is no flow": (lambda: 17, "answered int, not a flow"),
    "is a list": (lambda: [GET], "answered list, not a flow"),
}


@pytest.mark.promise("D10")
@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_flow_is_named(
    way: Way, vendor: Vendor, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever an adapter does, the caller gets one kind of error that names it, and can go on."""
    monkeypatch.setattr("esign_core.engine.session.MAX_REQUESTS", 20)
    flow, what = BROKEN[how]
    session = way.session(vendor)
    with pytest.raises(BrokenProvider, match=what) as caught:
        way.run(call(session, flow(), operation="request"))
    assert caught.value.outcome is Outcome.NOT_DONE
    assert "canary" not in str(caught.value)
    assert way.ask(session, GET).status == 200


@pytest.mark.promise("D10")
def test_an_operation_that_breaks_before_its_flow_begins_is_named(way: Way, vendor: Vendor) -> None:
    """An operation need be no generator: what it raises when it is called is told alike."""

    def fetch() -> Flow[Snapshot]:
        raise KeyError("canary")

    session = way.session(vendor)
    with pytest.raises(BrokenProvider, match=r"KeyError in acme\.fetch") as caught:
        way.run(call(session, fetch, operation="fetch"))
    assert caught.value.outcome is Outcome.NOT_DONE
    assert caught.value.operation == "fetch"


@pytest.mark.promise("D10")
@pytest.mark.parametrize("then", [{"garbage": 1}, KeyError("x"), "end"])
def test_a_flow_that_breaks_after_the_deed_leaves_it_open(
    way: Way, vendor: Vendor, then: Any
) -> None:
    """The vendor took the request: whether it was done is for a look at the vendor to say."""

    def flow() -> Any:
        yield POST
        if isinstance(then, Exception):
            raise then
        if then == "end":
            return None
        yield then

    error = failure(way, vendor, flow(), "send")
    assert (type(error), error.outcome) == (BrokenProvider, Outcome.UNCERTAIN)


@pytest.mark.promise("D10")
@pytest.mark.parametrize(
    ("operation", "answer"),
    [("send", None), ("poll", "17"), ("fetch", Page((), None)), ("find", ()), ("list", []),
     ("download", "https://elsewhere.invalid"), ("cancel", None), ("dispatch", 0)],
)  # fmt: skip
def test_an_answer_of_the_wrong_kind_is_named(
    way: Way, vendor: Vendor, operation: str, answer: Any
) -> None:
    """Nothing that an operation cannot answer gets any further."""

    def flow() -> Any:
        yield from ()
        return answer

    error = failure(way, vendor, flow(), operation)
    assert f"acme.{operation} answered {type(answer).__name__}, not " in str(error)


@pytest.mark.parametrize(
    ("operation", "answer"), [("find", None), ("find", SNAPSHOT), ("send", SNAPSHOT), ("log", ())]
)
def test_an_answer_of_the_right_kind_is_handed_on(
    way: Way, vendor: Vendor, operation: str, answer: Any
) -> None:
    """Also `None` where nothing was found."""

    def flow() -> Any:
        yield from ()
        return answer

    assert way.run(call(way.session(vendor), flow(), operation=operation)) is answer


@pytest.mark.promise("D10")
def test_a_flow_has_its_time(way: Way, vendor: Vendor) -> None:
    """A flow that goes on for hours, however few requests it makes, is stopped."""
    now = [datetime(2026, 1, 1, tzinfo=UTC)]

    def flow() -> Flow[None]:
        while True:
            yield GET
            now[0] += timedelta(minutes=25)

    session = way.session(vendor, clock=lambda: now[0])
    with pytest.raises(BrokenProvider, match="went on for 1:00:00"):
        way.run(call(session, flow(), operation="request"))
    assert len(vendor.heard) == 3


@pytest.mark.promise("D10")
@pytest.mark.parametrize(
    "wrong",
    [
        ("explain", None, "acme.explain answered NoneType, not an error"),
        ("explain", KeyError("canary"), "KeyError in acme.explain"),
        ("authorize", None, "AttributeError in acme.request"),
        ("authorize", KeyError("canary"), "KeyError in acme.request"),
        ("limits", [17], "AttributeError in acme.request"),
    ],
)
def test_what_else_an_adapter_gets_wrong_is_named(
    way: Way, vendor: Vendor, wrong: tuple[str, Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Explaining, authorising, limits: every door of an adapter is guarded."""
    method, answer, what = wrong
    vendor.answers(vendor.reply(500, b"down"))

    def broken(*_arguments: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    session = way.session(vendor)
    monkeypatch.setattr(session.provider, method, answer if method == "limits" else broken)
    with pytest.raises(BrokenProvider, match=what) as caught:
        way.ask(session, POST)
    asked = method == "explain"
    assert caught.value.outcome is (Outcome.UNCERTAIN if asked else Outcome.NOT_DONE)
    assert caught.value.status_code == (500 if asked else None)
    assert len(vendor.heard) == (1 if asked else 0)


def test_ctrl_c_in_an_adapter_goes_on(way: Way, vendor: Vendor) -> None:
    """Whoever stops the process stops it, in the middle of an adapter's code too."""

    def flow() -> Flow[None]:
        yield from ()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        way.run(call(way.session(vendor), flow(), operation="request"))


@pytest.mark.parametrize("wrong", ["https://elsewhere.invalid/file", None])
def test_a_download_of_no_kind_is_named(
    way: Way, vendor: Vendor, wrong: Any, tmp_path: Path
) -> None:
    """A download is an HTTP request or an object, never an address."""
    with pytest.raises(BrokenProvider, match="not a Download"):
        way.run(bring(way.session(vendor), wrong, tmp_path / "file"))


def test_a_download_by_no_request_is_named(way: Way, vendor: Vendor, tmp_path: Path) -> None:
    """The request of a download is looked at as that of a flow is."""
    wrong = HttpDownload(cast("Request", {"method": "GET"}))
    with pytest.raises(BrokenProvider, match="dict, not a Request"):
        way.run(bring(way.session(vendor), wrong, tmp_path / "file"))


# --- closing ------------------------------------------------------------------------------------


def test_a_flow_is_closed_when_its_caller_is_gone(way: Way, vendor: Vendor) -> None:
    """On cancellation a flow may tidy up, and nothing after its `yield` is run."""
    told: list[str] = []

    def flow() -> Flow[None]:
        try:
            yield GET
            told.append("went on")
        finally:
            told.append("tidied up")

    task = call(way.session(vendor), flow(), operation="request")
    next(task)
    task.close()
    assert told == ["tidied up"]


@pytest.mark.promise("D10")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("how", ["goes on", "raises"])
def test_a_flow_that_does_not_let_itself_be_closed_changes_nothing(
    way: Way, vendor: Vendor, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever it does then is logged by name, and cancellation stays cancellation."""

    def flow() -> Flow[None]:
        try:
            yield GET
        except GeneratorExit:
            if how == "raises":
                raise KeyError("canary") from None
            yield GET

    task = call(way.session(vendor), flow(), operation="request")
    next(task)
    with caplog.at_level(logging.DEBUG):
        task.close()
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.name for record in errors] == ["esign.operations"]
    assert "acme.request did not stop when it was closed" in caplog.text
    assert "canary" not in caplog.text


def test_a_broken_flow_that_is_closed_badly_is_still_named(
    way: Way, vendor: Vendor, caplog: pytest.LogCaptureFixture
) -> None:
    """The first fault is the one that is told."""

    def flow() -> Any:
        try:
            yield 17
        except GeneratorExit:
            raise KeyError("canary") from None

    assert "yielded int" in str(failure(way, vendor, flow()))
    assert "KeyError" in caplog.text
