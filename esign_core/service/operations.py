"""What can be done with one account, as tasks: nothing is remembered here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import chain, count
from pathlib import Path
from typing import Any

from esign_core.engine import SavedFile, Session, Task, bring, call, safe_name, sleep
from esign_core.errors import EsignError, NotReady, NotSupported, Outcome, UnreadableAnswer
from esign_core.model import (
    Artifact,
    ArtifactKind,
    EnvelopeDraft,
    EnvelopeStatus,
    Job,
    LogEntry,
    Query,
    SigningLink,
    Snapshot,
    Subscription,
)
from esign_core.provider import (
    Check,
    Flow,
    Request,
    Response,
    Template,
    Templates,
    Webhooks,
    gaps_of,
    localized,
)
from esign_core.service.discretion import discreet

JOB_PATIENCE_SECONDS = 300.0
"""How long `send` waits for a vendor that is making an envelope, unless told otherwise."""


def send(
    session: Session,
    draft: EnvelopeDraft,
    *,
    wait: bool,
    patience_seconds: float = JOB_PATIENCE_SECONDS,
) -> Task[Snapshot | Job]:
    """Ask for signatures; with `wait`, not without the envelope that the vendor makes of it."""
    expect_draft(draft)
    provider = session.provider
    Check(session.name, provider.name, gaps_of(draft, provider)).expect_ok(draft.title)
    result = yield from ask_to_send(session, localized(draft, provider))
    if isinstance(result, Job):
        return (yield from wait_for(session, result, patience_seconds)) if wait else result
    if is_unsent(session, result):
        return (yield from dispatch(session, result, draft.title))
    return result


def expect_draft(draft: object) -> None:
    """Do nothing for a draft.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(draft, EnvelopeDraft):
        raise TypeError(f"a draft must be an EnvelopeDraft, not {type(draft).__name__}")


def ask_to_send(
    session: Session, draft: EnvelopeDraft, *, envelope_id: str | None = None
) -> Task[Snapshot | Job]:
    """The provider's answer to a draft; its errors do not quote what the draft says of people."""
    flow = session.provider.send(draft)
    try:
        return (
            yield from call(
                session, flow, operation="send", subject=draft.title, envelope_id=envelope_id
            )
        )
    except EsignError as error:
        _ = discreet(error, draft)
        raise


def is_unsent(session: Session, snapshot: Snapshot) -> bool:
    """Whether it waits for `dispatch`; other vendors call drafts what they send by themselves."""
    return snapshot.status is EnvelopeStatus.DRAFT and session.provider.supports("dispatch")


def dispatch(session: Session, stored: Snapshot, title: str) -> Task[Snapshot]:
    """Send a draft that is stored at the vendor; what it is then."""
    flow = session.provider.dispatch(stored.remote_id)
    try:
        return (yield from call(session, flow, operation="dispatch", subject=title))
    except EsignError as error:
        error.add_note(f'The draft is stored at the vendor as "{stored.remote_id}".')
        raise


def wait_for(session: Session, job: Job, patience_seconds: float) -> Task[Snapshot]:
    """The envelope that a vendor is making, as soon as it is made.

    Raises:
        NotReady: It takes longer than `patience_seconds`; the vendor goes on making it.
    """
    waited = 0.0
    while True:
        pause = job.poll_after_seconds
        if waited + pause > patience_seconds:
            raise NotReady(
                f"{session.name} is still making the envelope after {waited:g} s, and goes on. "
                "Send with wait=False to keep the job and ask again with `poll`.",
                outcome=Outcome.DONE,
            ).locate(provider=session.provider.name, connection=session.name, operation="poll")
        yield from sleep(pause)
        waited += pause
        result = yield from poll(session, job)
        if isinstance(result, Snapshot):
            return result
        job = result


def poll(session: Session, job: Job) -> Task[Snapshot | Job]:
    """What has become of a job: the envelope, or the job again."""
    return call(session, session.provider.poll(job), operation="poll")


def fetch(session: Session, remote_id: str) -> Task[Snapshot]:
    """The envelope as it is now.

    Raises:
        UnreadableAnswer: The vendor answered about another one.
    """
    flow = session.provider.fetch(remote_id)
    snapshot = yield from call(session, flow, operation="fetch", subject=remote_id)
    if snapshot.remote_id != remote_id:
        raise UnreadableAnswer(
            "the answer is about another envelope. Nothing of it was believed.",
            outcome=Outcome.NOT_DONE,
        ).locate(
            provider=session.provider.name,
            connection=session.name,
            operation="fetch",
            subject=remote_id,
        )
    return snapshot


def cancel(session: Session, remote_id: str, reason: str | None) -> Task[Snapshot]:
    """Call an envelope off."""
    flow = session.provider.cancel(remote_id, reason=reason)
    return call(session, flow, operation="cancel", subject=remote_id)


