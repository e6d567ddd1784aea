"""What is written down of requests and answers with secrets in them, over real HTTP."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from esign_core.engine import WireRequest
from esign_core.engine.transport import Transport
from esign_core.sandbox import Server
from esign_core.testing import Allowed, Origin, Provenance, Recording, new_vcr
from esign_core.testing.scrub import Scrubber
from tests.cassettes.studio import START

HEAD = Provenance(origin=Origin.SIMULATED, source="this test", clock=START)
PDF = b"%PDF-1.7 canary \xff\x00 %%EOF"
RULES = Allowed(
    fields={"id", "status", "note", "nested", "items", "error.code"},
    words={"name"},
    said={"Jane Doe", "a.pdf"},
    secrets={
        "authorization": "<token>",
        "x-api-key": "<key>",
        "api_key": "<key>",
        "link": "<link>",
        "": "<link>",
    },
    documents={"pdf"},
    headers={"x-page"},
    query={"page"},
)
TELLING: dict[str, Any] = {
    "id": 7,
    "status": "sent",
    "name": "Jane Doe",
    "api_key": "canary-key",
    "link": "https://app.acme.dk/signing/canary",
    "unknown": "canary",
    "unknown_object": {"id": "canary"},
    "note": "write to canary@acme.dk",
    "pdf": base64.b64encode(PDF).decode(),
    "nested": {"name": "Canary Person", "link": None, "code": "canary"},
    "items": [{"id": 8, "ssn": "canary"}, "canary.person@acme.dk", 9],
    "error": {"code": "canary"},
    "canary@acme.dk": 1,
}
TOLD: dict[str, Any] = {
    "id": 7,
    "status": "sent",
    "name": "Jane Doe",
    "api_key": "<key>",
    "link": "<link>",
    "unknown": "<left out>",
    "unknown_object": "<left out>",
    "note": "<left out>",
    "pdf": f"<{len(PDF)} bytes, sha256 {hashlib.sha256(PDF).hexdigest()[:16]}>",
    "nested": {"name": "<text>", "link": None, "code": "<left out>"},
    "items": [{"id": 8, "ssn": "<left out>"}, "<left out>", 9],
    "error": "<left out>",
    "<name>": "<left out>",
}


@pytest.fixture
def server() -> Iterator[Server]:
    """A vendor that answers with what it was sent, and with secrets of its own."""

    async def echo(request: Request) -> Response:
        headers = {
            "content-type": request.headers["content-type"],
            "set-cookie": "session=canary",
            "x-trace": "canary",
            "x-page": "2",
            "www-authenticate": "Bearer canary-realm",
        }
        return Response(await request.body(), 200, headers)

    server = Server(Starlette(routes=[Route("/{path:path}", echo, methods=["POST"])]))
    server.start()
    yield server
    server.stop()


Record = Callable[[bytes, str], str]


@pytest.fixture
def record(server: Server, tmp_path: Path) -> Record:
    """The file that is written about a request with a body of one kind."""

    def make(body: bytes, kind: str) -> str:
        rules = Allowed(**{**vars(RULES), "hosts": {server.url: "api"}})
        file, line = tmp_path / "cassette.yaml", Transport()
        headers = {
            "content-type": kind,
            "authorization": "Bearer canary-token",
            "x-api-key": "canary-key",
            "x-other": "canary",
            "cookie": "session=canary",
            "x-page": "1",
        }
        url = f"{server.url}/things?page=1&token=canary-query"
        request = WireRequest("POST", url, headers, body)
        with new_vcr(rules, record_mode="all", provenance=HEAD).use_cassette(str(file)):
            answer = line.exchange(request, is_reading=False, is_repeatable=False)
        line.close()
        assert b"canary" in answer.content.lower(), "the caller gets what was really answered"
        return file.read_text("utf-8")

    return make


FORM = (
    b'--b0und\r\nContent-Disposition: form-data; name="data"\r\n'
    b"Content-Type: application/json\r\n\r\n" + json.dumps(TELLING).encode() + b"\r\n"
    b'--b0und\r\nContent-Disposition: form-data; name="files"; filename="a.pdf"\r\n'
    b"Content-Type: application/pdf\r\n\r\n" + PDF + b"\r\n--b0und--\r\n"
)
BODIES = {
    "application/json": json.dumps(TELLING).encode(),
    "multipart/form-data; boundary=b0und": FORM,
    "application/x-www-form-urlencoded": b"id=7&api_key=canary&unknown=canary&note=x%40canary.dk",
    "application/pdf": PDF,
    "text/html": b"<h1>Canary</h1>",
    "text/plain": b"call the canary",
}


@pytest.mark.promise("D1")
@pytest.mark.parametrize("kind", BODIES)
def test_no_secret_is_written_in_either_direction(
    record: Record, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Of headers, query and bodies of every kind, nor logged by vcrpy, not even at DEBUG."""
    caplog.set_level(logging.DEBUG)
    written = record(BODIES[kind], kind)
    assert "canary" not in written.lower()
    assert "cookie" not in written.lower()
    assert "canary" not in caplog.text.lower()


