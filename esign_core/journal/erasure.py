"""Removing what the journal tells of one person, and leaving what it proves.

What stays: ids, keys, fingerprints, positions, times, what signers did, and the hashes of
deliveries. What goes: names, addresses, reasons, the vendor's own words, drafts, raw deliveries.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select, update

from esign_core.journal import codec
from esign_core.journal.envelopes import Envelopes
from esign_core.journal.inbox import Inbox
from esign_core.journal.rows import Rows
from esign_core.journal.schema import envelopes, events, inbox, observations

ERASED = "erased"
"""What stands where a name stood."""
_NAME, _EMAIL = 1, 2  # places in a stored seat


@dataclass(frozen=True)
class Trace:
    """An envelope that tells of a person."""

    number: int
    """Of its row."""
    envelope_id: str
    words: tuple[str, ...]
    """What the person is called in it, and their address."""


class Erasure:
    """What is done to the tables, inside one transaction."""

    def __init__(self, rows: Rows, known: Envelopes, kept: Inbox) -> None:
        self._rows = rows
        self._envelopes = known
        self._inbox = kept

    def traces(self, email: str) -> list[Trace]:
        """The envelopes that tell of a person, by their e-mail address in whatever case."""
        told = json.dumps(email.lower())[1:-1]
        texts = (envelopes.c.seats, envelopes.c.intent, envelopes.c.title, envelopes.c.failure)
        query = select(envelopes).where(
            or_(*(func.lower(text).contains(told, autoescape=True) for text in texts))
        )
        address = re.compile(rf"(?<![\w.+-]){re.escape(told)}(?![\w.-]*\w)", re.IGNORECASE)
        return [
            _trace(row, email)
            for row in self._rows.connection.execute(query)
            if any(address.search(getattr(row, text.name) or "") for text in texts)
        ]

    def erase(self, trace: Trace, at: datetime) -> int:
        """Erase a person from an envelope; answers how many raw deliveries are gone with it."""
        connection = self._rows.connection
        self._envelopes.forget(trace.envelope_id)
        row = connection.execute(select(envelopes).where(envelopes.c.n == trace.number)).one()
        _ = connection.execute(
            update(envelopes)
            .where(envelopes.c.n == trace.number)
            .values(
                seats=_without_person(row.seats, trace.words),
                title=_cleaned(row.title, trace.words),
                failure=_cleaned(row.failure, trace.words),
                intent="{}" if row.intent is not None else None,
                erased_at=codec.dump_time(at),
            )
        )
        for table, key in ((events, events.c.seq), (observations, observations.c.id)):
            bodies = connection.execute(
                select(key, table.c.body).where(table.c.envelope == trace.number)
            )
            for id_, body in bodies.all():
                told = codec.dump_json(_without_words(json.loads(body)))
                _ = connection.execute(update(table).where(key == id_).values(body=told))
        return self._inbox.empty(_has_raw(trace), at)

    def deliveries(self, trace: Trace) -> int:
        """How many raw deliveries would be gone with an envelope."""
        count = select(func.count()).select_from(inbox).where(_has_raw(trace))
        return self._rows.connection.execute(count).scalar_one()

    def strangers(self, words: Sequence[str], after: int) -> tuple[list[int], int]:
        """A page of the deliveries that name a person, and are about no envelope of ours.

        Answers their ids, and the last id that was looked at; 0 at the end.
        """
        page = (
            select(inbox.c.id, inbox.c.headers, inbox.c.body)
            .where((inbox.c.id > after) & (inbox.c.envelope == 0) & inbox.c.dropped_at.is_(None))
            .order_by(inbox.c.id)
            .limit(500)
        )
        rows = self._rows.connection.execute(page).all()
        ids = [row.id for row in rows if _names(row, words)]
        return ids, rows[-1].id if rows else 0

    def drop_deliveries(self, ids: Sequence[int], at: datetime) -> None:
        """Drop headers and bodies of deliveries."""
        if ids:
            _ = self._inbox.empty(inbox.c.id.in_(ids), at)


def _has_raw(trace: Trace) -> ColumnElement[bool]:
    return (inbox.c.envelope == trace.number) & inbox.c.dropped_at.is_(None)


def _trace(row: Row[*tuple[Any, ...]], email: str) -> Trace:
    names = [seat[_NAME] for seat in json.loads(row.seats) if (seat[_EMAIL] or "").lower() == email]
    return Trace(row.n, row.id, (email, *dict.fromkeys(names)))


def _without_person(seats: str, words: Sequence[str]) -> str:
    told = json.loads(seats)
    for seat in told:
        if (seat[_EMAIL] or "").lower() == words[0]:
            seat[_NAME], seat[_EMAIL] = ERASED, None
    return codec.dump_json(told)


def _without_words(body: dict[str, Any]) -> dict[str, Any]:
    """An event or an observation without what a vendor or a signer has written."""
    blank: dict[str, Any] = {"raw": None}
    if "reasons" in body:
        blank["reasons"] = {}
    if "data" in body:
        blank["data"] = {name: told for name, told in body["data"].items() if name != "reason"}
    return {**body, **blank}


def _cleaned(text: str | None, words: Sequence[str]) -> str | None:
    if text is None:
        return None
    is_told = any(word.lower() in text.lower() for word in words)
    return ERASED if is_told else text


def _names(row: Row[*tuple[Any, ...]], words: Sequence[str]) -> bool:
    said = (row.headers.encode() + row.body).lower()
    forms = {word.lower().encode() for word in words}
    forms |= {json.dumps(word.lower())[1:-1].encode() for word in words}
    return any(form in said for form in forms)
