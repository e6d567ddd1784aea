"""The verbs of `Esign` beside sending and receiving, as tasks over the journal."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TypeVar

from esign_core.engine import SavedFile, Task
from esign_core.errors import EnvelopeClosed, EsignError, Misconfigured, NotSupported, Outcome
from esign_core.model import (
    ArtifactKind,
    Envelope,
    EnvelopeStatus,
    SigningLink,
    Snapshot,
    Source,
    did_you_mean,
    match,
)
from esign_core.model.snapshot import SignerSnapshot
from esign_core.service import operations
from esign_core.service.archive import record_files
from esign_core.service.arguments import (
    expect_count,
    expect_kinds,
    expect_path,
    expect_text,
    expect_text_or_none,
)
from esign_core.service.downloads import bring_all
from esign_core.service.record import record_snapshot
from esign_core.service.workspace import Workspace

T = TypeVar("T")


def fetch(workspace: Workspace, envelope_id: str) -> Task[Envelope]:
    """Look at the vendor how an envelope stands, and write it down."""
    expect_text(envelope_id=envelope_id)
    envelope = yield from workspace.envelope(envelope_id)
    session, remote_id = workspace.place(envelope)
    snapshot = yield from _about(envelope, operations.fetch(session, remote_id))
    return (yield from _recorded(workspace, envelope, snapshot, Source.POLL))


def cancel(workspace: Workspace, envelope_id: str, reason: str | None) -> Task[Envelope]:
    """Call an envelope off, and write down what it is then."""
    expect_text_or_none(reason=reason)
    expect_text(envelope_id=envelope_id)
    envelope = yield from workspace.envelope(envelope_id)
    session, remote_id = workspace.place(envelope)
    snapshot = yield from _about(envelope, operations.cancel(session, remote_id, reason))
    return (yield from _recorded(workspace, envelope, snapshot, Source.REPLY))


def remind(workspace: Workspace, envelope_id: str, signer: str | None) -> Task[None]:
    """Have the vendor write once more; to one signer by our id, or to all that are open."""
    expect_text_or_none(signer=signer)
    expect_text(envelope_id=envelope_id)
    envelope = yield from workspace.envelope(envelope_id)
    session, remote_id = workspace.place(envelope)
    if envelope.is_final:
        closed = EnvelopeClosed(f"it is {envelope.status}, and nobody is left to remind.")
        raise closed.locate(
            connection=envelope.connection,
            operation="remind",
            subject=envelope.title,
            envelope_id=envelope.id,
        )
    remote_signer = None
    if signer is not None:
        seats = {seat.id: seat for seat in envelope.seats}
        if signer not in seats:
            known = ", ".join(seats)
            raise Misconfigured(f'{envelope_id} has no signer "{signer}". There are: {known}.')
        if seats[signer].remote_id is None:  # learned with the next look
            envelope = yield from fetch(workspace, envelope_id)
            seats = {seat.id: seat for seat in envelope.seats}
        remote_signer = seats[signer].remote_id
        if remote_signer is None:  # without it, everybody would be written to
            raise NotSupported(
                f"{session.provider.name} does not tell which of its signers {signer} is; nobody "
                "was reminded. Leave `signer` out to remind everybody.",
                provider=session.provider.name,
                connection=session.name,
                envelope_id=envelope.id,
            )
    yield from _about(envelope, operations.remind(session, remote_id, remote_signer))


def signing_links(workspace: Workspace, envelope_id: str) -> Task[tuple[SigningLink, ...]]:
    """Where each signer signs, with our signer ids."""
    expect_text(envelope_id=envelope_id)
    envelope = yield from workspace.envelope(envelope_id)
    session, remote_id = workspace.place(envelope)
    links = yield from _about(envelope, operations.signing_links(session, remote_id))
    signers = [
        SignerSnapshot(remote_id=link.remote_id, name=link.name, role=link.role) for link in links
    ]
    ids = {id(signer): seat.id for seat, signer in match(envelope.seats, signers)}
    return tuple(
        SigningLink(ids.get(id(signer)), link.name, link.url, link.role, link.remote_id)
        for link, signer in zip(links, signers, strict=True)
    )


def download(
    workspace: Workspace, envelope_id: str, to: str | Path, kinds: Collection[ArtifactKind]
) -> Task[tuple[SavedFile, ...]]:
    """Bring an envelope's files into a folder of its own below `to`; their hashes are told."""
    expect_path(to=to)
    expect_kinds(kinds)
    expect_text(envelope_id=envelope_id)
    envelope = yield from workspace.envelope(envelope_id)
    session, remote_id = workspace.place(envelope)
    folder = Path(to) / envelope.id
    task = bring_all(session, remote_id, to=folder, kinds=kinds)
    brought = yield from _about(envelope, task)
    yield from workspace.write(lambda tx: record_files(workspace, tx, envelope_id, brought))
    return tuple(each.file for each in brought)


def list_envelopes(
    workspace: Workspace,
    *,
    tenant: str | None,
    connection: str | None,
    status: EnvelopeStatus | None,
    limit: int,
) -> Task[tuple[Envelope, ...]]:
    """The journal's envelopes, the newest first.

    Raises:
        UnknownConnection: There is no such connection.
        Misconfigured: There is no such status, or that cannot be a tenant or a limit.
    """
    expect_text_or_none(tenant=tenant, connection=connection)
    expect_count(limit=limit)
    names = [each.value for each in EnvelopeStatus]
    if status is not None and status not in names:
        guess = did_you_mean(str(status), names) or f" There are: {', '.join(names)}."
        raise Misconfigured(f'no status is called "{status}".{guess}')
    wanted = EnvelopeStatus(status) if status is not None else None
    if connection is not None:
        _ = workspace.session(connection)
    found = yield from workspace.read(
        lambda tx: tx.envelopes.list(
            tenant=tenant, connection=connection, status=wanted, limit=limit
        )
    )
    return tuple(found)


def _about(envelope: Envelope, task: Task[T]) -> Task[T]:
    """A task whose errors name the envelope as the caller knows it."""
    try:
        return (yield from task)
    except EsignError as error:
        error.subject, error.envelope_id = envelope.title, envelope.id
        error.connection = error.connection or envelope.connection
        if isinstance(error, EnvelopeClosed) or error.outcome is Outcome.UNCERTAIN:
            error.add_note(f"`esign show {envelope.id} --fetch` tells how it stands.")
        raise


def _recorded(
    workspace: Workspace, envelope: Envelope, snapshot: Snapshot, source: Source
) -> Task[Envelope]:
    return workspace.write(lambda tx: record_snapshot(workspace, tx, envelope.id, snapshot, source))
