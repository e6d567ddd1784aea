"""Watching over deliveries and work, in logs and in spans."""

from __future__ import annotations

import re
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from esign_core.engine import Task, records, telemetry
from esign_core.engine.logs import Fields, Record
from esign_core.engine.seldom import Seldom
from esign_core.errors import (
    JournalUnusable,
    NotSupported,
    UnknownConnection,
    WebhookRejected,
)
from esign_core.journal import DeliveryState, WorkItem
from esign_core.service.faults import where

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from esign_core.engine import Session
    from esign_core.model import Authenticity
    from esign_core.service.receipt import Receipt

T = TypeVar("T")

_CODE = re.compile(r"[a-z_]{1,40}")


class DeliveryWatch:
    """One delivery, watched while its `with` block lasts.

    Nothing of the delivery itself is told, nor the endpoint that it came to: that may be a secret.

    Args:
        refusals: Writes the records of those that are not kept; anybody can cause them.
    """

    __slots__ = ("_began", "_fields", "_receipt", "_refusals", "_span")

    def __init__(self, refusals: Seldom) -> None:
        self._refusals = refusals
        self._fields: Fields = {}
        self._receipt: Receipt | None = None
        self._began = 0.0
        self._span: Span | None = None

    def came_to(self, session: Session) -> None:
        """It is known whose delivery it is."""
        self._fields["esign_connection"] = session.name
        self._fields["esign_provider"] = session.provider.name

    def proves(self, authenticity: Authenticity) -> None:
        """It is known how far it is proven."""
        self._fields["esign_authenticity"] = authenticity

    def kept(self, receipt: Receipt) -> Receipt:
        """The same receipt; it is on disk."""
        self._receipt = receipt
        return receipt

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._span = telemetry.begin("esign.receive", "CONSUMER")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        record = self._record(error)
        if self._span is None and (record is None or not record.is_wanted()):
            return
        fields = self._fields
        fields["esign_duration_seconds"] = time.monotonic() - self._began
        if self._receipt is not None:
            fields["esign_state"] = self._receipt.state
            if self._receipt.envelope_ids:
                fields["esign_envelope_id"] = self._receipt.envelope_ids[0]
        if error is not None:
            self._add(error)
        if record is not None:
            with telemetry.current(self._span):
                if error is None:
                    record.write(fields)
                else:
                    self._refusals.write(record, fields)
        if self._span is not None:
            telemetry.end(self._span, fields, is_error=record is records.DELIVERY_LOST)

    def _record(self, error: BaseException | None) -> Record | None:
        if error is None:
            return None if self._receipt is None else _record_of(self._receipt)
        if isinstance(error, UnknownConnection):
            return records.DELIVERY_ASTRAY
        if isinstance(error, WebhookRejected | NotSupported):
            return records.DELIVERY_REJECTED
        if isinstance(error, Exception):
            return records.DELIVERY_LOST
        return None  # whoever took it in was cancelled, and so has said nothing to the vendor

    def _add(self, error: BaseException) -> None:
        fields = self._fields
        match error:
            case WebhookRejected():  # the adapter's own word
                fields["esign_reason"] = error.reason if _CODE.fullmatch(error.reason) else "other"
            case UnknownConnection():
                fields["esign_reason"] = "unknown_endpoint"
            case NotSupported():
                fields["esign_reason"] = "no_webhooks"
            case JournalUnusable():
                fields["esign_error"] = type(error).__name__
                fields["esign_reason"] = error.message
            case _:
                fields["esign_error"] = type(error).__name__
                fields["esign_place"] = where(error.__cause__ or error)


def _record_of(receipt: Receipt) -> Record:
    if not receipt.is_new:
        return records.DELIVERY_REPEATED
    if receipt.state is DeliveryState.UNREADABLE:
        return records.DELIVERY_UNREADABLE
    return records.DELIVERY_KEPT


class WorkWatch:
    """One attempt at a piece of work, watched while its `with` block lasts."""

    __slots__ = ("_began", "_fields", "_span")

    def __init__(self, item: WorkItem) -> None:
        self._fields: Fields = {
            "esign_work": item.kind,
            "esign_work_id": item.id,
            "esign_connection": item.connection,
            "esign_attempt": item.attempts + 1,
        }
        if item.kind.is_of_an_envelope:  # other subjects are the vendor's words
            self._fields["esign_envelope_id"] = item.subject
        self._began = 0.0
        self._span: Span | None = None

    def over(self, task: Task[T]) -> Task[T]:
        """The task; what it asks vendors for is a part of this."""
        return telemetry.below(self._span, task)

    def done(self) -> None:
        """Nothing of it is left."""
        self._tell(records.WORK_DONE)

    def goes_on(self, pause_seconds: float) -> None:
        """It is to be done again after a pause, as it is meant to be."""
        self._fields["esign_pause_seconds"] = pause_seconds
        self._tell(records.WORK_AGAIN)

    def failed(
        self, kind: str, pause_seconds: float, place: str | None, *, is_set_aside: bool
    ) -> None:
        """It went wrong, and is tried again after a pause unless it is set aside.

        Args:
            kind: The kind of error.
            pause_seconds: The pause.
            place: Where in the code, if it was a fault there.
            is_set_aside: Whether it waits for a person.
        """
        self._fields["esign_error"] = kind
        self._fields["esign_pause_seconds"] = pause_seconds
        if place is not None:
            self._fields["esign_place"] = place
            self._tell(records.WORK_BROKEN)
        elif not is_set_aside:
            self._tell(records.WORK_FAILED)
        if is_set_aside:
            self._tell(records.WORK_SET_ASIDE)

    def _tell(self, record: Record) -> None:
        if record.is_wanted():
            self._fields["esign_duration_seconds"] = time.monotonic() - self._began
            with telemetry.current(self._span):
                record.write(self._fields)

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._span = telemetry.begin("esign.work", "CONSUMER")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._span is not None:
            is_error = isinstance(error, Exception) or "esign_error" in self._fields
            telemetry.end(self._span, self._fields, is_error=is_error)
