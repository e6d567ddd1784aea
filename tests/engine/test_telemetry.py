"""Spans: who traces sees operations and requests, below what is theirs, and nothing secret."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import context, trace
from opentelemetry.trace import SpanKind, StatusCode

from esign_core.engine import AsyncDriver, MemoryBudgets, Session, Task, call, sleep
from esign_core.engine.simulate import SimulatedDriver
from esign_core.engine.telemetry import begin, below
from esign_core.engine.tokens import MemoryTokens
from esign_core.errors import BrokenProvider, Refused, Uncertain
from esign_core.provider import ProviderSettings, Request, Response, utc_now
from tests.spans import Spans

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import Acme, Granter, Vendor, Way


class Product:
    """Somebody who traces what they do themselves."""

    tracer = trace.get_tracer("product")


@pytest.fixture
def paths(monkeypatch: pytest.MonkeyPatch, sync_way: Way, vendor: Vendor) -> None:
    """The adapter declares which paths it asks for."""
    kind = type(sync_way.session(vendor).provider)
    declared = ("/envelopes", "/envelopes/{id}", "/envelopes/{id}/links")
    monkeypatch.setattr(kind, "paths", declared)


# --- what is told -------------------------------------------------------------------------------


def test_an_operation_is_a_span_with_its_requests_below(
    way: Way, vendor: Vendor, spans: Spans
) -> None:
    """Both say whose they are; the request says where it went, as HTTP clients say it."""
    request = Request("GET", "/things/17")
    way.ask(way.session(vendor), request, operation="log", envelope_id="env_1")
    assert spans.paths == ["esign.log", "esign.log > GET"]
    assert spans.told("esign.log") == {
        "esign.connection": "acme-eu",
        "esign.provider": "acme",
        "esign.envelope_id": "env_1",
        "esign.outcome": "done",
    }
    assert spans.told("GET") == {
        "esign.connection": "acme-eu",
        "esign.provider": "acme",
        "esign.envelope_id": "env_1",
        "esign.host": "api",
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "server.address": "127.0.0.1",
        "server.port": int(vendor.url.rpartition(":")[2]),
    }
    assert [span.kind for span in spans.all] == [SpanKind.INTERNAL, SpanKind.CLIENT]
    assert {span.status.status_code for span in spans.all} == {StatusCode.UNSET}


@pytest.mark.usefixtures("paths")
@pytest.mark.promise("D1")
@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/envelopes", "/envelopes"),
        ("/envelopes/canary", "/envelopes/{id}"),
        ("/envelopes/canary/links", "/envelopes/{id}/links"),
        ("/envelopes/canary/others", None),
        ("/canary", None),
        ("/envelopes/", "/envelopes/{id}"),
    ],
)
def test_a_path_is_told_as_the_adapter_declares_it_or_not_at_all(
    way: Way, vendor: Vendor, spans: Spans, path: str, told: str | None
) -> None:
    """An id in a path may be a secret, and so may what is asked for it."""
    way.ask(way.session(vendor), Request("GET", path, params={"token": "canary"}))
    (span,) = (each for each in spans.all if each.kind is SpanKind.CLIENT)
    assert dict(span.attributes or {}).get("url.template") == told
    assert span.name == (f"GET {told}" if told else "GET")
    assert "canary" not in spans.text


@pytest.mark.promise("D1")
def test_an_error_is_told_by_its_kind_and_outcome(way: Way, vendor: Vendor, spans: Spans) -> None:
    """What the vendor said is for whoever catches it, and no exception is attached to a span."""
    vendor.answers(vendor.reply(422, b"canary"))
    with pytest.raises(Refused, match="canary"):
        way.ask(way.session(vendor), Request("POST", "/things"), operation="send")
    assert spans.told("esign.send")["error.type"] == "Refused"
    assert spans.told("esign.send")["esign.outcome"] == "not_done"
    assert spans.told("POST")["error.type"] == "422"
    assert [span.status.status_code for span in spans.all] == [StatusCode.ERROR] * 2
    assert [span.events for span in spans.all] == [(), ()]
    assert "canary" not in spans.text


def test_a_lost_answer_is_told_as_the_doubt_that_it_leaves(
    way: Way, vendor: Vendor, spans: Spans
) -> None:
    """No status came, and the operation is uncertain."""
    vendor.answers(vendor.hang_up)
    with pytest.raises(Uncertain):
        way.ask(way.session(vendor), Request("POST", "/things"), operation="send")
    assert spans.told("esign.send")["esign.outcome"] == "uncertain"
    assert spans.told("POST")["error.type"] == "Uncertain"
    assert "http.response.status_code" not in spans.told("POST")


def test_each_attempt_is_a_span(way: Way, vendor: Vendor, spans: Spans) -> None:
    """Those after the first say how many came before."""
    vendor.answers(vendor.hang_up, vendor.reply(503), vendor.reply(200))
    way.ask(way.session(vendor), Request("GET", "/things"))
    counts = [
        (span.attributes or {}).get("http.request.resend_count") for span in spans.named("GET")
    ]
    assert counts == [None, 1, 2]
    assert set(spans.paths) == {"esign.request", "esign.request > GET"}


def test_a_fault_of_the_adapter_ends_its_span(way: Way, vendor: Vendor, spans: Spans) -> None:
    """As an error, and uncertain where that is what it is."""

    def flow() -> Any:
        yield Request("POST", "/things")
        raise KeyError("canary")

    with pytest.raises(BrokenProvider):
        way.run(call(way.session(vendor), flow(), operation="send"))
    assert spans.told("esign.send")["error.type"] == "BrokenProvider"
    assert spans.told("esign.send")["esign.outcome"] == "uncertain"
    assert "canary" not in spans.text


def test_a_file_is_a_span_of_its_own(
    way: Way, vendor: Vendor, spans: Spans, tmp_path: Path
) -> None:
    """Bringing bytes over takes longest: it is told apart from asking where they are."""
    vendor.answers(vendor.reply(200, b"file"))
    way.download(way.session(vendor), tmp_path / "file")
    assert spans.paths == ["esign.transfer", "esign.transfer > GET"]
    assert spans.told("GET")["http.response.status_code"] == 200


# --- what is below what -------------------------------------------------------------------------


def test_what_a_product_does_stands_above(way: Way, vendor: Vendor, spans: Spans) -> None:
    """An operation is below the span in which it was asked for, and that one is current after."""
    session = way.session(vendor)
    with Product.tracer.start_as_current_span("order") as order:
        way.ask(session, Request("GET", "/things"))
        assert trace.get_current_span() is order
    assert spans.paths[1:] == ["order > esign.request", "order > esign.request > GET"]
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_a_token_is_asked_for_below_what_needs_it(
    way: Way, vendor: Vendor, granter: Granter, spans: Spans
) -> None:
    """It is a part of the first operation, and of no other."""
    session = way.session(vendor, tokens=True)
    for operation in ("log", "links"):
        way.ask(session, Request("GET", "/things"), operation=operation)
    assert granter.handed_out == 1
    assert spans.paths == [
        "esign.log",
        "esign.log > esign.grant",
        "esign.log > esign.grant > POST",
        "esign.log > GET",
        "esign.links",
        "esign.links > GET",
    ]


async def test_tasks_at_once_keep_their_own_parents(
    sync_way: Way, vendor: Vendor, spans: Spans
) -> None:
    """Twenty async callers, all of them out at the same time: each has what is its own below it."""
    everybody = threading.Barrier(20)

    def answer(_heard: object) -> bytes:
        everybody.wait(30)  # nobody is answered before all have asked
        return vendor.reply(200, b"{}")

    vendor.answer = answer
    session, driver = sync_way.session(vendor), AsyncDriver()

    async def order(number: int) -> None:
        body = "x" * (100_000 if number % 2 else 1)  # those that are long go through threads
        flow = once(Request("POST", "/things", json=body))
        with Product.tracer.start_as_current_span(f"order {number}"):
            await driver.run(call(session, flow, operation="remind", envelope_id=f"env_{number}"))

    await asyncio.gather(*map(order, range(20)))
    await session.line.aclose()
    reminders = spans.named("esign.remind")
    expected = sorted(f"order {number} > esign.remind" for number in range(20))
    assert sorted(map(spans.path, reminders)) == expected
    for remind in reminders:
        number = str((remind.attributes or {})["esign.envelope_id"]).removeprefix("env_")
        (post,) = (each for each in spans.named("POST") if is_below(each, remind))
        assert (post.attributes or {})["esign.envelope_id"] == f"env_{number}"
        assert spans.path(post) == f"order {number} > esign.remind > POST"


def is_below(span: Any, above: Any) -> bool:
    """Whether that one is its parent."""
    return span.parent is not None and span.parent.span_id == above.context.span_id


def once(request: Request) -> Any:
    """The flow of a single request."""
    return (yield request)


def steps(name: str, within: Callable[[str, Task[None]], Task[None]]) -> Task[None]:
    """A task that begins a span in each of three steps, with others in between."""

    def task() -> Task[None]:
        for _ in range(3):
            made = begin("step")
            assert made is not None
            made.set_attribute("of", name)
            made.end()
            yield from sleep(1)

    return within(name, task())


def safely(name: str, task: Task[None]) -> Task[None]:
    """The way of the core."""
    span = begin(name)
    assert span is not None
    yield from below(span, task)
    span.end()


def naively(name: str, task: Task[None]) -> Task[None]:
    """As one would write it anywhere else."""
    with Product.tracer.start_as_current_span(name):
        yield from task


@pytest.mark.parametrize(("how", "is_right"), [(safely, True), (naively, False)])
def test_tasks_that_take_turns_in_one_thread_keep_their_own_parents(
    spans: Spans, how: Callable[[str, Task[None]], Task[None]], *, is_right: bool
) -> None:
    """A span that stays current across a `yield` is current for the task that runs next."""
    driver = SimulatedDriver(seed=3)
    names = ["one", "two", "three"]
    driver.run_together([steps(name, how) for name in names])
    found = {(spans.path(each), (each.attributes or {})["of"]) for each in spans.named("step")}
    assert (found == {(f"{name} > step", name) for name in names}) is is_right


def test_a_task_that_is_stopped_leaves_nothing_behind(
    sync_way: Way, vendor: Vendor, spans: Spans
) -> None:
    """Its span ends, without an outcome, and the current one is what it was."""
    task = call(sync_way.session(vendor), once(Request("GET", "/things")), operation="fetch")
    with Product.tracer.start_as_current_span("order") as order:
        next(task)
        assert trace.get_current_span() is order
        task.close()
        assert trace.get_current_span() is order
    assert spans.paths[1:] == ["order > esign.fetch"]
    assert "esign.outcome" not in spans.told("esign.fetch")
    assert spans.one("esign.fetch").status.status_code is StatusCode.UNSET


def test_a_cancelled_request_ends_its_span(sync_way: Way, vendor: Vendor, spans: Spans) -> None:
    """As what it is, and below the operation that was cancelled with it."""
    asked = threading.Event()

    def answer(_heard: object) -> Any:
        asked.set()
        return vendor.stay_silent

    vendor.answer = answer
    session = sync_way.session(vendor)

    async def cancelled() -> None:
        task = asyncio.create_task(AsyncDriver().run(call(session, once(GET), operation="fetch")))
        await asyncio.to_thread(asked.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await session.line.aclose()

    asyncio.run(cancelled())
    assert spans.paths == ["esign.fetch", "esign.fetch > GET"]
    assert spans.told("GET")["error.type"] == "CancelledError"


GET = Request("GET", "/things")


# --- others -------------------------------------------------------------------------------------


class Watching:
    """A line that looks at what is current while a request is out."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, object]] = []

    def _look(self) -> Response:
        name = getattr(trace.get_current_span(), "name", "")
        self.seen.append((name, context.get_value("suppress_instrumentation")))
        return Response(200, {}, b"{}")

    def exchange(self, *_request: object, **_options: object) -> Response:
        return self._look()

    async def exchange_async(self, *_request: object, **_options: object) -> Response:
        await asyncio.sleep(0)
        return self._look()

    save: Any = None

    def close(self) -> None: ...

    async def aclose(self) -> None: ...


