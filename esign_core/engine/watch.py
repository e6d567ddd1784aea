"""Watching over what a vendor is asked: each operation and each request, in logs and in spans."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import urlsplit

from esign_core.engine import records, telemetry
from esign_core.engine.logs import Fields, Record
from esign_core.errors import BrokenProvider, EsignError, Outcome

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from esign_core.engine.effects import Exchange, SavedFile, Task
    from esign_core.provider import Provider, Response

T = TypeVar("T")
AnswerT = TypeVar("AnswerT", bound="Response | SavedFile")

_HTTP_ERROR = 400
_OK = 200


class OperationWatch:
    """One thing that a vendor is asked for, watched while its `with` block lasts.

    As text it is what an adapter's code is called in errors: `acme.send`.
    """

    __slots__ = ("_began", "_code", "_connection", "_envelope_id", "name", "provider", "span")

    def __init__(
        self,
        name: str,
        connection: str,
        provider: Provider[Any],
        envelope_id: str | None = None,
        *,
        code: str | None = None,
    ) -> None:
        self.name = name
        """As users know it."""
        self._code = code or name
        self.provider = provider
        self._connection = connection
        self._envelope_id = envelope_id
        self.span: Span | None = None
        """None if nobody traces."""

    @property
    def fields(self) -> Fields:
        """What every record about it tells."""
        fields: Fields = {
            "esign_operation": self.name,
            "esign_connection": self._connection,
            "esign_provider": self.provider.name,
        }
        if self._envelope_id is not None:
            fields["esign_envelope_id"] = self._envelope_id
        return fields

    def __str__(self) -> str:
        return f"{self.provider.name}.{self._code}"

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self.span = telemetry.begin(f"esign.{self.name}")
        if records.OPERATION_BEGAN.is_wanted():
            with telemetry.current(self.span):
                records.OPERATION_BEGAN.write(self.fields)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None and self.span is None and not records.OPERATION_DONE.is_wanted():
            return
        record, outcome = _end_of(error)
        fields = self.fields
        fields["esign_duration_seconds"] = time.monotonic() - self._began
        if outcome is not None:
            fields["esign_outcome"] = outcome
        if error is not None:
            fields["esign_error"] = type(error).__name__
        if isinstance(error, EsignError) and error.status_code is not None:
            fields["esign_status_code"] = error.status_code
        with telemetry.current(self.span):
            record.write(fields)
        if self.span is not None:
            telemetry.end(self.span, fields, is_error=isinstance(error, Exception))

    def over(self, task: Task[T]) -> Task[T]:
        """The task; what it begins by itself is a part of this."""
        return telemetry.below(self.span, task)


def _end_of(error: BaseException | None) -> tuple[Record, Outcome | None]:
    match error:
        case None:
            return records.OPERATION_DONE, Outcome.DONE
        case BrokenProvider():
            return records.OPERATION_BROKEN, error.outcome
        case EsignError(outcome=Outcome.UNCERTAIN):
            return records.OPERATION_UNCERTAIN, error.outcome
        case EsignError():
            return records.OPERATION_FAILED, error.outcome
        case Exception():
            return records.OPERATION_BROKEN, Outcome.UNCERTAIN
        case _:
            return records.OPERATION_STOPPED, None


class RequestWatch:
    """One attempt at one request, watched while its `with` block lasts."""

    __slots__ = ("_attempt", "_began", "_current", "_effect", "_span", "_status")

    def __init__(self, effect: Exchange, attempt: int) -> None:
        self._effect = effect
        self._attempt = attempt
        self._status: int | None = None
        self._span: Span | None = None
        self._current: AbstractContextManager[None] | None = None

    def answered(self, answer: AnswerT) -> AnswerT:
        """The same answer, which is told of."""
        self._status = getattr(answer, "status", _OK)  # a file that was saved came with a 200
        return answer

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        operation = self._effect.operation
        above = operation.span if operation is not None else None
        self._span = telemetry.begin(self._effect.request.method, "CLIENT", above)
        if self._span is not None:
            self._current = telemetry.current(self._span, is_alone=True)
            self._current.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        record = records.REQUEST_FAILED if self._status is None else records.REQUEST_ANSWERED
        if self._span is None and not record.is_wanted():
            return
        fields = _told_of(self._effect, self._attempt)
        fields["esign_duration_seconds"] = time.monotonic() - self._began
        if self._status is not None:
            fields["esign_status_code"] = self._status
        else:
            fields["esign_error"] = type(error).__name__
        record.write(fields)
        if self._current is not None:
            _ = self._current.__exit__(None, None, None)
        if self._span is not None:
            self._end(self._span, fields)

    def _end(self, span: Span, fields: Fields) -> None:
        more = _address(self._effect.request.url)
        is_refused = self._status is not None and self._status >= _HTTP_ERROR
        if is_refused:
            more["error.type"] = str(self._status)
        if self._attempt > 1:
            more["http.request.resend_count"] = self._attempt - 1
        if span.is_recording() and "esign_path" in fields:
            span.update_name(f"{fields.get('esign_method')} {fields['esign_path']}")
        telemetry.end(span, fields, more, is_error=is_refused or self._status is None)


class Unwatched:
    """In the place of a `RequestWatch` where nobody listens."""

    def answered(self, answer: AnswerT) -> AnswerT:
        """The same answer."""
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None


_UNWATCHED = Unwatched()


def watch_request(effect: Exchange, attempt: int) -> RequestWatch | Unwatched:
    """What watches over one attempt; what costs nothing where nobody listens."""
    is_traced = effect.operation is not None and effect.operation.span is not None
    if is_traced or records.REQUEST_ANSWERED.is_wanted():
        return RequestWatch(effect, attempt)
    return _UNWATCHED


def tell_again(effect: Exchange, attempt: int, error: Exception, pause_seconds: float) -> None:
    """Log that a request goes again.

    Args:
        effect: The request.
        attempt: How often it was made.
        error: What became of the last attempt.
        pause_seconds: Until the next one.
    """
    if records.REQUEST_AGAIN.is_wanted():
        fields = _told_of(effect, attempt)
        fields["esign_error"] = type(error).__name__
        fields["esign_pause_seconds"] = pause_seconds
        if isinstance(error, EsignError) and error.status_code is not None:
            fields["esign_status_code"] = error.status_code
        records.REQUEST_AGAIN.write(fields)


def tell_wait(effect: Exchange, attempt: int, pause_seconds: float) -> None:
    """Log that a request waits for the vendor's limit."""
    if records.REQUEST_WAITS.is_wanted():
        fields = _told_of(effect, attempt)
        fields["esign_pause_seconds"] = pause_seconds
        records.REQUEST_WAITS.write(fields)


def template_of(paths: object, path: str) -> str | None:
    """The first of an adapter's declared paths that this one is like; None if it is like none.

    A path itself is never told: an id in it may be a secret.
    """
    given = path.split("/")
    for declared in paths if isinstance(paths, tuple) else ():
        parts = str(declared).split("/")
        if len(parts) == len(given) and all(
            part.startswith("{") or part == word for part, word in zip(parts, given, strict=True)
        ):
            return str(declared)
    return None


def _told_of(effect: Exchange, attempt: int) -> Fields:
    fields: Fields = {}
    if effect.operation is not None:
        fields = effect.operation.fields
        if effect.asked is not None:
            fields["esign_host"] = effect.asked.host
            template = template_of(effect.operation.provider.paths, effect.asked.path)
            if template is not None:
                fields["esign_path"] = template
    fields["esign_method"] = effect.request.method
    fields["esign_attempt"] = attempt
    return fields


def _address(url: str) -> dict[str, object]:
    """Whose server it is; nothing of an address that is none."""
    with suppress(ValueError):
        parts = urlsplit(url)
        return {"server.address": parts.hostname, "server.port": parts.port}
    return {}
