"""A draft as the body that creates its envelope; and Penvio's objections in the draft's words.

Source: E-Sign API v1, "Create Envelope" (V).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from esign_core.errors import NotFound, Problem, Refused
from esign_core.model import EnvelopeDraft
from esign_core.provider import TemplateTarget
from esign_penvio import metadata
from esign_penvio.explain import code_of, retell
from esign_penvio.settings import PenvioSettings

_FIELD = {  # Penvio's field, and the draft's
    "expiresInDays": "expires_in_days",
    "signingOrder": "signers",
    "templateId": "template",
    f"metadata.{metadata.TITLE}": "title",
}
_SETTING = {  # Penvio's field, and the connection's setting
    "webhookSecret": "webhook_secrets[0]",
    "webhookUrl": "webhook_url",
}
_ROLE = re.compile(r"signers\[(\d+)\]\.role")


def to_body(
    draft: EnvelopeDraft, target: TemplateTarget, settings: PenvioSettings
) -> dict[str, Any]:
    """The body that creates a draft's envelope, unsent.

    Every documented field is in it:

    | Penvio's field | from |
    |---|---|
    | `templateId`, `signers[].role` | the template, as the connection's `templates` map it |
    | `signers[].name`, `.email` | the signers |
    | `signers[].order`, `signingOrder` | `order`; SEQUENTIAL if the orders differ, else PARALLEL |
    | `subject` | `subject`, else the title |
    | `message`, `metadata`, `expiresInDays` | `message`, `metadata`, `expires_in_days` |
    | `webhookUrl`, `webhookSecret` | the settings `webhook_url` and `webhook_secrets` |
    | `sendImmediately` | always false: `dispatch` sends, once the id is stored |

    What the draft does not say is left out, and Penvio's default holds: 30 days to sign in. The
    signing order is always said: which one holds without is not documented. Nor is how many days
    are allowed; Penvio's own refusal tells. Metadata of other kinds than text are not made, as
    the neutral draft has text only.

    A draft names no webhook of its own, though Penvio would take one. The receiver knows a
    delivery by its connection and verifies it with the connection's secrets; and where signers'
    names and addresses are told is for who runs the product to say, not for a draft.
    """
    in_turn = len({signer.order for signer in draft.signers}) > 1
    signers = (
        {
            "email": signer.email,
            "name": signer.name,
            "role": target.roles.get(signer.role or "", signer.role),
            "order": signer.order if in_turn else None,
        }
        for signer in draft.signers
    )
    body = {
        "templateId": target.id,
        "signers": [_given(signer) for signer in signers],
        "subject": draft.subject or draft.title,
        "message": draft.message,
        "metadata": metadata.from_draft(draft) or None,
        "webhookUrl": settings.webhook_url,
        "webhookSecret": settings.signing_secret if settings.webhook_url else None,
        "expiresInDays": draft.expires_in_days,
        "signingOrder": "SEQUENTIAL" if in_turn else "PARALLEL",
        "sendImmediately": False,
    }
    return _given(body)


def point_at_draft(error: Refused | NotFound, draft: EnvelopeDraft, target: TemplateTarget) -> None:
    """Let a refusal of a draft's body tell of the fields and settings that the caller wrote."""
    mapped = f"templates.{draft.template.name if draft.template else ''}"
    if isinstance(error, NotFound):
        if code_of(error.raw) == "NOT_FOUND":  # the body names nothing else that could be missing
            error.message += (
                f' The connection says that {mapped} is "{target.id}"; `connection.templates()` '
                "lists those that are there."
            )
            error.args = (error.message,)
        return

    def pointed(problem: Problem) -> Problem:
        if problem.field in _SETTING:
            message = f"{problem.message} (a setting of the connection)"
            return Problem(_SETTING[problem.field], message)
        if problem.field == "subject":
            return replace(problem, field="title" if draft.subject is None else "subject")
        if found := _ROLE.fullmatch(problem.field):
            role = _role_of(draft, int(found[1]))
            theirs = target.roles.get(role, role)
            sent = f'as "{theirs}"' if theirs else "without one"
            told = f"it went out {sent}; look at {mapped}.roles, and at the template in Penvio"
            return replace(problem, message=f"{problem.message} ({told})")
        return replace(problem, field=_FIELD.get(problem.field, problem.field))

    retell(error, pointed)


def _role_of(draft: EnvelopeDraft, place: int) -> str:
    return (draft.signers[place].role if place < len(draft.signers) else None) or ""


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
