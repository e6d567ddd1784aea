"""The people of an envelope."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from esign_core.errors import InvalidDraft, Problem
from esign_core.model.options import OptionsOf, OptionsT, SignerOptions, option
from esign_core.model.value import Value

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_PHONE = re.compile(r"\+[1-9][0-9]{4,14}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text) or not text.isprintable():
        raise ValueError("is not an e-mail address")
    return text


def _phone(text: str) -> str:
    if not _PHONE.fullmatch(text):
        raise ValueError("must be in E.164 form, such as +4512345678")
    return text


def _language(text: str) -> str:
    if not _LANGUAGE.fullmatch(text):
        raise ValueError("must be a language tag such as en or da")
    return text


def _name(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("must be a name, without control characters")
    return text


def _web_address(text: str) -> str:
    try:
        url = urlsplit(text)
        is_address = url.scheme in {"http", "https"} and url.hostname is not None
    except ValueError:
        is_address = False
    if not is_address or not text.isprintable() or " " in text:
        raise ValueError("must be a web address such as https://example.com/signed")
    return text


Email = Annotated[str, AfterValidator(_email)]
Phone = Annotated[str, AfterValidator(_phone)]
Language = Annotated[str, AfterValidator(_language)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
PersonName = Annotated[str, AfterValidator(_name)]


class SignerAction(StrEnum):
    """What is asked of somebody."""

    SIGN = "sign"
    """Sign the documents."""
    APPROVE = "approve"
    """Say yes, without a signature."""
    VIEW = "view"
    """Read; nothing waits for it."""


class Channel(StrEnum):
    """How a signer is reached."""

    EMAIL = "email"
    """The vendor sends an e-mail."""
    LINK = "link"
    """Nobody is e-mailed; you hand out the signing link."""


class IdentityMethod(StrEnum):
    """How a signer proves who they are."""

    NATIONAL_ID = "national_id"
    """The number is checked before the documents are shown."""
    SMS = "sms"
    """A code goes to the signer's phone."""
    ELECTRONIC_ID = "electronic_id"
    """They sign with an electronic id of the country."""
    PASSPORT = "passport"
    """They sign with a passport that is read."""


class Identity(Value):
    """What a signer must prove, in neutral words; each provider spells it its own way."""

    method: IdentityMethod
    """How."""
    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    """Whose scheme, as ISO 3166 alpha-2; needed for a national or electronic id."""
    number: SecretStr | None = None
    """The number that must match."""

    @model_validator(mode="after")
    def _says_whose(self) -> Self:
        of_a_country = {IdentityMethod.NATIONAL_ID, IdentityMethod.ELECTRONIC_ID}
        if self.country is None and self.method in of_a_country:
            raise InvalidDraft("Identity", [Problem("country", f"is needed for {self.method}")])
        return self


class Redirects(Value):
    """Where a signer's browser goes afterwards."""

    signed: WebAddress | None = Field(default=None, repr=False)
    """After signing."""
    failed: WebAddress | None = Field(default=None, repr=False)
    """After anything else."""


class Signer(Value):
    """Somebody who has a part in an envelope."""

    name: PersonName = Field(max_length=255)
    """As it should appear."""
    email: Email | None = Field(default=None, repr=False)
    """Where the vendor writes to; needed unless `delivery` is `link`."""
    phone: Phone | None = Field(default=None, repr=False)
    """E.164."""
    role: str | None = Field(default=None, min_length=1, max_length=255)
    """The seat in a template, or which documents are theirs."""
    order: int | None = Field(default=None, ge=1)
    """When it is their turn, from 1; equal numbers act at the same time. None: no order."""
    action: SignerAction = SignerAction.SIGN
    """What is asked of them."""
    delivery: Channel = Channel.EMAIL
    """How they are reached."""
    identity: Identity | None = Field(default=None, repr=False)
    """What they must prove."""
    language: Language | None = None
    """The language of their e-mails and pages."""
    message: str | None = Field(default=None, min_length=1, repr=False)
    """The text of the e-mail that asks them, instead of the envelope's."""
    redirects: Redirects | None = Field(default=None, repr=False)
    """Where their browser goes afterwards, instead of the envelope's."""
    options: OptionsOf[SignerOptions] = Field(default=(), repr=False)
    """Wishes that only one vendor knows; other vendors do not see them."""

    def option(self, kind: type[OptionsT]) -> OptionsT:
        """The vendor-only wishes of a kind, or that kind's defaults."""
        return option(self.options, kind)


class CopyRecipient(Value):
    """Somebody who gets the finished documents and does nothing."""

    name: PersonName = Field(max_length=255)
    """As it should appear."""
    email: Email = Field(repr=False)
    """Where the copy goes."""
