"""Addresses at Penvio."""

from __future__ import annotations

import re

from esign_core.errors import NotFound

ENVELOPES = "/esign/envelopes"
TEMPLATES = "/esign/templates"
PATHS = (
    ENVELOPES,
    f"{ENVELOPES}/{{id}}",
    f"{ENVELOPES}/{{id}}/cancel",
    f"{ENVELOPES}/{{id}}/remind",
    f"{ENVELOPES}/{{id}}/send",
    TEMPLATES,
    f"{TEMPLATES}/{{id}}",
)
"""All that is asked for, as logs and traces tell it."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.~-]{0,199}")


def path(collection: str, remote_id: str) -> str:
    """The address of one thing; an id from outside must not lead anywhere else.

    Raises:
        NotFound: No id of Penvio's is like that.
    """
    if not _ID.fullmatch(remote_id):
        raise NotFound("nothing at Penvio can have that id: it has characters that no id has.")
    return f"{collection}/{remote_id}"
