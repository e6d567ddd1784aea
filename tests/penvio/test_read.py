from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from esign_core.errors import NotFound, NotSupported, UnreadableAnswer
from esign_core.model import EnvelopeStatus, SignerStatus
from esign_core.provider import Response
from esign_core.testing import replay, reply
from esign_penvio import PenvioProvider

MakeProvider = Callable[..., PenvioProvider]


def page(items: list[Any], *, number: int = 1, last: int = 1) -> Response:
    """A page of a list."""
    pagination = {"page": number, "pageSize": 100, "total": 0, "totalPages": last}
    return reply({"data": items, "meta": {"pagination": pagination}})


def test_fetch_reads_the_published_answer(
    provider: PenvioProvider, envelope: dict[str, Any]
) -> None:
    """Every documented field of an envelope has its place in the neutral model."""
    done = replay(provider.fetch("env_def456"), [reply({"data": envelope})])
    found, (john,) = done.answer, done.answer.signers
    assert (done.requests[0].method, done.requests[0].path) == (
        "GET",
        "/esign/envelopes/env_def456",
    )
    assert found.remote_id == "env_def456"
    assert found.status is EnvelopeStatus.SENT
    assert found.title == "Please sign: Sales Agreement"
    assert found.metadata == {"orderId": "PO-12345"}
    assert found.mark is None
    assert found.created_at == found.sent_at == datetime(2024, 1, 18, 10, 30, tzinfo=UTC)
    assert found.expires_at == datetime(2024, 2, 1, tzinfo=UTC)
    assert found.ended_at is None
    assert found.links == ()
    assert [(a.kind, a.name, a.key) for a in found.artifacts] == [
        ("original", "original.pdf", "esign/envelopes/org_abc/env_def456/document.pdf")
    ]
    assert found.raw == envelope
    assert (john.remote_id, john.name, john.email) == (
        "signer_xyz789",
        "John Doe",
        "john@example.com",
    )
    assert (john.role, john.order, john.status) == ("tenant", 1, SignerStatus.NOTIFIED)


def test_a_title_that_was_not_the_subject_comes_back(
    provider: PenvioProvider, envelope: dict[str, Any]
) -> None:
    """It is kept beside the caller's words, and is none of them."""
    envelope["metadata"] = {"esign_title": "Lease 14", "orderId": "PO-12345", "count": 3}
    found = replay(provider.fetch("e"), [reply({"data": envelope})]).answer
    assert found.title == "Lease 14"
    assert found.metadata == {"orderId": "PO-12345", "count": "3"}


def test_an_almost_empty_answer_is_enough(provider: PenvioProvider) -> None:
    """Fields may be absent or null; only the id and the status must be there."""
    data = {
        "id": "env_1",
        "status": "DRAFT",
        "signers": None,
        "metadata": None,
        "templateName": "X",
    }
    for fields in (data, {"id": "env_1", "status": "DRAFT", "signers": [{}]}):
        found = replay(provider.fetch("env_1"), [reply({"data": fields})]).answer
        assert found.status is EnvelopeStatus.DRAFT
        assert found.metadata == {}
    (nobody,) = found.signers
    assert (nobody.remote_id, nobody.role, nobody.status) == (None, None, SignerStatus.UNKNOWN)


def test_completed_is_finalizing_until_the_signed_file_has_its_key(
    provider: PenvioProvider, envelope: dict[str, Any]
) -> None:
    """Completed means that the signed documents can be downloaded."""
    envelope |= {"status": "COMPLETED", "completedAt": "2024-01-26T08:00:00Z"}
    before = replay(provider.fetch("env_def456"), [reply({"data": envelope})]).answer
    assert before.status is EnvelopeStatus.FINALIZING
    assert before.ended_at is None
    envelope |= {"signedDocumentStorageKey": "signed.pdf", "certificateStorageKey": "cert.pdf"}
    after = replay(provider.fetch("env_def456"), [reply({"data": envelope})]).answer
    assert after.status is EnvelopeStatus.COMPLETED
    assert after.ended_at == datetime(2024, 1, 26, 8, tzinfo=UTC)
    assert [a.kind for a in after.artifacts] == ["signed", "original", "certificate"]


def test_the_end_has_the_time_that_penvio_tells(
    provider: PenvioProvider, envelope: dict[str, Any]
) -> None:
    """Declined: when the signer declined. Expired: when it was to. Cancelled: told nowhere."""
    envelope["signers"][0] |= {"declinedAt": "2024-01-20T09:00:00Z", "declineReason": "Too dear"}
    for word, time in (
        ("DECLINED", datetime(2024, 1, 20, 9, tzinfo=UTC)),
        ("EXPIRED", datetime(2024, 2, 1, tzinfo=UTC)),
        ("CANCELLED", None),
    ):
        found = replay(provider.fetch("e"), [reply({"data": envelope | {"status": word}})]).answer
        assert (found.status, found.ended_at) == (word.lower(), time)
        assert found.signers[0].decline_reason == "Too dear"


