"""The events of both webhook services, and what is noted down about each occurrence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum


class EventType(StrEnum):
    """Event types of the current service (V: SDKs, Postman); the last word is the legacy name (V).

    Nothing tells of case files that were sent, cancelled or deleted (V).
    """

    CASE_FILE_COMPLETED = "sign.casefile.completed"
    CASE_FILE_EXPIRED = "sign.casefile.expired"
    CASE_FILE_FAILED = "sign.casefile.failed"
    CASE_FILE_REJECTED = "sign.casefile.rejected"
    SIGNER_REQUEST_SENT = "sign.signer.requestSent"
    SIGNER_REQUEST_OPENED = "sign.signer.requestOpened"
    SIGNER_OPENED = "sign.signer.opened"
    SIGNER_SIGNED = "sign.signer.signed"
    SIGNER_REJECTED = "sign.signer.rejected"
    SIGNER_REMINDER_SENT = "sign.signer.reminderSent"
    SIGNER_UNDELIVERABLE = "sign.signer.undeliverable"
    SIGNER_REQUEST_ACTIVATED = "sign.signer.requestActivated"
    SIGNER_FINALIZED = "sign.signer.finalized"
    SIGNER_DELETED = "sign.signer.deleted"
    SIGNER_SIGNED_WITH_IMAGE = "sign.signer.signedWithImageUploadAndNAP"  # never set off here
    SIGNER_TRANSIENT_BOUNCE = "sign.signer.transientBounce"  # never set off here
    TEST = "webhook.subscription.test"

    @property
    def topic(self) -> str:
        """`casefile`, `signer`, or `subscription` for the test event."""
        return self.value.split(".")[1]

    @property
    def short_name(self) -> str:
        """The name in bodies and in the legacy service."""
        return self.value.split(".")[2]


class LogType(IntEnum):
    """Numbers of a signer's log (V: Postman)."""

    REQUEST_SENT = 0
    REQUEST_OPENED = 1
    OPENED = 2
    SIGNED = 3
    REJECTED = 4
    REMINDER_SENT = 5
    UNDELIVERABLE = 6
    REQUEST_ACTIVATED = 7
    FINALIZED = 8
    DELETED = 9


LOGGED = {
    EventType.SIGNER_REQUEST_SENT: LogType.REQUEST_SENT,
    EventType.SIGNER_REQUEST_OPENED: LogType.REQUEST_OPENED,
    EventType.SIGNER_OPENED: LogType.OPENED,
    EventType.SIGNER_SIGNED: LogType.SIGNED,
    EventType.SIGNER_REJECTED: LogType.REJECTED,
    EventType.SIGNER_REMINDER_SENT: LogType.REMINDER_SENT,
    EventType.SIGNER_UNDELIVERABLE: LogType.UNDELIVERABLE,
    EventType.SIGNER_REQUEST_ACTIVATED: LogType.REQUEST_ACTIVATED,
    EventType.SIGNER_FINALIZED: LogType.FINALIZED,
    EventType.SIGNER_DELETED: LogType.DELETED,
}


@dataclass(frozen=True)
class Occurrence:
    """Something that subscribers want to know."""

    type: EventType
    at: datetime
    case_file_id: int
    signer_id: int | None = None
