from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.penvio.sandbox.conftest import Account

    OpenAccount = Callable[..., Account]


def code(answer: Any) -> str:
    """The code of an error."""
    return str(answer["error"]["code"])


@pytest.mark.parametrize("name", ["page", "pageSize"])
@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5", "", "\N{ARABIC-INDIC DIGIT ONE}"])
def test_paging_out_of_range_is_refused(account: Account, name: str, value: str) -> None:
    """Pages start at 1."""
    answer = account.ask("GET", f"/envelopes?{name}={value}")
    assert (code(answer), list(answer["error"]["details"])) == ("VALIDATION_ERROR", [name])


def test_page_size_is_20_and_at_most_100(account: Account) -> None:
    """As documented."""
    assert account.ask("GET", "/templates")["meta"]["pagination"]["pageSize"] == 20
    assert code(account.ask("GET", "/templates?pageSize=101")) == "VALIDATION_ERROR"
    account.ask("GET", "/templates?pageSize=100")
    assert account.last.status == 200


def test_envelopes_are_listed_in_pages_and_by_status(account: Account) -> None:
    """Every envelope is on exactly one page; a page beyond the last is empty."""
    ids = {account.create(sendImmediately=n % 2 == 0)["id"] for n in range(5)}
    pages = [account.ask("GET", f"/envelopes?page={n}&pageSize=2") for n in (1, 2, 3, 4)]
    assert [len(page["data"]) for page in pages] == [2, 2, 1, 0]
    assert {e["id"] for page in pages for e in page["data"]} == ids
    assert pages[0]["meta"]["pagination"] == {"page": 1, "pageSize": 2, "total": 5, "totalPages": 3}
    drafts = account.ask("GET", "/envelopes?status=DRAFT")["data"]
    assert [e["status"] for e in drafts] == ["DRAFT"] * 2
    assert code(account.ask("GET", "/envelopes?status=draft")) == "VALIDATION_ERROR"


def test_template_shows_fields_and_no_roles(account: Account) -> None:
    """As in the documented sample."""
    template = account.ask("GET", "/templates/tmpl_lease1")["data"]
    assert template in account.ask("GET", "/templates")["data"]
    assert template["fields"][0] == {
        "fieldId": "sig_tenant",
        "type": "SIGNATURE",
        "label": "Tenant Signature",
        "required": True,
        "page": 2,
    }
    assert "roles" not in template


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/templates/tmpl_none"),
        ("GET", "/envelopes/env_none"),
        ("POST", "/envelopes/env_none/send"),
        ("GET", "/envelopes/env_none/send"),
        ("DELETE", "/envelopes/env_none"),
        ("POST", "/templates"),
        ("GET", "/nothing"),
        ("GET", "/../other"),
    ],
)
def test_what_is_not_there_is_not_found(account: Account, method: str, path: str) -> None:
    """Unknown ids, and calls that Penvio does not have."""
    assert (code(account.ask(method, path)), account.last.status) == ("NOT_FOUND", 404)
