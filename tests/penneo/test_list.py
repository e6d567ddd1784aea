from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from esign_core.errors import NotFound, UnreadableAnswer
from esign_core.model import EnvelopeStatus, Query, SignerStatus
from esign_core.provider import Response
from esign_core.testing import replay, reply
from esign_penneo import PenneoProvider

MakeCaseFile = Callable[..., dict[str, Any]]
MakeLog = Callable[..., Response]

SINCE = datetime(2026, 1, 16, tzinfo=UTC)


def test_a_page_is_asked_for_in_penneos_words(
    provider: PenneoProvider, make_case_file: MakeCaseFile
) -> None:
    """Paging is asked for by header; filters are numbers and UNIX seconds."""
    query = Query(status=EnvelopeStatus.COMPLETED, since=SINCE, cursor="3")
    asked = replay(provider.list_envelopes(query), [reply([make_case_file(5)])])
    (request,) = asked.requests
    assert (request.method, request.path) == ("GET", "/api/v1/casefiles")
    assert request.headers == {"x-paginate": "true"}
    assert request.params == {
        "page": "3",
        "per_page": 100,
        "sort": "-created",
        "status": 5,
        "createdAfter": 1768521600,
    }
    (found,) = asked.answer.snapshots
    assert (found.remote_id, found.status) == ("531", EnvelopeStatus.COMPLETED)
    assert found.signers[0].status is SignerStatus.SIGNED
    assert asked.answer.next_cursor is None


@pytest.mark.parametrize(
    ("link", "cursor"),
    [
        (None, None),
        ('</api/v1/casefiles?page=2&per_page=100>; rel="next"', "2"),
        ("<https://app.penneo.com/api/v1/casefiles?per_page=100&page=2>; rel=next", "2"),
        ('<?page=1>; rel="first", <?page=2>; rel="next", <?page=9>; rel="last"', "2"),
        ('<?page=1>; rel="first", <?page=9>; rel="last"', None),
        ('<?page=1>; rel="next"', None),
        ('<?page=0>; rel="next"', None),
        ('<https://evil.example/>; rel="next"', None),
        ('<?page=x>; rel="next"', None),
    ],
)
def test_a_list_goes_on_by_page_number_only(
    provider: PenneoProvider, link: str | None, cursor: str | None
) -> None:
    """The address in the header is never followed, and a page that is not further on is the end."""
    headers = {} if link is None else {"link": link}
    page = replay(provider.list_envelopes(Query()), [Response(200, headers, b"[]")]).answer
    assert page.next_cursor == cursor


@pytest.mark.parametrize("status", [EnvelopeStatus.QUEUED, EnvelopeStatus.UNKNOWN])
def test_a_status_that_no_case_file_has_is_not_asked_for(
    provider: PenneoProvider, status: EnvelopeStatus
) -> None:
    """The answer is known: there is none."""
    assert replay(provider.list_envelopes(Query(status=status)), []).answer.snapshots == ()


def test_a_deleted_row_is_unknown_until_it_is_fetched(
    provider: PenneoProvider, make_case_file: MakeCaseFile
) -> None:
    """A row does not tell whether it was cancelled or tidied away after its end."""
    rows = [make_case_file(3), make_case_file(8), make_case_file(1)]
    page = replay(provider.list_envelopes(Query()), [reply({"items": rows})]).answer
    deleted, anonymized, pending = page.snapshots
    assert (deleted.status, deleted.is_purged) == (EnvelopeStatus.UNKNOWN, False)
    assert (anonymized.status, anonymized.is_purged) == (EnvelopeStatus.UNKNOWN, True)
    assert pending.status is EnvelopeStatus.SENT
    assert pending.signers[0].status is SignerStatus.UNKNOWN


