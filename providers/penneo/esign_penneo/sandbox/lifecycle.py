"""The life of case files: created, sent, signed in rounds, ended; all that moves a status."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from esign_core.sandbox import Act, Channel, LedgerEntry
from esign_penneo.sandbox.account import Behaviour, Ids
from esign_penneo.sandbox.agenda import Agenda
from esign_penneo.sandbox.casefiles import CaseFile, CaseFileStatus, Document, Signer
from esign_penneo.sandbox.create import Wish
from esign_penneo.sandbox.events import LOGGED, EventType, Occurrence

UNREACHABLE = ".invalid"  # a domain that never exists (RFC 2606): mail to it is undeliverable


class CaseFiles:
    """Every case file of the account, and the clockwork that drives them."""

    def __init__(
        self,
        behaviour: Behaviour,
        ids: Ids,
        agenda: Agenda,
        record: Callable[[LedgerEntry], None],
        link: Callable[[Signer], str],
    ) -> None:
        self.by_id: dict[int, CaseFile] = {}
        self.occurrences: list[Occurrence] = []
        """What subscribers have not been told yet; whoever drives this takes it away."""
        self.behaviour = behaviour
        self._ids = ids
        self._agenda = agenda
        self._record = record
        self._link = link
        self._seats: dict[str, tuple[CaseFile, Signer]] = {}

    def seat(self, token: str) -> tuple[CaseFile, Signer] | None:
        """Whose signing link ends in `token`."""
        return self._seats.get(token)

    def create(self, wish: Wish, at: datetime) -> CaseFile:
        """A new case file, sent at once unless `sendAt` says later (V)."""
        raw = wish.case_file
        case_file = CaseFile(
            id=self._ids.number(),
            wish=raw,
            signers=[self._signer(each) for each in raw["signers"]],
            documents=[
                self._document(index, each, wish.pdfs[index])
                for index, each in enumerate(raw["documents"])
            ],
            created_at=at,
            updated_at=at,
            send_at=_time(raw.get("sendAt")),
            expire_at=_time(raw.get("expireAt")) or at + self.behaviour.expires_after,
        )
        case_file.documents.sort(key=lambda document: document.order)
        self.by_id[case_file.id] = case_file
        self._seats.update({each.token: (case_file, each) for each in case_file.signers})
        if case_file.send_at is None or case_file.send_at <= at:
            self.send(case_file, at, mail=True)
        else:
            self._agenda.note(case_file.send_at, lambda due: self.send(case_file, due, mail=True))
        self._note_deadlines(case_file, at)
        return case_file

    def send(self, case_file: CaseFile, at: datetime, *, mail: bool) -> None:
        """Open the first round of a new case file; without `mail` nobody is written to (V)."""
        if case_file.status is not CaseFileStatus.NEW or case_file.id not in self.by_id:
            return
        case_file.status = CaseFileStatus.PENDING
        case_file.activated_at = case_file.updated_at = at
        for signer in case_file.signers:
            signer.mailed = mail and bool(signer.email)
        self._open_round(case_file, at)

    def act(self, case_file: CaseFile, signer: Signer, act: Act, at: datetime, reason: str) -> None:
        """What a signer does on the page, if it is open to the signer."""
        if case_file.status is not CaseFileStatus.PENDING or not signer.can_act:
            return
        case_file.updated_at = at
        if act is Act.OPEN:
            if signer.mailed and not signer.opened:  # I: whoever came has opened the mail
                self._tell(case_file, EventType.SIGNER_REQUEST_OPENED, at, signer)
            signer.opened = True
            self._tell(case_file, EventType.SIGNER_OPENED, at, signer)
            self._write(case_file, "opened", at, signer)
        elif act is Act.SIGN:
            signer.signed_at = at
            self._tell(case_file, EventType.SIGNER_SIGNED, at, signer)
            self._write(case_file, "signed", at, signer)
            self._after_signature(case_file, at)
        else:
            signer.rejected_at, signer.reject_reason = at, reason
            self._tell(case_file, EventType.SIGNER_REJECTED, at, signer)
            self._write(case_file, "declined", at, signer)
            case_file.status = CaseFileStatus.REJECTED
            self._tell(case_file, EventType.CASE_FILE_REJECTED, at)

    def can_be_reminded(self, case_file: CaseFile, signer: Signer) -> bool:
        """Whether there is a request to send again: it is the signer's turn, and there is mail."""
        return case_file.status is CaseFileStatus.PENDING and signer.can_act and bool(signer.email)

    def remind(self, case_file: CaseFile, signer: Signer, at: datetime) -> None:
        """Send the request e-mail again."""
        self._tell(case_file, EventType.SIGNER_REMINDER_SENT, at, signer)
        self._write(case_file, "reminded", at, signer, Channel.EMAIL)

    def delete(self, case_file: CaseFile, at: datetime) -> None:
        """The only way to stop one; what that does depends on how far it is (X).

        A new one is removed. A pending one becomes *deleted*. A signed or completed one is
        **destroyed**, contract and all: no source says that it is not, so the ledger shows it.
        An end without a contract becomes *deleted*, which then is only a mark.
        """
        if case_file.status is CaseFileStatus.NEW:
            self._write(case_file, "cancelled", at)
            del self.by_id[case_file.id]
        elif case_file.status is CaseFileStatus.PENDING:
            self._write(case_file, "cancelled", at)
        elif case_file.status in {CaseFileStatus.SIGNED, CaseFileStatus.COMPLETED}:
            self._write(case_file, "destroyed", at)
            del self.by_id[case_file.id]
        case_file.status = CaseFileStatus.DELETED
        case_file.updated_at = at

    def _open_round(self, case_file: CaseFile, at: datetime) -> None:
        """Activate everybody in the lowest order that has not signed.

        Source: the Send API's definition, "lower first, equal at the same time" (X: the connector
        says that 0 means no enforced order).
        """
        waiting = [each for each in case_file.signers if each.signed_at is None]
        lowest = min(each.order for each in waiting)
        for signer in waiting:
            if signer.order == lowest and signer.active_at is None:
                active_at = _time(signer.wish.get("activeAt"))
                if active_at is not None and active_at > at:
                    self._agenda.note(active_at, self._activation(case_file, signer))
                else:
                    self._ask(case_file, signer, at)

    def _activation(self, case_file: CaseFile, signer: Signer) -> Callable[[datetime], None]:
        def activate(at: datetime) -> None:
            if case_file.status is CaseFileStatus.PENDING and signer.active_at is None:
                self._ask(case_file, signer, at)

        return activate

    def _ask(self, case_file: CaseFile, signer: Signer, at: datetime) -> None:
        """A signer's turn: asked by e-mail; without one, the integrator hands out the link (V)."""
        signer.active_at = case_file.updated_at = at
        self._tell(case_file, EventType.SIGNER_REQUEST_ACTIVATED, at, signer)
        if not signer.mailed:
            self._write(case_file, "asked", at, signer, Channel.LINK)
            return
        self._tell(case_file, EventType.SIGNER_REQUEST_SENT, at, signer)
        if signer.email.endswith(UNREACHABLE):
            signer.undeliverable = True
            self._tell(case_file, EventType.SIGNER_UNDELIVERABLE, at, signer)
            return
        self._write(case_file, "asked", at, signer, Channel.EMAIL)
        if days := signer.wish.get("reminderInterval"):
            self._note_reminder(case_file, signer, at, timedelta(days=days))

    def _note_reminder(
        self, case_file: CaseFile, signer: Signer, at: datetime, every: timedelta
    ) -> None:
        def remind(due_at: datetime) -> None:
            if self.can_be_reminded(case_file, signer):
                self.remind(case_file, signer, due_at)
                self._note_reminder(case_file, signer, due_at, every)

        self._agenda.note(at + every, remind)

    def _after_signature(self, case_file: CaseFile, at: datetime) -> None:
        if any(each.signed_at is None for each in case_file.signers):
            self._open_round(case_file, at)
            return
        case_file.status = CaseFileStatus.SIGNED
        self._agenda.note(at + self.behaviour.documents_take, lambda due: self._end(case_file, due))

    def _end(self, case_file: CaseFile, at: datetime) -> None:
        """The signed documents exist, or could not be made."""
        if case_file.status is not CaseFileStatus.SIGNED:
            return
        case_file.updated_at = at
        if self.behaviour.documents_fail:
            case_file.status = CaseFileStatus.FAILED
            self._tell(case_file, EventType.CASE_FILE_FAILED, at)
            self._write(case_file, "failed", at)
            return
        case_file.status, case_file.completed_at = CaseFileStatus.COMPLETED, at
        self._tell(case_file, EventType.CASE_FILE_COMPLETED, at)
        for signer in case_file.signers:
            self._tell(case_file, EventType.SIGNER_FINALIZED, at, signer)
        self._write(case_file, "completed", at)
        if self.behaviour.anonymizes_after is not None:
            self._agenda.note(
                at + self.behaviour.anonymizes_after, lambda due: _blank(case_file, due)
            )

    def _note_deadlines(self, case_file: CaseFile, at: datetime) -> None:
        """The case file's own, and each signer's: one that is missed expires all (seed, V)."""

        def expire(due_at: datetime) -> None:
            if case_file.status in {CaseFileStatus.NEW, CaseFileStatus.PENDING}:
                case_file.status, case_file.updated_at = CaseFileStatus.EXPIRED, due_at
                self._tell(case_file, EventType.CASE_FILE_EXPIRED, due_at)
                self._write(case_file, "expired", due_at)

        def missed_by(signer: Signer) -> Callable[[datetime], None]:
            return lambda due_at: None if signer.signed_at is not None else expire(due_at)

        if case_file.expire_at is not None:
            self._agenda.note(max(case_file.expire_at, at), expire)
        for signer in case_file.signers:
            if (until := _time(signer.wish.get("expireAt"))) is not None:
                self._agenda.note(max(until, at), missed_by(signer))

    def _signer(self, wish: dict[str, Any]) -> Signer:
        return Signer(
            id=self._ids.number(),
            request_id=self._ids.number(),
            token=self._ids.secret(),
            name=wish["name"],
            role=wish.get("role", "Signer"),  # the seed's answer for signers without a role
            email=wish.get("email", ""),
            order=wish.get("signOrder", 0),
            wish=wish,
        )

    def _document(self, index: int, wish: dict[str, Any], pdf: bytes) -> Document:
        return Document(
            id=self._ids.number(),
            uuid=self._ids.uuid(),
            title=wish["title"],
            original=pdf,
            signable=wish.get("signable", True),
            roles=wish.get("roles", []),
            order=wish.get("documentOrder", index),  # "Defaults to order provided" (V)
            meta_data=wish.get("metaData"),
        )

    def _tell(
        self, case_file: CaseFile, event: EventType, at: datetime, signer: Signer | None = None
    ) -> None:
        signer_id = None if signer is None else signer.id
        self.occurrences.append(Occurrence(event, at, case_file.id, signer_id))
        if signer is not None:
            signer.log.append((LOGGED[event], at))

    def _write(
        self,
        case_file: CaseFile,
        what: str,
        at: datetime,
        signer: Signer | None = None,
        channel: Channel | None = None,
    ) -> None:
        name = "" if signer is None else signer.name
        link = "" if signer is None or channel is None else self._link(signer)
        entry = LedgerEntry(at, what, str(case_file.id), case_file.mark, name, channel, link)
        self._record(entry)


def _blank(case_file: CaseFile, at: datetime) -> None:
    if case_file.status is CaseFileStatus.COMPLETED:
        case_file.status, case_file.updated_at = CaseFileStatus.ANONYMIZED, at


def _time(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
