"""Wishes that only Penneo knows."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import AliasGenerator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from esign_core.model import ProviderOptions

_CASE_FILE = {
    "sensitive_data",
    "sign_on_meeting",
    "visibility_mode",
    "disable_email_attachments",
    "disable_notifications_owner",
    "folder_id",
    "reference",
}


class PenneoOptions(ProviderOptions):
    """Wishes that only Penneo knows. What is None is left to Penneo's own default.

    Fields are called as Penneo calls them, in snake case.

    Source: the connector's definition of creating a case file (V), row by row.
    """

    model_config = ConfigDict(alias_generator=AliasGenerator(serialization_alias=to_camel))

    provider: ClassVar[str] = "penneo"

    # of the case file

    sensitive_data: bool | None = None
    """Everybody proves who they are before they see anything; nothing is attached to e-mails."""
    sign_on_meeting: bool | None = None
    """The documents are signed in a meeting."""
    visibility_mode: Literal[0, 1] | None = None
    """0: signers see all documents. 1: only those that they sign."""
    disable_email_attachments: bool | None = None
    """The finished documents are not attached to the last e-mail."""
    disable_notifications_owner: bool | None = None
    """The owner of the case file is not written to."""
    folder_id: int | None = Field(default=None, ge=1)
    """The folder that the case file goes to."""
    reference: str | None = Field(default=None, min_length=1)
    """Shown in Penneo's web application."""

    # of every signer

    store_as_contact: bool | None = None
    """Whether signers and copy recipients go to the account's contacts; Penneo does by default."""
    success_url: str | None = None
    """Where the browser goes after signing."""
    fail_url: str | None = None
    """Where the browser goes after a failure."""
    reminder_interval: int | None = Field(default=None, ge=1)
    """Days between reminders."""
    email_subject: str | None = Field(default=None, min_length=5)
    """Subject of the request."""
    reminder_email_subject: str | None = Field(default=None, min_length=5)
    """Subject of reminders."""
    reminder_email_text: str | None = Field(default=None, min_length=5)
    """Text of reminders."""
    completed_email_subject: str | None = Field(default=None, min_length=5)
    """Subject of the last e-mail."""
    completed_email_text: str | None = Field(default=None, min_length=5)
    """Text of the last e-mail."""
    enable_insecure_signing: bool | None = None
    """Touch signatures are allowed."""
    insecure_signing_methods: tuple[Literal["text", "draw", "image"], ...] | None = None
    """Which ones; the company's setting if not given."""
    secure_signing_methods: tuple[str, ...] | None = None
    """Which electronic ids, in Penneo's words: `mitid.dk`, `bankid_se` ..."""

    def for_case_file(self) -> dict[str, Any]:
        """The wishes that belong to the case file, in Penneo's words."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, include=_CASE_FILE)

    def for_signers(self) -> dict[str, Any]:
        """The wishes that belong to every signer, in Penneo's words."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=_CASE_FILE)

    def for_copies(self) -> dict[str, Any]:
        """The wishes that belong to every copy recipient, in Penneo's words."""
        return {} if self.store_as_contact is None else {"storeAsContact": self.store_as_contact}
