from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from esign_core.errors import NotFound, UnreadableAnswer
from esign_core.model import EnvelopeStatus, Query
from esign_core.provider import Response
from esign_core.testing import replay, reply
from esign_penvio import PenvioProvider

SINCE = datetime(2024, 1, 1, tzinfo=UTC)


def page(items: list[Any], *, number: int = 1, last: int | None = 1) -> Response:
    """A page of a list; without pagination if `last` is None."""
    if last is None:
        return reply({"data": items})
    pagination = {"page": number, "pageSize": 100, "total": 0, "totalPages": last}
    return reply({"data": items, "meta": {"pagination": pagination}})


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
