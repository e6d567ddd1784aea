"""Two origins on loopback: the vendor's, and one that every address in its answers leads to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from esign_core import EsignError, Snapshot, UnreadableAnswer
from tests.engine.conftest import Vendor

if TYPE_CHECKING:
    from tests.promises.proxy.conftest import Account

NAMES = ("next", "href", "url", "link", "location", "redirect", "callback", "content", "download")
"""What an address in JSON may be called, by those who follow it."""


@pytest.fixture
def elsewhere() -> Iterator[Vendor]:
    """Somebody else's server, who would answer whoever came."""
    vendor = Vendor()
    yield vendor
    vendor.close()


def leading_to(there: str) -> Callable[[bytes, bytes], bytes]:
    """Answers in which every address is that of `there`, and that have some more of them."""

    def altered(data: Any) -> Any:
        match data:
            case dict():
                more = {name: f"{there}/{name}" for name in NAMES if name not in data}
                return {**{key: altered(value) for key, value in data.items()}, **more}
            case list():
                return [altered(each) for each in data]
            case str() if data.startswith("http"):
                return f"{there}/address"
            case _:
                return data

    def rewrite(_request: bytes, answer: bytes) -> bytes:
        head, _, body = answer.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        with suppress(ValueError):
            body = json.dumps(altered(json.loads(body))).encode()
        kept = [line for line in lines if not line.lower().startswith(b"content-length")]
        kept += [
            b"Content-Length: %d" % len(body),
            f"Location: {there}/location".encode(),
            f"Content-Location: {there}/content".encode(),
            f"Refresh: 0; url={there}/refresh".encode(),
            f'Link: <{there}/page>; rel="next", <{there}/first>; rel="first"'.encode(),
        ]
        return b"\r\n".join([first, *kept]) + b"\r\n\r\n" + body

    return rewrite


def every_verb(account: Account, folder: Path) -> list[str]:
    """Do everything that there is a verb for; what went well, and what went wrong all the same."""
    connection, done = account.connection, list[str]()

    def attempt(verb: str, *arguments: Any, **options: Any) -> Any:
        try:
            answer = getattr(connection, verb)(*arguments, **options)
        except EsignError as error:
            done.append(f"{verb}: {type(error).__name__}")
            return None
        done.append(verb)
        return answer

    sent = attempt("send", account.draft())
    remote_id = sent.remote_id if isinstance(sent, Snapshot) else "1"
    attempt("check", account.draft(), online=True)
    for verb in ("fetch", "signing_links", "remind", "log"):
        attempt(verb, remote_id)
    attempt("list")
    attempt("templates")
    made = attempt("subscribe", "https://example.com/hook")
    attempt("unsubscribe", made.id if made is not None else "1")
    attempt("request", "GET", "/api/v1/folders")
    for link in account.control.links(remote_id):
        account.control.sign_page(link)
    account.control.advance(60)
    attempt("download", remote_id, to=folder)
    attempt("cancel", remote_id)
    return done


@pytest.mark.promise("D2")
def test_no_address_in_an_answer_is_called(
    account: Account, elsewhere: Vendor, tmp_path: Path
) -> None:
    """Not in a field, a header or a list of pages; every verb, and nobody calls there."""
    account.proxy.rewrite = leading_to(elsewhere.url)
    done = every_verb(account, tmp_path)
    assert {"send", "fetch", "list", "download"} <= set(done)
    assert len(account.proxy.came) > 10
    assert elsewhere.connections == 0


@pytest.mark.promise("D2")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(
    account: Account, elsewhere: Vendor, tmp_path: Path, status: int
) -> None:
    """Whatever is asked: credentials do not go where an answer points, and the error says so."""

    def rewrite(_request: bytes, _answer: bytes) -> bytes:
        return Vendor.reply(status, Location=f"{elsewhere.url}/landed")

    sent = account.send()
    account.proxy.rewrite = rewrite
    done = every_verb(account, tmp_path)
    assert not [verb for verb in done if ":" not in verb]
    with pytest.raises(UnreadableAnswer, match=f"{status}, the vendor leads elsewhere"):
        account.connection.fetch(sent.remote_id)
    assert elsewhere.connections == 0


@pytest.mark.negative_control("D2")
def test_client_that_follows_hands_credentials_on(account: Account, elsewhere: Vendor) -> None:
    """What the library beneath does when it is told to: the header goes along to the other origin.

    It is the one that this vendor's tokens travel in.
    """
    account.proxy.rewrite = lambda _, __: Vendor.reply(302, Location=f"{elsewhere.url}/landed")
    with httpx.Client(follow_redirects=True, headers={"X-Auth-Token": "canary"}) as client:
        client.get(f"{account.proxy.url}/api/v1/folders")
    assert elsewhere.heard[0].headers["x-auth-token"] == "canary"
