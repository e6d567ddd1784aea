"""What is recorded of Penneo."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from esign_core import (
    ArtifactKind,
    AuthenticationFailed,
    EnvelopeClosed,
    Job,
    NotFound,
    RateLimited,
    Refused,
    Signer,
    Unavailable,
    WebhookRequest,
)
from esign_core.engine import Task, call
from esign_core.model import Query
from esign_core.provider import Flow, Request, Response, Token, Webhooks
from esign_core.service import operations
from esign_core.service.downloads import download
from esign_penneo import PenneoOptions
from tests.cassettes.scenes import Call, Given, Scene, Studio, lease

HOOK = "https://hooks.example.com/penneo"
MARK = "esign:env_lease14"
_LEGACY = "/api/v1/webhook/subscriptions"


def _sent(studio: Studio) -> Given:
    return {"remote_id": studio.make(lease())}


def _signed_by(many: int) -> Callable[[Studio], Given]:
    def prepare(studio: Studio) -> Given:
        given = _sent(studio)
        studio.sign(given["remote_id"], at_most=many)
        return given

    return prepare


def _two(studio: Studio) -> Given:
    since = studio.session.provider.now() - timedelta(hours=1)
    found = studio.make(lease())
    studio.make(lease(title="Lease 15", mark="", metadata={}))
    return {"remote_id": found, "mark": MARK, "since": since.isoformat()}


def _job(**changes: Any) -> Callable[[Studio], Given]:
    def prepare(studio: Studio) -> Given:
        job = studio.ask(studio.session.provider.send(lease(**changes)))
        assert isinstance(job, Job)
        return {name: job.handle[name] for name in ("uuid", "payloadHash")}

    return prepare


def _failed_job(studio: Studio) -> Given:
    given = _job(options=(PenneoOptions(folder_id=99),))(studio)
    studio.let_pass(5)
    return given


def _fault(kind: str, **fields: Any) -> Callable[[Studio], Given]:
    def prepare(studio: Studio) -> Given:
        studio.fault(kind, match="/create", **fields)
        return {}

    return prepare


def _subscribed(studio: Studio) -> Given:
    made = studio.ask(_webhooks(studio).subscribe(HOOK))
    return {"subscription": made.id}


def _listening(studio: Studio) -> Given:
    (made,) = studio.ask(_webhooks(studio).subscriptions())
    return {"subscription": made.id}


def _legacy(studio: Studio) -> Given:
    """A subscription of the legacy service, and the token that it sent."""

    def ask() -> Flow[Response]:
        wanted = {"topic": "casefile", "endpoint": studio.hook}
        return (yield Request("POST", _LEGACY, json=wanted))

    made = studio.ask(ask()).json()
    token = _webhooks(studio).confirmation_token(studio.hear("SubscriptionConfirmation"))
    return {"subscription": str(made["id"]), "token": token or ""}


def _confirmed(studio: Studio) -> Given:
    given = _legacy(studio)
    studio.ask(_webhooks(studio).confirm(given["subscription"], given["token"]))
    return {"subscription": given["subscription"]}


def _confirmation(studio: Studio) -> WebhookRequest:
    _legacy(studio)
    return studio.hear("SubscriptionConfirmation")


def _after(event: str, signatures: int) -> Callable[[Studio], WebhookRequest]:
    def deliver(studio: Studio) -> WebhookRequest:
        _signed_by(signatures)(studio)
        return studio.hear(event)

    return deliver


def _webhooks(of: Studio | Call) -> Webhooks:
    found = of.session.provider.webhooks
    assert found is not None
    return found


def _poll(c: Call) -> Task[Any]:
    handle = {name: c.given[name] for name in ("uuid", "payloadHash")}
    return operations.poll(c.session, Job({**handle, "asked": "0"}))


def _find(c: Call) -> Task[Any]:
    since = datetime.fromisoformat(c.given["since"])
    return call(c.session, c.session.provider.find(c.given["mark"], since), operation="find")


def _hooked(ask: Callable[[Webhooks, Given], Flow[Any]]) -> Callable[[Call], Task[Any]]:
    return lambda c: call(c.session, ask(_webhooks(c), c.given), operation="webhooks")


def _send(c: Call) -> Task[Any]:
    return operations.ask_to_send(c.session, lease())


def _send_with_an_old_token(c: Call) -> Task[Any]:
    c.session.tokens.put(c.session.name, Token("of-yesterday"))
    return _send(c)


def _send_badly(c: Call) -> Task[Any]:
    signer = Signer(name="Jane Doe", email="jane@example.com", role="x")
    return operations.ask_to_send(c.session, lease(signers=(signer,)))


def _fetch(c: Call) -> Task[Any]:
    return operations.fetch(c.session, c.given["remote_id"])


def _cancel(c: Call) -> Task[Any]:
    return operations.cancel(c.session, c.given["remote_id"], None)


def _download(c: Call) -> Task[Any]:
    kinds = (ArtifactKind.SIGNED, ArtifactKind.ORIGINAL)
    return download(c.session, c.given["remote_id"], to=c.folder, kinds=kinds)


SCENES = (
    Scene(
        name="probe",
        operation="probe",
        holds="the account's folders, which only good credentials can see",
        play=lambda c: call(c.session, c.session.provider.probe(), operation="probe"),
    ),
    Scene(
        name="grant",
        operation="grant",
        holds="a token for API keys",
        play=lambda c: call(c.session, c.session.provider.grant(), operation="grant"),
    ),
    Scene(
        name="grant_refused",
        operation="explain",
        holds="a client whose secret is wrong",
        play=lambda c: call(c.session, c.session.provider.grant(), operation="grant"),
        settings={"client_secret": "another one"},
        has_token=False,
        fails=AuthenticationFailed,
    ),
    Scene(
        name="send_multipart",
        operation="send",
        holds="a case file with two signers in turn, a document and an attachment, as files",
        play=_send,
    ),
    Scene(
        name="send_json",
        operation="send",
        holds="the same with the documents as base64",
        play=_send,
        settings={"upload": "json"},
    ),
    Scene(
        name="send_refused",
        operation="explain",
        holds="400 with a list of what is wrong",
        play=_send_badly,
        fails=Refused,
    ),
    Scene(
        name="send_token_refused",
        operation="explain",
        holds="400 about an old token, a new token, and the same request again",
        play=_send_with_an_old_token,
    ),
    Scene(
        name="send_rate_limited",
        operation="explain",
        holds="429 with the time to come back",
        play=_send,
        prepare=_fault("rate_limited", retry_after_seconds=30),
        fails=RateLimited,
    ),
    Scene(
        name="send_broken",
        operation="explain",
        holds="500, after which nobody knows whether it was sent",
        play=_send,
        prepare=_fault("error_before"),
        fails=Unavailable,
    ),
    Scene(
        name="poll",
        operation="poll",
        holds="a finished job with two signing links",
        play=_poll,
        published=True,
    ),
    Scene(
        name="poll_pending",
        operation="poll",
        holds="a job that is still to be done",
        play=_poll,
        prepare=_job(),
    ),
    Scene(
        name="poll_failed",
        operation="poll",
        holds="a job that failed, for a folder that is not there",
        play=_poll,
        prepare=_failed_job,
        fails=Refused,
    ),
    Scene(
        name="poll_unknown",
        operation="explain",
        holds="404 for a job that is unknown, expired or deleted",
        play=_poll,
        published=True,
        fails=NotFound,
    ),
    Scene(
        name="fetch",
        operation="fetch",
        holds="a case file that the first of two has signed, and both signers' logs",
        play=_fetch,
        prepare=_signed_by(1),
    ),
    Scene(
        name="fetch_completed",
        operation="fetch",
        holds="a case file that everybody has signed, and both signers' logs",
        play=_fetch,
        prepare=_signed_by(2),
    ),
    Scene(
        name="fetch_unknown",
        operation="explain",
        holds="404 for a case file",
        play=_fetch,
        prepare=lambda studio: {"remote_id": "17"},
        fails=NotFound,
    ),
    Scene(
        name="download",
        operation="download",
        holds="signed and original documents, by length and digest",
        play=_download,
        prepare=_signed_by(2),
    ),
    Scene(
        name="cancel",
        operation="cancel",
        holds="a look, the deletion, and a look after it",
        play=_cancel,
        prepare=_sent,
    ),
    Scene(
        name="cancel_completed",
        operation="cancel",
        holds="the look that keeps a finished contract from being deleted",
        play=_cancel,
        prepare=_signed_by(2),
        fails=EnvelopeClosed,
    ),
    Scene(
        name="remind",
        operation="remind",
        holds="a look, and the request's e-mail to the one whose turn it is",
        play=lambda c: operations.remind(c.session, c.given["remote_id"], None),
        prepare=_sent,
    ),
    Scene(
        name="signing_links",
        operation="signing_links",
        holds="a link for each of two signers",
        play=lambda c: operations.signing_links(c.session, c.given["remote_id"]),
        prepare=_sent,
    ),
    Scene(
        name="list_envelopes",
        operation="list_envelopes",
        holds="the first page of two case files",
        play=lambda c: operations.list_page(c.session, Query()),
        prepare=_two,
    ),
    Scene(
        name="find",
        operation="find",
        holds="the list, and a look at the case file that carries the mark",
        play=_find,
        prepare=_two,
    ),
    Scene(
        name="log",
        operation="log",
        holds="the logs of two signers",
        play=lambda c: operations.log(c.session, c.given["remote_id"]),
        prepare=_signed_by(1),
    ),
    Scene(
        name="webhooks_subscribe",
        operation="webhooks.subscribe",
        holds="a new subscription of the current service",
        play=_hooked(lambda hooks, _: hooks.subscribe(HOOK)),
    ),
    Scene(
        name="webhooks_subscribe_twice",
        operation="explain",
        holds="409 for an address that is subscribed already",
        play=_hooked(lambda hooks, _: hooks.subscribe(HOOK)),
        prepare=_subscribed,
        fails=Refused,
    ),
    Scene(
        name="webhooks_subscriptions",
        operation="webhooks.subscriptions",
        holds="one subscription, without its secret",
        play=_hooked(lambda hooks, _: hooks.subscriptions()),
        prepare=_subscribed,
    ),
    Scene(
        name="webhooks_test",
        operation="webhooks.test",
        holds="a wish for a test delivery of the current service",
        play=_hooked(lambda hooks, given: hooks.test(given["subscription"])),
        prepare=_listening,
        hears=True,
    ),
    Scene(
        name="webhooks_test_legacy",
        operation="webhooks.test",
        holds="the same of the legacy service",
        play=_hooked(lambda hooks, given: hooks.test(given["subscription"])),
        prepare=_confirmed,
        hears=True,
    ),
    Scene(
        name="webhooks_unsubscribe",
        operation="webhooks.unsubscribe",
        holds="the end of a subscription of the current service",
        play=_hooked(lambda hooks, given: hooks.unsubscribe(given["subscription"])),
        prepare=_subscribed,
    ),
    Scene(
        name="webhooks_unsubscribe_legacy",
        operation="webhooks.unsubscribe",
        holds="the end of a subscription of the legacy service",
        play=_hooked(lambda hooks, given: hooks.unsubscribe(given["subscription"])),
        prepare=_confirmed,
        hears=True,
    ),
    Scene(
        name="webhooks_confirm",
        operation="webhooks.confirm",
        holds="the proof that an address of the legacy service is ours",
        play=_hooked(lambda hooks, given: hooks.confirm(given["subscription"], given["token"])),
        prepare=_legacy,
        hears=True,
    ),
    Scene(
        name="delivery_completed",
        operation="webhooks.parse",
        holds="the sample of the current service, which pairs completed with the status rejected",
        published=True,
    ),
    Scene(
        name="delivery_completed_signed",
        operation="webhooks.verify",
        holds="a signed delivery about a case file",
        deliver=_after("sign.casefile.completed", 2),
        hears=True,
    ),
    Scene(
        name="delivery_signer_signed",
        operation="webhooks.verify",
        holds="a signed delivery about a signer",
        deliver=_after("sign.signer.signed", 1),
        hears=True,
    ),
    Scene(
        name="delivery_legacy_rejected",
        operation="webhooks.parse",
        holds="the sample of the legacy service, which signs nothing",
        published=True,
    ),
    Scene(
        name="delivery_legacy_confirmation",
        operation="webhooks.confirmation_token",
        holds="the legacy service's request for confirmation",
        deliver=_confirmation,
        hears=True,
    ),
)
