"""The types that users see, for both type checkers; nothing here is run.

A line with an ignore is a mistake that a type checker has to find: it complains if there is none.
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, assert_type

from esign_core import (
    ArtifactKind,
    AsyncBatch,
    AsyncConnection,
    AsyncEsign,
    Batch,
    Channel,
    Check,
    Condition,
    Connection,
    CopyRecipient,
    Document,
    Envelope,
    EnvelopeDraft,
    EnvelopeStatus,
    Esign,
    EsignError,
    Event,
    EventType,
    Gap,
    Identity,
    IdentityMethod,
    InvalidDraft,
    Job,
    KeyReused,
    LogEntry,
    NextStep,
    Outcome,
    Preview,
    Problem,
    Receipt,
    Redirects,
    Refused,
    SavedFile,
    Signer,
    SignerAction,
    SigningLink,
    Snapshot,
    Subscription,
    Template,
    TemplateRef,
    WebhookRejected,
    WebhookRequest,
    WorkItem,
    WorkKind,
)
from esign_core.integrations import receiver
from esign_core.journal import InboxEntry
from esign_core.provider import Response
from esign_core.service.erase import Erased
from esign_penneo import PenneoOptions


def drafts() -> EnvelopeDraft:
    """Values are made by keyword, and coerced as people write them: lists, paths, names."""
    Signer(name="Jane", emial="jane@example.com")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Document.from_bytes("text", name="lease.pdf")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    draft = EnvelopeDraft(
        title="Lease 14",
        documents=[
            assert_type(Document.from_path("lease.pdf"), Document),
            Document.from_path(Path("plan.pdf"), signable=False),
            Document.from_bytes(b"%PDF-", name="rules.pdf", roles=["tenant"]),
            Document.from_opener(lambda: io.BytesIO(b"%PDF-"), name="big.pdf"),
        ],
        signers=[
            Signer(
                name="Jane Doe",
                email="jane@example.com",
                role="tenant",
                order=1,
                action=SignerAction.SIGN,
                delivery=Channel.EMAIL,
                identity=Identity(method=IdentityMethod.ELECTRONIC_ID, country="DK"),
                redirects=Redirects(signed="https://example.com/signed"),
            )
        ],
        copies=[CopyRecipient(name="Ann", email="ann@example.com")],
        send_at=datetime.fromisoformat("2030-01-01T00:00:00Z"),
        expires_in_days=14,
        metadata={"lease": "14"},
        options=[PenneoOptions(sensitive_data=True)],
    )
    assert_type(draft.option(PenneoOptions), PenneoOptions)
    assert_type(draft.pinned().fingerprint(), str)
    draft.title = "Lease 15"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    return draft.delivered_by(Channel.LINK)


def product(esign: Esign, draft: EnvelopeDraft) -> None:
    """Every verb of a product that waits."""
    esign.send(draft, "acme")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    esign.send(draft, via="acme")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    check = assert_type(esign.check(draft, via="acme", online=True), Check)
    assert_type(check.gaps, tuple[Gap, ...])
    assert_type(check.alternatives, tuple[str, ...])
    assert_type(esign.preview(draft, via="acme", key="lease-14").check, Check)
    envelope = assert_type(esign.send(draft, via="acme", key="lease-14", wait=True), Envelope)
    assert_type(envelope.status, EnvelopeStatus)
    assert_type(envelope.outcome, Outcome)
    assert_type(esign.get(envelope.id), Envelope)
    assert_type(esign.fetch(envelope.id), Envelope)
    assert_type(esign.list(status=EnvelopeStatus.SENT), tuple[Envelope, ...])
    assert_type(esign.cancel(envelope.id, reason="A new offer"), Envelope)
    assert_type(esign.signing_links(envelope.id), tuple[SigningLink, ...])
    saved = esign.download(envelope.id, to="archive", kinds={ArtifactKind.SIGNED})
    assert_type(saved, tuple[SavedFile, ...])
    assert_type(esign.request("acme", "GET", "/things"), Response)
    assert_type(esign.connections, tuple[str, ...])
    assert_type(esign.preview(draft, via="acme", key="lease-14"), Preview)
    assert_type(esign.rejected, Mapping[tuple[str, str], int])
    assert_type(esign.resolve(envelope.id, abandon=True), Envelope)
    esign.remind(envelope.id, signer="s1")
    with esign.worker(threads=2):
        assert_type(esign.events.follow("billing"), Iterator[Event])
        for batch in assert_type(esign.events.batches("billing", size=50), Iterator[Batch]):
            assert_type(batch.events, Sequence[Event])
            assert_type(batch.ack_statement(), str)
            batch.ack()
        for event in assert_type(esign.events.read(after=1), list[Event]):
            assert_type(event.type, EventType)
    request = WebhookRequest(headers={}, body=b"{}")
    assert_type(esign.receive("acme", request), Receipt)
    assert_type(esign.condition(), Condition)
    for item in assert_type(esign.work.list(dead=True), tuple[WorkItem, ...]):
        assert_type(item.kind, WorkKind)
        assert_type(esign.work.retry(item.id), WorkItem)
        assert_type(esign.work.drop(item.id), WorkItem)
    step = assert_type(esign.work.next(envelope.id), NextStep | None)
    if step is not None:
        assert_type(step.at, datetime | None)
    assert_type(esign.erase("jane@example.com", is_try=True), Erased)
    for entry in assert_type(esign.inbox.list(state="unreadable"), tuple[InboxEntry, ...]):
        assert_type(esign.inbox.get(entry.id), InboxEntry)
        assert_type(esign.inbox.replay(entry.id), Receipt)
    assert_type(esign.inbox.replay_all(), tuple[Receipt, ...])
    assert_type(esign.inbox.drop_raw(timedelta(days=30)), int)
    with Esign.from_config("esign.toml") as opened:
        assert_type(opened, Esign)
    esign.close()


async def awaiting_product(esign: AsyncEsign, draft: EnvelopeDraft) -> None:
    """The same words with `await`."""
    assert_type(await esign.check(draft, via="acme"), Check)
    assert_type((await esign.preview(draft, via="acme", key="lease-14")).check, Check)
    envelope = assert_type(await esign.send(draft, via="acme", key="lease-14"), Envelope)
    assert_type(await esign.get(envelope.id), Envelope)
    assert_type(await esign.fetch(envelope.id), Envelope)
    assert_type(await esign.list(limit=3), tuple[Envelope, ...])
    assert_type(await esign.cancel(envelope.id), Envelope)
    assert_type(await esign.signing_links(envelope.id), tuple[SigningLink, ...])
    assert_type(await esign.download(envelope.id, to="archive"), tuple[SavedFile, ...])
    assert_type(await esign.request("acme", "GET", "/things"), Response)
    assert_type(await esign.resolve(envelope.id, adopt="17"), Envelope)
    await esign.remind(envelope.id)
    async with esign.worker(tasks=2):
        assert_type(esign.events.follow("billing"), AsyncIterator[Event])
        async for batch in assert_type(esign.events.batches("b"), AsyncIterator[AsyncBatch]):
            await batch.ack()
        assert_type(await esign.events.read(), list[Event])
    assert_type(await esign.receive("acme", WebhookRequest(headers={}, body=b"{}")), Receipt)
    assert_type(await esign.erase("jane@example.com"), Erased)
    assert_type(await esign.inbox.list(), tuple[InboxEntry, ...])
    assert_type(await esign.condition(), Condition)
    assert_type(await esign.work.list(envelope_id=envelope.id), tuple[WorkItem, ...])
    assert_type(await esign.work.next(envelope.id), NextStep | None)
    assert_type(await esign.work.retry(1), WorkItem)
    assert_type(await esign.work.drop(1), WorkItem)
    _ = receiver(esign)
    async with AsyncEsign.from_config("esign.toml") as opened:
        assert_type(opened, AsyncEsign)
    await esign.aclose()


def script(draft: EnvelopeDraft) -> None:
    """Every verb of one account; only who does not wait may get a job."""
    assert_type(Connection.from_config("esign.toml", "acme"), Connection)
    with Connection("acme", api_key="...") as account:
        assert_type(account.check(draft), Check)
        sent = assert_type(account.send(draft), Snapshot)
        queued = assert_type(account.send(draft, wait=False), Snapshot | Job)
        if isinstance(queued, Job):
            assert_type(account.poll(queued), Snapshot | Job)
        assert_type(account.fetch(sent.remote_id), Snapshot)
        assert_type(account.list(), tuple[tuple[Snapshot, ...], str | None])
        assert_type(account.cancel(sent.remote_id), Snapshot)
        assert_type(account.signing_links(sent.remote_id), tuple[SigningLink, ...])
        assert_type(account.log(sent.remote_id), tuple[LogEntry, ...])
        assert_type(account.templates(), tuple[Template, ...])
        assert_type(account.subscribe("https://example.com"), Subscription)
        assert_type(account.download(sent.remote_id, to="."), tuple[SavedFile, ...])
        assert_type(account.request("GET", "/things"), Response)
        account.remind(sent.remote_id)
        account.unsubscribe("1")
        account.close()


async def awaiting_script(draft: EnvelopeDraft) -> None:
    """The same words with `await`."""
    async with AsyncConnection("acme", api_key="...") as account:
        assert_type(await account.check(draft), Check)
        sent = assert_type(await account.send(draft), Snapshot)
        queued = assert_type(await account.send(draft, wait=False), Snapshot | Job)
        if isinstance(queued, Job):
            assert_type(await account.poll(queued), Snapshot | Job)
        assert_type(await account.fetch(sent.remote_id), Snapshot)
        assert_type(await account.list(), tuple[tuple[Snapshot, ...], str | None])
        assert_type(await account.cancel(sent.remote_id), Snapshot)
        assert_type(await account.signing_links(sent.remote_id), tuple[SigningLink, ...])
        assert_type(await account.log(sent.remote_id), tuple[LogEntry, ...])
        assert_type(await account.templates(), tuple[Template, ...])
        assert_type(await account.subscribe("https://example.com"), Subscription)
        assert_type(await account.download(sent.remote_id, to="."), tuple[SavedFile, ...])
        assert_type(await account.request("GET", "/things"), Response)
        await account.remind(sent.remote_id)
        await account.unsubscribe("1")


def errors(error: EsignError) -> None:
    """What errors tell."""
    assert_type(error.outcome, Outcome)
    assert_type(error.retry_after_seconds, float | None)
    assert_type(error.raw, Any)
    if isinstance(error, (InvalidDraft, Refused)):
        assert_type(error.problems, tuple[Problem, ...])
    if isinstance(error, KeyReused):
        assert_type(error.differences, dict[str, tuple[str, str]])
    if isinstance(error, WebhookRejected):
        assert_type(error.reason, str)


def templates() -> TemplateRef:
    """By name alone."""
    return TemplateRef("lease")
