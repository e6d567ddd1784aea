"""Work on a disk that is full: in a process whose files cannot grow any further."""

from __future__ import annotations

import resource
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from esign_core import Connection, EnvelopeDraft, Esign
from esign_core.engine import MemoryBudgets, WireRequest
from esign_core.engine.transport import Transport
from esign_core.provider import Response

_ROOM_BYTES = 1000


@dataclass(frozen=True)
class Account:
    """What a process of its own needs to reach one."""

    vendor: str
    via: str
    settings: dict[str, Any]
    journal: str | None
    """None: without one."""

    def esign(self) -> Esign:
        """The account with its journal."""
        connections = {self.via: {"provider": self.vendor, **self.settings}}
        return Esign(connections, journal=self.journal or "sqlite://")


def download(account: Account, envelope: str, to: Path) -> None:
    """Download the signed file to a disk with room for the beginning of it."""
    if account.journal is None:
        opened = Connection(account.vendor, name=account.via, **account.settings)
        with opened as connection, _no_more_than(_ROOM_BYTES):
            connection.download(envelope, to=to)
    else:
        with account.esign() as esign:
            sessions = esign._workspace._sessions
            # the journal is on a disk of its own, but here the limit is one for all files
            sessions[account.via] = replace(sessions[account.via], budgets=MemoryBudgets())
            esign.list()
            with _no_more_than(_ROOM_BYTES):
                esign.download(envelope, to=to)


def send(account: Account, draft: dict[str, Any]) -> None:
    """Send with a journal whose disk is full as soon as the vendor has made the envelope."""

    class Filling(Transport):
        def exchange(
            self, request: WireRequest, *, is_reading: bool, is_repeatable: bool
        ) -> Response:
            answer = super().exchange(request, is_reading=is_reading, is_repeatable=is_repeatable)
            if not is_reading and not is_repeatable:
                _limit(0)
            return answer

    with account.esign() as esign:
        sessions = esign._workspace._sessions
        sessions[account.via] = replace(sessions[account.via], line=Filling())
        with _no_more_than(resource.RLIM_INFINITY):
            esign.send(EnvelopeDraft.model_validate(draft), via=account.via, key="lease-14")


@contextmanager
def _no_more_than(size: int) -> Generator[None]:
    """No file can grow beyond `size`, until the end."""
    before, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    _limit(size)
    try:
        yield
    finally:
        _limit(before)


def _limit(size: int) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