def test_unknown_words_are_kept_raw(provider: PenvioProvider, envelope: dict[str, Any]) -> None:
    """A status that Penvio adds later is unknown here, and not lost."""
    envelope |= {"status": "ARCHIVED", "newField": {"a": [1]}}
    envelope["signers"][0]["status"] = "FORWARDED"
    found = replay(provider.fetch("env_def456"), [reply({"data": envelope})]).answer
    assert found.status is EnvelopeStatus.UNKNOWN
    assert found.signers[0].status is SignerStatus.UNKNOWN
    assert found.raw["status"] == "ARCHIVED"
    assert found.raw["newField"] == {"a": [1]}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2024-01-18T10:30:00Z", datetime(2024, 1, 18, 10, 30, tzinfo=UTC)),
        ("2024-01-18T11:30:00.5+01:00", datetime(2024, 1, 18, 10, 30, 0, 500000, tzinfo=UTC)),
        ("2024-01-18T10:30:00", datetime(2024, 1, 18, 10, 30, tzinfo=UTC)),
        ("yesterday", None),
        (1705573800, None),
        ("0001-01-01T00:00:00+14:00", None),
    ],
)
def test_times_are_utc_and_a_strange_one_spoils_nothing(
    provider: PenvioProvider, envelope: dict[str, Any], written: object, read: datetime | None
) -> None:
    """A time that cannot be read is no time; the envelope is read all the same."""
    envelope["createdAt"] = written
    assert replay(provider.fetch("e"), [reply({"data": envelope})]).answer.created_at == read


def test_roles_come_back_in_the_words_of_the_draft(
    make_provider: MakeProvider, envelope: dict[str, Any]
) -> None:
    """Roles are turned back by the mapping, also where it swaps two words."""
    provider = make_provider(
        templates={
            "swapped": {"id": "tmpl_abc123", "roles": {"Buyer": "Seller", "Seller": "Buyer"}},
            "other": {"id": "tmpl_other", "roles": {"nobody": "Buyer"}},
            "pdf": {"document": "lease.pdf"},
        }
    )
    found = replay(provider.fetch("e"), [reply({"data": envelope})]).answer
    assert found.signers[0].role == "Seller"


def test_a_role_that_two_names_share_is_told_by_none(
    make_provider: MakeProvider, envelope: dict[str, Any]
) -> None:
    """A guess could give one signer's signature to another; name and e-mail decide instead."""
    provider = make_provider(
        templates={
            "a": {"id": "tmpl_abc123", "roles": {"tenant": "Buyer"}},
            "b": {"id": "tmpl_abc123", "roles": {"guest": "Buyer", "lodger": "Buyer"}},
        }
    )
    found = replay(provider.fetch("e"), [reply({"data": envelope})]).answer
    assert found.signers[0].role is None
    unmapped = make_provider(templates={})
    found = replay(unmapped.fetch("e"), [reply({"data": envelope})]).answer
    assert found.signers[0].role == "Buyer"


def test_a_webhook_secret_that_is_repeated_is_taken_out(
    provider: PenvioProvider, envelope: dict[str, Any]
) -> None:
    """No answer is known to repeat it; if one does, `raw` does not."""
    envelope |= {"webhookSecret": "canary", "webhooks": [{"webhookSecret": "canary"}]}
    found = replay(provider.fetch("e"), [reply({"data": envelope})]).answer
    assert "canary" not in str(found.raw)
    assert found.raw["webhooks"] == [{}]


def test_a_snapshot_shows_nobody_and_no_key(
    provider: PenvioProvider, envelope: dict[str, Any]
) -> None:
    """What is printed in a log has neither an e-mail address nor a storage key in it."""
    found = replay(provider.fetch("e"), [reply({"data": envelope})]).answer
    assert "example.com" not in repr(found)
    assert "org_abc" not in repr(found)
    assert "canary" not in repr(provider.settings)


def test_templates_are_listed_whole(provider: PenvioProvider, template: dict[str, Any]) -> None:
    """All pages, each template once, with what Penvio tells; roles are not among that."""
    other = template | {"id": "tmpl_other", "description": None}
    done = replay(
        provider.templates.list(),
        [page([template], last=2), page([template, other], number=2, last=2)],
    )
    assert [request.path for request in done.requests] == ["/esign/templates"] * 2
    first, second = done.answer
    assert (first.id, first.name, first.page_count) == ("tmpl_abc123", "Sales Agreement", 5)
    assert first.description == "Standard sales agreement template"
    assert (first.roles, first.raw) == ((), template)
    assert second.description is None


def test_one_template_is_read_by_its_id(provider: PenvioProvider, template: dict[str, Any]) -> None:
    """The id is part of the address, and cannot be more than that."""
    done = replay(provider.templates.get("tmpl_abc123"), [reply({"data": template})])
    assert done.requests[0].path == "/esign/templates/tmpl_abc123"
    assert done.answer.name == "Sales Agreement"
    with pytest.raises(NotFound):
        replay(provider.templates.get("../envelopes"), [])
    with pytest.raises(UnreadableAnswer, match="no template: name: is missing"):
        replay(provider.templates.get("x"), [reply({"data": {"id": "x"}})])


def test_a_probe_asks_for_one_template(provider: PenvioProvider, template: dict[str, Any]) -> None:
    """A short list that changes nothing, for whoever has a good key."""
    answer = page([template])
    done = replay(provider.probe(), [answer])
    (request,) = done.requests
    assert (request.method, request.path) == ("GET", "/esign/templates")
    assert request.params == {"page": 1, "pageSize": 1}
    assert request.auth
    assert done.answer is answer


def test_what_penvio_has_not_is_not_pretended(provider: PenvioProvider) -> None:
    """There are no signing links, no log and no jobs; the message says so."""
    with pytest.raises(NotSupported, match="penvio cannot hand out signing links"):
        provider.signing_links("env_1")
    with pytest.raises(NotSupported, match="penvio cannot show the log"):
        provider.log("env_1")
    with pytest.raises(NotSupported, match="set webhook_url and webhook_secrets"):
        provider.webhooks.subscribe("https://example.com")
    supported = {
        name for name in ("poll", "signing_links", "log", "grant") if provider.supports(name)
    }
    assert supported == set()
