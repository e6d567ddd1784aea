from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from esign_core.errors import (
    EnvelopeClosed,
    EsignError,
    NotFound,
    UnmappedTemplate,
    UnreadableAnswer,
)
from esign_core.model import EnvelopeDraft, EnvelopeStatus, Signer
from esign_core.provider import Response
from esign_core.testing import replay, reply
from esign_penvio import PenvioProvider

MakeProvider = Callable[..., PenvioProvider]
MakeDraft = Callable[..., EnvelopeDraft]
SECRET = "whsec_canary_0123456789"

INVALID_STATE = {
    "error": {"code": "INVALID_STATE", "message": "Envelope is not in DRAFT status"},
}


def two_signers(*orders: int | None) -> tuple[Signer, ...]:
    """Signers of both roles, and more of none, with the given orders."""
    roles = ["tenant", "owner", None, None]
    return tuple(
        Signer(name=f"Person {i}", email=f"p{i}@example.com", role=role, order=order)
        for i, (role, order) in enumerate(zip(roles, orders, strict=False))
    )


def test_send_makes_a_draft_with_one_request_that_is_never_repeated(
    provider: PenvioProvider, make_draft: MakeDraft, envelope: dict[str, Any]
) -> None:
    """Nobody is written to before the id is stored, and the one request is not repeatable."""
    draft = make_draft(
        message="Please sign.", expires_in_days=14, metadata={"orderId": "PO-12345"}
    ).marked("esign:env_1")
    done = replay(
        provider.send(draft), [reply({"data": envelope | {"status": "DRAFT"}}, status=201)]
    )
    (request,) = done.requests
    assert (request.method, request.path) == ("POST", "/esign/envelopes")
    assert not request.is_repeatable
    assert request.json == {
        "templateId": "tmpl_abc123",
        "signers": [{"email": "john@example.com", "name": "John Doe", "role": "Buyer"}],
        "subject": "Lease 14",
        "message": "Please sign.",
        "metadata": {"orderId": "PO-12345", "esign": "esign:env_1"},
        "expiresInDays": 14,
        "signingOrder": "PARALLEL",
        "sendImmediately": False,
    }
    assert done.answer.status is EnvelopeStatus.DRAFT
    assert done.answer.remote_id == "env_def456"


def test_what_is_not_wished_for_is_not_sent(
    provider: PenvioProvider, envelope: dict[str, Any], make_draft: MakeDraft
) -> None:
    """Penvio's own defaults hold where the draft says nothing."""
    jane = Signer(name="Jane Doe", email="jane@example.com")
    done = replay(provider.send(make_draft(signers=(jane,))), [reply({"data": envelope})])
    assert done.requests[0].json == {
        "templateId": "tmpl_abc123",
        "signers": [{"email": "jane@example.com", "name": "Jane Doe"}],
        "subject": "Lease 14",
        "signingOrder": "PARALLEL",
        "sendImmediately": False,
    }


@pytest.mark.parametrize(
    ("orders", "word", "sent"),
    [
        ((None, None), "PARALLEL", [None, None]),
        ((1, 1), "PARALLEL", [None, None]),
        ((1, 2), "SEQUENTIAL", [1, 2]),
        ((2, 1), "SEQUENTIAL", [2, 1]),
    ],
)
def test_signing_order_is_always_said(
    *,
    provider: PenvioProvider,
    make_draft: MakeDraft,
    envelope: dict[str, Any],
    orders: tuple[int | None, ...],
    word: str,
    sent: list[int | None],
) -> None:
    """Different orders are a sequence; equal ones, or none, are all at the same time."""
    draft = make_draft(signers=two_signers(*orders))
    body = replay(provider.send(draft), [reply({"data": envelope})]).requests[0].json
    assert body["signingOrder"] == word
    assert [signer.get("order") for signer in body["signers"]] == sent


def test_roles_are_spelled_as_the_template_spells_them(
    make_provider: MakeProvider, make_draft: MakeDraft, envelope: dict[str, Any]
) -> None:
    """The mapping of the settings is used; without one the role goes out as it is."""
    draft = make_draft(signers=two_signers(1, 2))
    mapped = make_provider(
        templates={"lease": {"id": "t", "roles": {"tenant": "Buyer", "owner": "Seller"}}}
    )
    plain = make_provider(templates={"lease": {"id": "t"}})
    for provider, roles in ((mapped, ["Buyer", "Seller"]), (plain, ["tenant", "owner"])):
        body = replay(provider.send(draft), [reply({"data": envelope})]).requests[0].json
        assert [signer["role"] for signer in body["signers"]] == roles


@pytest.mark.promise("A3")
def test_deliveries_are_asked_for_with_the_first_secret(
    make_provider: MakeProvider, make_draft: MakeDraft, envelope: dict[str, Any]
) -> None:
    """The first secret signs new envelopes' deliveries; the others still verify old ones."""
    provider = make_provider(
        webhook_url="https://example.com/webhooks/penvio-eu?x=1",
        webhook_secrets=[SECRET, "an older one, 16 long"],
    )
    body = replay(provider.send(make_draft()), [reply({"data": envelope})]).requests[0].json
    assert body["webhookUrl"] == "https://example.com/webhooks/penvio-eu?x=1"
    assert body["webhookSecret"] == SECRET


