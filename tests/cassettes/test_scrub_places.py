"""Places of a request where secrets hide beside the values of fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from esign_core.testing import Allowed, find_secrets, new_vcr
from esign_core.testing.scrub import Scrubber
from tests.cassettes.test_scrub import HEAD

# Put together here, so that this file holds nothing that looks like a secret.
HEXADECIMAL = "0123456789abcdef" * 2
IDENTITY = "2110" + "771234"
KEY = "pk" + "_live_canary0123"
TOKEN = "eyJ" + "hbGciOiJIUzI1NiJ9" + ".canary.x"
RULES = Allowed(
    fields={"id", "status", "details", "created"},
    said={"lease.pdf"},
    secrets={"set-cookie": "<cookie>", "authorization": "<key>", "x-api-key": "<key>"},
    hosts={"https://api.acme.test/v1": "api"},
    headers={"x-page"},
    query={"page", "since"},
    numbers={"created", "since"},
)
SCRUBBER = Scrubber(RULES)


@pytest.mark.promise("D1")
@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("Set-Cookie", "session=canary; Path=/", "<cookie>"),
        ("Authorization", "canary canary", "<key>"),
        ("Authorization", "Bearer canary", "Bearer <key>"),
        ("Authorization", "basic canary", "basic <key>"),
        ("Authorization", "JWT canary", "JWT <key>"),
        ("Authorization", 'UsernameToken Username="canary", Nonce="canary"', "UsernameToken <key>"),
        ("Authorization", "Bearer <key>", "Bearer <key>"),
        ("Content-Type", 'application/pdf; name="Canary.pdf"', "application/pdf"),
        ("Content-Type", "text/html; charset=utf-8", "text/html; charset=utf-8"),
    ],
)
def test_header_keeps_no_more_than_a_known_scheme(name: str, value: str, kept: str) -> None:
    """The first word of a cookie or of an unknown scheme is a secret as well."""
    assert SCRUBBER.headers({name: value}) == {name.lower(): kept}


@pytest.mark.promise("D1")
@pytest.mark.parametrize(
    ("path", "kept"),
    [
        (f"/things/{HEXADECIMAL}/log", "/things/%3Cleft%20out%3E/log"),
        ("/signing/canary?page=1", "/signing/%3Cleft%20out%3E?page=1"),
        ("/people/jane%40acme.dk", "/people/%3Cleft%20out%3E"),
        (f"/people/{IDENTITY}", "/people/%3Cleft%20out%3E"),
        (f"/things?page={IDENTITY}", "/things?page=%3Cleft+out%3E"),
        (f"/things?since={IDENTITY}", f"/things?since={IDENTITY}"),
        (f"/things?since={HEXADECIMAL}", "/things?since=%3Cleft+out%3E"),
        (f"/things?{KEY}=1", "/things?%3Cname%3E=%3Cleft+out%3E"),
        ("/api/v1/things/1896146", "/api/v1/things/1896146"),
    ],
)
def test_address_keeps_nothing_that_looks_like_a_secret(path: str, kept: str) -> None:
    """Neither in its path nor in its query; what is kept passes the last look, and stays."""
    clean = SCRUBBER.uri(f"https://api.acme.test/v1{path}")
    assert clean == f"https://api.invalid{kept}"
    assert SCRUBBER.uri(clean) == clean
    assert find_secrets(clean, apart_from=SCRUBBER.numbers(clean)) == ()


@pytest.mark.promise("D1")
@pytest.mark.parametrize("name", [KEY, TOKEN, f"a{IDENTITY}", f"f{HEXADECIMAL}"])
def test_name_that_is_a_secret_is_left_out(name: str) -> None:
    """Of a field in JSON and in a form."""
    body = json.dumps({"details": {name: 1, "status": 2}}).encode()
    kept = json.loads(SCRUBBER.body(body, "application/json"))
    assert kept == {"details": {"<name>": "<left out>", "status": 2}}
    form = SCRUBBER.body(f"{name}=1&status=2".encode(), "application/x-www-form-urlencoded")
    assert form == b"%3Cname%3E=%3Cleft+out%3E&status=2"


def form(boundary: str, *head: str) -> bytes:
    """A form with one part."""
    lines = [f"--{boundary}", *head, "", "%PDF-canary", f"--{boundary}--", ""]
    return "\r\n".join(lines).encode()


@pytest.mark.promise("D1")
@pytest.mark.parametrize("boundary", ["b0und", "cassette"])
def test_head_of_a_part_is_made_of_what_is_allowed(boundary: str) -> None:
    """A file's name that nobody allowed and other headers are left out, whatever the boundary."""
    body = form(
        boundary,
        f'Content-Disposition: form-data; name="files"; filename="Jane Canary {IDENTITY}.pdf"',
        'Content-Type: application/pdf; name="Canary.pdf"',
        "X-Api-Key: canary",
        "X-Page: 1",
        f"X-Token: {TOKEN}",
    )
    kept = SCRUBBER.body(body, f"multipart/form-data; boundary={boundary}")
    assert b"canary" not in kept.lower()
    assert IDENTITY.encode() not in kept
    if boundary == "b0und":
        assert kept.decode().split("\n\n")[0].splitlines() == [
            "--cassette",
            'Content-Disposition: form-data; name="files"; filename="<text>"',
            "Content-Type: application/pdf",
            "X-Api-Key: <key>",
            "X-Page: 1",
        ]
        assert SCRUBBER.body(kept, "multipart/form-data; boundary=cassette") == kept


