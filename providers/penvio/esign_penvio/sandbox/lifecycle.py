"""What happens to an envelope: sending, opening, signing, declining, ending.

Each step changes the records and tells the account what happened, in order.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta

from esign_core.sandbox import Channel, LedgerEntry, Mail
from esign_penvio.sandbox.files import Archive
from esign_penvio.sandbox.records import (
    ACTIVE,
    ASKED,
    Envelope,
    Signer,
    SignerStatus,
    Status,
    expiry,
)
from esign_penvio.sandbox.refusals import Code, Refused
from esign_penvio.sandbox.webhooks import EventName

Tell = Callable[[EventName, Envelope, Signer | None, datetime], None]
"""Sends a webhook, if the envelope has asked for any."""

_CLOSED = (Status.COMPLETED, Status.CANCELLED, Status.EXPIRED)  # not DECLINED: it is not named (V)


class Lifecycle:
    """Moves envelopes; keeps the ledger and the agenda of what comes due."""

    def __init__(
        self,
        archive: Archive,
        *,
        tell: Tell,
        ledger: list[LedgerEntry],
        to_link: Callable[[Signer], str],
        files_after: timedelta,
    ) -> None:
        self._archive = archive
        self._tell = tell
        self._ledger = ledger
        self._to_link = to_link
        self._files_after = files_after
        self._agenda: list[tuple[datetime, int, Envelope]] = []
        self._tickets = itertools.count()  # so that the heap never compares envelopes
        self._stuck: list[Envelope] = []
        self._to_stick: int | None = 0

    def send(self, envelope: Envelope, now: datetime) -> None:
        """Ask the first signers.

        Raises:
            Refused: INVALID_STATE, unless it is a draft.
        """
        if envelope.status is not Status.DRAFT:
            raise Refused(Code.INVALID_STATE, "Envelope is not in DRAFT status")
        envelope.status = Status.SENT
        envelope.sent_at = now
        envelope.expires_at = expiry(now, envelope.expires_in)  # a draft's days do not count (I)
        self._plan(envelope.expires_at, envelope)
        self._ask_next(envelope, now)
        self._tell(EventName.SENT, envelope, None, now)

    def cancel(self, envelope: Envelope, now: datetime) -> None:
        """Stop it, for everybody who has not signed.

        Raises:
            Refused: INVALID_STATE for COMPLETED, CANCELLED and EXPIRED (V); declined then
                cancelled is possible.
        """
        if envelope.status in _CLOSED:
            raise Refused(Code.INVALID_STATE, f"Cannot cancel {envelope.status} envelope")
        self._end(envelope, Status.CANCELLED, EventName.CANCELLED, now)

    def remind(self, envelope: Envelope, signer_id: str | None, now: datetime) -> None:
        """Mail the link again, to one signer or to all who were asked and have not acted.

        Raises:
            Refused: INVALID_STATE where nobody can be reminded, NOT_FOUND for an unknown signer.
        """
        chosen = [s for s in envelope.signers if signer_id in (None, s.id)]
        if not chosen:
            raise Refused(Code.NOT_FOUND, "Signer not found")
        pending = [s for s in chosen if s.status in ASKED]
        if envelope.status not in ACTIVE or not pending:
            raise Refused(Code.INVALID_STATE, "No pending signers to remind")
        for signer in pending:
            self._note("reminded", envelope, now, signer, mailed=True)

    def view(self, envelope: Envelope, signer: Signer, now: datetime) -> None:
        """The signer opens the link; only the first time tells anything."""
        if signer.status is not SignerStatus.SENT:
            return
        signer.status = SignerStatus.VIEWED
        self._note("opened", envelope, now, signer)
        self._tell(EventName.VIEWED, envelope, signer, now)

    def sign(self, envelope: Envelope, signer: Signer, now: datetime) -> None:
        """The signer signs; the next are asked, or the envelope completes."""
        signer.status = SignerStatus.SIGNED
        signer.signed_at = now
        envelope.status = Status.IN_PROGRESS
        self._note("signed", envelope, now, signer)
        self._tell(EventName.SIGNED, envelope, signer, now)
        if all(s.status is SignerStatus.SIGNED for s in envelope.signers):
            self._complete(envelope, now)
        else:
            self._ask_next(envelope, now)

    def decline(self, envelope: Envelope, signer: Signer, reason: str, now: datetime) -> None:
        """The signer declines, and the envelope with it."""
        signer.status = SignerStatus.DECLINED
        signer.declined_at = now
        signer.decline_reason = reason or None
        envelope.status = Status.DECLINED
        self._note("declined", envelope, now, signer)
        self._tell(EventName.DECLINED, envelope, signer, now)

    def advance(self, now: datetime) -> None:
        """Do what has come due: files, and ends by expiry."""
        while self._agenda and self._agenda[0][0] <= now:
            _, _, envelope = heapq.heappop(self._agenda)
            if envelope.files_due_at is not None and envelope.files_due_at <= now:
                self._store(envelope)
            if envelope.status in ACTIVE and envelope.expires_at <= now:
                self._end(envelope, Status.EXPIRED, EventName.EXPIRED, now)

    def stick(self, times: int | None) -> None:
        """Never make the files of the next `times` envelopes; 0 makes those that are missing."""
        self._to_stick = times
        if times == 0:
            for envelope in self._stuck:
                self._plan_files(envelope, envelope.completed_at)
            self._stuck.clear()

    def _complete(self, envelope: Envelope, now: datetime) -> None:
        envelope.completed_at = now
        if self._to_stick != 0:
            self._to_stick = None if self._to_stick is None else self._to_stick - 1
            self._stuck.append(envelope)
        elif self._files_after:
            self._plan_files(envelope, now + self._files_after)
        else:
            self._store(envelope)
        self._end(envelope, Status.COMPLETED, EventName.COMPLETED, now)

    def _store(self, envelope: Envelope) -> None:
        envelope.files_due_at = None
        self._archive.store_results(envelope)
        envelope.has_files = True

    def _end(self, envelope: Envelope, status: Status, event: EventName, now: datetime) -> None:
        envelope.status = status
        self._note(status.lower(), envelope, now)
        self._tell(event, envelope, None, now)

    def _ask_next(self, envelope: Envelope, now: datetime) -> None:
        for signer in envelope.next_signers():
            signer.status = SignerStatus.SENT
            self._note("asked", envelope, now, signer, mailed=True)

    def _plan_files(self, envelope: Envelope, due: datetime | None) -> None:
        if due is not None:
            envelope.files_due_at = due
            self._plan(due, envelope)

    def _plan(self, due: datetime, envelope: Envelope) -> None:
        heapq.heappush(self._agenda, (due, next(self._tickets), envelope))

    def _note(
        self,
        what: str,
        envelope: Envelope,
        now: datetime,
        signer: Signer | None = None,
        *,
        mailed: bool = False,
    ) -> None:
        self._ledger.append(
            LedgerEntry(
                at=now,
                what=what,
                envelope=envelope.id,
                mark=envelope.mark,
                signer=signer.name if signer else "",
                channel=Channel.EMAIL if mailed else None,
                link=self._to_link(signer) if signer and mailed else "",
                mail=_mail(envelope, signer) if signer and mailed else None,
            )
        )


def _mail(envelope: Envelope, signer: Signer) -> Mail:
    """What a signer is written, when asked and when reminded (I: in the same words).

    Source: "subject: Email subject", "message: Email message" (V).
    """
    return Mail(subject=envelope.heading, text=envelope.message or "", to=signer.email)
