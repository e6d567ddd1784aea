"""A case file as a snapshot: its own status, and what its signers' logs add to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from esign_core.model import (
    Artifact,
    ArtifactKind,
    EnvelopeStatus,
    SignerSnapshot,
    SignerStatus,
    Snapshot,
)
from esign_penneo import metadata
from esign_penneo.statuses import ANONYMIZED, CASE_FILE, DELETED, LOG, NEW, LogEvent
from esign_penneo.wire import CaseFile, LogLine, WireDocument, WireSigner

_STATUS = (  # what counts first, when somebody did several things
    (LogEvent.SIGNED, SignerStatus.SIGNED),
    (LogEvent.REJECTED, SignerStatus.DECLINED),
    (LogEvent.OPENED, SignerStatus.VIEWED),  # the signing page: seed, V
    (LogEvent.REQUEST_OPENED, SignerStatus.NOTIFIED),  # the e-mail only: seed, V
    (LogEvent.REMINDER_SENT, SignerStatus.NOTIFIED),
    (LogEvent.REQUEST_SENT, SignerStatus.NOTIFIED),
)
_ALL_SIGNED = {EnvelopeStatus.FINALIZING, EnvelopeStatus.COMPLETED}


@dataclass(frozen=True)
class History:
    """What a signer's log tells: what happened, and when it did first."""

    first: Mapping[LogEvent, datetime | None] = field(default_factory=dict)

    @classmethod
    def of(cls, lines: Iterable[LogLine]) -> History:
        """The history in the lines of a log; numbers that nobody knows are left out."""
        first: dict[LogEvent, datetime | None] = {}
        for line in lines:
            if (event := LOG.get(line.event_type)) is not None:
                first[event] = _earlier(first.get(event), line.event_time)
        return cls(first)

    @property
    def status(self) -> SignerStatus:
        """Where the signer stands."""
        return next((s for event, s in _STATUS if event in self.first), SignerStatus.WAITING)


Histories = Mapping[str, History]
"""Histories by signer id; without those whose log could not be read."""


def to_snapshot(case_file: CaseFile, histories: Histories | None, now: datetime) -> Snapshot:
    """A case file as a snapshot.

    Without histories, as in a list, a *deleted* case file is `unknown`: it was cancelled, or it
    had ended before and was tidied away, and only the logs tell which. With them, deletion and
    anonymization are marks if it had ended before.
    """
    status = _status(case_file, histories, now)
    is_purged = case_file.status == ANONYMIZED or (
        case_file.status == DELETED and status.is_final and status is not EnvelopeStatus.CANCELLED
    )
    mark, words = metadata.from_text(case_file.meta_data)
    is_out = status not in {EnvelopeStatus.DRAFT, EnvelopeStatus.SCHEDULED}
    return Snapshot(
        remote_id=case_file.id,
        status=status,
        title=case_file.title,
        signers=tuple(_signer(s, case_file, status, histories) for s in case_file.signers),
        artifacts=() if is_purged else tuple(_artifacts(case_file, status)),
        created_at=case_file.created,
        sent_at=case_file.activated if is_out else None,
        ended_at=_ended_at(case_file, status, histories or {}),
        expires_at=case_file.expire_at,
        is_purged=is_purged,
        mark=mark,
        metadata=words,
        raw=case_file.raw,
    )


def _status(case_file: CaseFile, histories: Histories | None, now: datetime) -> EnvelopeStatus:
    number = case_file.status
    status = CASE_FILE.get(number, EnvelopeStatus.UNKNOWN)
    if number == NEW and case_file.send_at is not None and case_file.send_at > now:
        return EnvelopeStatus.SCHEDULED
    if histories is None:
        return status
    if status is EnvelopeStatus.SENT:
        return _progress(case_file, histories)
    if number == DELETED:
        return _end_before(case_file, histories) or EnvelopeStatus.CANCELLED
    if number == ANONYMIZED:
        return _end_before(case_file, histories) or EnvelopeStatus.UNKNOWN
    return status


