"""What an envelope's metadata carry: the caller's words, our mark, and a title of its own.

Source: E-Sign API v1, "Create Envelope": `metadata`, "object, custom metadata" (V). How much it
may hold is not documented.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from esign_core.model import EnvelopeDraft

MARK = "esign"
"""The name under which our mark stands."""
TITLE = "esign_title"
"""The name under which the title stands, where the e-mail's subject is another."""
TAKEN = {
    MARK: "is where the envelope is marked as ours",
    TITLE: "is where the title is kept",
}
"""The names that are not the caller's, and why."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """An envelope's metadata, sorted out."""

    mark: str | None
    title: str | None
    words: Mapping[str, str]
    """The caller's own."""


def from_draft(draft: EnvelopeDraft) -> dict[str, str]:
    """What goes out with a draft.

    Penvio knows no title, only the e-mail's subject: a title that is not also the subject goes
    here, so that whoever reads the envelope later gets it back.
    """
    title = None if draft.subject in {None, draft.title} else draft.title
    ours = {MARK: draft.mark, TITLE: title}
    return {**draft.metadata, **{name: word for name, word in ours.items() if word is not None}}


def to_metadata(data: Mapping[str, Any] | None) -> Metadata:
    """What came back. Values may be anything at Penvio; those that are no text become JSON."""
    words = {name: _word(value) for name, value in (data or {}).items()}
    return Metadata(words.pop(MARK, None), words.pop(TITLE, None), words)


def mark_of(data: Any) -> str | None:
    """Our mark on what may be an envelope, read or not: a strange one must not hide ours."""
    metadata = data.get("metadata") if isinstance(data, dict) else None
    return metadata.get(MARK) if isinstance(metadata, dict) else None


def _word(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
