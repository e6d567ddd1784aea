"""Sending so that nothing is lost and nothing goes out twice.

The draft is written down as intent before the request, and the outcome after it. Between the two
the outcome is uncertain, and stays so whatever happens to the process: then the worker looks for
our mark at the vendor. Nothing is ever sent again by itself.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

from esign_core.engine import Session, Task, transact
from esign_core.errors import EsignError, JournalUnusable, Outcome
from esign_core.journal import Intent, Transaction, WorkKind
from esign_core.model import (
    Authenticity,
    Envelope,
    EnvelopeDraft,
    EventType,
    Fact,
    Job,
    Observation,
    Source,
    seats_of,
)
from esign_core.model.fingerprint import fingerprint_to_keep
from esign_core.provider import localized
from esign_core.service import operations
from esign_core.service.checks import check_everywhere
from esign_core.service.delays import may_go_out_until
from esign_core.service.dispatch import dispatch
from esign_core.service.jobs import wait_for_job
from esign_core.service.preview import Preview
from esign_core.service.record import record_snapshot, surprise
from esign_core.service.wishes import expect_key, same_wish
from esign_core.service.workspace import Workspace

_FIRST_LOOK_SECONDS = 60
"""When an envelope is looked for whose sender was never heard of again."""


def mark_of(envelope_id: str) -> str:
    """What the envelope carries at the vendor, so that it can be found again."""
    return f"esign:{envelope_id}"


def send(
    workspace: Workspace,
    draft: EnvelopeDraft,
    *,
    via: str,
    key: str,
    tenant: str = "",
    wait_seconds: float = 0.0,
) -> Task[Envelope]:
    """Ask for signatures once for each key, whatever happens.

    Raises:
        KeyReused: The key was used for another draft.
        NotSupported: The connection cannot do it; with every gap and a remedy for each.
        ProviderError: What the vendor said; `outcome` tells whether it was sent all the same.
    """
    session, pinned, known = yield from _asked(workspace, draft, via=via, key=key, tenant=tenant)
    if known is None:
        ready, intent = yield from transact(
            lambda: _planned(workspace, session, pinned, key=key, tenant=tenant)
        )
        known = yield from _intended(workspace, intent)
        if known is None:
            envelope = yield from _doubting(
                intent.envelope, _request(workspace, session, ready, intent.envelope)
            )
            return (yield from wait_for_job(workspace, envelope, wait_seconds, ready))
    there = yield from transact(partial(same_wish, known, pinned, via))
    return (yield from wait_for_job(workspace, there, wait_seconds, pinned))


def preview(
    workspace: Workspace, draft: EnvelopeDraft, *, via: str, key: str, tenant: str = ""
) -> Task[Preview]:
    """What `send` would do: all of it up to the first thing that it writes down.

    Raises:
        KeyReused: The key was used for another draft.
    """
    session, pinned, known = yield from _asked(workspace, draft, via=via, key=key, tenant=tenant)
    sent = None
    if known is not None:
        sent = yield from transact(partial(same_wish, known, pinned, via))
    found = yield from transact(lambda: _prepared(workspace, session, pinned))
    return replace(found, known=sent)


def _asked(
    workspace: Workspace, draft: EnvelopeDraft, *, via: str, key: str, tenant: str
) -> Task[tuple[Session, EnvelopeDraft, Intent | None]]:
    """The account, the draft with its documents hashed, and what was sent with the key before."""
    operations.expect_draft(draft)
    expect_key(key, tenant)
    session = workspace.session(via)
    pinned = yield from transact(draft.pinned)
    known = yield from workspace.read(lambda tx: tx.envelopes.intent(tenant, key))
    return session, pinned, known


def _planned(
    workspace: Workspace, session: Session, draft: EnvelopeDraft, *, key: str, tenant: str
) -> tuple[EnvelopeDraft, Intent]:
    """The draft as the provider gets it, if it can be sent; and what is written down before."""
    found = _prepared(workspace, session, draft)
    found.check.expect_ok(found.draft.title)
    return found.draft, _intent(workspace, session, draft, found.draft, key=key, tenant=tenant)


def _prepared(workspace: Workspace, session: Session, draft: EnvelopeDraft) -> Preview:
    """The draft as the provider gets it: seen by plugins, checked, its template resolved.

    Raises:
        UnmappedTemplate: The draft's template is not mapped at this connection.
        DocumentChanged: A document is not as long as it was when it was named.
    """
    amended = workspace.amended(draft, session.name)
    found = check_everywhere(workspace, session, amended)
    target = session.provider.template_of(amended) if amended.template is not None else None
    return Preview(found, localized(amended, session.provider).pinned(), target)


def _intent(
    workspace: Workspace,
    session: Session,
    draft: EnvelopeDraft,
    ready: EnvelopeDraft,
    *,
    key: str,
    tenant: str,
) -> Intent:
    """The caller's wish, with the seats of what is really sent."""
    now = workspace.clock()
    envelope = Envelope(
        id=workspace.new_id(now),
        connection=session.name,
        provider=session.provider.name,
        title=ready.title,
        seats=seats_of(ready),
        outcome=Outcome.UNCERTAIN,
        key=key,
        tenant=tenant,
        created_at=now,
    )
    return Intent(envelope, fingerprint_to_keep(draft, envelope.id), draft.canonical())


