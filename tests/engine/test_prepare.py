"""From a provider's request to the one that goes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esign_core.engine.prepare import prepare
from esign_core.errors import BrokenProvider
from esign_core.model import Document
from esign_core.provider import JsonWithDocuments, Multipart, Part, Request, Token

if TYPE_CHECKING:
    from tests.engine.conftest import Vendor, Way

PDF = Document.from_bytes(b"%PDF-1.7", name="a.pdf")
SAFE = ["/", "/a", "/a/b.c", "/a/%C3%A6", "/a/.b", "/a/..b", "/a/b..", "/a/b%2Fc", "/a/:@!$&'()*+"]
UNSAFE = [
    "", "a", "//elsewhere.invalid/a", "/a//b", "/a/../b", "/a/..", "/..", "/./a", "/a/.", "/a?b",
    "/a#b", "/a\\b", "/a b", "/a\tb", "/a\r\nHost: b", "/a\x00", "/a\x7f", "/a/%2e%2e/b",
    "/a/%2E%2E", "/a/.%2e/b", "/a/..%2fb", "/a%2f..%2fb", "/a%5c..%5cb", "/a%00", "/a%0d%0aX: y",
    "https://elsewhere.invalid/a", "@elsewhere.invalid/a", "/a\ud800",
]  # fmt: skip


@pytest.fixture
def provider(sync_way: Way, vendor: Vendor) -> Any:
    """An adapter with the hosts api and other."""
    return sync_way.session(vendor, vendor).provider


@pytest.mark.parametrize("path", SAFE)
def test_a_plain_path_goes_as_it_is(provider: Any, path: str) -> None:
    """Quoted ids stay quoted."""
    assert prepare(provider, Request("GET", path), None).url == provider.hosts["api"] + path


@pytest.mark.promise("D2")
@pytest.mark.parametrize("path", UNSAFE)
def test_a_path_that_leads_elsewhere_is_refused(provider: Any, path: str) -> None:
    """An id that came from outside must not lead anywhere else, quoted or not."""
    with pytest.raises(BrokenProvider, match="no plain path"):
        prepare(provider, Request("GET", path), None)


@pytest.mark.promise("D2")
@given(identifier=st.text(min_size=1))
def test_a_quoted_id_stays_one_part_of_the_path(identifier: str) -> None:
    """Whatever an id is: it is refused, or it is one part of the path and the host is the same."""

    class Provider:
        name = "acme"
        hosts = {"api": "https://acme.invalid/v1/"}  # noqa: RUF012 - a stand-in

    path = f"/things/{quote(identifier, safe='', errors='replace')}/end"
    try:
        url = prepare(Provider(), Request("GET", path, auth=False), None).url  # type: ignore[arg-type]
    except BrokenProvider:
        return
    parts = urlsplit(url)
    assert (parts.netloc, parts.query, parts.fragment) == ("acme.invalid", "", "")
    assert parts.path.split("/")[:3] == ["", "v1", "things"]
    assert len(parts.path.split("/")) == 5


@pytest.mark.parametrize("method", ["", "get", "GET / HTTP/1.1\r\nX:", "GÉT"])
def test_a_method_that_is_none_is_refused(provider: Any, method: str) -> None:
    """A request line cannot be broken out of."""
    with pytest.raises(BrokenProvider):
        prepare(provider, Request(method, "/a"), None)


def test_hosts_are_named(provider: Any) -> None:
    """Only the provider's own hosts are ever contacted."""
    assert prepare(provider, Request("GET", "/a", host="other"), None).url.startswith("http://")
    with pytest.raises(BrokenProvider, match='no host "elsewhere"'):
        prepare(provider, Request("GET", "/a", host="elsewhere"), None)


def test_params_are_encoded(provider: Any) -> None:
    """Booleans as JSON writes them, None left out, everything else quoted."""
    params = {"yes": True, "no": False, "n": 3, "none": None, "text": "a&b=c æ/#?", "": "empty"}
    query = urlsplit(prepare(provider, Request("GET", "/a", params=params), None).url).query
    assert parse_qs(query, strict_parsing=True) == {
        "yes": ["true"], "no": ["false"], "n": ["3"], "text": ["a&b=c æ/#?"], "": ["empty"],
    }  # fmt: skip


