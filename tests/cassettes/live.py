"""An account at the vendor to make recordings with, from the environment."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from esign_core import EnvelopeClosed, NotFound, WebhookRequest
from esign_core.testing import Origin, Provenance
from tests.cassettes.scenes import Given, NeedsSimulator
from tests.cassettes.studio import Account

_LONGEST_SECONDS = 10.0

NEEDED: Mapping[str, tuple[str, ...]] = {
    "penneo": ("client_id", "client_secret", "api_key", "api_secret"),
    "penvio": ("api_key", "template_id", "tenant_role", "landlord_role"),
}
"""What a live recording takes from the environment."""
OPTIONAL: Mapping[str, tuple[str, ...]] = {
    "penneo": ("base_url", "oauth_url"),
    "penvio": ("base_url",),
}
"""What it takes if it is there."""


def variable(provider: str, setting: str) -> str:
    """The environment variable of a setting: `ESIGN_RECORD_ACME_API_KEY`."""
    return f"ESIGN_RECORD_{provider}_{setting}".upper()


def expect_credentials(provider: str) -> None:
    """Do nothing if a live recording can be made.

    Raises:
        LookupError: Variables are missing from the environment; with their names.
    """
    names = [variable(provider, each) for each in NEEDED[provider]]
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        raise LookupError(
            f"a live recording of {provider} needs the credentials of a test account in the "
            f"environment. Missing: {', '.join(missing)}. Nothing was recorded."
        )


def lease_templates(template: Given) -> dict[str, Any]:
    """The setting that maps the neutral template to one of the account's."""
    roles = {role: template[role] for role in ("tenant", "landlord")}
    return {"lease": {"id": template["template_id"], "roles": roles}}


class Live(Account):
    """An account at the vendor, with credentials from the environment."""

    def __init__(self, provider: str) -> None:
        expect_credentials(provider)
        self._template: dict[str, str] = {}
        settings: dict[str, Any] = {
            name: os.environ[variable(provider, name)]
            for name in NEEDED[provider] + OPTIONAL[provider]
            if os.environ.get(variable(provider, name))
        }
        if "template_id" in settings:
            roles = {role: settings.pop(f"{role}_role") for role in ("tenant", "landlord")}
            self._template = {"template_id": settings.pop("template_id"), **roles}
            settings["templates"] = lease_templates(self._template)
        self._began_at = datetime.now(UTC).replace(microsecond=0)
        super().__init__(provider, settings)

    @property
    def now(self) -> datetime:
        return self._began_at

    @property
    def hook(self) -> str:
        """Nobody listens."""
        raise NeedsSimulator

    def let_pass(self, seconds: float) -> None:
        if seconds > _LONGEST_SECONDS:
            raise NeedsSimulator
        time.sleep(seconds)

    def sign(self, remote_id: str, *, at_most: int = 100) -> None:
        """Only people sign."""
        raise NeedsSimulator

    def fault(self, kind: str, **fields: Any) -> None:
        """Vendors fail when they like."""
        raise NeedsSimulator

    def hear(self, event: str) -> WebhookRequest:
        """Nobody listens."""
        raise NeedsSimulator

    def provenance(self, given: Given) -> Provenance:
        return Provenance(
            origin=Origin.LIVE,
            source=self.session.provider.hosts["api"],
            clock=self.now,
            day=self.now.date(),
            given={**given, **self._template},
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Call off what was made, and end what was subscribed."""
        hooks = self.session.provider.webhooks
        for each in self.unfinished:
            _ = self.finish(each)
        for remote_id in self.made:
            with suppress(EnvelopeClosed):
                self.ask(self.session.provider.cancel(remote_id))
        for subscription in self.subscribed:
            with suppress(NotFound):
                if hooks is not None:
                    self.ask(hooks.unsubscribe(subscription))
        super().__exit__(kind, error, trace)
