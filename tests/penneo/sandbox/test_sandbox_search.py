from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.penneo.sandbox.conftest import Customer


@pytest.fixture
def shelf(customer: Customer) -> Customer:
    """Five case files, a minute apart; the second is signed, the third deleted."""
    customer.now = customer.now.replace(minute=0, second=0)
    for number in range(5):
        envelope = customer.send(
            title=f"Lease {number}", metaData=f"m{number}", folderId=1 + number % 2
        )
        if number == 1:
            envelope.sign_all()
        elif number == 2:
            customer.ask("DELETE", envelope.path)
        customer.wait(seconds=58)
    return customer


def numbers(listed: Any) -> str:
    """The last letter of every title, in order."""
    return "".join(case_file["title"][-1] for case_file in listed)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, "01234"),
        ({"sort": "-created"}, "43210"),
        ({"sort": "-title"}, "43210"),
        ({"sort": "status"}, "03421"),
        ({"title": "lease 3"}, "3"),
        ({"status": "5"}, "1"),
        ({"status": "3,5"}, "12"),
        ({"metaData": "m4"}, "4"),
        ({"metaData": "m"}, ""),
        ({"reference": "m4"}, ""),
        ({"folderIds": "2"}, "13"),
        ({"createdAfter": "{start+62}"}, "234"),
        ({"createdBefore": "{start+62}"}, "0"),
        ({"createdAfter": "{start+2}", "createdBefore": "{start+182}"}, "12"),
        ({"completedAfter": "0"}, "1"),
        ({"activatedBefore": "{start+3}"}, "0"),
        ({"expiresAfter": "0", "status": "3"}, "2"),
        ({"updatedAfter": "{start+62}"}, "1234"),
    ],
)
def test_list_is_filtered_and_sorted(shelf: Customer, query: dict[str, str], expected: str) -> None:
    """By the documented filters; times are exclusive bounds."""
    start = int(shelf.now.replace(minute=0, second=0).timestamp())

    def at(found: re.Match[str]) -> str:
        return str(start + int(found[1]))

    filled = {name: re.sub(r"{start\+(\d+)}", at, value) for name, value in query.items()}
    assert numbers(shelf.read("/api/v1/casefiles", **filled)) == expected


def test_list_finds_by_ids(shelf: Customer) -> None:
    """Several, separated by commas."""
    ids = [str(each["id"]) for each in shelf.read("/api/v1/casefiles")]
    assert numbers(shelf.read("/api/v1/casefiles", ids=f"{ids[1]},{ids[4]}")) == "14"


@pytest.mark.parametrize(
    "query", [{"metadata": "m4"}, {"status": "new"}, {"sort": "mood"}, {"createdAfter": "noon"}]
)
def test_unknown_filters_are_refused(shelf: Customer, query: dict[str, str]) -> None:
    """A misspelt filter would list everything."""
    assert shelf.ask("GET", "/api/v1/casefiles", **query).status == 400


def paged(customer: Customer, **query: str) -> Any:
    """A page of the list."""
    headers = {"authorization": f"Bearer {customer.token()}", "x-paginate": "true"}
    return customer.call("GET", "/api/v1/casefiles", headers=headers, **query)


def test_pages_link_to_the_next_and_overlap(shelf: Customer) -> None:
    """Following the links sees everything, some of it twice: de-duplicate."""
    seen, page = [], "1"
    while page:
        answer = paged(shelf, page=page, per_page="2", sort="-created")
        seen.append(numbers(json.loads(answer.body)))
        link = answer.headers.get("link", "")
        assert "sort=-created" in link or not link
        page = "".join(re.findall(r"[?&]page=(\d+)", link))
    assert seen == ["43", "32", "21", "10"]


def test_pages_count_from_one(shelf: Customer) -> None:
    """Anything else is refused."""
    assert paged(shelf, page="0").status == 400
    assert paged(shelf, per_page="0").status == 400
    assert numbers(json.loads(paged(shelf, per_page="1", page="5").body)) == "4"


def test_paging_is_asked_for_by_header(shelf: Customer) -> None:
    """Without it everything comes at once."""
    assert len(shelf.read("/api/v1/casefiles", page="1", per_page="2")) == 5