def test_no_params_leave_no_question_mark(provider: Any) -> None:
    """Nothing to ask, no query."""
    assert "?" not in prepare(provider, Request("GET", "/a", params={"none": None}), None).url


def test_a_providers_headers_come_before_ours(provider: Any) -> None:
    """Whatever their spelling: one header of each name."""
    request = Request(
        "POST", "/a", json={}, headers={"ACCEPT": "application/pdf", "Content-Type": "x/y"}
    )
    headers = prepare(provider, request, None).headers
    assert headers == {
        "accept": "application/pdf",
        "content-type": "x/y",
        "accept-encoding": "identity",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [("Host", "elsewhere.invalid"), ("Content-Length", "1"), ("Transfer-Encoding", "chunked"),
     ("Accept-Encoding", "gzip"), ("connection", "close"), ("X-A", "b\r\nX-C: canary"),
     ("X-A", "canary\n"), ("X-A", "canary\x00"), ("X-A", "canaryæ"), ("X A", "canary"),
     ("", "canary"), ("X-A:", "canary"), ("X\r\nY", "canary")],
)  # fmt: skip
def test_headers_that_break_a_request_are_refused(provider: Any, name: str, value: str) -> None:
    """Framing and compression are ours, and nothing breaks out of its line. Values are secrets."""
    with pytest.raises(BrokenProvider) as caught:
        prepare(provider, Request("GET", "/a", headers={name: value}), None)
    assert "canary" not in str(caught.value)


def test_credentials_come_before_the_headers_are_looked_at(sync_way: Way, vendor: Vendor) -> None:
    """A token with a line break in it does not get out either."""
    provider = sync_way.session(vendor, tokens=True).provider
    request = Request("GET", "/a")
    assert prepare(provider, request, Token("t")).headers["x-auth-token"] == "t"
    with pytest.raises(BrokenProvider):
        prepare(provider, request, Token("t\r\nX: y"))
    assert "x-auth-token" not in prepare(provider, Request("GET", "/a", auth=False), None).headers


def test_bodies_declare_what_they_are(provider: Any) -> None:
    """Streams with their type and length, which no provider's header changes."""
    parts = Multipart((Part("file", PDF, "application/pdf", "a.pdf"),))
    form = prepare(provider, Request("POST", "/a", body=parts, headers={"content-type": "x"}), None)
    assert form.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert form.headers["content-length"] == str(len(b"".join(form.body)))  # type: ignore[arg-type]
    streamed = prepare(provider, Request("POST", "/a", body=JsonWithDocuments([PDF])), None)
    assert streamed.headers["content-type"] == "application/json"
    assert streamed.headers["content-length"] == "16"
    assert prepare(provider, Request("POST", "/a"), None).body == b""


@pytest.mark.parametrize(
    "request_",
    [
        Request("POST", "/a", json=float("nan")),
        Request("POST", "/a", json={1, 2}),
        Request("POST", "/a", body=JsonWithDocuments(float("inf"))),
        Request("POST", "/a", body=JsonWithDocuments([PDF, object()])),
        Request("POST", "/a", json=1, body=JsonWithDocuments(PDF)),
    ],
    ids=["NaN", "no JSON", "infinite", "no document", "two bodies"],
)
def test_a_body_that_cannot_be_sent_is_refused(way: Way, vendor: Vendor, request_: Request) -> None:
    """What JSON does not know is not sent as something else."""
    with pytest.raises(BrokenProvider):
        way.ask(way.session(vendor), request_)
    assert vendor.connections == 0


def test_text_that_is_no_unicode_is_escaped(provider: Any) -> None:
    """Half a surrogate pair, as file names bring them, is for the vendor to refuse."""
    assert (
        prepare(provider, Request("POST", "/a", json="\ud800æ"), None).body == b'"\\ud800\\u00e6"'
    )


def test_secrets_are_in_no_repr(provider: Any) -> None:
    """Of a request as it goes out, its method is all that is shown."""
    request = Request("POST", "/canary", json="canary", headers={"x-auth-token": "canary"})
    assert "canary" not in repr(prepare(provider, request, None))
