from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from esign_core.errors import NotFound, NotSupported, UnreadableAnswer
from esign_core.model import EnvelopeStatus, Query, SignerStatus
from esign_core.provider import Response
from esign_core.testing import replay, reply
from esign_penvio import PenvioProvider

MakeProvider = Callable[..., PenvioProvider]
SINCE = datetime(2024, 1, 1, tzinfo=UTC)


def page(items: list[Any], *, number: int = 1, last: int | None = 1) -> Response:
    """A page of a list; without pagination if `last` is None."""
    if last is None:
        return reply({"data": items})
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


def test_list_is_paged_by_number(provider: PenvioProvider, envelope: dict[str, Any]) -> None:
    """The cursor is the next page's number; pages are as large as they may be."""
    first = replay(provider.list_envelopes(Query()), [page([envelope], last=2)])
    assert first.requests[0].params == {"page": 1, "pageSize": 100, "status": None}
    assert first.answer.next_cursor == "2"
    second = replay(
        provider.list_envelopes(Query(cursor="2")), [page([envelope], number=2, last=2)]
    )
    assert second.requests[0].params["page"] == 2
    assert second.answer.next_cursor is None
    assert [each.remote_id for each in second.answer.snapshots] == ["env_def456"]


@pytest.mark.parametrize(
    ("items", "meta", "more"),
    [
        (100, None, True),
        (99, None, False),
        (0, {"pagination": {"totalPages": 7}}, False),
        (1, {"pagination": {"totalPages": "7"}}, False),
        (1, {"pagination": []}, False),
        (1, "?", False),
    ],
)
def test_the_end_of_a_list_is_found_without_a_count(
    provider: PenvioProvider, envelope: dict[str, Any], *, items: int, meta: object, more: bool
) -> None:
    """A full page may have one after it; an empty one never has."""
    answer = reply({"data": [envelope] * items, "meta": meta})
    found = replay(provider.list_envelopes(Query()), [answer]).answer
    assert (found.next_cursor is not None) is more


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (EnvelopeStatus.DRAFT, "DRAFT"),
        (EnvelopeStatus.FINALIZING, "COMPLETED"),
        (EnvelopeStatus.COMPLETED, "COMPLETED"),
        (EnvelopeStatus.UNKNOWN, None),
    ],
)
def test_list_narrows_by_status(
    provider: PenvioProvider, envelope: dict[str, Any], status: EnvelopeStatus, word: str | None
) -> None:
    """Penvio is asked by its own word; what that does not tell apart is told apart here."""
    items = [
        envelope | {"id": "draft", "status": "DRAFT"},
        envelope | {"id": "finalizing", "status": "COMPLETED"},
        envelope | {"id": "completed", "status": "COMPLETED", "signedDocumentStorageKey": "k"},
        envelope | {"id": "unknown", "status": "?"},
    ]
    done = replay(provider.list_envelopes(Query(status=status)), [page(items)])
    assert done.requests[0].params["status"] == word
    assert [each.remote_id for each in done.answer.snapshots] == [status.value]


def test_list_of_a_status_that_penvio_has_not_asks_nothing(provider: PenvioProvider) -> None:
    """No envelope at Penvio is ever queued, scheduled or failed."""
    for status in (EnvelopeStatus.QUEUED, EnvelopeStatus.SCHEDULED, EnvelopeStatus.FAILED):
        answer = replay(provider.list_envelopes(Query(status=status)), []).answer
        assert (answer.snapshots, answer.next_cursor) == ((), None)


def test_list_narrows_by_time(provider: PenvioProvider, envelope: dict[str, Any]) -> None:
    """Older ones are left out; one whose time is not told is not."""
    items = [
        envelope | {"id": "old", "createdAt": "2023-12-31T23:59:59Z"},
        envelope | {"id": "new", "createdAt": "2024-01-01T00:00:00Z"},
        envelope | {"id": "timeless", "createdAt": None},
    ]
    found = replay(provider.list_envelopes(Query(since=SINCE)), [page(items)]).answer
    assert [each.remote_id for each in found.snapshots] == ["new", "timeless"]


@pytest.mark.parametrize("cursor", ["", "0", "-1", "1.5", "next", "1" * 10])
def test_a_cursor_of_another_vendor_is_refused(provider: PenvioProvider, cursor: str) -> None:
    """A cursor is a page number and nothing else."""
    with pytest.raises(NotFound, match="no page number"):
        replay(provider.list_envelopes(Query(cursor=cursor)), [])


def test_an_answer_that_is_no_list_is_unreadable(provider: PenvioProvider) -> None:
    """An object where a list should be is not taken for an empty list."""
    with pytest.raises(UnreadableAnswer, match="is no list"):
        replay(provider.list_envelopes(Query()), [reply({"data": {}})])


def test_find_pages_through_the_drafts_to_the_end(
    provider: PenvioProvider, envelope: dict[str, Any]
) -> None:
    """The order of the list is not documented, so every page of drafts is read."""
    ours = envelope | {"id": "ours", "status": "DRAFT", "metadata": {"esign": "m", "a": 1}}
    strange = [None, {"metadata": "?"}, {"metadata": {"esign": 5}}, {"id": 7}]
    done = replay(
        provider.find("m", SINCE),
        [page([*strange, envelope], last=2), page([ours], number=2, last=2)],
    )
    assert [request.params["status"] for request in done.requests] == ["DRAFT", "DRAFT"]
    assert done.answer is not None
    assert (done.answer.remote_id, done.answer.mark) == ("ours", "m")
    assert done.answer.metadata == {"a": "1"}


def test_find_looks_beyond_the_drafts(provider: PenvioProvider, envelope: dict[str, Any]) -> None:
    """Somebody may have sent it from the dashboard: resending it then would ask people twice."""
    ours = envelope | {"id": "ours", "metadata": {"esign": "m"}}
    done = replay(provider.find("m", SINCE), [page([]), page([ours])])
    assert [request.params["status"] for request in done.requests] == ["DRAFT", None]
    assert done.answer is not None
    assert done.answer.remote_id == "ours"


def test_find_comes_to_an_end(provider: PenvioProvider, envelope: dict[str, Any]) -> None:
    """A list that never ends is left after 400 pages; finding nothing proves nothing."""
    endless = [page([envelope], last=10**9)] * 800
    done = replay(provider.find("m", SINCE), endless)
    assert done.answer is None
    assert done.requests[399].params["page"] == 400


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
    with pytest.raises(UnreadableAnswer, match="no template: name: Field required"):
        replay(provider.templates.get("x"), [reply({"data": {"id": "x"}})])


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
