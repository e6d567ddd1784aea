"""Penneo's simulator as a running server, with all that a connection to it needs."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self, cast

from esign_core.sandbox import (
    Simulator,
    Vendor,
)
from esign_penneo.sandbox.account import Behaviour
from esign_penneo.sandbox.vendor import PenneoVendor

_LEASE = [
    [
        "This lease is made between the landlord and the tenant.",
        "The tenant rents the flat from the first day of next month.",
        "The rent is paid on the first day of each month.",
    ],
    [
        "The lease can be ended by either side with three months' notice.",
        "Signed electronically by the tenant and the landlord.",
    ],
]


class PenneoSandbox(Simulator):
    """A Penneo account on loopback: all its APIs, its OAuth server and its signing page.

    ```python
    with PenneoSandbox() as sandbox:
        connection = Connection("penneo", **sandbox.connect())
    ```
    """

    name: ClassVar[str] = "penneo"

    def __init__(
        self,
        *,
        port: int = 0,
        scale: float = 1.0,
        seed: int | None = None,
        behaviour: Behaviour | None = None,
    ) -> None:
        """As every simulator; open questions follow `behaviour`.

        Ids and secrets follow from `seed`, which is random: ids of two runs never meet in one
        journal.
        """
        super().__init__(port=port, scale=scale)
        self._seed = secrets.randbits(32) if seed is None else seed
        self._behaviour = behaviour or Behaviour()

    def open_vendor(self, folder: Path) -> Vendor:
        """A new account, and the lease that its template stands for."""
        slow = self._behaviour
        scaled = replace(
            slow,
            job_takes=slow.job_takes * self.scale,
            documents_take=slow.documents_take * self.scale,
        )
        vendor = PenneoVendor(seed=self._seed, behaviour=scaled)
        _ = (folder / "lease.pdf").write_bytes(vendor.stationery.document("Lease", _LEASE))
        return vendor

    def start(self) -> Self:
        """This simulator, ready to answer, whose customers keep the real time after every leap."""
        _ = super().start()
        clock = self.simulation.clock
        self._vendor.ahead = lambda: clock.offset
        return self

    def announce(self) -> dict[str, str]:
        """Where it is and the account's credentials."""
        credentials = self._vendor.credentials
        return {
            "base_url": self.base_url,
            "oauth_url": self.base_url,
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret,
            "api_key": credentials.api_key,
            "api_secret": credentials.api_secret,
            "control_url": self.control_url,
        }

    def connect(self, webhook_url: str | None = None) -> dict[str, Any]:
        """Settings of a connection; every event goes to `webhook_url`, signed with the secret."""
        announced = self.announce()
        del announced["control_url"]
        secrets: list[str] = []
        if webhook_url is not None:
            secrets.append(self.simulation.ask(lambda _: self._vendor.subscribe(webhook_url)))
        return {
            "environment": self._behaviour.environment,
            **announced,
            "webhook_secrets": secrets,
            "templates": {"lease": {"document": str(self.folder / "lease.pdf")}},
        }

    @property
    def root_certificate(self) -> bytes:
        """The test authority behind the signed documents, as PEM."""
        return self._vendor.stationery.root_certificate

    @property
    def _vendor(self) -> PenneoVendor:
        return cast("PenneoVendor", self.simulation.vendor)
