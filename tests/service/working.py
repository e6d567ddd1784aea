"""A worker in a process of its own: `python -m tests.service.working JOURNAL VENDOR LEASE [HEARD]`.

A lease is in seconds; a plugin writes what it hears into the file HEARD. It says `working` when it
has begun, and works until its input ends or it is killed.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from esign_core import Esign, Event, Registry
from esign_core.provider import hookimpl
from esign_core.service import attending
from esign_core.testing import fake_registry
from esign_core.testing.fake_provider import FakeProvider, FakeSettings


class HttpSettings(FakeSettings):
    """Where the vendor listens."""

    url: str


class HttpProvider(FakeProvider):
    """The adapter for the vendor in memory, here over HTTP."""

    Settings = HttpSettings  # type: ignore[assignment]

    @property
    def hosts(self) -> Mapping[str, str]:
        """On loopback."""
        assert isinstance(self.settings, HttpSettings)
        return {"api": self.settings.url}


class Listener:
    """Writes down who hears what, then waits for as long as somebody else has the file locked."""

    def __init__(self, heard: Path) -> None:
        self.heard = heard

    @hookimpl
    def esign_event(self, event: Event) -> None:
        """One line for each event, then the wait."""
        with self.heard.open("a") as file:
            _ = file.write(f"{os.getpid()} {event.seq} {time.time()}\n")
            file.flush()
            fcntl.flock(file, fcntl.LOCK_SH)


def opened(journal: str, vendor: str, heard: str | None = None) -> Esign:
    """The journal with one account; with a plugin that listens, if it is told where to write."""
    registry: Registry = fake_registry()
    if heard is not None:
        registry.add_plugin(Listener(Path(heard)), name="listener")
    registry.providers["fake"] = HttpProvider
    account = {"provider": "fake", "url": vendor}
    return Esign({"acme": account}, journal=journal, registry=registry)


def main(journal: str, vendor: str, lease_seconds: float, heard: str | None = None) -> None:
    """Work, with leases short enough to be waited for."""
    attending.LEASE = timedelta(seconds=lease_seconds)
    attending.LONGEST_EFFECT = timedelta(seconds=lease_seconds / 2)
    with opened(journal, vendor, heard) as esign, esign.worker(threads=2):
        print("working", flush=True)  # noqa: T201 - who has started it waits for this
        _ = sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), *sys.argv[4:])
