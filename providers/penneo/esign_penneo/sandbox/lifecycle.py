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
from esign_penneo.sandbox.mail import OWNER, copy_to, mail_to, mail_to_owner

UNREACHABLE = ".invalid"  # a domain that never exists (RFC 2606): mail to it is undeliverable
_FOR_EVER_DAYS = 36_500  # between reminders; no case file lives that long


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
        self.contacts: dict[str, str] = {}
        """Names by e-mail address: whoever was not sent with `storeAsContact: false` (V)."""
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
        send_at = _time(raw.get("sendAt"))
        case_file = CaseFile(
            id=self._ids.number(),
            wish=raw,
            signers=[Signer.of(each, self._ids) for each in raw["signers"]],
            documents=[
                Document.of(index, each, wish.pdfs[index], self._ids)
                for index, each in enumerate(raw["documents"])
            ],
            created_at=at,
            updated_at=at,
            send_at=send_at,
            # From when it goes out (I): else one that is sent late could be over before.
            expire_at=_time(raw.get("expireAt")) or _after(send_at or at, self.behaviour),
        )
        self._keep_contacts(raw)
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
            self._inform_owner(case_file, at)

    def can_be_reminded(self, case_file: CaseFile, signer: Signer) -> bool:
        """Whether there is a request to send again: it is the signer's turn, and there is mail."""
        return case_file.status is CaseFileStatus.PENDING and signer.can_act and bool(signer.email)

    def remind(self, case_file: CaseFile, signer: Signer, at: datetime) -> None:
        """Send the request e-mail again."""
        self._tell(case_file, EventType.SIGNER_REMINDER_SENT, at, signer)
        self._hand_out(case_file, "reminded", at, signer, Channel.EMAIL)

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
            self._hand_out(case_file, "asked", at, signer, Channel.LINK)
            return
        self._tell(case_file, EventType.SIGNER_REQUEST_SENT, at, signer)
        if signer.email.endswith(UNREACHABLE):
            signer.undeliverable = True
            self._tell(case_file, EventType.SIGNER_UNDELIVERABLE, at, signer)
            return
        self._hand_out(case_file, "asked", at, signer, Channel.EMAIL)
        if days := signer.wish.get("reminderInterval"):
            self._note_reminder(case_file, signer, at, timedelta(days=min(days, _FOR_EVER_DAYS)))

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
            self._inform_owner(case_file, at)
            return
        case_file.status, case_file.completed_at = CaseFileStatus.COMPLETED, at
        self._tell(case_file, EventType.CASE_FILE_COMPLETED, at)
        for signer in case_file.signers:
            self._tell(case_file, EventType.SIGNER_FINALIZED, at, signer)
        self._write(case_file, "completed", at)
        self._inform(case_file, at)
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
                self._inform_owner(case_file, due_at)

        def missed_by(signer: Signer) -> Callable[[datetime], None]:
            return lambda due_at: None if signer.signed_at is not None else expire(due_at)

        self._agenda.note(max(case_file.expire_at, at), expire)
        for signer in case_file.signers:
            if (until := _time(signer.wish.get("expireAt"))) is not None:
                self._agenda.note(max(until, at), missed_by(signer))

    def _tell(
        self, case_file: CaseFile, event: EventType, at: datetime, signer: Signer | None = None
    ) -> None:
        signer_id = None if signer is None else signer.id
        self.occurrences.append(Occurrence(event, at, case_file.id, signer_id))
        if signer is not None:
            signer.log.append((LOGGED[event], at))

    def _keep_contacts(self, wish: dict[str, Any]) -> None:
        for each in (*wish["signers"], *wish.get("ccRecipients", [])):
            if each.get("email") and each.get("storeAsContact", True):
                self.contacts[each["email"]] = each["name"]

    def _hand_out(
        self, case_file: CaseFile, what: str, at: datetime, signer: Signer, channel: Channel
    ) -> None:
        """A signing link reaches its signer; by e-mail with the words that were asked for."""
        mail = mail_to(case_file, signer, what) if channel is Channel.EMAIL else None
        link = self._link(signer)
        self._write(case_file, what, at, signer, channel=channel, link=link, mail=mail)

    def _inform(self, case_file: CaseFile, at: datetime) -> None:
        """Everybody who was written to gets the finished documents, and so do copy recipients."""
        for signer in case_file.signers:
            if signer.mailed and not signer.undeliverable:
                mail = mail_to(case_file, signer, "informed")
                self._write(case_file, "informed", at, signer, channel=Channel.EMAIL, mail=mail)
        for each in case_file.wish.get("ccRecipients", []):
            copy = copy_to(case_file, each["email"])
            self._write(case_file, "informed", at, each["name"], channel=Channel.EMAIL, mail=copy)
        self._inform_owner(case_file, at)

    def _inform_owner(self, case_file: CaseFile, at: datetime) -> None:
        if not case_file.wish.get("disableNotificationsOwner", False):
            mail = mail_to_owner(case_file)
            self._write(case_file, "informed", at, OWNER, channel=Channel.EMAIL, mail=mail)

    def _write(
        self, case_file: CaseFile, what: str, at: datetime, who: Signer | str = "", **how: Any
    ) -> None:
        name = who.name if isinstance(who, Signer) else who
        mark = case_file.mark
        self._record(LedgerEntry(at, what, str(case_file.id), mark, name, **how))


def _after(at: datetime, behaviour: Behaviour) -> datetime:
    """When time is over for what goes out at `at`; the calendar's end is the end of all."""
    last = datetime.max.replace(tzinfo=UTC)
    return last if last - at < behaviour.expires_after else at + behaviour.expires_after


def _blank(case_file: CaseFile, at: datetime) -> None:
    if case_file.status is CaseFileStatus.COMPLETED:
        case_file.status, case_file.updated_at = CaseFileStatus.ANONYMIZED, at


def _time(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
