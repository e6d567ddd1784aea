"""What would be sent, printed: people by name, and never how they are reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from esign_core.cli.gaps import check_data, show_gaps
from esign_core.cli.output import say, show_fields, show_json, show_table
from esign_core.model import Document, EnvelopeDraft, Redirects, Signer
from esign_core.model.options import Options
from esign_core.service.preview import Preview

_FIRST = ("title", "connection", "provider", "key", "template")
_SIGNER = ("name", "role", "order", "action", "delivery")
_DOCUMENT = ("name", "signable", "size", "sha256")


def show_preview(found: Preview, key: str, *, as_json: bool) -> None:
    """Print what would be sent, what stands in its way, and that nothing was sent."""
    more = _more(found.draft)
    signers = [_signer(each) for each in found.draft.signers]
    documents = [_document(each) for each in found.draft.documents]
    data = {
        **check_data(found.check),
        "sent": False,
        "key": key,
        "known": found.known.id if found.known is not None else None,
        "title": found.draft.title,
        "template": _template(found),
        **more,
        "signers": signers,
        "documents": documents,
    }
    if as_json:
        show_json(data)
        return
    shown = {**data, "send_at": found.draft.send_at, "expires_at": found.draft.expires_at}
    show_fields((name.replace("_", " "), _words(shown[name])) for name in (*_FIRST, *more))
    show_table(("signer", "role", "order", "action", "reached by", "more"), _rows(signers, _SIGNER))
    show_table(("document", "signed", "bytes", "sha256", "more"), _rows(documents, _DOCUMENT))
    if not found.check.ok:
        show_gaps(found.check)
        say("Nothing was sent, and it cannot be sent as it is.")
    elif found.known is not None and found.known.is_in_doubt:
        say(f"Nothing was sent now. It is not known whether {found.known.id} was, with this key.")
    elif found.known is not None:
        say(f"Nothing was sent. It was before, as {found.known.id}: nobody would be asked again.")
    else:
        say("Nothing was sent. Leave --dry-run out to send it.")


def _more(draft: EnvelopeDraft) -> dict[str, Any]:
    """What else a draft asks for. Words that are kept at the vendor are told by name alone."""
    return {
        "send_at": _moment(draft.send_at),
        "expires_at": _moment(draft.expires_at),
        "expires_in_days": draft.expires_in_days,
        "remind_every_days": draft.remind_every_days,
        "copies": [each.name for each in draft.copies],
        "redirects": _redirects(draft.redirects),
        "subject": draft.subject,
        "message": draft.message is not None,
        "language": draft.language,
        "metadata": sorted(draft.metadata),
        "options": _options(draft.options),
    }


def _signer(signer: Signer) -> dict[str, Any]:
    identity = signer.identity
    return {
        "name": signer.name,
        "role": signer.role,
        "order": signer.order,
        "action": signer.action.value,
        "delivery": signer.delivery.value,
        "identity": identity and {"method": identity.method.value, "country": identity.country},
        "language": signer.language,
        "message": signer.message is not None,
        "redirects": _redirects(signer.redirects),
        "options": _options(signer.options),
    }


def _document(document: Document) -> dict[str, Any]:
    return {
        "name": document.name,
        "signable": document.signable,
        "size": document.size,
        "sha256": document.sha256,
        "options": _options(document.options),
    }


def _moment(time: datetime | None) -> str | None:
    return time.isoformat() if time is not None else None


def _redirects(redirects: Redirects | None) -> list[str]:
    """After what there is one; where it leads may be a secret."""
    return sorted(redirects.model_dump(exclude_none=True)) if redirects is not None else []


def _options(options: Iterable[Options]) -> dict[str, list[str]]:
    """The names of the wishes by provider; their values may be numbers and addresses."""
    return {each.provider: sorted(each.model_dump(exclude_defaults=True)) for each in options}


def _rows(people: Iterable[Mapping[str, Any]], columns: tuple[str, ...]) -> list[list[object]]:
    """A row for each; its last cell has whatever there is no column for."""
    return [
        [
            *(each[name] for name in columns),
            "; ".join(
                name if value is True else f"{name}: {_words(value)}"
                for name, value in each.items()
                if name not in columns and value
            ),
        ]
        for each in people
    ]


def _words(value: object) -> object:
    """A value of JSON data for people; None for what is not there."""
    if isinstance(value, Mapping):
        told = [f"{name} {_words(each)}" for name, each in value.items() if each]
        return ", ".join(told) or None
    if isinstance(value, list):
        return ", ".join(map(str, value)) or None
    return None if value is False else value


def _template(found: Preview) -> str | None:
    """The vendor's template with its roles; a PDF is shown as the document that it became."""
    if found.template is None or found.template.id is None:
        return None
    roles = ", ".join(f"{ours} = {theirs}" for ours, theirs in found.template.roles.items())
    return f"{found.template.id} ({roles})" if roles else found.template.id