def _intended(workspace: Workspace, intent: Intent) -> Task[Intent | None]:
    """`_begin`, in a transaction of its own, without which nothing is sent."""
    try:
        try:
            return (yield from workspace.write(lambda tx: _begin(tx, intent)))
        except JournalUnusable as error:
            if error.outcome is Outcome.NOT_DONE:
                raise
        return (yield from workspace.write(lambda tx: _begin(tx, intent)))  # it may be there
    except JournalUnusable as error:
        error.outcome = Outcome.NOT_DONE
        error.add_note("Nothing was sent.")
        raise


def _begin(tx: Transaction, intent: Intent) -> Intent | None:
    """Write the intent down, if it is not there already; or answer who was quicker with its key."""
    envelope = intent.envelope
    assert envelope.key is not None and envelope.created_at is not None  # noqa: S101, PT018
    taken = tx.envelopes.intent(envelope.tenant, envelope.key)
    if taken is not None and taken.envelope.id == envelope.id:
        return None
    if taken is None:
        tx.envelopes.add_intent(intent)
        tx.work.plan(
            WorkKind.LOOK_UP,
            envelope.id,
            connection=envelope.connection,
            due_at=envelope.created_at + timedelta(seconds=_FIRST_LOOK_SECONDS),
        )
    return taken


def _doubting(envelope: Envelope, request: Task[Envelope]) -> Task[Envelope]:
    """The request, after which a journal that fails leaves the outcome open."""
    try:
        return (yield from request)
    except JournalUnusable as error:
        error.outcome = Outcome.UNCERTAIN
        error.add_note("The request may have gone out. Use the same key again, not a new one.")
        _ = error.locate(connection=envelope.connection, operation="send", envelope_id=envelope.id)
        raise


def _request(
    workspace: Workspace, session: Session, draft: EnvelopeDraft, envelope: Envelope
) -> Task[Envelope]:
    try:
        result = yield from operations.ask_to_send(
            session,
            draft.marked(mark_of(envelope.id)),
            envelope_id=envelope.id,
            until=may_go_out_until(envelope),
        )
    except EsignError as error:
        failure = error
        after = yield from workspace.write(lambda tx: _failed(workspace, tx, envelope, failure))
        error.outcome = after.outcome
        if after.is_in_doubt:
            error.add_note(
                f"It is being looked for; `esign show {envelope.id}` tells what was found, and "
                f"with `esign resolve {envelope.id}` a person can decide."
            )
        raise
    if isinstance(result, Job):
        job = result
        return (yield from workspace.write(lambda tx: _queued(workspace, tx, envelope.id, job)))
    stored = result
    envelope = yield from workspace.write(
        lambda tx: record_snapshot(workspace, tx, envelope.id, stored, Source.REPLY)
    )
    if operations.is_unsent(session, stored) and envelope.is_in_doubt:
        envelope = yield from dispatch(workspace, session, envelope, draft=draft)
    return envelope


def _failed(
    workspace: Workspace, tx: Transaction, envelope: Envelope, error: EsignError
) -> Envelope:
    current = tx.envelopes.get(envelope.id)
    if current.remote_id is not None or not current.is_in_doubt:  # it was found, or decided
        return current
    if error.outcome is Outcome.NOT_DONE:
        tx.work.drop(WorkKind.LOOK_UP, current.id)
    else:
        tx.work.plan(
            WorkKind.LOOK_UP,
            current.id,
            connection=current.connection,
            due_at=workspace.clock(),
        )
    return tx.envelopes.settle(current, error.outcome, str(error))


def _queued(workspace: Workspace, tx: Transaction, envelope_id: str, job: Job) -> Envelope:
    current = tx.envelopes.get(envelope_id)
    if current.remote_id is not None:  # it was found meanwhile
        return current
    now = workspace.clock()
    tx.envelopes.set_job(current.id, job)
    tx.work.drop(WorkKind.LOOK_UP, current.id)
    tx.work.plan(
        WorkKind.POLL_JOB,
        current.id,
        connection=current.connection,
        due_at=now + timedelta(seconds=job.poll_after_seconds),
    )
    queued = Observation(
        source=Source.REPLY,
        authenticity=Authenticity.FETCHED,
        received_at=now,
        facts={Fact(EventType.ENVELOPE_QUEUED): None},
        raw=job.raw,
    )
    settled = tx.envelopes.settle(current, Outcome.DONE, surprise(current))
    after, _ = tx.record(settled, queued)
    return after
