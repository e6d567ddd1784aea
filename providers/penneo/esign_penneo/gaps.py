"""What of a draft Penneo cannot do, beyond whole features: values, lengths, spellings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from esign_core.model import PDF, Channel, EnvelopeDraft, Feature, Gap
from esign_penneo import metadata
from esign_penneo.options import PenneoOptions
from esign_penneo.signer_gaps import signer_gaps
from esign_penneo.vocabulary import LANGUAGES, LONGEST_TITLE, SHORTEST_TEXT, language

_SHORT = f"Penneo takes no text under {SHORTEST_TEXT} characters"
_LONGER = "write a little more, or leave it out"


def gaps_of(draft: EnvelopeDraft, now: datetime, *, is_multipart: bool) -> Iterator[Gap]:
    """Every gap, with a remedy for each.

    Source: the definitions of the Send API and of the connector (V).
    """
    yield from _text_gaps(draft)
    if metadata.KEY in draft.metadata:
        yield Gap(None, "metadata", f'the name "{metadata.KEY}" is taken', "use another name")
    if not is_multipart:
        yield from _json_gaps(draft.option(PenneoOptions))
    for i in range(len(draft.signers)):
        yield from signer_gaps(draft, i, now)
    yield from _document_gaps(draft, is_multipart=is_multipart)


def _text_gaps(draft: EnvelopeDraft) -> Iterator[Gap]:
    texts = {"subject": draft.subject, "message": draft.message}
    texts |= {
        f"signers[{i}].message": signer.message
        for i, signer in enumerate(draft.signers)
        if signer.delivery is Channel.EMAIL  # else nobody writes it
    }
    for field, text in texts.items():
        if text is not None and len(text) < SHORTEST_TEXT:
            yield Gap(None, field, _SHORT, _LONGER)
    tags = {"language": draft.language}
    tags |= {f"signers[{i}].language": signer.language for i, signer in enumerate(draft.signers)}
    for field, tag in tags.items():
        if tag is not None and language(tag) is None:
            known = ", ".join(sorted(set(LANGUAGES.values())))
            yield Gap(Feature.LANGUAGE, field, f'Penneo has no "{tag}"', f"use one of: {known}")


def _json_gaps(options: PenneoOptions) -> Iterator[Gap]:
    for field in ("access_control", "sender_name"):
        if getattr(options, field) is not None:
            message = "Penneo takes it with multipart uploads only"
            remedy = 'set upload = "multipart" in the connection, or leave it out'
            yield Gap(None, f"options.penneo.{field}", message, remedy)


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
