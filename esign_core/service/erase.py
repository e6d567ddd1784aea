"""Erasing a person from the journal, on their request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from esign_core.engine import Task, transact
from esign_core.errors import Misconfigured, NotReady, Outcome
from esign_core.journal import Trace, Transaction
from esign_core.service.workspace import Workspace


@dataclass(frozen=True)
class Erased:
    """What was erased, or would be."""

    envelope_ids: tuple[str, ...]
    """Our ids of the envelopes that told of the person."""
    deliveries: int
    """How many raw deliveries are gone, or would be."""
    is_done: bool
    """False where it was only looked for."""


def erase(workspace: Workspace, email: str, *, is_try: bool = False) -> Task[Erased]:
    """Remove a person's data from the journal and from raw deliveries.

    Raises:
        Misconfigured: That is no e-mail address.
        NotReady: An envelope is still open; nothing was erased.
    """
    if not _is_address(email):
        raise Misconfigured("erase takes one e-mail address, such as jane@example.com.")
    person = email.lower()
    traces = yield from workspace.read(lambda tx: _closed(tx, tx.erasure.traces(person)))
    ids = tuple(trace.envelope_id for trace in traces)
    now = None if is_try else workspace.clock()
    step = workspace.read if is_try else workspace.write
    count = 0
    for trace in traces:
        count += yield from step(partial(_erase, trace=trace, at=now))
    words = tuple(dict.fromkeys([person, *(word for each in traces for word in each.words)]))
    after = 0
    while True:
        dropped, after = yield from step(partial(_drop, words=words, at=now, after=after))
        count += dropped
        if not after:
            break
    if not is_try:
        yield from transact(workspace.journal.tidy)
    return Erased(ids, count, is_done=not is_try)


def _is_address(email: object) -> bool:
    return isinstance(email, str) and email.count("@") == 1 and email == email.strip()


def _closed(tx: Transaction, traces: list[Trace]) -> list[Trace]:
    """The same, if the vendor has nothing left to tell of any of them."""
    for trace in traces:
        envelope = tx.envelopes.get(trace.envelope_id)
        if not envelope.is_final and envelope.outcome is not Outcome.NOT_DONE:
            raise NotReady(
                f"{envelope.id} is still {envelope.status}: what a vendor tells of its signers "
                "could not be told apart any more. Nothing was erased; wait for its end, or "
                f"`esign cancel {envelope.id}` first.",
                envelope_id=envelope.id,
            )
    return traces


def _erase(tx: Transaction, *, trace: Trace, at: datetime | None) -> int:
    return tx.erasure.deliveries(trace) if at is None else tx.erasure.erase(trace, at)


def _drop(
    tx: Transaction, *, words: tuple[str, ...], at: datetime | None, after: int
) -> tuple[int, int]:
    found, last = tx.erasure.strangers(words, after)
    if at is not None:
        tx.erasure.drop_deliveries(found, at)
    return len(found), last
