"""`esign serve` is killed under load, again and again; whoever was answered 2xx is in the inbox."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from esign_core import Esign

KILLS = int(os.environ.get("ESIGN_KILLS", "8"))
"""How often it is killed on each database; fifty times by `python -m tests.promises --whole`."""
_SECRET = "whsec_of-nobody-at-all"
_POSTERS = 4


class Posters:
    """Vendors who deliver without a pause, to whatever address they are told."""

    def __init__(self) -> None:
        self.address: str | None = None
        self.answered: set[str] = set()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._post, args=(i,)) for i in range(_POSTERS)]

    @contextmanager
    def posting(self) -> Generator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join()

    def _post(self, who: int) -> None:
        number = 0
        while not self._stop.is_set():
            address = self.address
            if address is None:
                time.sleep(0.01)
                continue
            line = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
            try:
                while not self._stop.is_set():
                    number += 1
                    body = _body(f"{who}-{number}")
                    line.request("POST", "/webhooks/penvio-eu", body, _signed(body))
                    answer = line.getresponse()
                    _ = answer.read()
                    if answer.status == 204:
                        self.answered.add(hashlib.sha256(body).hexdigest())
            except (OSError, http.client.HTTPException):
                pass  # it was killed: this one was not answered
            finally:
                line.close()


def _body(name: str) -> bytes:
    data = {"envelopeId": f"env_{name}", "status": "SENT"}
    stamp = "2026-01-25T14:00:00Z"
    return json.dumps({"event": "envelope.sent", "timestamp": stamp, "data": data}).encode()


def _signed(body: bytes) -> dict[str, str]:
    digest = hmac.new(_SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {"x-penvio-signature": digest, "content-type": "application/json"}


def _config(folder: Path, journal: str) -> Path:
    config = folder / "esign.toml"
    config.write_text(
        f"journal = {json.dumps(journal)}\n"
        "[connections.penvio-eu]\n"
        'provider = "penvio"\napi_key = "pk_test_0"\nbucket_url = "memory:///"\n'
        f"webhook_secrets = [{json.dumps(_SECRET)}]\n"
    )
    return config


def _serve(config: Path) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "esign_core.cli", "serve", "--port", "0", "--json"]
    process = subprocess.Popen(
        [*command, "--config", str(config)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())["url"]


@pytest.mark.slow
@pytest.mark.promise("R1")
def test_whoever_was_answered_is_in_the_inbox(journal_url: str, tmp_path: Path) -> None:
    """Over real HTTP, with `kill -9` at any moment and a restart on the same journal."""
    config = _config(tmp_path, journal_url)
    posters, dice = Posters(), random.Random(14)
    with posters.posting():
        for _ in range(KILLS):
            process, posters.address = _serve(config)
            before = len(posters.answered)
            while len(posters.answered) < before + dice.randrange(1, 60):
                time.sleep(0.005)
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
            posters.address = None
    with Esign.from_config(config) as esign:
        kept = {entry.sha256 for entry in esign.inbox.list(limit=100_000)}
    assert len(posters.answered) >= KILLS
    assert posters.answered <= kept
