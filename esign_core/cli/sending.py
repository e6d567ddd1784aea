"""Drafts from the shell: checked, shown as they would be sent, and sent."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from esign_core import EnvelopeDraft, Esign
from esign_core.cli.draft import DraftFile, DraftFlags, read_draft
from esign_core.cli.envelopes import show_envelope
from esign_core.cli.output import say, show_fields, show_json, show_table
from esign_core.cli.parameters import DEFAULT_CONFIG, AsJson, ConfigFile, Via
from esign_core.cli.progress import progress
from esign_core.model import EnvelopeStatus
from esign_core.provider import Check
from esign_core.service.preview import Preview


def check(
    file: DraftFile = None,
    /,
    *,
    via: Via,
    draft: DraftFlags | None = None,
    online: Annotated[
        bool, Parameter(help="Ask the vendor too: is the template there, are credentials good.")
    ] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> int:
    r"""What a connection cannot do of a draft.

    Every gap at once, with a remedy for each, and the connections that could do it. Nothing is
    sent. The exit code is 1 if there is a gap.

    ```sh
    esign check lease.yaml --via acme
    esign check --template lease --title "Lease 14" --signer "Jane Doe" \
        --by-link --via acme
    ```
    """
    wish = read_draft(file, draft)
    with Esign.from_config(config) as esign, progress(f"Checking at {via}", as_json=as_json):
        found = esign.check(wish, via=via, online=online)
    if as_json:
        show_json(_check_data(found))
    elif found.ok:
        say(f'{via} can send "{wish.title}".')
    else:
        _show_gaps(found)
    return 0 if found.ok else 1


def send(
    file: DraftFile = None,
    /,
    *,
    via: Via,
    key: Annotated[str, Parameter(help="A word of yours that is the same on every try.")],
    draft: DraftFlags | None = None,
    tenant: Annotated[str, Parameter(help="Keys are unique in here.")] = "",
    wait: Annotated[float, Parameter(help="Seconds to wait for a vendor's queue.")] = 0.0,
    dry_run: Annotated[bool, Parameter(help="Show what would be sent, and send nothing.")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> int:
    r"""Ask for signatures, once for each key.

    The same key and draft are the same envelope, for ever: run it again as often as you like.
    With --dry-run it goes as far as it can without a word to anybody: documents are hashed,
    plugins heard, gaps told; the exit code is 1 if there is one.

    ```sh
    esign send lease.yaml --via acme --key lease-14
    esign send --document lease.pdf --signer "Jane Doe <jane@example.com>" \
        --via acme --key lease-15 --wait 60
    esign send lease.yaml --via acme --key lease-16 --dry-run
    ```
    """
    wish = read_draft(file, draft)
    with Esign.from_config(config) as esign:
        if dry_run:
            with progress("Reading the documents", as_json=as_json):
                found = esign.preview(wish, via=via, key=key, tenant=tenant)
            _show_preview(found, key, as_json=as_json)
            return 0 if found.check.ok else 1
        with progress(f"Sending to {via}", as_json=as_json):
            sent = esign.send(
                wish, via=via, key=key, tenant=tenant, wait=wait > 0, patience_seconds=wait
            )
    show_envelope(sent, as_json=as_json)
    if sent.status is EnvelopeStatus.QUEUED and not as_json:
        say(f"{via} is still making it. `esign worker` goes on; or call it again with --wait 60.")
    return 0


def _check_data(found: Check) -> dict[str, Any]:
    gaps = [
        {"feature": g.feature, "field": g.field, "message": g.message, "remedy": g.remedy}
        for g in found.gaps
    ]
    return {
        "ok": found.ok,
        "connection": found.connection,
        "provider": found.provider,
        "gaps": gaps,
        "alternatives": found.alternatives,
    }


def _show_gaps(found: Check) -> None:
    rows = [(gap.field, gap.message, gap.remedy) for gap in found.gaps]
    show_table(("field", "what cannot be done", "what to do"), rows)
    if found.alternatives:
        say(f"Connections that can: {', '.join(found.alternatives)}.")


def _show_preview(found: Preview, key: str, *, as_json: bool) -> None:
    data = _preview_data(found, key)
    if as_json:
        show_json(data)
        return
    told = ("title", "connection", "provider", "key", "template")
    show_fields((name, data[name]) for name in told)
    signers = [[*each.values()] for each in data["signers"]]
    show_table(("signer", "role", "order", "action", "reached by"), signers)
    documents = [[*each.values()] for each in data["documents"]]
    show_table(("document", "signed", "bytes", "sha256"), documents)
    if not found.check.ok:
        _show_gaps(found.check)
        say("Nothing was sent, and it cannot be sent as it is.")
    elif found.known is not None:
        say(f"Nothing was sent. It was before, as {found.known.id}: nobody would be asked again.")
    else:
        say("Nothing was sent. Leave --dry-run out to send it.")


def _preview_data(found: Preview, key: str) -> dict[str, Any]:
    """What would be sent, as JSON data: who signs by name, never by address."""
    return {
        **_check_data(found.check),
        "sent": False,
        "key": key,
        "known": found.known.id if found.known is not None else None,
        "title": found.draft.title,
        "template": _template(found),
        "signers": [
            {
                "name": each.name,
                "role": each.role,
                "order": each.order,
                "action": each.action.value,
                "delivery": each.delivery.value,
            }
            for each in found.draft.signers
        ],
        "documents": _documents(found.draft),
    }


def _documents(draft: EnvelopeDraft) -> list[dict[str, Any]]:
    return [
        {"name": each.name, "signable": each.signable, "size": each.size, "sha256": each.sha256}
        for each in draft.documents
    ]


def _template(found: Preview) -> str | None:
    """The vendor's template with its roles; a PDF is shown as the document that it became."""
    if found.template is None or found.template.id is None:
        return None
    roles = ", ".join(f"{ours} = {theirs}" for ours, theirs in found.template.roles.items())
    return f"{found.template.id} ({roles})" if roles else found.template.id
