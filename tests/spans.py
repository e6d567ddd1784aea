"""What is traced while a test runs, by OpenTelemetry's own SDK."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import cache

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


class Spans:
    """The spans that have ended since this test began, in the order in which they began."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    @property
    def all(self) -> list[ReadableSpan]:
        return sorted(self._exporter.get_finished_spans(), key=lambda span: span.start_time or 0)

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.all if span.name == name]

    def one(self, name: str) -> ReadableSpan:
        (span,) = self.named(name)
        return span

    def told(self, name: str) -> dict[str, object]:
        """The attributes of the only span of that name."""
        return dict(self.one(name).attributes or {})

    def path(self, span: ReadableSpan) -> str:
        """The names from the outermost span to this one."""
        by_id = {each.context.span_id: each for each in self.all if each.context is not None}
        names = [span.name]
        while span.parent is not None and span.parent.span_id in by_id:
            span = by_id[span.parent.span_id]
            names.insert(0, span.name)
        return " > ".join(names)

    @property
    def paths(self) -> list[str]:
        return [self.path(span) for span in self.all]

    @property
    def text(self) -> str:
        """Everything that is exported, to be searched."""
        return "\n".join(span.to_json() for span in self.all)


@cache
def provider() -> TracerProvider:
    """The provider of this process: there can be one, and it stays."""
    made = TracerProvider()
    trace.set_tracer_provider(made)
    return made


@contextmanager
def recorded() -> Generator[Spans]:
    """Spans, for as long as this lasts."""
    exporter = InMemorySpanExporter()
    provider().add_span_processor(SimpleSpanProcessor(exporter))
    yield Spans(exporter)
    exporter.shutdown()  # takes no more
