"""Neutral words in Penneo's spelling, and what Penneo takes no word for."""

from __future__ import annotations

import re
from collections.abc import Mapping

from esign_core.model import Identity, IdentityMethod
from esign_penneo.options import SecureMethod, SsnType

ROLE = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9 ,_-]*[a-zA-Z0-9,_-]")  # Send API definition, V
SHORTEST_ROLE = 3  # Send API definition, V
SHORTEST_TEXT = 5  # Send API definition, V; of subjects and texts of e-mails
LONGEST_TITLE = 1024  # Send API definition, V; of case files and documents

LANGUAGES = {
    "en": "en",  # connector, V
    "da": "da",  # connector, V
    "sv": "sv",  # connector, V
    "nl": "nl",  # connector, V
    "fr": "fr",  # connector, V
    "fi": "fi",  # connector, V
    "no": "no",  # connector, V
    "nb": "no",  # Bokmål; I: what Penneo calls Norwegian
    "nn": "no",  # Nynorsk; I: the nearest
    "de": "de",  # connector, V
}
"""The language of a tag, without its country, as Penneo calls it."""

NATIONAL_ID: Mapping[str, SsnType] = {
    "DK": "dk:cpr",  # connector, V
    "SE": "se:pin",  # connector, V
    "NO": "no:nin",  # connector, V
    "BE": "be:nrn",  # connector, V
    "FI": "fi:pic",  # connector, V
}
"""`ssnType` of a national id, by country."""

ELECTRONIC_ID: Mapping[str, tuple[SecureMethod, ...]] = {
    "DK": ("mitid.dk",),  # Send API definition, V; the country by its name (I)
    "SE": ("bankid_se",),  # Send API definition, V; the country by its name (I)
    "NO": ("bankid_no",),  # Send API definition, V; the country by its name (I)
    "BE": ("itsme.be", "eid.belgium.be"),  # Send API definition, V; that either will do: I
    "FI": ("ftn.fi",),  # Send API definition, V; the Finnish Trust Network (I)
    "DE": ("ausweisapp.bund.de",),  # Send API definition, V; the country by its name (I)
}
"""`secureSigningMethods` of an electronic id, by country.

`qes.personal.mitid.dk` is in none: a qualified signature is more than was asked for (I). Who wants
it says so with `PenneoSignerOptions(secure_signing_methods=("qes.personal.mitid.dk",))`.
"""
CHECKED_BEFORE = frozenset({IdentityMethod.NATIONAL_ID, IdentityMethod.SMS})
"""Methods whose number is checked before anything is shown: access control (connector, V)."""
PASSPORT: tuple[SecureMethod, ...] = ("passport-reader.eident.dk",)  # Send API definition, V


def language(tag: str | None) -> str | None:
    """Penneo's word for a language tag; None where it has none."""
    return LANGUAGES.get(tag.split("-")[0]) if tag else None


def ssn_type(identity: Identity) -> SsnType | None:
    """What the number of an identity is, in Penneo's words; None where it has none.

    Source: the connector's definition; `sms` needs access control (V).
    """
    if identity.method is IdentityMethod.SMS:
        return "sms"
    if identity.method is IdentityMethod.PASSPORT:
        return None
    return NATIONAL_ID.get(identity.country or "")


def secure_methods(identity: Identity) -> tuple[SecureMethod, ...]:
    """What a signer signs with, in Penneo's words; empty where the identity does not say.

    Source: the Send API's definition (V).
    """
    if identity.method is IdentityMethod.PASSPORT:
        return PASSPORT
    if identity.method is IdentityMethod.ELECTRONIC_ID:
        return ELECTRONIC_ID.get(identity.country or "", ())
    return ()


def is_role(text: str) -> bool:
    """Whether Penneo takes it as a role."""
    return len(text) >= SHORTEST_ROLE and ROLE.fullmatch(text) is not None