@pytest.mark.parametrize("cursor", ["", "0", "-1", "1&x=2", "9" * 10])
def test_a_cursor_that_is_none_is_refused(provider: PenneoProvider, cursor: str) -> None:
    """An empty one is the start; everything else that is no page number asks nothing."""
    flow = provider.list_envelopes(Query(cursor=cursor))
    if not cursor:
        assert replay(flow, [reply([])]).requests[0].params["page"] == "1"
        return
    with pytest.raises(NotFound, match="cursor"):
        replay(flow, [])


@pytest.mark.parametrize("answer", [{}, {"items": None}, "none", None])
def test_an_answer_that_is_no_list_is_unreadable(provider: PenneoProvider, answer: Any) -> None:
    """Nothing is not the same as an empty list."""
    with pytest.raises(UnreadableAnswer):
        replay(provider.list_envelopes(Query()), [reply(answer)])


@pytest.mark.parametrize(
    "fields",
    [
        {"metaData": "esign:env_7"},
        {"metaData": '{"esign":"esign:env_7"}'},
        {"metaData": None, "reference": "esign:env_7"},
    ],
)
def test_an_envelope_is_found_by_its_mark_on_any_page(
    provider: PenneoProvider,
    make_case_file: MakeCaseFile,
    make_log: MakeLog,
    fields: dict[str, Any],
) -> None:
    """It is looked for a little before it was sent, as clocks differ, and then fetched whole."""
    found = make_case_file(1, id=17, **fields)
    answers = [
        reply([make_case_file(1)], link='<?page=2>; rel="next"'),
        reply([make_case_file(1), found]),
        reply(found),
        make_log(),
        make_log(),
    ]
    asked = replay(provider.find("esign:env_7", SINCE), answers)
    assert asked.answer is not None
    assert asked.answer.remote_id == "17"
    assert asked.requests[0].params["createdAfter"] == 1768521600 - 300
    assert asked.requests[1].params["page"] == "2"
    assert asked.requests[2].path == "/api/v3/casefiles/17"


def test_an_empty_search_is_none(provider: PenneoProvider, make_case_file: MakeCaseFile) -> None:
    """Somebody else's mark is not ours."""
    answers = [reply([make_case_file(1, metaData="esign:env_77")])]
    assert replay(provider.find("esign:env_7", SINCE), answers).answer is None


STRANGE_ROWS: list[Any] = [
    "text",
    None,
    {"id": 1, "signers": [{"id": []}]},
    {"id": {}, "metaData": "esign:env_77"},
    {"id": 2, "metaData": ["esign:env_7"], "documents": 5},
]


def test_a_strange_row_does_not_hide_ours(
    provider: PenneoProvider, make_case_file: MakeCaseFile, make_log: MakeLog
) -> None:
    """The mark is looked for before anything else of a row is read."""
    found = make_case_file(1, id=17, metaData="esign:env_7")
    answers = [reply([*STRANGE_ROWS, found]), reply(found), make_log(), make_log()]
    answer = replay(provider.find("esign:env_7", SINCE), answers).answer
    assert answer is not None
    assert answer.remote_id == "17"


def test_our_row_without_an_id_is_unreadable(provider: PenneoProvider) -> None:
    """It is there, so the answer must not be that there is none."""
    rows = [{"id": "../1", "metaData": "esign:env_7"}]
    with pytest.raises(UnreadableAnswer):
        replay(provider.find("esign:env_7", SINCE), [reply(rows)])


def test_a_strange_row_hides_no_other_in_a_list(
    provider: PenneoProvider, make_case_file: MakeCaseFile
) -> None:
    """It is left out; but if nothing can be read, the list is not called empty."""
    rows = [*STRANGE_ROWS, make_case_file(1, id=17)]
    page = replay(provider.list_envelopes(Query()), [reply(rows)]).answer
    assert [each.remote_id for each in page.snapshots] == ["17"]
    with pytest.raises(UnreadableAnswer):
        replay(provider.list_envelopes(Query()), [reply(STRANGE_ROWS)])
