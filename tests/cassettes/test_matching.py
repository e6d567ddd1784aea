"""A replay answers the request that was recorded, and no other."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from vcr.errors import CannotOverwriteExistingCassetteException  # type: ignore[import-untyped]

from esign_core import Document
from esign_core.engine import AsyncDriver, MemoryBudgets, WireRequest
from esign_core.engine.bodies import multipart
from esign_core.engine.effects import Exchange, exchange
from esign_core.engine.transport import Transport
from esign_core.errors import MissingExtra, Unavailable
from esign_core.provider import Multipart, Part
from esign_core.sandbox import Server
from esign_core.testing import Allowed, Origin, Provenance, Recording, new_vcr
from tests.cassettes.record import FOLDER
from tests.cassettes.studio import START

HEAD = Provenance(origin=Origin.SIMULATED, source="this test", clock=START)
RULES = Allowed(
    fields={"id", "title", "status"},
    secrets={"authorization": "<token>", "api_key": "<key>"},
    documents={"pdf"},
    headers={"x-paginate"},
    query={"page"},
)
MEGABYTE = 1024**2


def wish(**changes: Any) -> WireRequest:
    """A request with everything that counts."""
    content = base64.b64encode(changes.pop("document", b"%PDF-1.7")).decode()
    body = {"title": "Lease", "api_key": "one", "pdf": content, **changes.pop("body", {})}
    headers = {
        "accept": "application/json",
        "authorization": "Bearer one",
        "content-type": "application/json",
        "x-paginate": "true",
        "user-agent": "one",
        **changes.pop("headers", {}),
    }
    told = {"method": "POST", "url": "https://api.invalid/things?page=1", **changes}
    return WireRequest(**told, headers=headers, body=json.dumps(body).encode())


def form(document: bytes = b"%PDF-1.7", title: str = "Lease", name: str = "files") -> WireRequest:
    """An upload, with a boundary that nobody can foresee."""
    data = Part("data", json.dumps({"title": title}).encode(), "application/json")
    pdf = Document.from_bytes(document, name="lease.pdf")
    stream = multipart(Multipart((data, Part(name, pdf, "application/pdf", "lease.pdf"))))
    headers = {"content-type": stream.content_type, "content-length": str(stream.length)}
    return WireRequest("POST", "https://api.invalid/upload", headers, stream)


Played = Callable[[WireRequest], Any]


@pytest.fixture
def played(tmp_path: Path) -> Played:
    """The answer to a request, from a cassette on which another one may be."""

    def play(request: WireRequest) -> Any:
        line = Transport()
        try:
            with new_vcr(RULES).use_cassette(str(tmp_path / "cassette.yaml")):
                return line.exchange(request, is_reading=False, is_repeatable=False)
        finally:
            line.close()

    return play


@pytest.fixture
def keep(tmp_path: Path) -> Callable[[WireRequest], None]:
    """Records a request, and a server's answer to it."""

    async def answer(request: Request) -> Response:
        return Response(b'{"status": "made"}', 201, {"content-type": "application/json"})

    def record(request: WireRequest) -> None:
        server = Server(Starlette(routes=[Route("/{path:path}", answer, methods=["POST"])]))
        server.start()
        rules = replace(RULES, hosts={server.url: "api"})
        vcr = new_vcr(rules, record_mode="all", provenance=HEAD)
        url = request.url.replace("https://api.invalid", server.url)
        line = Transport()
        with vcr.use_cassette(str(tmp_path / "cassette.yaml")):
            line.exchange(replace(request, url=url), is_reading=False, is_repeatable=False)
        line.close()
        server.stop()

    return record


@pytest.mark.parametrize(
    "request_",
    [
        wish(),
        wish(headers={"authorization": "Bearer another"}),
        wish(headers={"user-agent": "another"}),
        wish(body={"api_key": "another"}),
    ],
    ids=["the same", "another token", "another user agent", "another key"],
)
def test_same_request_gets_the_recorded_answer(
    keep: Callable[[WireRequest], None], played: Played, request_: WireRequest
) -> None:
    """Whatever the secrets are, and what was not allowed to be written."""
    keep(wish())
    answer = played(request_)
    assert (answer.status, answer.json()) == (201, {"status": "made"})


@pytest.mark.parametrize(
    "request_",
    [
        wish(method="PUT"),
        wish(url="http://api.invalid/things?page=1"),
        wish(url="https://oauth.invalid/things?page=1"),
        wish(url="https://api.invalid/things/7?page=1"),
        wish(url="https://api.invalid/things?page=2"),
        wish(url="https://api.invalid/things"),
        wish(url="https://api.invalid/things?page=1&more=1"),
        wish(headers={"accept": "application/pdf"}),
        wish(headers={"x-paginate": "false"}),
        wish(headers={"authorization": "Basic one"}),
        wish(body={"title": "Lease 15"}),
        wish(body={"id": 7}),
        wish(body={"not_allowed": 1}),
        wish(document=b"%PDF-1.8"),
    ],
    ids=lambda each: f"{each.method} {each.url} {len(each.body)}",
)
def test_another_request_gets_no_answer(
    keep: Callable[[WireRequest], None], played: Played, request_: WireRequest
) -> None:
    """Method, host, path, query, headers that are kept, fields and documents all count."""
    keep(wish())
    with pytest.raises(CannotOverwriteExistingCassetteException) as caught:
        played(request_)
    assert "Bearer one" not in str(caught.value)