def remind(session: Session, remote_id: str, signer: str | None) -> Task[None]:
    """Write once more to those who have not signed."""
    flow = session.provider.remind(remote_id, signer=signer)
    return call(session, flow, operation="remind", subject=remote_id)


def signing_links(session: Session, remote_id: str) -> Task[tuple[SigningLink, ...]]:
    """Where each signer signs."""
    flow = session.provider.signing_links(remote_id)
    return call(session, flow, operation="signing_links", subject=remote_id)


def list_page(session: Session, query: Query) -> Task[tuple[tuple[Snapshot, ...], str | None]]:
    """One page of the account's envelopes, and where to go on."""
    flow = session.provider.list_envelopes(query)
    page = yield from call(session, flow, operation="list")
    return page.snapshots, page.next_cursor


def log(session: Session, remote_id: str) -> Task[tuple[LogEntry, ...]]:
    """The vendor's own record of an envelope."""
    return call(session, session.provider.log(remote_id), operation="log", subject=remote_id)


def request(
    session: Session,
    method: str,
    path: str,
    *,
    params: Mapping[str, str | int | bool | None] | None = None,
    json: Any = None,
    host: str = "api",
) -> Task[Response]:
    """Any other request: authenticated, limited, explained, raw."""

    def raw() -> Flow[Response]:
        return (yield Request(method.upper(), path, host=host, params=params or {}, json=json))

    return call(session, raw(), operation="request", subject=f"{method.upper()} {path}")


def templates(session: Session) -> Task[tuple[Template, ...]]:
    """The vendor's prepared documents."""
    return call(session, _templates(session).list(), operation="list_templates")


def _templates(session: Session) -> Templates:
    facet = session.provider.templates
    if facet is None:
        raise NotSupported(f"{session.provider.name} has no templates.")
    return facet


def subscribe(session: Session, url: str) -> Task[Subscription]:
    """Have the vendor send deliveries to `url`."""
    return call(session, webhooks_of(session).subscribe(url), operation="subscribe")


def unsubscribe(session: Session, subscription_id: str) -> Task[None]:
    """Have the vendor stop."""
    flow = webhooks_of(session).unsubscribe(subscription_id)
    return call(session, flow, operation="unsubscribe", subject=subscription_id)


def webhooks_of(session: Session) -> Webhooks:
    """The provider's webhooks.

    Raises:
        NotSupported: The vendor makes no deliveries.
    """
    facet = session.provider.webhooks
    if facet is None:
        raise NotSupported(f"{session.provider.name} has no webhooks.")
    return facet


def download(
    session: Session, remote_id: str, *, to: Path, kinds: Collection[ArtifactKind]
) -> Task[tuple[SavedFile, ...]]:
    """Bring an envelope's files into a folder.

    Raises:
        NotReady: It has no such files, or not yet.
    """
    snapshot = yield from fetch(session, remote_id)
    wanted = [artifact for artifact in snapshot.artifacts if artifact.kind in kinds]
    missing = set(kinds) - {artifact.kind for artifact in wanted}
    if snapshot.status is not EnvelopeStatus.COMPLETED:
        missing |= set(kinds) & {ArtifactKind.SIGNED}
    if missing:
        told = ", ".join(sorted(missing))
        raise NotReady(
            f'"{snapshot.title or remote_id}" is {snapshot.status} and has no file of this kind: '
            f"{told}. Nothing was downloaded; "
            + ("ask for other kinds." if snapshot.status.is_final else "wait for its completion.")
        ).locate(provider=session.provider.name, connection=session.name, operation="download")
    saved: list[SavedFile] = []
    for artifact, name in _named(wanted):
        flow = session.provider.download(snapshot, artifact)
        source = yield from call(session, flow, operation="download", subject=remote_id)
        try:
            saved.append((yield from bring(session, source, to / name)))
        except EsignError as error:
            _ = error.locate(
                provider=session.provider.name,
                connection=session.name,
                operation="download",
                subject=remote_id,
            )
            raise
    return tuple(saved)


def _named(artifacts: list[Artifact]) -> Iterator[tuple[Artifact, str]]:
    """A safe file name for each, all different, and the same whatever else is asked for.

    A signed document keeps its name; other kinds have theirs in it, so that an original never
    takes the place of what was signed.
    """
    taken: set[str] = set()
    for artifact in artifacts:
        stem, dot, ending = safe_name(artifact.name).rpartition(".")
        stem, ending = (stem, f"{dot}{ending}") if stem else (ending, "")
        if artifact.kind is not ArtifactKind.SIGNED and stem != artifact.kind:
            stem = f"{stem}.{artifact.kind}"
        tries = (f"{stem}-{i}{ending}" for i in count(2))
        name = next(n for n in chain([f"{stem}{ending}"], tries) if n.casefold() not in taken)
        taken.add(name.casefold())
        yield artifact, name
