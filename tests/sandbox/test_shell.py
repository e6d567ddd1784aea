from __future__ import annotations

import re
import socket
import threading
import time
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from esign_core.sandbox import Control, Simulator, pdf_problem


def signing_link(http: httpx.Client, control: Control) -> str:
    """The link of somebody who was just asked to sign."""
    http.post("/things").raise_for_status()
    return control.links()[-1]


def test_request_reaches_the_vendor_and_its_answer_the_caller(http: httpx.Client) -> None:
    """Method, query, body and status go through as they are."""
    assert http.post("/things").status_code == 201
    assert http.get("/things?a=1").json() == {"things": ["open"], "query": {"a": "1"}}


def test_signing_page_shows_everything_and_runs_nothing(
    http: httpx.Client, control: Control
) -> None:
    """Title, signer, message and document are there, as text: all of it is escaped."""
    page = http.get(signing_link(http, control))
    assert page.status_code == 200
    assert "<script" not in page.text
    assert unescape(page.text).count("<script>alert('x')</script>") >= 4
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_person_can_read_and_sign_by_following_the_page(
    http: httpx.Client, control: Control
) -> None:
    """Links and forms of the page lead to the document and to the signature."""
    page = http.get(signing_link(http, control)).text
    (document,) = re.findall(r'href="([^"]+)"', page)
    assert pdf_problem(http.get(document).content) is None
    sign, _decline = re.findall(r'<form method="post" action="([^"]+)">', page)
    result = http.post(sign)
    assert result.status_code == 200
    assert "You have signed" in result.text
    assert [e["what"] for e in control.ledger()] == ["asked", "opened", "signed"]


def test_signer_can_decline_with_a_reason(http: httpx.Client, control: Control) -> None:
    """The reason reaches the vendor."""
    control.decline_page(signing_link(http, control), "too <dear>")
    assert [e["what"] for e in control.ledger()] == ["asked", "opened", "declined too <dear>"]


def test_acting_twice_is_told_and_changes_nothing(http: httpx.Client, control: Control) -> None:
    """Who has signed can neither sign nor decline any more, and the page offers neither."""
    link = signing_link(http, control)
    control.sign_page(link)
    assert http.post(f"{link}/sign").status_code == 409
    assert http.post(f"{link}/decline", data={"reason": "no"}).status_code == 409
    assert "<form" not in http.get(link).text
    with pytest.raises(ValueError, match="409"):
        control.sign_page(link)
    assert control.ledger()[-1]["what"] == "signed"


@pytest.mark.parametrize(
    ("method", "below"),
    [("GET", ""), ("POST", "/sign"), ("POST", "/decline"), ("GET", "/documents/0")],
)
def test_unknown_link_is_not_found(http: httpx.Client, method: str, below: str) -> None:
    """A wrong token leads to a page that says so, not to a crash."""
    assert http.request(method, f"/toy/sign/wrong{below}").status_code == 404


def test_document_that_is_not_there_is_not_found(http: httpx.Client, control: Control) -> None:
    """There are as many documents as the page lists."""
    assert http.get(f"{signing_link(http, control)}/documents/1").status_code == 404


@pytest.mark.parametrize(("kind", "effects"), [("lost_answer", 1), ("late_effect", 0)])
def test_lost_answer_closes_the_connection_without_a_word(
    http: httpx.Client, control: Control, kind: str, effects: int
) -> None:
    """The caller gets no status at all, and the server goes on."""
    control.fault(kind, match="POST /things", seconds=1000)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        http.post("/things")
    assert len(http.get("/things").json()["things"]) == effects


def test_latency_holds_a_request_but_not_the_others(http: httpx.Client, control: Control) -> None:
    """Only the request that it hits waits."""
    control.fault("latency", match="POST /things", seconds=0.3)
    started = time.monotonic()
    answers: list[float] = []

    def post() -> None:
        http.post("/things")
        answers.append(time.monotonic() - started)

    thread = threading.Thread(target=post)
    thread.start()
    while control.faults():  # until the request has arrived
        assert time.monotonic() < started + 10
    control.ledger()
    assert not answers
    thread.join(10)
    assert answers[0] >= 0.3