def test_a_secret_without_a_place_to_report_to_is_kept_at_home(
    make_provider: MakeProvider, make_draft: MakeDraft, envelope: dict[str, Any]
) -> None:
    """No secret travels for nothing."""
    provider = make_provider(webhook_secrets=[SECRET])
    asked = replay(provider.send(make_draft()), [reply({"data": envelope})]).requests
    assert "webhookSecret" not in asked[0].json
    assert SECRET not in repr(asked)


def test_a_template_that_is_not_mapped_costs_no_request(
    make_provider: MakeProvider, make_draft: MakeDraft
) -> None:
    """The error comes before anything is asked of Penvio."""
    provider = make_provider(templates={})
    with pytest.raises(UnmappedTemplate, match='"lease" is not mapped'):
        replay(provider.send(make_draft()), [])


def test_an_answer_without_data_leaves_the_outcome_open(
    provider: PenvioProvider, make_draft: MakeDraft
) -> None:
    """A proxy's page in place of Penvio's answer does not mean that nothing was created."""
    with pytest.raises(UnreadableAnswer, match="201, the answer has no `data`") as caught:
        replay(provider.send(make_draft()), [reply(["hello"], status=201)])
    assert caught.value.outcome == "uncertain"


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {"id": "env_1"},
        {"id": 5, "status": "SENT"},
        {"id": "e", "status": "SENT", "signers": [{"email": ["john@example.com"]}]},
    ],
)
def test_an_answer_of_another_kind_is_named_by_its_fields_only(
    provider: PenvioProvider, make_draft: MakeDraft, data: object
) -> None:
    """The message tells which field is strange and repeats none of what it holds."""
    with pytest.raises(UnreadableAnswer, match="the answer is no envelope") as caught:
        replay(provider.send(make_draft()), [reply({"data": data}, status=201)])
    assert "john" not in str(caught.value)


def test_dispatch_sends_the_draft_and_looks(
    provider: PenvioProvider, envelope: dict[str, Any]
) -> None:
    """What Penvio answers to the sending is not documented, so the envelope is fetched."""
    done = replay(provider.dispatch("env_def456"), [reply({}), reply({"data": envelope})])
    sending, looking = done.requests
    assert (sending.method, sending.path) == ("POST", "/esign/envelopes/env_def456/send")
    assert sending.json is None
    assert sending.is_repeatable
    assert (looking.method, looking.path) == ("GET", "/esign/envelopes/env_def456")
    assert done.answer.status is EnvelopeStatus.SENT


@pytest.mark.parametrize("word", ["SENT", "IN_PROGRESS", "CANCELLED"])
def test_dispatch_is_harmless_twice(
    provider: PenvioProvider, envelope: dict[str, Any], word: str
) -> None:
    """An envelope that is no draft any more is looked at, and answered as it is."""
    refusal = provider.explain(reply(INVALID_STATE, status=400))
    replies: list[Response | EsignError] = [refusal, reply({"data": envelope | {"status": word}})]
    assert replay(provider.dispatch("env_def456"), replies).answer.status == word.lower()


def test_dispatch_of_a_draft_that_penvio_will_not_send_fails(
    provider: PenvioProvider, envelope: dict[str, Any]
) -> None:
    """A refusal is not swallowed while the envelope is still a draft."""
    refusal = provider.explain(reply(INVALID_STATE, status=400))
    replies: list[Response | EsignError] = [
        refusal,
        reply({"data": envelope | {"status": "DRAFT"}}),
    ]
    with pytest.raises(EnvelopeClosed) as caught:
        replay(provider.dispatch("env_def456"), replies)
    assert caught.value is refusal


@pytest.mark.parametrize("remote_id", ["", "..", "a/b", "a?b", "a#b", "a b", "ä", "x" * 201, "a\n"])
def test_an_id_that_is_no_id_leads_nowhere(provider: PenvioProvider, remote_id: str) -> None:
    """An id from outside cannot become another address."""
    for flow in (
        provider.fetch(remote_id),
        provider.dispatch(remote_id),
        provider.cancel(remote_id),
    ):
        with pytest.raises(NotFound, match="no id has"):
            replay(flow, [])


@pytest.mark.parametrize(
    ("subject", "sent", "kept"),
    [
        (None, "Lease 14", None),
        ("Lease 14", "Lease 14", None),
        ("Please sign", "Please sign", {"esign_title": "Lease 14"}),
    ],
)
def test_the_subject_is_what_signers_read_and_the_title_is_kept(
    *,
    provider: PenvioProvider,
    make_draft: MakeDraft,
    envelope: dict[str, Any],
    subject: str | None,
    sent: str,
    kept: dict[str, str] | None,
) -> None:
    """Penvio has one word for both: a title of its own goes along in the metadata."""
    draft = make_draft(subject=subject)
    body = replay(provider.send(draft), [reply({"data": envelope})]).requests[0].json
    assert (body["subject"], body.get("metadata")) == (sent, kept)
