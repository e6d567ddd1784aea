"""Spans, where the product traces with OpenTelemetry; nothing at all where it does not.

OpenTelemetry is never loaded here: who traces has loaded it and has set a provider. Spans tell what
records tell, from the same fields, so there is one place where a secret would have to get in.

A span is made current only while code of ours runs that neither yields nor leaves its thread or
task in between: a task is a generator, and what was current when it yields would become current
for whoever runs next.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, contextmanager
from functools import cache, partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeVar

from esign_core.engine.effects import Effect, Task
from esign_core.engine.logs import fit

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, SpanKind, Tracer

T = TypeVar("T")

ATTRIBUTES: dict[str, str] = {
    "esign_authenticity": "esign.authenticity",
    "esign_connection": "esign.connection",
    "esign_envelope_id": "esign.envelope_id",
    "esign_error": "error.type",
    "esign_host": "esign.host",
    "esign_method": "http.request.method",
    "esign_outcome": "esign.outcome",
    "esign_path": "url.template",
    "esign_provider": "esign.provider",
    "esign_reason": "esign.reason",
    "esign_state": "esign.state",
    "esign_status_code": "http.response.status_code",
    "esign_work": "esign.work",
}
"""What a field is called in a span."""
_LOADED = "opentelemetry.trace"
_SUPPRESSED = "suppress_instrumentation"
"""What OpenTelemetry's instrumentations look for before they make a span of their own."""


def begin(name: str, kind: str = "INTERNAL", above: Span | None = None) -> Span | None:
    """A span that begins now, below that one or the current one; None if nobody traces."""
    if _LOADED not in sys.modules:
        return None
    tracer, kinds = _tracer()
    span = tracer.start_span(name, None if above is None else _with(above), kinds[kind])
    return span if span.get_span_context().is_valid else None


def end(
    span: Span,
    fields: Mapping[str, Any],
    more: Mapping[str, object] | None = None,
    *,
    is_error: bool = False,
) -> None:
    """End a span with what is known by then.

    Args:
        span: One that `begin` has begun.
        fields: As they are logged.
        more: Attributes that no record has, by their own names.
        is_error: Whether it counts as failed.
    """
    if span.is_recording():
        from opentelemetry.trace import StatusCode

        told = {name: fields[own] for own, name in ATTRIBUTES.items() if own in fields}
        fitting = {name: fit(value) for name, value in {**told, **(more or {})}.items()}
        span.set_attributes({name: each for name, each in fitting.items() if each is not None})
        if is_error:  # without its words: they are for whoever catches it
            span.set_status(StatusCode.ERROR)
    span.end()


@contextmanager
def current(span: Span | None, *, is_alone: bool = False) -> Generator[None]:
    """While this lasts, in this thread or task, what begins is below the span.

    Args:
        span: One that `begin` has begun, if it has.
        is_alone: Let instrumentations of libraries make no spans of theirs: those of an HTTP
            client would tell the whole address, and tell the vendor of the trace.
    """
    if span is None:
        yield
        return
    from opentelemetry.context import attach, detach, set_value

    context = _with(span)
    token = attach(set_value(_SUPPRESSED, True, context) if is_alone else context)
    try:
        yield
    finally:
        detach(token)


def below(span: Span | None, task: Task[T]) -> Task[T]:
    """The task; whatever its own code begins is below the span, and nobody else's."""
    return task if span is None else _stepped(_with(span), task)


def carried(make: Callable[[], Task[T]]) -> Callable[[], Task[T]]:
    """A way to make a task that somebody else will run, below what is the current span now."""
    if _LOADED not in sys.modules:
        return make
    from opentelemetry.context import get_current

    context = get_current()
    return lambda: _stepped(context, make())


def _stepped(context: Context, task: Task[T]) -> Task[T]:
    """The task, in a context for each of its steps; between them, everything is as it was."""
    from opentelemetry.context import attach, detach

    step: Callable[[], Effect] = partial(next, task)
    with closing(task):
        while True:
            token = attach(context)
            try:
                effect = step()
            except StopIteration as stop:
                answer: T = stop.value
                return answer
            finally:
                detach(token)
            try:
                result = yield effect
            except Exception as error:  # noqa: BLE001 - whatever it is belongs to the task
                step = partial(task.throw, error)
            else:
                step = partial(task.send, result)


def _with(span: Span) -> Context:
    from opentelemetry.trace import set_span_in_context

    return set_span_in_context(span)


@cache
def _tracer() -> tuple[Tracer, dict[str, SpanKind]]:
    """As long as no provider is set it makes spans of nothing; once one is, real ones."""
    from opentelemetry.trace import SpanKind, get_tracer

    return get_tracer("esign_core", version("esign-core")), dict(SpanKind.__members__)
