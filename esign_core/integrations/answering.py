"""What a vendor is told about its delivery: one status and one stable reason for each ending."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property

from esign_core.errors import EsignError, NotSupported, UnknownConnection, WebhookRejected
from esign_core.service import Receipt

RETRY_BUSY_SECONDS = 5
"""When to deliver again what came while too much was in hand."""
RETRY_NOT_KEPT_SECONDS = 30
"""When to deliver again what could not be kept."""
_NOT_KEPT = "not_kept"


@dataclass(frozen=True)
class Answer:
    """What a delivery is answered."""

    status: int
    """The HTTP status: 204 once it is on disk."""
    reason: str | None = None
    """Why it was not kept: a stable code."""
    retry_after_seconds: int | None = None
    """When to deliver it again."""
    receipt: Receipt | None = field(default=None, repr=False)
    """What was made of it, if it was kept."""

    @property
    def outcome(self) -> str:
        """In a word: `kept`, `repeated`, `refused`, `shed`, `not_kept` or `failed`."""
        if self.receipt is not None:
            return "kept" if self.receipt.is_new else "repeated"
        if self.status == 503:
            return "not_kept" if self.reason == _NOT_KEPT else "shed"
        return "refused" if self.reason is not None else "failed"

    @cached_property
    def body(self) -> bytes:
        """The reason as JSON; empty if it was kept."""
        return json.dumps({"reason": self.reason}).encode() if self.reason else b""

    @property
    def headers(self) -> dict[str, str]:
        """What goes with it."""
        told: dict[str, str] = {}
        if self.reason is not None:
            told["Content-Type"] = "application/json"
            told["Content-Length"] = str(len(self.body))
        if self.status == 405:
            told["Allow"] = "POST"
        if self.retry_after_seconds is not None:
            told["Retry-After"] = str(self.retry_after_seconds)
        return told


class TurnedAway(Exception):
    """A delivery is not taken; nothing of it was verified."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        retry = RETRY_BUSY_SECONDS if status == 503 else None
        self.answer = Answer(status, reason, retry)


def answer_to(error: BaseException) -> Answer | None:
    """What an error is answered; None for what is none of ours.

    | answer | reason |
    |---|---|
    | 400 | `bad_length`: `Content-Length` is no number; `cut_short`: the body is shorter |
    | 401 | it is not authentic; the adapter says why: `wrong_signature`, `unsigned`, ... |
    | 404 | `unknown_endpoint` |
    | 405 | `only_post` |
    | 408 | `body_overdue`: the body did not come in time |
    | 411 | `length_required`: the web server cannot read a body of unknown length |
    | 413 | `too_large` |
    | 503 | `not_kept`: the journal cannot be written, or the provider's adapter failed |
    | 503 | `too_many_in_hand`, `too_much_in_hand`, `waiting_too_long`: see `Intake` |
    """
    match error:
        case TurnedAway():
            return error.answer
        case UnknownConnection() | NotSupported():
            return Answer(404, "unknown_endpoint")
        case WebhookRejected():
            return Answer(401, error.reason)
        case EsignError():
            return Answer(503, _NOT_KEPT, RETRY_NOT_KEPT_SECONDS)
        case _:
            return None
