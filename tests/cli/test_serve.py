from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.conftest import LOST, onto_a_full_disk

Run = Callable[..., Any]
SECRET = "whsec_0123456789abcdef"
BODY = json.dumps(
    {
        "event": "envelope.completed",
        "timestamp": "2026-03-01T12:00:00Z",
        "data": {"envelopeId": "env_of_somebody_else", "status": "COMPLETED"},
    }
).encode()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A connection whose deliveries are signed with a secret that the test knows."""
    file = tmp_path / "esign.toml"
    _ = file.write_text(
        f"""
        [connections.penvio-eu]
        provider = "penvio"
        endpoint = "k3jx9"
        api_key = "pk_test_1"
        base_url = "http://127.0.0.1:9/api/v1"
        webhook_secrets = ["{SECRET}"]
        """,
        encoding="utf-8",
    )
    return file


@pytest.fixture
def served(start: Run, config: Path) -> Any:
    """The receiver, ready, on a free port."""
    return start("serve", "--config", config, "--port", "0", "--json")


@pytest.fixture
def http(served: Any) -> Iterator[httpx.Client]:
    """Somebody who delivers."""
    ready = json.loads(served.line())
    assert ready["connections"] == ["penvio-eu"]
    with httpx.Client(base_url=ready["url"], trust_env=False) as client:
        yield client


def _signed(body: bytes) -> dict[str, str]:
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {"x-penvio-signature": digest, "content-type": "text/plain"}


def _journal(config: Path) -> list[str]:
    with closing(sqlite3.connect(config.with_name("esign.db"))) as database:
        return list(database.iterdump())


def test_an_authentic_delivery_about_an_unknown_envelope_is_kept(
    http: httpx.Client, config: Path
) -> None:
    """2xx, any content type, and the raw bytes are on disk when it is answered."""
    reply = http.post("/webhooks/k3jx9", content=BODY, headers=_signed(BODY))
    assert reply.is_success
    with closing(sqlite3.connect(config.with_name("esign.db"))) as database:
        kept = database.execute("select body, remote_id, state from esign_inbox").fetchall()
    assert kept == [(BODY, "env_of_somebody_else", "waiting")]


def test_one_flipped_byte_is_401_and_leaves_no_trace_but_a_counter(
    http: httpx.Client, config: Path
) -> None:
    """Nobody who cannot sign writes into the journal; that somebody tried can be seen."""
    assert http.post("/webhooks/k3jx9", content=BODY, headers=_signed(BODY)).is_success
    before = _journal(config)
    flipped = bytes([BODY[0], BODY[1] ^ 1, *BODY[2:]])
    reply = http.post("/webhooks/k3jx9", content=flipped, headers=_signed(BODY))
    assert reply.status_code == 401
    assert _journal(config) == before
    health = http.get("/health").json()
    assert health == {"status": "ok", "rejected": {"wrong_signature": 1}}


def test_health_is_ok_and_names_no_endpoint(http: httpx.Client) -> None:
    """Whoever watches learns that it runs, and not where deliveries go."""
    reply = http.get("/health")
    assert (reply.status_code, reply.json()) == (200, {"status": "ok", "rejected": {}})


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/webhooks/penvio-eu", 404),
        ("POST", "/webhooks/nobody", 404),
        ("GET", "/webhooks/k3jx9", 405),
        ("POST", "/", 404),
    ],
)
def test_other_places_take_nothing(http: httpx.Client, method: str, path: str, status: int) -> None:
    """A connection with an opaque endpoint does not listen at its name."""
    assert http.request(method, path, content=BODY, headers=_signed(BODY)).status_code == status


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(served: Any, number: signal.Signals) -> None:
    """A supervisor that stops it sees no failure; stdout had one line."""
    _ = served.line()
    ended = served.end(number)
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def test_people_are_told_where_it_listens(start: Run, config: Path) -> None:
    """One line, when it is ready."""
    served = start("serve", "--config", config, "--port", "0")
    assert served.line().startswith("Listening at http://127.0.0.1:")


def test_a_taken_port_is_named(esign: Run, config: Path) -> None:
    """Exit code 1 and the reason, not a stack of frames."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = esign("serve", "--config", config, "--port", str(port))
    assert answer.code == 1
    assert answer.err.startswith(f"Misconfigured: cannot listen at 127.0.0.1:{port}: ")
    assert "name another place with --port or --host" in answer.err


def test_it_is_ready_once_the_journal_can_be_written(http: httpx.Client) -> None:
    """Whoever balances load asks /ready; /metrics counts for Prometheus."""
    reply = http.get("/ready")
    assert (reply.status_code, reply.json()) == (200, {"status": "ready"})
    assert http.post("/webhooks/k3jx9", content=BODY, headers=_signed(BODY)).is_success
    told = http.get("/metrics").text
    kept = 'esign_deliveries_total{connection="penvio-eu",outcome="kept",reason="waiting"} 1.0'
    assert kept in told.splitlines()
    assert "esign_ready 1.0" in told.splitlines()
    assert "k3jx9" not in told


@pytest.mark.promise("A1", "R10")
@pytest.mark.parametrize("piece", [b"x" * 65536, b"x: y\r\n" * 10_000])
def test_a_head_without_end_is_400(http: httpx.Client, piece: bytes) -> None:
    """No more of it is kept in memory than any honest one has."""
    with socket.create_connection((http.base_url.host, http.base_url.port)) as line:
        line.sendall(b"POST /webhooks/k3jx9 HTTP/1.1\r\nHost: a\r\nX: ")
        with suppress(OSError):
            for _ in range(100):
                line.sendall(piece)
        assert line.recv(15) == b"HTTP/1.1 400 Ba"
    assert http.get("/health").is_success


@pytest.mark.parametrize("words", [[], ["--json"], ["--worker"]])
def test_a_full_disk_is_told_in_a_line(words: list[str], config: Path) -> None:
    """Nobody would learn where it listens: it ends, without the server's traceback."""
    ran = onto_a_full_disk("serve", "--port", "0", *words, "--config", str(config))
    assert ran.err.startswith("{") == ("--json" in words)
    assert (ran.code, ran.told) == (1, LOST)


def test_a_reader_that_has_had_enough_ends_it(config: Path) -> None:
    """`esign serve | head -0` prints no traceback."""
    read, write = os.pipe()
    os.close(read)
    ran = subprocess.run(
        [sys.executable, "-m", "esign_core.cli", "serve", "--port", "0", "--config", str(config)],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)
    assert (ran.returncode, ran.stderr) == (1, "")
