"""A running simulated Penvio: the account, its API keys, and the customer's bucket."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from esign_core.sandbox import Simulator
from esign_penvio.sandbox.access import READ, ApiKey
from esign_penvio.sandbox.files import Put
from esign_penvio.sandbox.vendor import PenvioVendor
from esign_penvio.sandbox.webhooks import Shape


class PenvioSandbox(Simulator):
    """Penvio, simulated: `with PenvioSandbox() as sandbox: ... sandbox.connect() ...`."""

    name: ClassVar[str] = "penvio"
    template_id: ClassVar[str] = "tmpl_lease1"

    def __init__(
        self,
        *,
        port: int = 0,
        scale: float = 1.0,
        seed: str | None = None,
        webhook_shape: str = Shape.SEED,
        bucket_url: str | None = None,
        storage_options: Mapping[str, str] | None = None,
        limit: int = 10_000,
        quota: int | None = None,
        files_after_seconds: float = 0.0,
    ) -> None:
        """A sandbox with a bucket of its own in a temporary folder, unless `bucket_url` names one.

        Ids and keys follow from `seed`, which is random: ids of two runs never meet in one journal.
        `limit` is of requests in 15 minutes, `quota` of envelopes a month; `files_after_seconds`
        (scaled) is how long a COMPLETED envelope has no signed file yet.
        """
        super().__init__(port=port, scale=scale)
        self._seed = secrets.token_hex(4) if seed is None else seed
        self._bucket_url = bucket_url
        self._storage_options = dict(storage_options or {})
        self._shape = Shape(webhook_shape)
        self._limit = limit
        self._quota = quota
        self._files_after = timedelta(seconds=files_after_seconds * scale)
        self.api_key = f"pk_test_{self._seed}{'0' * 16}"
        self.read_only_key = f"pk_test_{self._seed}{'1' * 16}"
        self.webhook_secret = f"whsec_{self._seed}{'2' * 16}"

    def open_vendor(self, folder: Path) -> PenvioVendor:
        """A new account: two API keys, two templates."""
        return PenvioVendor(
            self._opened_bucket(folder),
            keys=[ApiKey(self.api_key), ApiKey(self.read_only_key, frozenset({READ}))],
            seed=self._seed,
            webhook_shape=self._shape,
            webhook_secret=self.webhook_secret,
            limit=self._limit,
            quota=self._quota,
            files_after=self._files_after,
        )

    def announce(self) -> dict[str, str]:
        """Where it is, how to get in, and the template to send."""
        return {
            "base_url": self.api_url,
            "api_key": self.api_key,
            "bucket_url": self.bucket_url,
            "template_id": self.template_id,
            "control_url": self.control_url,
        }

    def connect(self, webhook_url: str | None = None) -> dict[str, Any]:
        """Settings of a connection; Penvio wants webhooks named with each envelope."""
        roles = {"tenant": "Tenant", "landlord": "Landlord"}
        settings: dict[str, Any] = {
            "api_key": self.api_key,
            "base_url": self.api_url,
            "webhook_secrets": [self.webhook_secret],
            "bucket_url": self.bucket_url,
            "storage_options": dict(self._storage_options),
            "templates": {"lease": {"id": self.template_id, "roles": roles}},
        }
        if webhook_url is not None:
            settings["webhook_url"] = webhook_url
        return settings

    @property
    def api_url(self) -> str:
        """The base URL of the API."""
        return f"{self.base_url}{PenvioVendor.api_path}"

    @property
    def bucket_url(self) -> str:
        """The customer's bucket, as obstore opens it."""
        return self._bucket_url or _own_bucket(self.folder).as_uri()

    def _opened_bucket(self, folder: Path) -> Put:
        from obstore.store import from_url

        url = self._bucket_url
        if url is None:
            _own_bucket(folder).mkdir()
            url = _own_bucket(folder).as_uri()
        options: Any = self._storage_options  # typed by vendor there, by the caller's word here
        store = from_url(url, config=options or None)

        def put(key: str, data: bytes) -> None:
            _ = store.put(key, data)

        return put


def _own_bucket(folder: Path) -> Path:
    return folder / "bucket"
