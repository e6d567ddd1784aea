"""What is recorded of Penvio."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from esign_core import (
    AuthenticationFailed,
    EnvelopeClosed,
    EnvelopeDraft,
    NotFound,
    PermissionDenied,
    QuotaExceeded,
    RateLimited,
    Refused,
    Signer,
    TemplateRef,
    Unavailable,
    WebhookRequest,
)
from esign_core.engine import Task, call
from esign_core.model import Query
from esign_core.provider import Download, Flow, Templates
from esign_core.service import operations
from tests.cassettes.scenes import Call, Given, Scene, Studio, leased

HOOK = "https://hooks.example.com/penvio"
HOOK_SECRET = "sixteen letters and more"
MARK = "esign:env_lease14"
_READ_ONLY = "1" * 16
"""The end of the simulator's key that may only read."""

SALE = EnvelopeDraft(
    title="Please sign: Sales Agreement",
    message="Please review and sign the attached agreement.",
    template=TemplateRef("sale"),
    signers=(Signer(name="John Doe", email="john@example.com", role="buyer"),),
    metadata={"orderId": "PO-12345"},
    expires_in_days=14,
)
"""What the published example asks for."""


def _sent(studio: Studio) -> Given:
    return {"remote_id": studio.make(leased())}


def _drafted(studio: Studio) -> Given:
    made = studio.ask(studio.session.provider.send(leased()))
    return {"remote_id": getattr(made, "remote_id", "")}


def _completed(studio: Studio) -> Given:
    given = _sent(studio)
    studio.sign(given["remote_id"])
    return given


def _one_pending(studio: Studio) -> Given:
    given = _sent(studio)
    (first, *_) = studio.ask(studio.session.provider.fetch(given["remote_id"])).signers
    return {**given, "signer": first.remote_id or ""}


def _two(studio: Studio) -> Given:
    found = studio.make(leased())
    studio.make(leased(title="Lease 15", mark="", metadata={}))
    return {"remote_id": found, "mark": MARK}


def _used_up(studio: Studio) -> Given:
    studio.ask(studio.session.provider.list_envelopes(Query()))
    return {}


def _fault(kind: str, **fields: Any) -> Callable[[Studio], Given]:
    def prepare(studio: Studio) -> Given:
        studio.fault(kind, match="/envelopes", **fields)
        return {}

    return prepare


def _after(event: str, signatures: int) -> Callable[[Studio], WebhookRequest]:
    def deliver(studio: Studio) -> WebhookRequest:
        studio.sign(studio.make(leased()), at_most=signatures)
        return studio.hear(event)

    return deliver


def _send(draft: EnvelopeDraft) -> Callable[[Call], Task[Any]]:
    return lambda c: operations.ask_to_send(c.session, draft)


def _dispatch(c: Call) -> Task[Any]:
    flow = c.session.provider.dispatch(c.given["remote_id"])
    return call(c.session, flow, operation="dispatch")


def _fetch(c: Call) -> Task[Any]:
    return operations.fetch(c.session, c.given["remote_id"])


def _cancel(c: Call) -> Task[Any]:
    return operations.cancel(c.session, c.given["remote_id"], "The flat is let already")


def _find(c: Call) -> Task[Any]:
    flow = c.session.provider.find(c.given["mark"], datetime(2026, 1, 1, tzinfo=UTC))
    return call(c.session, flow, operation="find")


def _download(c: Call) -> Task[Any]:
    """Where the files are; the bucket itself is no HTTP of ours."""

    def places() -> Flow[tuple[Download, ...]]:
        provider, found = c.session.provider, list[Download]()
        snapshot = yield from provider.fetch(c.given["remote_id"])
        for artifact in snapshot.artifacts:
            found.append((yield from provider.download(snapshot, artifact)))
        return tuple(found)

    return call(c.session, places(), operation="places")


def _templates(c: Call) -> Templates:
    found = c.session.provider.templates
    assert found is not None
    return found