def _progress(case_file: CaseFile, histories: Histories) -> EnvelopeStatus:
    signed = _who(LogEvent.SIGNED, histories)
    if signed and len(signed) == len(case_file.signers):
        return EnvelopeStatus.FINALIZING  # the number lags behind, or the documents do (I)
    return EnvelopeStatus.IN_PROGRESS if signed else EnvelopeStatus.SENT


def _end_before(case_file: CaseFile, histories: Histories) -> EnvelopeStatus | None:
    """The end that a case file was in before it was deleted or anonymized (I), by its logs."""
    signed = _who(LogEvent.SIGNED, histories)
    everybody_signed = bool(signed) and len(signed) == len(case_file.signers)
    if everybody_signed or _who(LogEvent.FINALIZED, histories):
        return EnvelopeStatus.COMPLETED
    if _who(LogEvent.REJECTED, histories):
        return EnvelopeStatus.DECLINED
    if case_file.expire_at and case_file.updated and case_file.expire_at <= case_file.updated:
        return EnvelopeStatus.EXPIRED  # it was still there when its time ran out
    return None


def _who(event: LogEvent, histories: Histories) -> list[History]:
    return [history for history in histories.values() if event in history.first]


def _ended_at(case_file: CaseFile, status: EnvelopeStatus, histories: Histories) -> datetime | None:
    """When it ended, where that is said: the case file itself has no time for most ends."""
    if status is EnvelopeStatus.COMPLETED:
        return case_file.completed or _last(LogEvent.FINALIZED, histories)
    if status is EnvelopeStatus.DECLINED:
        return _last(LogEvent.REJECTED, histories)
    return case_file.expire_at if status is EnvelopeStatus.EXPIRED else None


def _last(event: LogEvent, histories: Histories) -> datetime | None:
    times = [history.first.get(event) for history in histories.values()]
    return max((at for at in times if at is not None), default=None)


def _signer(
    signer: WireSigner, case_file: CaseFile, status: EnvelopeStatus, histories: Histories | None
) -> SignerSnapshot:
    history = (histories or {}).get(signer.id)
    seen = SignerSnapshot(
        remote_id=signer.id,
        name=signer.name,
        email=signer.email,
        role=signer.role,
        order=None if signer.sign_order is None else signer.sign_order + 1,
        status=SignerStatus.WAITING if case_file.status == NEW else SignerStatus.UNKNOWN,
    )
    if history is not None:
        first = history.first
        seen = replace(
            seen,
            status=history.status,
            notified_at=first.get(LogEvent.REQUEST_SENT),
            viewed_at=first.get(LogEvent.OPENED),
            signed_at=first.get(LogEvent.SIGNED),
            declined_at=first.get(LogEvent.REJECTED),
            is_undeliverable=LogEvent.UNDELIVERABLE in first,
        )
    if status in _ALL_SIGNED:
        return replace(seen, status=SignerStatus.SIGNED)
    if status is EnvelopeStatus.EXPIRED and history is not None and not seen.status.is_final:
        return replace(seen, status=SignerStatus.EXPIRED)  # by the case file's own end (I)
    return seen


def _artifacts(case_file: CaseFile, status: EnvelopeStatus) -> Iterable[Artifact]:
    for document in case_file.documents:
        name = _file_name(document)
        if status is EnvelopeStatus.COMPLETED and document.signable is not False:
            yield Artifact(ArtifactKind.SIGNED, name, document.id)
        yield Artifact(ArtifactKind.ORIGINAL, name, document.id)


def _file_name(document: WireDocument) -> str:
    name = document.name or document.title or f"document-{document.id}"
    return name if name.lower().endswith(".pdf") else f"{name}.pdf"


def _earlier(known: datetime | None, at: datetime | None) -> datetime | None:
    return min((time for time in (known, at) if time is not None), default=None)
