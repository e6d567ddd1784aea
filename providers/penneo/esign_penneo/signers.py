"""What can be asked about each signer of a case file: the log, the signing link, a reminder."""

from __future__ import annotations

from collections.abc import Iterable

from esign_core.errors import EnvelopeClosed, NotFound, Refused
from esign_core.model import LogEntry, SignerSnapshot, SignerStatus, SigningLink
from esign_core.provider import Flow, Request
from esign_penneo.casefiles import CASE_FILES, log
from esign_penneo.paths import path
from esign_penneo.statuses import LOG
from esign_penneo.wire import CaseFile, Reference, read_all, read_links

_SIGNING_REQUESTS = "/api/v1/signingrequests"


def log_of(case_file: CaseFile) -> Flow[tuple[LogEntry, ...]]:
    """Every signer's log, oldest first. Source: SDKs (V)."""
    entries: list[LogEntry] = []
    for signer in case_file.signers:
        for line in (yield from log(case_file.id, signer.id)):
            event = LOG.get(line.event_type)
            what = event.word if event is not None else f"event {line.event_type}"
            entries.append(LogEntry(what, line.event_time, signer.id, line.raw))
    return tuple(sorted(entries, key=_by_time))


def links_of(case_file: CaseFile) -> Flow[tuple[SigningLink, ...]]:
    """Where each signer signs. Source: Postman, NET (V); the link is element 0 of an array."""
    links: list[SigningLink] = []
    for signer in case_file.signers:
        for request in (yield from _signing_requests(case_file.id, signer.id)):
            reply = yield Request("GET", path(_SIGNING_REQUESTS, request, "link"))
            links += [
                SigningLink(None, signer.name or "", url, signer.role, signer.id)
                for url in read_links(reply)[:1]
            ]
    return tuple(links)


def send_again(remote_id: str, signer_id: str) -> Flow[None]:
    """Send a signer's request once more. Source: Postman, NET (V)."""
    for request in (yield from _signing_requests(remote_id, signer_id)):
        _ = yield Request("PATCH", path(_SIGNING_REQUESTS, request, "send"))


def to_remind(signers: Iterable[SignerSnapshot], wanted: str | None) -> tuple[str, ...]:
    """The signers to remind, by Penneo's id: one, or all who got an e-mail and have not acted.

    Raises:
        NotFound: There is no such signer.
        EnvelopeClosed: The signer has acted.
        Refused: There is nobody to remind.
    """
    by_id = {each.remote_id: each for each in signers if each.remote_id is not None}
    if wanted is not None:
        if wanted not in by_id:
            raise NotFound("the case file has no such signer.")
        if by_id[wanted].status.is_final:
            raise EnvelopeClosed(f"the signer has {by_id[wanted].status} already.")
        return (wanted,)
    waiting = tuple(id_ for id_, signer in by_id.items() if _is_waiting(signer))
    if not waiting:
        raise Refused("there is nobody whom Penneo has written to and who has not acted since.")
    return waiting


def _is_waiting(signer: SignerSnapshot) -> bool:
    """Whether somebody got an e-mail and has not acted; without a log, perhaps."""
    if signer.status.is_final:
        return False
    return signer.notified_at is not None or signer.status is SignerStatus.UNKNOWN


def _signing_requests(remote_id: str, signer_id: str) -> Flow[tuple[str, ...]]:
    """Ids only: the numbers of their status have two readings (X)."""
    where = path(CASE_FILES, remote_id, "signers", signer_id, "signingrequests")
    return tuple(each.id for each in read_all(Reference, (yield Request("GET", where))))


def _by_time(entry: LogEntry) -> tuple[bool, float]:
    at = entry.occurred_at
    return (at is None, at.timestamp() if at is not None else 0.0)
