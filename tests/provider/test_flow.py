from __future__ import annotations

import pytest

from esign_core.errors import UnreadableAnswer
from esign_core.provider import (
    HttpDownload,
    JsonWithDocuments,
    Multipart,
    ObjectDownload,
    Part,
    Request,
    Response,
    Token,
    answer,
)
from esign_core.testing import replay


@pytest.mark.promise("S4")
@pytest.mark.parametrize(
    ("method", "given", "is_repeatable", "is_reading"),
    [
        ("GET", None, True, True),
        ("HEAD", None, True, True),
        ("POST", None, False, False),
        ("DELETE", None, False, False),
        ("PUT", None, False, False),
        ("POST", True, True, False),
        ("GET", False, False, True),
    ],
)
def test_only_reading_is_repeatable_by_itself(
    *,
    method: str,
    given: bool | None,
    is_repeatable: bool,
    is_reading: bool,
) -> None:
    """Everything else is only if the adapter says so."""
    request = Request(method, "/", repeatable=given)
    assert (request.is_repeatable, request.is_reading) == (is_repeatable, is_reading)


def test_headers_are_added_to_a_new_request() -> None:
    """The old one stays as it is; `_` stands for `-`."""
    plain = Request("GET", "/", headers={"accept": "application/json"})
    signed = plain.with_headers(x_api_key="1", accept="application/pdf")
    assert signed.headers == {"accept": "application/pdf", "x-api-key": "1"}
    assert plain.headers == {"accept": "application/json"}


def test_an_answer_is_decoded() -> None:
    """JSON as a value, the rest as text for people."""
    assert Response(200, {}, b'{"a": 1}').json() == {"a": 1}
    assert Response(502, {}, b" <h1>\xff\x1b[2J\n\xe2\x80\xaeBad</h1>").text() == (
        "<h1>\ufffd [2J  Bad</h1>"
    )
    assert Response(502, {}, ("ø" * 1000).encode()).text(limit=3) == "øøø"


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"content-type": "text/html; charset=utf-8"}, "text/html, 5 bytes"),
        ({}, "no content type, 5 bytes"),
        ({"content-type": "application/problem+json"}, "application/problem+json, 5 bytes"),
        ({"content-type": "text/h\u0085tml\u2028"}, "5 bytes"),
        ({"content-type": "for jane@example.com"}, "5 bytes"),
        ({"content-type": "text/jane@example.com"}, "5 bytes"),
    ],
)
def test_an_answer_that_is_no_json_is_described(headers: dict[str, str], told: str) -> None:
    """By status, type and length, on one line, without what is in it; a type only if it is one."""
    with pytest.raises(UnreadableAnswer) as caught:
        Response(200, headers, b"<html").json()
    assert str(caught.value).startswith(f"200, the answer ({told}) is not JSON.")
    assert ("proxy" in str(caught.value)) == ("html" in told)
    assert caught.value.status_code == 200


def test_a_flow_may_ask_nothing() -> None:
    """For operations whose answer is known already."""
    done = replay(answer(7), [])
    assert (done.answer, done.requests) == (7, ())


def test_what_travels_shows_nothing_private() -> None:
    """Bodies, headers, parameters, tokens, options: in no repr."""
    private = {"x": "canary"}
    values = [
        Request("GET", "/", params=private, json=private, headers=private),
        Request("POST", "/", body=JsonWithDocuments(private)),
        Request("POST", "/", body=Multipart((Part("data", b"canary", "text/plain"),))),
        JsonWithDocuments(private),
        Response(200, private, b"canary"),
        Token("canary"),
        HttpDownload(Request("GET", "/", params=private)),
        ObjectDownload("s3://signed", "a.pdf", private),
    ]
    assert "canary" not in repr(values)
