"""Asking for case files: one, or a page of them, and the logs of their signers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from esign_core.errors import NotFound, PermissionDenied
from esign_core.provider import Flow, Request, Response
from esign_penneo import metadata
from esign_penneo.paging import next_page
from esign_penneo.paths import path
from esign_penneo.snapshots import Histories, History
from esign_penneo.statuses import NEW
from esign_penneo.wire import (
    CaseFile,
    LogLine,
    Reference,
    read,
    read_all,
    read_row,
    readable,
    rows_of,
)

CASE_FILES = "/api/v1/casefiles"
_CASE_FILES_V3 = "/api/v3/casefiles"
_PER_PAGE = 100  # "slow above 200 results" (V)


@dataclass(frozen=True)
class Rows:
    """One page of case files, as they came: a strange one must not hide the others."""

    items: tuple[Any, ...] = field(repr=False)
    next_page: str | None
    response: Response = field(repr=False)

    def case_files(self) -> tuple[CaseFile, ...]:
        """The rows that can be read.

        Raises:
            UnreadableAnswer: None of them can.
        """
        return readable(CaseFile, self.items, self.response)


def one(remote_id: str) -> Flow[CaseFile]:
    """A case file.

    Raises:
        NotFound: There is none under that id.

    Source: Postman (V).
    """
    return read(CaseFile, (yield Request("GET", path(_CASE_FILES_V3, remote_id))))


def some(page: str, since: datetime | None, status: int | None = None) -> Flow[Rows]:
    """A page of case files, newest first.

    Raises:
        NotFound: The page is none of Penneo's.
        UnreadableAnswer: The answer is no list.

    Source: Postman, PHP (V).
    """
    if not re.fullmatch(r"[1-9][0-9]{0,8}", page):
        raise NotFound("that cursor is none of Penneo's: it is no page number.")
    reply = yield Request(
        "GET",
        CASE_FILES,
        headers={"x-paginate": "true"},
        params={
            "page": page,
            "per_page": _PER_PAGE,
            "sort": "-created",
            "status": status,
            "createdAfter": int(since.timestamp()) if since else None,
        },
    )
    return Rows(rows_of(reply), next_page(reply.headers.get("link"), page), reply)


def marked(mark: str, since: datetime) -> Flow[str | None]:
    """The id of the case file whose `metaData` or reference carries `mark`, if there is one."""
    page: str | None = "1"
    while page is not None:
        rows = yield from some(page, since)
        for row in rows.items:
            if metadata.is_on(mark, row):
                return read_row(Reference, row, rows.response).id
        page = rows.next_page
    return None


def log(remote_id: str, signer_id: str) -> Flow[tuple[LogLine, ...]]:
    """A signer's log.

    Raises:
        NotFound: There is no such signer.

    Source: SDKs (V).
    """
    reply = yield Request("GET", path(CASE_FILES, remote_id, "signers", signer_id, "log"))
    return read_all(LogLine, reply)


def histories(case_file: CaseFile) -> Flow[Histories]:
    """What the logs of all signers tell: one request for each; none while nobody was asked.

    A log that the account may not see is left out; the case file's own status counts alone then.
    """
    found: dict[str, History] = {}
    if case_file.status == NEW:
        return found
    for signer in case_file.signers:
        try:
            lines = yield from log(case_file.id, signer.id)
        except (NotFound, PermissionDenied):
            continue
        found[signer.id] = History.of(lines)
    return found
