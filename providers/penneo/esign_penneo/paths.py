"""Addresses at Penneo, most with ids in them; an id from outside must not lead anywhere else."""

from __future__ import annotations

import re

from esign_core.errors import NotFound

DOCUMENTS = "/api/v3/documents"
PATHS = (
    "/oauth/token",
    "/send/api/v1/casefiles/20251022/create",
    "/send/api/v1/casefiles/json/20251022/create-sandbox-base64",
    "/send/api/v1/casefiles/json/20251022/create-production-base64",
    "/send/api/v1/queue/public/status",
    "/api/v1/casefiles",
    "/api/v1/casefiles/{id}",
    "/api/v1/casefiles/{id}/signers/{signer}/log",
    "/api/v1/casefiles/{id}/signers/{signer}/signingrequests",
    "/api/v1/folders",
    "/api/v1/signingrequests/{id}/link",
    "/api/v1/signingrequests/{id}/send",
    "/api/v1/webhook/subscriptions",
    "/api/v1/webhook/subscriptions/{id}",
    "/api/v1/webhook/subscriptions/{id}/confirm",
    "/api/v1/webhook/subscriptions/{id}/test",
    "/api/v3/casefiles/{id}",
    "/api/v3/documents/{id}/content",
    "/webhook/api/v1/subscriptions",
    "/webhook/api/v1/subscriptions/test",
    "/webhook/api/v1/subscriptions/{id}",
)
"""All that is asked for, as logs and traces tell it."""
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
