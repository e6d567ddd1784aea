"""Neutral words in Penneo's spelling, and what Penneo takes no word for."""

from __future__ import annotations

import re

from esign_core.model import Identity, IdentityMethod

ROLE = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9 ,_-]*[a-zA-Z0-9,_-]")  # Send API definition, V
SHORTEST_ROLE = 3  # Send API definition, V
SHORTEST_MESSAGE = 5  # Send API definition, V
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

_NATIONAL_ID = {
    "DK": "dk:cpr",  # connector, V
    "SE": "se:pin",  # connector, V
    "NO": "no:nin",  # connector, V
    "BE": "be:nrn",  # connector, V
    "FI": "fi:pic",  # connector, V
}
"""`ssnType` of a national id, by country."""

COUNTRIES = tuple(_NATIONAL_ID)
"""The countries whose national ids Penneo checks."""


def language(tag: str | None) -> str | None:
    """Penneo's word for a language tag; None where it has none."""
    return LANGUAGES.get(tag.split("-")[0]) if tag else None


def ssn_type(identity: Identity) -> str | None:
    """Penneo's `ssnType` for what a signer must prove; None where it has none.

    Source: the connector's definition; `sms` needs access control (V).
    """
    if identity.method is IdentityMethod.SMS:
        return "sms"
    return _NATIONAL_ID.get(identity.country or "")


def is_role(text: str) -> bool:
    """Whether Penneo takes it as a role."""
    return len(text) >= SHORTEST_ROLE and ROLE.fullmatch(text) is not None
