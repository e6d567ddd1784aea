"""Whether a draft can be sent: by what is declared, and by what the vendor itself says."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from esign_core.engine import Session, Task, call, transact
from esign_core.errors import NotFound
from esign_core.model import EnvelopeDraft, Gap, excerpt, printable
from esign_core.provider import Check, Template, Templates, gaps_of, localized
from esign_core.service.operations import check, expect_draft
from esign_core.service.workspace import Workspace

_TEMPLATES_NAMED = 5
_LONGEST_NAME = 80


def check_here(session: Session, draft: EnvelopeDraft, *, online: bool) -> Task[Check]:
    """`check`; with `online` also what the vendor says of it."""
    expect_draft(draft)
    found = yield from transact(partial(check, session, draft))
    if not online:
        return found
    told = yield from _told_gaps(session, draft)
    return replace(found, gaps=(*found.gaps, *told))


def check_everywhere(workspace: Workspace, session: Session, draft: EnvelopeDraft) -> Check:
    """`check`, with the connections that have nothing against the draft."""
    return _with_alternatives(workspace, draft, check(session, draft))


def check_via(workspace: Workspace, draft: EnvelopeDraft, *, via: str, online: bool) -> Task[Check]:
    """`check_here`, with the connections that have nothing against the draft."""
    found = yield from check_here(workspace.session(via), draft, online=online)
    return (yield from transact(partial(_with_alternatives, workspace, draft, found)))


def _with_alternatives(workspace: Workspace, draft: EnvelopeDraft, found: Check) -> Check:
    if found.ok:
        return found
    others = [each for each in workspace.connections.values() if each.name != found.connection]
    able = tuple(each.name for each in others if _can_send(each, draft))
    return replace(found, alternatives=able)


def _can_send(session: Session, draft: EnvelopeDraft) -> bool:
    try:
        return not gaps_of(draft, session.provider)
    except Exception:  # noqa: BLE001 - not mapped there, its PDF is gone, or a broken adapter
        return False


def _told_gaps(session: Session, draft: EnvelopeDraft) -> Task[tuple[Gap, ...]]:
    """What the vendor says: of the template, or at least of the credentials, and of the rest."""
    provider = session.provider
    local = yield from transact(partial(localized, draft, provider))
    facet = provider.templates
    gaps: tuple[Gap, ...] = ()
    if local.template is not None and facet is not None:
        gaps = yield from _template_gaps(session, facet, local)
    elif provider.supports("probe"):
        _ = yield from call(session, provider.probe, operation="check", subject=draft.title)
    flow = partial(provider.inspect_online, local)
    more = yield from call(session, flow, operation="check", subject=draft.title)
    return (*gaps, *more)


def _template_gaps(
    session: Session, facet: Templates, draft: EnvelopeDraft
) -> Task[tuple[Gap, ...]]:
    wanted = session.provider.template_of(draft).id or ""
    try:
        flow = partial(facet.get, wanted)
        _ = yield from call(session, flow, operation="check", subject=draft.title)
    except NotFound:
        known = yield from call(session, facet.list, operation="check", subject=draft.title)
        names = ", ".join(map(_named, known[:_TEMPLATES_NAMED]))
        more = ", ..." if len(known) > _TEMPLATES_NAMED else ""
        message = f'{session.provider.name} has no template "{wanted}"'
        remedy = f"map it, in the connection's templates, to one of: {names or 'none'}{more}"
        return (Gap(None, "template", message, remedy),)
    return ()


def _named(template: Template) -> str:
    return f"{printable(template.id)} ({excerpt(template.name, _LONGEST_NAME)})"
