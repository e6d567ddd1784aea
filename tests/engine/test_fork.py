"""A forked process: clients, locks and slots of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from esign_core.engine.process import PerProcess

if TYPE_CHECKING:
    from tests.engine.conftest import Vendor

FORK = """
import os, sys, threading
from esign_core.engine import MemoryBudgets, MemoryTokens, Session, SyncDriver, Ticket, call
from esign_core.engine.transport import Transport
from esign_core.engine.effects import sleep, exclusive
from esign_core.model import Capabilities
from esign_core.provider import *

class Acme(Provider):
    name = title = "acme"; Settings = ProviderSettings; capabilities = Capabilities()
    hosts = {"api": sys.argv[1]}
    limits = (Limit("x", 1, 0.1),)
    def send(self, draft): ...
    def fetch(self, remote_id): ...
    def download(self, snapshot, artifact): ...
    def explain(self, response): ...
    def grant(self):
        yield Request("POST", "/token", auth=False)
        return Token("t")

def flow(path):
    return (yield Request("GET", path))

driver = SyncDriver()
session = Session("acme", Acme(ProviderSettings()), Transport(), MemoryTokens(), MemoryBudgets())

def ask(path):
    return driver.run(call(session, flow(path), operation="request")).status

ask("/before")
held = threading.Event()

def hold():
    # what another thread may be in the middle of when the process forks
    def forever():
        held.set()
        yield from sleep(3600)
    with session.line._clients.get()._lock, session.budgets._slots.get().lock:
        driver.run(exclusive("token/acme", forever))

session.budgets.take(Ticket((Limit("acme/x", 1, 0.1),)), 1e9)  # out for ever
session.tokens._tokens.clear()
threading.Thread(target=hold, daemon=True).start()
held.wait(10)
child = os.fork()
if child == 0:
    code = 1
    try:
        code = 0 if ask("/child") == 200 else 2
        session.line.close()
    finally:
        os._exit(code)
_, status = os.waitpid(child, 0)
sys.stdout.flush()
os._exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_starts_anew(vendor: Vendor) -> None:
    """Whatever the parent's threads held at that moment, the child asks over a new connection."""
    command = [sys.executable, "-W", "ignore", "-c", FORK, vendor.url]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    assert [heard.target for heard in vendor.heard] == ["/token", "/before", "/token", "/child"]
    assert vendor.connections == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_value_is_made_once_for_each_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in a child that has got the id of one of those that led to it."""
    pid = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: pid)
    value = PerProcess(object)
    parent = value.get()
    child = os.fork()
    if child == 0:
        own = value.get()
        os._exit(0 if own is value.get() is not parent else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert value.get() is parent
