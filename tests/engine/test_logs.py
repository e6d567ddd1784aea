"""Logs: stable fields, no secret, and no line that anybody else has written."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esign_core.engine import MemoryBudgets, Session, call, records
from esign_core.engine.logs import LONGEST, Fields, Record, fit
from esign_core.engine.tokens import MemoryTokens
from esign_core.engine.transport import Transport
from esign_core.errors import EsignError
from esign_core.provider import ProviderSettings, Request, utc_now
from tests.logged import HOSTILE, Heard, fields_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import Vendor, Way

RECORDS = [each for each in vars(records).values() if isinstance(each, Record)]


# --- the records --------------------------------------------------------------------------------


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.message[:40])
def test_fields_are_documented_and_collide_with_nothing(record: Record) -> None:
    """Each is a `Fields` of ours, whose prefix nobody else has."""
    assert record.fields
    assert set(record.fields) <= set(Fields.__annotations__)
    assert all(name.startswith("esign_") for name in record.fields)
    assert record.logger in {
        f"esign.{name}"
        for name in ("operations", "requests", "deliveries", "worker", "plugins", "journal")
    }


def test_no_field_is_documented_that_nothing_tells() -> None:
    """The reference promises what is there."""
    assert {name for each in RECORDS for name in each.fields} == set(Fields.__annotations__)


def test_a_record_tells_its_own_fields_only(heard: Heard) -> None:
    """Whatever it is given: there is no way to log a word that is not documented."""
    everything: Any = dict.fromkeys(Fields.__annotations__, 1)
    everything |= {"esign_secret": "canary", "msg": "canary"}
    records.OPERATION_BEGAN.write(everything)
    ((record,), (fields,)) = heard.ours, heard.told(records.OPERATION_BEGAN)
    assert set(fields) == set(records.OPERATION_BEGAN.fields)
    assert "canary" not in repr(vars(record))


@pytest.mark.promise("D8")
@given(st.text(st.characters()))
def test_a_field_is_short_and_on_one_line(text: str) -> None:
    """Whatever anybody calls anything."""
    told = fit(text)
    assert isinstance(told, str)
    assert told.isprintable()
    assert len(told) <= LONGEST


# --- what is logged when ------------------------------------------------------------------------


def test_what_was_done_is_logged_at_info(way: Way, vendor: Vendor, heard: Heard) -> None:
    """One record an operation, beside what is for finding faults."""
    way.ask(way.session(vendor), Request("GET", "/x"), operation="log", envelope_id="env_1")
    ours = [(each.levelname, each.name) for each in heard.ours]
    assert ours == [
        ("DEBUG", "esign.operations"),
        ("DEBUG", "esign.requests"),
        ("INFO", "esign.operations"),
    ]
    (done,) = heard.told(records.OPERATION_DONE)
    assert done.pop("esign_duration_seconds") > 0
    assert done == {
        "esign_operation": "log",
        "esign_connection": "acme-eu",
        "esign_provider": "acme",
        "esign_envelope_id": "env_1",
        "esign_outcome": "done",
    }
    (answered,) = heard.told(records.REQUEST_ANSWERED)
    assert answered.pop("esign_duration_seconds") > 0
    assert answered == {
        "esign_operation": "log",
        "esign_connection": "acme-eu",
        "esign_provider": "acme",
        "esign_envelope_id": "env_1",
        "esign_host": "api",
        "esign_method": "GET",
        "esign_status_code": 200,
        "esign_attempt": 1,
    }
    assert heard.ours[-1].getMessage().startswith("log at acme-eu is done, after 0.")


@pytest.mark.parametrize(
    ("answer", "level", "kind", "outcome"),
    [
        (b"HTTP/1.1 422 X\r\nContent-Length: 0\r\n\r\n", "INFO", "Refused", "not_done"),
        (b"", "WARNING", "Uncertain", "uncertain"),
        (b"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n", "WARNING", "Unavailable", "uncertain"),
    ],
)
def test_doubt_is_logged_louder_than_a_refusal(
    way: Way, vendor: Vendor, heard: Heard, *, answer: bytes, level: str, kind: str, outcome: str
) -> None:
    """With the kind of error and what it leaves open."""
    vendor.answers(answer or vendor.hang_up)
    with pytest.raises(EsignError):
        way.ask(way.session(vendor), Request("POST", "/x"), operation="send")
    last = heard.ours[-1]
    assert (last.levelname, fields_of(last)["esign_error"]) == (level, kind)
    assert fields_of(last)["esign_outcome"] == outcome


def test_a_fault_in_code_is_an_error(way: Way, vendor: Vendor, heard: Heard) -> None:
    """Somebody has to mend it; its words stay out, for they may quote anything."""

    def flow() -> Any:
        yield Request("GET", "/x")
        raise KeyError("canary")

    with pytest.raises(EsignError):
        way.run(call(way.session(vendor), flow(), operation="fetch"))
    assert heard.ours[-1].levelname == "ERROR"
    assert heard.told(records.OPERATION_BROKEN)[0]["esign_error"] == "BrokenProvider"
    assert "canary" not in heard.text


def test_what_is_asked_again_is_logged(way: Way, vendor: Vendor, heard: Heard) -> None:
    """With the pause, and which attempt it was."""
    vendor.answers(vendor.hang_up, vendor.reply(429, Retry_After="2"), vendor.reply(200))
    way.ask(way.session(vendor), Request("GET", "/x"))
    again = heard.told(records.REQUEST_AGAIN)
    assert [(each["esign_attempt"], each["esign_error"]) for each in again] == [
        (1, "Unavailable"),
        (2, "RateLimited"),
    ]
    assert again[1]["esign_pause_seconds"] >= 2
    assert again[1]["esign_status_code"] == 429
    assert [each["esign_attempt"] for each in heard.told(records.REQUEST_ANSWERED)] == [2, 3]
    assert heard.told(records.REQUEST_FAILED)[0]["esign_error"] == "Unavailable"


def test_logging_is_left_as_it_was_found() -> None:
    """No handler, no level and no filter of ours on our loggers, nor on anybody's above them."""
    program = (
        "import logging; before = dict(vars(logging.getLogger()))\n"
        "import esign_core.cli, esign_core.engine.records, esign_core.service.worker\n"
        "from esign_core import Esign; Esign({}, journal='sqlite://').close()\n"
        "assert vars(logging.getLogger()) | {'_cache': 0} == before | {'_cache': 0}\n"
        "ours = [logging.getLogger(name) for name in logging.root.manager.loggerDict\n"
        "        if name.startswith('esign')]\n"
        "assert len(ours) >= 5\n"
        "for each in ours:\n"
        "    assert (each.handlers, each.filters, each.level) == ([], [], 0), each\n"
        "    assert each.propagate and not each.disabled\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


# --- what is never logged -----------------------------------------------------------------------


@pytest.mark.promise("D1")
def test_no_secret_is_logged_whatever_happens(
    way: Way, vendor: Vendor, heard: Heard, tmp_path: Path
) -> None:
    """At DEBUG, by anybody: answers good and bad, retries, doubts, tokens, files, faults, names."""
    session = way.session(vendor, tokens=True)
    now: list[Any] = [vendor.reply(200, b"canary")]
    token = vendor.reply(200, json.dumps({"token": "canary"}).encode())
    vendor.answer = lambda asked: token if asked.target == "/token" else now[0]
    request = Request(
        "POST",
        "/canary/canary",
        params={"link": "canary"},
        json={"number": "canary", "email": "canary@example.com"},
        headers={"X-Canary": "canary"},
        repeatable=True,
    )
    way.ask(session, request, operation="log", subject="canary")
    way.download(session, tmp_path / "canary")
    with pytest.raises(EsignError):
        way.run(call(session, raising("canary"), operation="fetch", subject="canary"))
    bad = [vendor.reply(code, b"canary", X_C="canary") for code in (301, 400, 401, 429, 503)]
    for answer in (*bad, vendor.hang_up, vendor.sends(b"HTTP/1.1 canary\r\n\r\n")):
        now[0] = answer
        for repeatable in (True, False):
            asked = replace(request, repeatable=repeatable)
            with pytest.raises(EsignError):
                way.ask(session, asked, operation="send", subject="canary")
    session.line.close()
    way.await_(session.line.aclose())
    names = {each.name for each in heard.records}
    assert names >= {"esign.operations", "esign.requests", "stamina"}
    assert {"send", "log", "grant", "transfer", "fetch"} <= {
        fields_of(each)["esign_operation"] for each in heard.ours
    }
    assert "canary" not in heard.text


def raising(words: str) -> Any:
    """A flow that says what it should not."""
    yield Request("GET", "/x")
    raise ZeroDivisionError(words)


@pytest.mark.promise("D8")
def test_no_line_can_be_forged(way: Way, vendor: Vendor, heard: Heard) -> None:
    """Names, titles, ids, answers and headers are whatever they are: a record is one line."""
    provider: Any = type(way.session(vendor).provider)

    class Hostile(provider):  # type: ignore[misc]
        name = f"acme{HOSTILE}"

    urls = {f"api{HOSTILE}": vendor.url}
    line = Transport(timeout_seconds=5.0)
    session = Session(
        f"eu{HOSTILE}",
        Hostile(ProviderSettings(), urls, utc_now),
        line,
        MemoryTokens(),
        MemoryBudgets(),
    )
    request = Request("POST", "/x", host=f"api{HOSTILE}", headers={"X-Y": "z"}, repeatable=True)
    hostile = json.dumps({"said": HOSTILE}).encode() + b"\nERROR forged\x1b[31m"
    vendor.answers(
        vendor.reply(503, hostile, X_Said="\x1b[31m"),
        vendor.reply(422, hostile),
        vendor.sends(b"HTTP/1.1 200 \x1b[31mforged\r\nA: b\nERROR forged\r\n\r\n"),
    )
    ids: Any = {"subject": HOSTILE, "envelope_id": f"env_{HOSTILE}"}
    for _ in range(2):
        with pytest.raises(EsignError):
            way.ask(session, request, operation=f"op{HOSTILE}", **ids)
    with pytest.raises(EsignError):
        way.run(call(session, raising(HOSTILE), operation="fetch", **ids))
    line.close()
    way.await_(line.aclose())
    assert len(heard.ours) >= 9
    assert all(line.isprintable() for line in heard.lines)


@pytest.mark.promise("D8")
def test_a_log_written_the_usual_way_can_be_forged(heard: Heard) -> None:
    """The rule above finds what it is there to find."""
    logging.getLogger("naive").info("sent %s", HOSTILE)
    assert not all(line.isprintable() for line in heard.lines)
    assert any("\nERROR root: forged" in line for line in heard.lines)