SCENES = (
    Scene(
        name="probe",
        operation="probe",
        holds="a page of one template, which only good credentials can see",
        play=lambda c: call(c.session, c.session.provider.probe(), operation="probe"),
    ),
    Scene(
        name="send",
        operation="send",
        holds="the published example of creating, sent at once",
        play=_send(SALE),
        published=True,
    ),
    Scene(
        name="send_draft",
        operation="send",
        holds="an unsent envelope with two signers in turn, a mark, and where to report",
        play=_send(leased()),
        settings={"webhook_url": HOOK, "webhook_secrets": [HOOK_SECRET]},
    ),
    Scene(
        name="send_refused",
        operation="explain",
        holds="VALIDATION_ERROR with the field that is wrong",
        play=_send(
            leased(signers=(Signer(name="Jane Doe", email="jane@example.com", role="neighbour"),))
        ),
        fails=Refused,
    ),
    Scene(
        name="send_unknown_template",
        operation="explain",
        holds="NOT_FOUND for a template",
        play=_send(leased()),
        settings={"templates": {"lease": {"id": "tmpl_missing"}}},
        fails=NotFound,
    ),
    Scene(
        name="send_unauthorized",
        operation="explain",
        holds="UNAUTHORIZED: no such key",
        play=_send(leased()),
        settings={"api_key": "pk_of_somebody_else"},
        fails=AuthenticationFailed,
    ),
    Scene(
        name="send_forbidden",
        operation="explain",
        holds="FORBIDDEN: the key may only read",
        play=_send(leased()),
        settings={"api_key": f"pk_test_14{_READ_ONLY}"},
        only_simulated=True,
        fails=PermissionDenied,
    ),
    Scene(
        name="send_quota_exceeded",
        operation="explain",
        holds="QUOTA_EXCEEDED: the month's envelopes are used up",
        play=_send(leased()),
        simulator={"quota": 0},
        fails=QuotaExceeded,
    ),
    Scene(
        name="send_rate_limited",
        operation="explain",
        holds="RATE_LIMITED, and when the limit resets",
        play=_send(leased()),
        prepare=_used_up,
        simulator={"limit": 1},
        fails=RateLimited,
    ),
    Scene(
        name="send_broken",
        operation="explain",
        holds="INTERNAL_ERROR, after which nobody knows whether it was made",
        play=_send(leased()),
        prepare=_fault("error_before"),
        fails=Unavailable,
    ),
    Scene(
        name="dispatch",
        operation="dispatch",
        holds="the second step, and a look after it",
        play=_dispatch,
        prepare=_drafted,
    ),
    Scene(
        name="dispatch_again",
        operation="dispatch",
        holds="INVALID_STATE for one that is sent already, and a look that shows it",
        play=_dispatch,
        prepare=_sent,
    ),
    Scene(
        name="fetch",
        operation="fetch",
        holds="an envelope that waits for the first of two signers",
        play=_fetch,
        prepare=_sent,
    ),
    Scene(
        name="fetch_completed",
        operation="fetch",
        holds="an envelope that everybody has signed, with the keys of its files",
        play=_fetch,
        prepare=_completed,
    ),
    Scene(
        name="fetch_unknown",
        operation="explain",
        holds="the published error, NOT_FOUND",
        play=_fetch,
        published=True,
        fails=NotFound,
    ),
    Scene(
        name="download",
        operation="download",
        holds="the look that tells where in the bucket the files are",
        play=_download,
        prepare=_completed,
    ),
    Scene(
        name="cancel",
        operation="cancel",
        holds="a look, the cancellation with its reason, and a look after it",
        play=_cancel,
        prepare=_sent,
    ),
    Scene(
        name="cancel_completed",
        operation="cancel",
        holds="the look that tells that it is too late",
        play=_cancel,
        prepare=_completed,
        fails=EnvelopeClosed,
    ),
    Scene(
        name="remind",
        operation="remind",
        holds="a reminder to one signer",
        play=lambda c: operations.remind(c.session, c.given["remote_id"], c.given["signer"]),
        prepare=_one_pending,
    ),
    Scene(
        name="list_envelopes",
        operation="list_envelopes",
        holds="the first page of two envelopes",
        play=lambda c: operations.list_page(c.session, Query()),
        prepare=_two,
    ),
    Scene(
        name="find",
        operation="find",
        holds="the drafts, none of which is ours, and then the whole list",
        play=_find,
        prepare=_two,
    ),
    Scene(
        name="templates_list",
        operation="templates.list",
        holds="the published list of one template",
        play=lambda c: operations.templates(c.session),
        published=True,
    ),
    Scene(
        name="templates_get",
        operation="templates.get",
        holds="the published template with its two fields",
        play=lambda c: call(
            c.session, _templates(c).get(c.given["template"]), operation="get_template"
        ),
        published=True,
    ),
    Scene(
        name="delivery_signed",
        operation="webhooks.parse",
        holds="the published delivery of the page on the API",
        published=True,
    ),
    Scene(
        name="delivery_completed",
        operation="webhooks.verify",
        holds="a signed delivery in the shape of the page on the API",
        deliver=_after("envelope.completed", 2),
        hears=True,
    ),
    Scene(
        name="delivery_completed_other_shape",
        operation="webhooks.verify",
        holds="a signed delivery in the shape of the page on webhooks",
        deliver=_after("envelope.completed", 2),
        simulator={"webhook_shape": "page"},
        hears=True,
    ),
)
