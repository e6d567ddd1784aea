"""A worker in a process of its own: `python -m tests.service.working JOURNAL VENDOR LEASE_SECONDS`.

It says `working` when it has begun, and works until its input ends or it is killed.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import timedelta

from esign_core import Esign, Registry
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


def opened(journal: str, vendor: str) -> Esign:
    """The journal with one account."""
    registry: Registry = fake_registry()
    registry.providers["fake"] = HttpProvider
    account = {"provider": "fake", "url": vendor}
    return Esign({"acme": account}, journal=journal, registry=registry)


def main(journal: str, vendor: str, lease_seconds: float) -> None:
    """Work, with leases short enough to be waited for."""
    attending.LEASE = timedelta(seconds=lease_seconds)
    attending.LONGEST_EFFECT = timedelta(seconds=lease_seconds / 2)
    with opened(journal, vendor) as esign, esign.worker(threads=2):
        print("working", flush=True)  # noqa: T201 - who has started it waits for this
        _ = sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
