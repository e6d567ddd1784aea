"""What of a draft Penneo cannot do, beyond whole features: values, lengths, spellings."""

from __future__ import annotations

from collections.abc import Iterator

from esign_core.model import PDF, Channel, EnvelopeDraft, Feature, Gap, IdentityMethod, Signer
from esign_penneo import metadata
from esign_penneo.options import PenneoOptions
from esign_penneo.vocabulary import (
    COUNTRIES,
    LANGUAGES,
    LONGEST_TITLE,
    SHORTEST_MESSAGE,
    SHORTEST_ROLE,
    is_role,
    language,
    ssn_type,
)

_SHORT = f"Penneo takes no text under {SHORTEST_MESSAGE} characters"


def gaps_of(draft: EnvelopeDraft, *, is_multipart: bool) -> Iterator[Gap]:
    """Every gap, with a remedy for each.

    Source: the definitions of the Send API and of the connector (V).
    """
    if draft.message is not None and len(draft.message) < SHORTEST_MESSAGE:
        yield Gap(None, "message", _SHORT, "write a little more, or leave it out")
    yield from _language_gaps(draft.language, "language")
    if metadata.KEY in draft.metadata:
        yield Gap(None, "metadata", f'the name "{metadata.KEY}" is taken', "use another name")
    for i, signer in enumerate(draft.signers):
        yield from _signer_gaps(signer, f"signers[{i}]", draft.option(PenneoOptions))
    yield from _document_gaps(draft, is_multipart=is_multipart)


def _language_gaps(tag: str | None, field: str) -> Iterator[Gap]:
    if tag is not None and language(tag) is None:
        known = ", ".join(sorted(set(LANGUAGES.values())))
        yield Gap(Feature.LANGUAGE, field, f'Penneo has no "{tag}"', f"use one of: {known}")


def _signer_gaps(signer: Signer, at: str, options: PenneoOptions) -> Iterator[Gap]:
    if signer.role is not None and not is_role(signer.role):
        message = f'Penneo takes no role like "{signer.role}"'
        remedy = (
            f"at least {SHORTEST_ROLE} of a-z, A-Z, 0-9, space, comma, _ and -; "
            "a letter or digit first, no space last"
        )
        yield Gap(None, f"{at}.role", message, remedy)
    is_written_to = signer.delivery is Channel.EMAIL
    if is_written_to and signer.message is not None and len(signer.message) < SHORTEST_MESSAGE:
        yield Gap(None, f"{at}.message", _SHORT, "write a little more, or leave it out")
    yield from _language_gaps(signer.language, f"{at}.language")
    yield from _identity_gaps(signer, at)
    if options.sensitive_data and signer.identity is None:
        message = "with sensitive_data everybody must prove who they are"
        yield Gap(Feature.IDENTITY, f"{at}.identity", message, "say how, or leave the option out")


def _identity_gaps(signer: Signer, at: str) -> Iterator[Gap]:
    identity = signer.identity
    if identity is None:
        return
    if ssn_type(identity) is None:
        message = f"Penneo checks no national id of {identity.country or 'an unknown country'}"
        remedy = f"use one of: {', '.join(COUNTRIES)}"
        yield Gap(Feature.IDENTITY, f"{at}.identity.country", message, remedy)
    if identity.number is not None:
        return
    if identity.method is IdentityMethod.NATIONAL_ID:
        message = "Penneo checks a number that it is given"
        yield Gap(Feature.IDENTITY, f"{at}.identity.number", message, "give the number")
    elif signer.phone is None:
        message = "Penneo sends the code to a phone that it is given"
        yield Gap(Feature.IDENTITY, f"{at}.phone", message, "give the phone")


def _document_gaps(draft: EnvelopeDraft, *, is_multipart: bool) -> Iterator[Gap]:
    for i, document in enumerate(draft.documents):
        at = f"documents[{i}]"
        if document.media_type != PDF:
            yield Gap(None, f"{at}.media_type", "Penneo takes PDFs only", "make it a PDF")
        if len(document.display_title) > LONGEST_TITLE:
            message = f"Penneo takes at most {LONGEST_TITLE} characters"
            yield Gap(None, f"{at}.title", message, "give a shorter one")
        # The name must come out of the upload's header as it went in, or Penneo misses the file.
        if is_multipart and '"' in document.name:
            message = "the upload cannot carry a quotation mark in a file name"
            yield Gap(None, f"{at}.name", message, "give another name")
