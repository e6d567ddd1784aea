"""Sending so that nothing is lost and nothing goes out twice.

The draft is written down as intent before the request, and the outcome after it. Between the two
the outcome is uncertain, and stays so whatever happens to the process: then the worker looks for
our mark at the vendor. Nothing is ever sent again by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from esign_core.engine import Session, Task, call, transact
from esign_core.errors import (
    EsignError,
    KeyReused,
    Misconfigured,
    Outcome,
    Refused,
)
from esign_core.journal import Intent, Transaction, WorkKind
from esign_core.model import (
    Authenticity,
    Envelope,
    EnvelopeDraft,
    EnvelopeStatus,
    EventType,
    Fact,
    Job,
    Observation,
    Snapshot,
    Source,
    seats_of,
)
from esign_core.provider import localized
from esign_core.service.checks import check_everywhere
from esign_core.service.jobs import wait_for_job
from esign_core.service.record import record_snapshot
from esign_core.service.workspace import Workspace

_FIRST_LOOK_SECONDS = 60
"""When an envelope is looked for whose sender was never heard of again."""
_DISPATCH_AGAIN_SECONDS = 30
"""When a stored draft is sent whose sender was never heard of again."""


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
    if not key or not key.isprintable():
        raise Misconfigured("key must be a word of yours that is the same on every try")
    session = workspace.session(via)
    pinned = yield from transact(draft.pinned)
    known = yield from workspace.read(lambda tx: tx.envelopes.intent(tenant, key))
    if known is not None:
        envelope = _same_wish(known, pinned, key, via)
    else:
        ready = yield from transact(lambda: _ready(workspace, session, pinned))
        begun, envelope = yield from _begin(workspace, session, pinned, key, tenant)
        if begun:
            envelope = yield from _request(workspace, session, ready, envelope)
        else:  # somebody else was quicker with the same key
            again = yield from workspace.read(lambda tx: tx.envelopes.intent(tenant, key))
            envelope = _same_wish(again, pinned, key, via) if again is not None else envelope
    return (yield from wait_for_job(workspace, envelope, wait_seconds))


def _same_wish(known: Intent, draft: EnvelopeDraft, key: str, via: str) -> Envelope:
    there = known.envelope
    same_place = there.connection == via
    if known.fingerprint == draft.fingerprint() and same_place:
        return there
    differences = dict(_differences("", known.draft, draft.canonical()))
    if not same_place:
        differences["via"] = (there.connection, via)
    told = ", ".join(sorted(differences)) or "a secret value"
    raise KeyReused(
        f'the key "{key}" was used for {there.id} ("{there.title}"), and this draft differs in: '
        f"{told}. Nothing was sent; use the same draft to get that envelope, or a new key.",
        differences=differences,
        envelope_id=there.id,
        connection=via,
    )


def _differences(at: str, one: Any, two: Any) -> list[tuple[str, tuple[str, str]]]:
    if isinstance(one, Mapping) and isinstance(two, Mapping):
        keys = sorted({*one, *two})
        steps = [(f"{at}.{key}" if at else key, one.get(key), two.get(key)) for key in keys]
    elif isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        steps = [(f"{at}[{i}]", a, b) for i, (a, b) in enumerate(zip(one, two, strict=True))]
    else:
        return [] if one == two else [(at, (str(one), str(two)))]
    return [row for path, a, b in steps for row in _differences(path, a, b)]


def _ready(workspace: Workspace, session: Session, draft: EnvelopeDraft) -> EnvelopeDraft:
    """The draft as the provider gets it: seen by plugins, checked, its template resolved."""
    amended = workspace.amended(draft, session.name)
    check_everywhere(workspace, session, amended).expect_ok(amended.title)
    return localized(amended, session.provider).pinned()


def _begin(
    workspace: Workspace, session: Session, draft: EnvelopeDraft, key: str, tenant: str
) -> Task[tuple[bool, Envelope]]:
    """Write the intent down; or find that the key is taken."""
    now = workspace.clock()
    envelope = Envelope(
        id=workspace.new_id(now),
        connection=session.name,
        provider=session.provider.name,
        title=draft.title,
        seats=seats_of(draft),
        outcome=Outcome.UNCERTAIN,
        key=key,
        tenant=tenant,
        created_at=now,
    )
    intent = Intent(envelope, draft.fingerprint(), draft.canonical())

    def write(tx: Transaction) -> tuple[bool, Envelope]:
        taken = tx.envelopes.intent(tenant, key)
        if taken is not None:
            return False, taken.envelope
        tx.envelopes.add_intent(intent)
        tx.work.plan(
            WorkKind.LOOK_UP,
            envelope.id,
            connection=session.name,
            due_at=now + timedelta(seconds=_FIRST_LOOK_SECONDS),
        )
        return True, envelope

    return (yield from workspace.write(write))


def _request(
    workspace: Workspace, session: Session, draft: EnvelopeDraft, envelope: Envelope
) -> Task[Envelope]:
    flow = session.provider.send(draft.marked(mark_of(envelope.id)))
    try:
        result = yield from call(
            session, flow, operation="send", subject=envelope.title, envelope_id=envelope.id
        )
    except EsignError as error:
        failure = error
        _ = yield from workspace.write(lambda tx: _failed(workspace, tx, envelope, failure))
        if error.outcome is Outcome.UNCERTAIN:
            error.add_note(f"It is being looked for; `esign show {envelope.id}` tells more.")
        raise
    if isinstance(result, Job):
        job = result
        return (yield from workspace.write(lambda tx: _queued(workspace, tx, envelope, job)))
    stored = result
    envelope = yield from workspace.write(
        lambda tx: _answered(workspace, tx, session, envelope, stored)
    )
    if stored.status is EnvelopeStatus.DRAFT:
        envelope = yield from dispatch(workspace, session, envelope, stored.remote_id)
    return envelope


def _failed(
    workspace: Workspace, tx: Transaction, envelope: Envelope, error: EsignError
) -> Envelope:
    if error.outcome is Outcome.UNCERTAIN:
        tx.work.plan(
            WorkKind.LOOK_UP,
            envelope.id,
            connection=envelope.connection,
            due_at=workspace.clock(),
        )
    else:
        tx.work.drop(WorkKind.LOOK_UP, envelope.id)
    return tx.envelopes.settle(envelope, error.outcome, str(error))


def _queued(workspace: Workspace, tx: Transaction, envelope: Envelope, job: Job) -> Envelope:
    now = workspace.clock()
    tx.envelopes.set_job(envelope.id, job)
    tx.work.drop(WorkKind.LOOK_UP, envelope.id)
    tx.work.plan(
        WorkKind.POLL_JOB,
        envelope.id,
        connection=envelope.connection,
        due_at=now + timedelta(seconds=job.poll_after_seconds),
    )
    queued = Observation(
        source=Source.REPLY,
        authenticity=Authenticity.FETCHED,
        received_at=now,
        facts={Fact(EventType.ENVELOPE_QUEUED): None},
        raw=job.raw,
    )
    after, _ = tx.record(tx.envelopes.settle(envelope, Outcome.DONE), queued)
    return after


def _answered(
    workspace: Workspace,
    tx: Transaction,
    session: Session,
    envelope: Envelope,
    snapshot: Snapshot,
) -> Envelope:
    tx.work.drop(WorkKind.LOOK_UP, envelope.id)
    if snapshot.status is EnvelopeStatus.DRAFT:  # its id is on disk before anybody is asked
        tx.work.plan(
            WorkKind.DISPATCH,
            envelope.id,
            connection=session.name,
            due_at=workspace.clock() + timedelta(seconds=_DISPATCH_AGAIN_SECONDS),
        )
    else:
        envelope = tx.envelopes.settle(envelope, Outcome.DONE)
    return record_snapshot(workspace, tx, session, envelope, snapshot, Source.REPLY)


def dispatch(
    workspace: Workspace, session: Session, envelope: Envelope, remote_id: str
) -> Task[Envelope]:
    """Send a draft that is stored at the vendor; harmless when it is sent already.

    Raises:
        Refused: The vendor will not send it, and so it was not sent.
        ProviderError: It may have been sent; the worker tries again until that is known.
    """
    flow = session.provider.dispatch(remote_id)
    try:
        snapshot = yield from call(
            session, flow, operation="dispatch", subject=envelope.title, envelope_id=envelope.id
        )
    except Refused as error:
        why = str(error)
        _ = yield from workspace.write(lambda tx: _undispatched(tx, envelope, why))
        raise
    except EsignError as error:
        error.outcome = Outcome.UNCERTAIN
        error.add_note("The draft is stored at the vendor; a worker goes on sending it.")
        raise

    def write(tx: Transaction) -> Envelope:
        tx.work.drop(WorkKind.DISPATCH, envelope.id)
        current = tx.envelopes.settle(tx.envelopes.get(envelope.id), Outcome.DONE)
        return record_snapshot(workspace, tx, session, current, snapshot, Source.REPLY)

    return (yield from workspace.write(write))


def _undispatched(tx: Transaction, envelope: Envelope, why: str) -> Envelope:
    tx.work.drop(WorkKind.DISPATCH, envelope.id)
    tx.work.drop(WorkKind.REFRESH, envelope.id)
    return tx.envelopes.settle(envelope, Outcome.NOT_DONE, why)
