"""Addresses with ids in them; an id from outside must not lead anywhere else."""

from __future__ import annotations

import re

from esign_core.errors import NotFound

_ID = re.compile(r"[A-Za-z0-9-]{1,64}")  # numbers of case files and signers, UUIDs (V)


def path(*parts: str) -> str:
    """The parts joined; the first one is an address, the others are ids and fixed words.

    Raises:
        NotFound: An id is none that Penneo gives out.
    """
    for part in parts[1:]:
        if not _ID.fullmatch(part):
            raise NotFound("nothing at Penneo can have that id: it has characters that no id has.")
    return "/".join(parts)
