"""What can be done with one account, as tasks: nothing is remembered here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from esign_core.engine import Session, Task, call, sleep, transact
from esign_core.errors import (
    EsignError,
    NotReady,
    NotSupported,
    Outcome,
    Refused,
    UnmappedTemplate,
    UnreadableAnswer,
)
from esign_core.model import (
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
from esign_core.service.defaults import JOB_PATIENCE_SECONDS
from esign_core.service.discretion import discreetly

_HTTP_ERROR = 400
_UNCERTAIN = "Nothing keeps a record of it: look for it at the vendor before you send it again."


def send(
    session: Session,
    draft: EnvelopeDraft,
    *,
    wait: bool,
    patience_seconds: float = JOB_PATIENCE_SECONDS,
) -> Task[Snapshot | Job]:
    """Ask for signatures; with `wait`, not without the envelope that the vendor makes of it."""
    expect_draft(draft)
    ready = yield from transact(partial(_ready, session, draft))
    try:
        result = yield from ask_to_send(session, ready)
        if isinstance(result, Job):
            if not wait:
                return result
            return (yield from wait_for(session, result, draft, patience_seconds))
        if is_unsent(session, result):
            return (yield from dispatch(session, result, draft))
    except EsignError as error:
        if error.outcome is Outcome.UNCERTAIN:
            error.add_note(_UNCERTAIN)
        raise
    return result


def _ready(session: Session, draft: EnvelopeDraft) -> EnvelopeDraft:
    """The draft as the provider gets it; what it reads from disk holds no event loop up."""
    check(session, draft).expect_ok(draft.title)
    return localized(draft, session.provider)


def check(session: Session, draft: EnvelopeDraft) -> Check:
    """What stands in a draft's way at one connection; nobody is asked.

    Raises:
        UnmappedTemplate: The draft's template is not mapped there; the message says where.
    """
    name, provider = session.name, session.provider
    try:
        return Check(name, provider.name, gaps_of(draft, provider))
    except UnmappedTemplate as error:
        told = f"{name}: {error}"
        raise UnmappedTemplate(told, provider=provider.name, connection=name) from None


def expect_draft(draft: object) -> None:
    """Do nothing for a draft.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(draft, EnvelopeDraft):
        raise TypeError(f"a draft must be an EnvelopeDraft, not {type(draft).__name__}")


def ask_to_send(
    session: Session,
    draft: EnvelopeDraft,
    *,
    envelope_id: str | None = None,
    until: datetime | None = None,
) -> Task[Snapshot | Job]:
    """The provider's answer to a draft; its errors do not quote what the draft says of people.

    From `until` on nothing of it goes out any more.
    """
    asked = call(
        session,
        partial(session.provider.send, draft),
        operation="send",
        subject=draft.title,
        envelope_id=envelope_id,
        until=until,
    )
    return discreetly(asked, draft)


def is_unsent(session: Session, snapshot: Snapshot) -> bool:
    """Whether it waits for `dispatch`; other vendors call drafts what they send by themselves."""
    return snapshot.status is EnvelopeStatus.DRAFT and session.provider.supports("dispatch")


def dispatch(session: Session, stored: Snapshot, draft: EnvelopeDraft) -> Task[Snapshot]:
    """Send a draft that is stored at the vendor; what it is then."""
    flow = partial(session.provider.dispatch, stored.remote_id)
    try:
        sent = call(session, flow, operation="dispatch", subject=draft.title)
        return (yield from discreetly(sent, draft))
    except EsignError as error:
        error.add_note(f'The draft is stored at the vendor as "{stored.remote_id}".')
        raise


def wait_for(
    session: Session, job: Job, draft: EnvelopeDraft, patience_seconds: float
) -> Task[Snapshot]:
    """The envelope that a vendor is making, as soon as it is made.

    Raises:
        NotReady: It takes longer than `patience_seconds`; the vendor goes on making it.
    """
    waited = 0.0
    while True:
        pause = job.poll_after_seconds
        if waited + pause > patience_seconds:
            late = NotReady(
                f'{session.name} is still making "{draft.title}" after {waited:g} s, and goes on. '
                "The error's `job` is what to ask again for, with `poll`.",
                outcome=Outcome.DONE,
            ).locate(provider=session.provider.name, connection=session.name, operation="poll")
            late.job = job
            raise late
        yield from sleep(pause)
        waited += pause
        try:
            result = yield from discreetly(poll(session, job, draft.title), draft)
        except EsignError as error:
            if not is_its_end(error):  # it was accepted; only the question was not answered
                error.outcome = Outcome.UNCERTAIN
            raise
        if isinstance(result, Snapshot):
            return result
        job = result


def poll(session: Session, job: Job, title: str | None = None) -> Task[Snapshot | Job]:
    """What has become of a job: the envelope, or the job again."""
    return call(session, partial(session.provider.poll, job), operation="poll", subject=title)


def is_its_end(error: EsignError) -> bool:
    """Whether a job has failed for good.

    A refusal by HTTP status is about the question. It would free the caller's key, while the
    vendor may be making the envelope all the same.
    """
    return isinstance(error, Refused) and (error.status_code or 0) < _HTTP_ERROR


def fetch(session: Session, remote_id: str) -> Task[Snapshot]:
    """The envelope as it is now.

    Raises:
        UnreadableAnswer: The vendor answered about another one.
    """
    flow = partial(session.provider.fetch, remote_id)
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
    flow = partial(session.provider.cancel, remote_id, reason=reason)
    return call(session, flow, operation="cancel", subject=remote_id)


def remind(session: Session, remote_id: str, signer: str | None) -> Task[None]:
    """Write once more to those who have not signed."""
    flow = partial(session.provider.remind, remote_id, signer=signer)
    return call(session, flow, operation="remind", subject=remote_id)


def signing_links(session: Session, remote_id: str) -> Task[tuple[SigningLink, ...]]:
    """Where each signer signs."""
    flow = partial(session.provider.signing_links, remote_id)
    return call(session, flow, operation="signing_links", subject=remote_id)


def list_page(session: Session, query: Query) -> Task[tuple[tuple[Snapshot, ...], str | None]]:
    """One page of the account's envelopes, and where to go on."""
    flow = partial(session.provider.list_envelopes, query)
    page = yield from call(session, flow, operation="list")
    return page.snapshots, page.next_cursor


def log(session: Session, remote_id: str) -> Task[tuple[LogEntry, ...]]:
    """The vendor's own record of an envelope."""
    flow = partial(session.provider.log, remote_id)
    return call(session, flow, operation="log", subject=remote_id)


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
    return call(session, _templates(session).list, operation="list_templates")


def _templates(session: Session) -> Templates:
    facet = session.provider.templates
    if facet is None:
        raise NotSupported(f"{session.provider.name} has no templates.")
    return facet


def subscribe(session: Session, url: str) -> Task[Subscription]:
    """Have the vendor send deliveries to `url`."""
    flow = partial(webhooks_of(session).subscribe, url)
    return call(session, flow, operation="subscribe")


def unsubscribe(session: Session, subscription_id: str) -> Task[None]:
    """Have the vendor stop."""
    flow = partial(webhooks_of(session).unsubscribe, subscription_id)
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
