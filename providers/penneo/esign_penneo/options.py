"""Wishes that only Penneo knows: of a case file, of a signer, of a document."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Literal, TypeAlias

from pydantic import AliasGenerator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from esign_core.model import DocumentOptions, Moment, ProviderOptions, SignerOptions, Value

SsnType: TypeAlias = Literal[
    "legacy",
    "dk:cpr",
    "se:pin",
    "no:nin",
    "be:nrn",
    "fi:pic",
    "google:oidc",
    "microsoft:oidc",
    "sms",
]
"""What a signer's number is, as the Send API spells it. Source: its definition (V)."""
InsecureMethod: TypeAlias = Literal["text", "draw", "image"]
"""How a touch signature is made. Source: the Send API's definition (V)."""
SecureMethod: TypeAlias = Literal[
    "mitid.dk",
    "bankid_se",
    "bankid_no",
    "itsme.be",
    "ftn.fi",
    "eid.belgium.be",
    "passport-reader.eident.dk",
    "ausweisapp.bund.de",
    "qes.personal.mitid.dk",
]
"""What a signer signs with. Source: the Send API's definition (V)."""

_CASE_FILE = {
    "sensitive_data",
    "sign_on_meeting",
    "visibility_mode",
    "disable_email_attachments",
    "disable_notifications_owner",
    "folder_id",
    "reference",
    "access_control",
    "sender_name",
}


class _Wishes(Value):
    """Fields are called as Penneo calls them, in snake case; None is Penneo's own default."""

    model_config = ConfigDict(alias_generator=AliasGenerator(serialization_alias=to_camel))

    provider: ClassVar[str] = "penneo"

    def _in_penneos_words(
        self, *, only: set[str] | None = None, without: set[str] | None = None
    ) -> dict[str, Any]:
        told = self.model_dump(by_alias=True, exclude_none=True, include=only, exclude=without)
        return {
            name: int(value.timestamp()) if isinstance(value, datetime) else value
            for name, value in told.items()
        }


class _OfSigners(_Wishes):
    """What can be wished for every signer, and for one of them."""

    store_as_contact: bool | None = None
    """Whether they go to the account's contacts; Penneo does that by default."""
    email_format: Literal["text", "html"] | None = None
    """What the texts of e-mails are; plain text unless it is said here."""
    reminder_email_subject: str | None = Field(default=None, min_length=5, repr=False)
    """Subject of reminders."""
    reminder_email_text: str | None = Field(default=None, min_length=5, repr=False)
    """Text of reminders."""
    completed_email_subject: str | None = Field(default=None, min_length=5, repr=False)
    """Subject of the last e-mail."""
    completed_email_text: str | None = Field(default=None, min_length=5, repr=False)
    """Text of the last e-mail."""
    enable_insecure_signing: bool | None = None
    """Touch signatures are allowed; Penneo allows none by default."""
    insecure_signing_methods: tuple[InsecureMethod, ...] | None = None
    """Which ones; the company's setting if not given."""
    secure_signing_methods: tuple[SecureMethod, ...] | None = None
    """Which electronic ids; for one signer, instead of those that their `identity` stands for."""


class PenneoOptions(_OfSigners, ProviderOptions):
    """Wishes for a case file, and defaults for all of its signers.

    What is None is left to Penneo's own default. Fields are called as Penneo calls them, in snake
    case.

    Source: the definitions of the Send API and of the connector (V), row by row.
    """

    # of the case file

    sensitive_data: bool | None = None
    """Everybody proves who they are before they see anything; nothing is attached to e-mails."""
    access_control: bool | None = None
    """Everybody proves who they are before they see anything. Multipart uploads only."""
    sign_on_meeting: bool | None = None
    """The documents are signed in a meeting."""
    visibility_mode: Literal[0, 1] | None = None
    """0: signers see all documents. 1: only those that they sign."""
    disable_email_attachments: bool | None = None
    """The finished documents are not attached to the last e-mail."""
    disable_notifications_owner: bool | None = None
    """The owner of the case file is not written to."""
    sender_name: str | None = Field(default=None, min_length=2, max_length=255)
    """Whose name stands in front of the e-mails. Multipart uploads only."""
    folder_id: int | None = Field(default=None, ge=1)
    """The folder that the case file goes to."""
    reference: str | None = Field(default=None, min_length=1)
    """Shown in Penneo's web application."""

    def for_case_file(self) -> dict[str, Any]:
        """The wishes that belong to the case file, in Penneo's words."""
        return self._in_penneos_words(only=_CASE_FILE)

    def for_signers(self) -> dict[str, Any]:
        """The wishes that belong to every signer, in Penneo's words."""
        return self._in_penneos_words(without=_CASE_FILE)

    def for_copies(self) -> dict[str, Any]:
        """The wishes that belong to every copy recipient, in Penneo's words."""
        return {} if self.store_as_contact is None else {"storeAsContact": self.store_as_contact}


class PenneoSignerOptions(_OfSigners, SignerOptions):
    """Wishes for one signer; they go before the envelope's own and before what is neutral.

    What is None follows the envelope. Fields are called as Penneo calls them, in snake case.

    Source: the definitions of the Send API and of the connector (V), row by row.
    """

    vatin: str | None = Field(default=None, min_length=1, repr=False)
    """The VAT number of the signer's company."""
    on_behalf_of: str | None = Field(default=None, min_length=1)
    """The company or person that they sign for."""
    ssn_type: SsnType | None = None
    """What the number of their `identity` is; by method and country if not given.

    With `sms` and no number, their `phone` is the number."""
    access_control: bool | None = None
    """The number, or the VAT number, is checked before they see anything.

    A national id and a code by SMS are, unless it is False here."""
    active_at: Moment | None = None
    """They are not asked before."""
    expire_at: Moment | None = None
    """When their time is over; if they have not signed by then, the case file expires."""
    email_subject: str | None = Field(default=None, min_length=5, repr=False)
    """Subject of the e-mail that asks them, instead of the envelope's."""
    reminder_interval: int | None = Field(default=None, ge=1)
    """Days between their reminders, instead of the envelope's."""

    def for_signer(self) -> dict[str, Any]:
        """The wishes in Penneo's words."""
        return self._in_penneos_words()


class PenneoDocumentOptions(_Wishes, DocumentOptions):
    """Wishes for one document.

    Source: the Send API's definition (V); the connector knows `metaData` alone.
    """

    meta_data: str | None = Field(default=None, min_length=1)
    """Your own words; Penneo's users can search for them."""
    description: str | None = Field(default=None, min_length=1)
    """What it is, for people."""

    def for_document(self) -> dict[str, Any]:
        """The wishes in Penneo's words."""
        return self._in_penneos_words()