def test_allowed_name_of_a_file_stays() -> None:
    """One of the recordings' own drafts; a part's own name is a field's."""
    head = 'Content-Disposition: form-data; name="{}"; filename="lease.pdf"'
    kept = SCRUBBER.body(form("b", head.format("files")), "multipart/form-data; boundary=b")
    assert head.format("files").encode() in kept
    kept = SCRUBBER.body(form("b", head.format(KEY)), "multipart/form-data; boundary=b")
    assert head.format("<name>").encode() in kept


@pytest.mark.promise("D1")
@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ({"id": int(IDENTITY)}, {"id": "<left out>"}),
        ({"id": -int(IDENTITY)}, {"id": "<left out>"}),
        ({"id": float(IDENTITY)}, {"id": "<left out>"}),
        ({"id": [int("0101" + "801234"), 7]}, {"id": ["<left out>", 7]}),
        (int(IDENTITY), "<left out>"),
        ({"id": 1896146}, {"id": 1896146}),
        ({"id": True}, {"id": True}),
        ({"created": int(IDENTITY)}, {"created": int(IDENTITY)}),
        ({"created": IDENTITY}, {"created": "<left out>"}),
    ],
)
def test_number_that_may_be_somebodys_is_left_out(value: Any, kept: Any) -> None:
    """Also without its first zero; times and ids stay where a rule says that they are ones."""
    body = json.dumps(value).encode()
    assert json.loads(SCRUBBER.body(body, "application/json")) == kept
    assert json.loads(SCRUBBER.delivery(body, is_signed=False)) == kept


def test_allowed_number_may_be_written(tmp_path: Path) -> None:
    """The last look passes it by in its field and query, and finds it elsewhere."""
    from vcr.request import Request  # type: ignore[import-untyped]

    vcr = new_vcr(RULES, record_mode="all", provenance=HEAD)

    def write(said: Any) -> None:
        url = f"https://api.invalid/things?since={IDENTITY}"
        request = Request("POST", url, json.dumps(said).encode(), {})
        answer = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b""}}
        file = tmp_path / "x.yaml"
        vcr.persister.save_cassette(file, {"requests": [request], "responses": [answer]}, None)

    with pytest.raises(ValueError, match="an identity number"):
        write({"created": int(IDENTITY), "id": int(IDENTITY)})
    assert list(tmp_path.iterdir()) == []
    write({"created": int(IDENTITY)})
    assert IDENTITY in (tmp_path / "x.yaml").read_text("utf-8")