def test_what_is_allowed_is_written(record: Record, tmp_path: Path) -> None:
    """Names and places stay, so that a change of them is noticed."""
    record(BODIES["application/json"], "application/json")
    (only,) = Recording.read(tmp_path / "cassette.yaml").interactions
    request, answer = only["request"], only["response"]
    assert request["uri"] == "https://api.invalid/things?page=1&token=%3Cleft+out%3E"
    assert request["headers"] == {
        "accept": ["*/*"],
        "authorization": ["Bearer <token>"],
        "content-type": ["application/json"],
        "x-api-key": ["<key>"],
        "x-page": ["1"],
    }
    assert answer["headers"] == {"content-type": ["application/json"], "x-page": ["2"]}
    for body in (request["body"], answer["body"]["string"]):
        assert json.loads(body) == TOLD


def test_form_keeps_its_parts(record: Record, tmp_path: Path) -> None:
    """Their names and files' names stay; the boundary is always the same."""
    record(FORM, "multipart/form-data; boundary=b0und")
    (only,) = Recording.read(tmp_path / "cassette.yaml").interactions
    assert only["request"]["headers"]["content-type"] == ["multipart/form-data; boundary=cassette"]
    data, file = only["request"]["body"].removesuffix("--cassette--").split("--cassette\n")[1:]
    assert json.loads(data.partition("\n\n")[2]) == TOLD
    assert 'name="files"; filename="a.pdf"' in file
    assert file.strip().endswith(TOLD["pdf"])


@pytest.mark.parametrize("kind", BODIES)
def test_what_is_clean_stays_as_it_is(kind: str) -> None:
    """A cassette that is read goes through the rules again, and nothing happens to it."""
    scrubber = Scrubber(RULES)
    once = scrubber.body(BODIES[kind], kind)
    clean = scrubber.headers({"content-type": kind})["content-type"]
    assert once != BODIES[kind]
    assert scrubber.body(once, clean) == once


def test_top_level_list_of_links_is_a_list_of_stand_ins() -> None:
    """What has no name goes by the rule for no name, or is left out."""
    links = b'["https://app.acme.dk/signing/canary", {"id": 1}, 7]'
    assert json.loads(Scrubber(RULES).body(links, "")) == ["<link>", {"id": 1}, "<link>"]
    bare = json.loads(Scrubber(Allowed(fields={"id"})).body(links, ""))
    assert bare == ["<left out>", {"id": 1}, 7]


def test_unknown_host_is_an_error() -> None:
    """A cassette is about one vendor; the error names the host and not the address."""
    with pytest.raises(ValueError, match=r'"elsewhere\.acme\.dk"') as caught:
        Scrubber(RULES).uri("https://elsewhere.acme.dk/canary?canary=1")
    assert "canary" not in str(caught.value)
    near = Scrubber(Allowed(hosts={"http://127.0.0.1:80": "api"}))
    with pytest.raises(ValueError, match="127"):
        near.uri("http://127.0.0.1:8000/things")


def test_delivery_is_kept_to_the_byte_or_not_at_all() -> None:
    """Its signature covers every byte; one that proves nothing can lose a field."""
    scrubber = Scrubber(RULES)
    good = b'{"id" : 7,"name":"Jane Doe"}'
    assert scrubber.delivery(good, is_signed=True) == good
    telling = b'{"id":7,"unknown":"canary"}'
    with pytest.raises(ValueError, match="not allowed"):
        scrubber.delivery(telling, is_signed=True)
    assert b"canary" not in scrubber.delivery(telling, is_signed=False)


@pytest.mark.parametrize(
    ("never", "path", "told"),
    [
        (["things-of-mine"], "/things-of-mine", "a secret in use"),
        ([], "/" + "0123456789abcdef" * 2, "long hexadecimal"),
        ([], "/signing/x", "a signing link"),
    ],
)
def test_file_with_a_secret_is_not_written(
    tmp_path: Path, never: list[str], path: str, told: str
) -> None:
    """Whatever the rules have let through, the last look finds it, and does not show it."""
    from vcr.request import Request as Recorded  # type: ignore[import-untyped]

    vcr = new_vcr(RULES, record_mode="all", provenance=HEAD, never=never)
    request = Recorded("GET", f"https://api.invalid{path}", b"", {})
    answer = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b""}}
    with pytest.raises(ValueError, match=told) as caught:
        vcr.persister.save_cassette(
            tmp_path / "x.yaml", {"requests": [request], "responses": [answer]}, None
        )
    assert path not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