@pytest.mark.promise("D1")
@pytest.mark.usefixtures("spans")
def test_instrumentations_of_http_clients_are_kept_off_our_requests(
    way: Way, vendor: Vendor
) -> None:
    """They would tell whole addresses, and tell vendors of the trace; others go on as before."""
    acme: type[Acme] = type(way.session(vendor).provider)  # type: ignore[assignment]
    line, provider = Watching(), acme(ProviderSettings(), {"api": vendor.url}, utc_now)
    session = Session("acme-eu", provider, line, MemoryTokens(), MemoryBudgets())
    way.ask(session, GET)
    assert line.seen == [("GET", True)]
    assert context.get_value("suppress_instrumentation") is None


PROGRAM = """
import sys
{first}
from esign_core.engine import SyncDriver
from esign_core.provider import Registry
from esign_core import EnvelopeDraft, Esign, Document, Signer
from esign_core.model import WebhookRequest
from esign_core.testing import FakeVendor, fake_registry
from esign_core.provider import utc_now
from esign_core.engine.telemetry import begin
from esign_core.service.config import Config
from esign_core.service.send import send
from esign_core.service.workspace import Workspace
from esign_core.journal import Journal
workspace = Workspace(Config({{"acme": {{"provider": "fake"}}}}, "sqlite://"), Journal("sqlite://"),
    fake_registry(), open_session=FakeVendor(utc_now).open_session)
draft = EnvelopeDraft(title="Lease", documents=[Document.from_bytes(b"%PDF-1.7", name="a.pdf")],
    signers=[Signer(name="Jane", email="jane@example.com")])
assert SyncDriver().run(send(workspace, draft, via="acme", key="a")).remote_id == "1"
assert begin("any") is None
print(*(m for m in sys.modules if m.split(".")[0] == "opentelemetry"))
"""


@pytest.mark.parametrize("first", ["", "import opentelemetry.trace"])
def test_who_does_not_trace_pays_nothing(first: str) -> None:
    """OpenTelemetry is not loaded by us; and where it is there without a provider, no span is."""
    program = PROGRAM.format(first=first)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert bool(done.stdout.split()) is bool(first)
