"""What a customer writes down for one account."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from esign_core.errors import InvalidDraft, Problem
from esign_core.model import Value

_LEAST_SECRET = 8


class TemplateTarget(Value):
    """What a neutral template is at one vendor: a template of the vendor's, or a PDF."""

    id: str | None = Field(default=None, min_length=1)
    """The vendor's template id."""
    document: Path | None = None
    """A PDF that takes the template's place at a vendor of documents."""
    roles: Mapping[str, str] = {}
    """Your role, and what the vendor's template calls it."""

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.id is None) == (self.document is None):
            message = "give id (a template at the vendor) or document (a PDF), and not both"
            raise InvalidDraft("TemplateTarget", [Problem("", message)])
        return self


class ProviderSettings(Value):
    """The settings that every provider has; each adds its own."""

    model_config = ConfigDict(defer_build=False)  # what is wrong with a plugin shows as it loads

    templates: Mapping[str, TemplateTarget] = {}
    """What neutral templates are here."""
    webhook_secrets: tuple[SecretStr, ...] = ()
    """All of them verify deliveries; the first one signs new subscriptions. At least 8 characters
    each."""
    accept_unsigned: bool = False
    """Whether unsigned deliveries are taken as hints."""

    @field_validator("webhook_secrets")
    @classmethod
    def _long_enough(cls, secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not all(secret.get_secret_value().strip() for secret in secrets):
            raise ValueError("has an empty secret, and anybody could sign with it; take it out")
        if any(len(secret.get_secret_value().strip()) < _LEAST_SECRET for secret in secrets):
            raise ValueError(
                f"has a secret of less than {_LEAST_SECRET} characters; take longer ones"
            )
        return secrets
