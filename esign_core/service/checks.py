"""Whether a draft can be sent, with the connections that could do it instead."""

from __future__ import annotations

from dataclasses import replace

from esign_core.engine import Session
from esign_core.model import EnvelopeDraft
from esign_core.provider import Check, gaps_of
from esign_core.service import operations
from esign_core.service.workspace import Workspace


def check_everywhere(workspace: Workspace, session: Session, draft: EnvelopeDraft) -> Check:
    """What stands in a draft's way at one connection, and which others have nothing against it."""
    found = operations.check(session, draft)
    if found.ok:
        return found
    others = [each for each in workspace.connections.values() if each.name != session.name]
    able = tuple(each.name for each in others if _can_send(each, draft))
    return replace(found, alternatives=able)


def _can_send(session: Session, draft: EnvelopeDraft) -> bool:
    try:
        return not gaps_of(draft, session.provider)
    except Exception:  # noqa: BLE001 - not mapped there, its PDF is gone, or a broken adapter
        return False