def test_answer_is_given_once(keep: Callable[[WireRequest], None], tmp_path: Path) -> None:
    """A request that is made twice needs two answers."""
    keep(wish())
    line = Transport()
    with new_vcr(RULES).use_cassette(str(tmp_path / "cassette.yaml")):
        line.exchange(wish(), is_reading=False, is_repeatable=False)
        with pytest.raises(CannotOverwriteExistingCassetteException):
            line.exchange(wish(), is_reading=False, is_repeatable=False)
    line.close()


def test_form_matches_whatever_its_boundary(
    keep: Callable[[WireRequest], None], played: Played
) -> None:
    """Two uploads of the same never have the same boundary; their parts are what counts."""
    keep(form())
    assert played(form()).status == 201
    for other in (form(b"%PDF-1.8"), form(title="Lease 15"), form(name="file")):
        with pytest.raises(CannotOverwriteExistingCassetteException):
            played(other)


async def test_large_upload_in_a_thread_is_on_the_cassette(
    keep: Callable[[WireRequest], None], tmp_path: Path
) -> None:
    """The async driver sends it with the sync client, from a thread: it is replayed as well."""
    large = b"%PDF-1.7" + b"x" * 2 * MEGABYTE
    keep(form(large))
    assert (tmp_path / "cassette.yaml").stat().st_size < 4096
    line = Transport()
    effect = Exchange(line, form(large), lambda _: Unavailable("no"), MemoryBudgets())
    with new_vcr(RULES).use_cassette(str(tmp_path / "cassette.yaml")) as cassette:
        answer = await AsyncDriver().run(exchange(effect))
        assert cassette.all_played
    await line.aclose()
    assert answer.status == 201


def test_missing_cassette_reaches_no_network(played: Played) -> None:
    """Nothing is recorded unless somebody says so."""
    with pytest.raises(CannotOverwriteExistingCassetteException):
        played(wish())


@pytest.mark.parametrize(
    ("line", "instead", "told"),
    [
        ("provenance:", "other:", "has no `provenance`"),
        ("  origin: documented", "  origin: rumoured", "provenance is wrong"),
        ("  origin: documented", "  origin: live", "of which day"),
        ("  source: Penneo, Distribution of signing links", "", "provenance is wrong at 'source'"),
        ("+00:00'", "'", "no time zone"),
        ("interactions:", "others:", "is no cassette"),
    ],
)
def test_cassette_without_its_origin_cannot_be_read(
    tmp_path: Path, line: str, instead: str, told: str
) -> None:
    """Neither as a file nor in a replay."""
    good = (FOLDER / "penneo" / "poll.yaml").read_text("utf-8")
    assert line in good
    file = tmp_path / "cassette.yaml"
    file.write_text(good.replace(line, instead, 1), "utf-8")
    with pytest.raises(ValueError, match=told):
        Recording.read(file)
    with pytest.raises(ValueError, match=told), new_vcr(RULES).use_cassette(str(file)):
        pass


def test_nothing_is_recorded_without_saying_where_it_comes_from(tmp_path: Path) -> None:
    """A cassette without a provenance is not written either."""
    with pytest.raises(ValueError, match="say what its provenance is"):
        new_vcr(RULES).persister.save_cassette(tmp_path / "x.yaml", {}, None)


def test_head_reads_back_as_it_was_written() -> None:
    """With all that it can say."""
    head = Provenance(
        origin=Origin.LIVE,
        source="https://api.acme.test",
        clock=START,
        day=date(2026, 1, 16),
        changed="7 stands for <id>",
        given={"remote_id": "7"},
    )
    assert Provenance.of(head.to_data(), "here") == head


def test_only_a_delivery_is_one() -> None:
    """What was asked of a vendor is none."""
    recording = Recording.read(FOLDER / "penneo" / "poll.yaml")
    with pytest.raises(ValueError, match="does not hold one delivery"):
        _ = recording.delivery


def test_testing_is_imported_without_vcrpy() -> None:
    """Whoever needs no cassettes pays for none, installed or not."""
    asked = "import sys, esign_core.testing; sys.exit(bool({'vcr', 'yaml'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0


@pytest.mark.parametrize("package", ["vcr", "yaml"])
def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """The core's testing can be imported without vcrpy; cassettes say which extra brings it."""
    monkeypatch.setitem(sys.modules, package, None)
    ask = {"vcr": lambda: new_vcr(RULES), "yaml": lambda: Recording.read(FOLDER / "README.md")}
    with pytest.raises(MissingExtra, match='extra "testing" of esign-core'):
        ask[package]()