def test_skipped_time_makes_things_due(http: httpx.Client, control: Control) -> None:
    """A leap of the clock lets the vendor do what it would have done."""
    http.post("/things")
    control.advance(3599)
    assert http.get("/things").json()["things"] == ["open"]
    control.advance(10)
    assert http.get("/things").json()["things"] == ["closed"]


def test_control_tells_the_time(http: httpx.Client) -> None:
    """Now and how far it is ahead."""
    told = http.post("/_control/clock", json={"advance_seconds": 60}).json()
    assert told["offset_seconds"] == 60
    assert http.get("/_control/clock").json()["now"] >= told["now"]


def test_control_signs_by_link_or_by_name(http: httpx.Client, control: Control) -> None:
    """A test that has only the ledger can act for a signer."""
    assert control.act("open", link=signing_link(http, control)) == {"done": True, "state": "open"}
    assert control.act("sign", envelope="0", signer="Ann") == {"done": True, "state": "signed"}
    with pytest.raises(ValueError, match="409"):
        control.act("decline", envelope="0", signer="Ann", reason="late")
    with pytest.raises(ValueError, match="404: no such signing link"):
        control.act("sign", envelope="0", signer="Bob")


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("faults", {"kind": "nonsense"}, "kind must be one of"),
        ("clock", {"advance_seconds": "1"}, "advance_seconds must be a number"),
        ("clock", {"advance_seconds": True}, "advance_seconds must be a number"),
        ("clock", {"advance_seconds": -1}, "time goes forward only"),
        ("clock", {"advance_seconds": 1e300}, "calendar"),
        ("clock", {"advance_seconds": 1e12}, "calendar"),
        ("clock", {"seconds": 1}, "a JSON object with advance_seconds"),
        ("sign", {"link": 7}, "link must be text"),
        ("sign", {"link": "x", "act": "dance"}, "act must be one of open, sign, decline"),
        ("sign", {"envelope": "0"}, "say who signs"),
        ("sign", [], "a JSON object with link"),
    ],
)
def test_wrong_wish_is_refused_with_what_is_wrong(
    http: httpx.Client, path: str, body: Any, told: str
) -> None:
    """The control API answers 400 and says why."""
    reply = http.post(f"/_control/{path}", json=body)
    assert reply.status_code == 400
    assert told in reply.json()["error"]


def test_body_that_is_no_json_is_refused(http: httpx.Client) -> None:
    """400, not 500."""
    reply = http.post("/_control/faults", content=b"{")
    assert (reply.status_code, reply.json()) == (400, {"error": "the body must be JSON"})


def test_faults_are_listed_and_cleared(control: Control) -> None:
    """What is armed can be seen, and ended."""
    control.fault("error_before", match="POST", status=503)
    (fault,) = control.faults()
    assert (fault["kind"], fault["match"], fault["times"], fault["status"]) == (
        "error_before",
        "POST",
        1,
        503,
    )
    control.clear_faults()
    assert control.faults() == []


def test_stopping_leaves_no_thread_no_file_and_no_port(simulator: Simulator) -> None:
    """After stop everything is as before."""
    folder, url = simulator.folder, httpx.URL(simulator.base_url)
    assert folder.is_dir()
    simulator.stop()
    simulator.stop()  # harmless
    assert not folder.exists()
    assert not [t for t in threading.enumerate() if t.name == f"simulator {url}"]
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", url.port or 0)) != 0
    with pytest.raises(RuntimeError, match="call start"):
        _ = simulator.base_url


def test_simulator_can_be_started_again_on_its_port(simulator: Simulator) -> None:
    """A port given is the port served; a second start of a running one is refused."""
    port = httpx.URL(simulator.base_url).port or 0
    with pytest.raises(RuntimeError, match="runs already"):
        simulator.start()
    simulator.stop()
    simulator.port = port
    with simulator:
        assert simulator.base_url == f"http://127.0.0.1:{port}"


def test_taken_port_is_an_error_that_leaves_nothing_behind(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OSError at start, and no folder stays."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    second = type(simulator)(port=httpx.URL(simulator.base_url).port or 0)
    with pytest.raises(OSError, match="in use"):
        second.start()
    assert list(tmp_path.iterdir()) == []
    second.stop()
