"""Envelopes from the shell: the verbs of `Esign`, one command each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from esign_core import Esign
from esign_core.cli.draft import DraftFile, DraftFlags, read_draft
from esign_core.cli.output import say, show_fields, show_json, show_table
from esign_core.cli.parameters import (
    AT_LEAST_ONE,
    DEFAULT_CONFIG,
    AsJson,
    ConfigFile,
    EnvelopeId,
)
from esign_core.model import ArtifactKind, Envelope, EnvelopeStatus

Via = Annotated[str, Parameter(help="The connection, by its name in the configuration.")]


def check(
    file: DraftFile = None,
    /,
    *,
    via: Via,
    draft: DraftFlags | None = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> int:
    """What a connection cannot do of a draft.

    Every gap at once, with a remedy for each, and the connections that could do it. Nothing is
    sent. The exit code is 1 if there is a gap.
    """
    wish = read_draft(file, draft)
    with Esign.from_config(config) as esign:
        found = esign.check(wish, via=via)
    if as_json:
        gaps = [
            {"feature": g.feature, "field": g.field, "message": g.message, "remedy": g.remedy}
            for g in found.gaps
        ]
        show_json(
            {
                "ok": found.ok,
                "connection": found.connection,
                "provider": found.provider,
                "gaps": gaps,
                "alternatives": found.alternatives,
            }
        )
    elif found.ok:
        say(f'{via} can send "{wish.title}".')
    else:
        rows = [(gap.field, gap.message, gap.remedy) for gap in found.gaps]
        show_table(("field", "what cannot be done", "what to do"), rows)
        if found.alternatives:
            say(f"Connections that can: {', '.join(found.alternatives)}.")
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
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Ask for signatures, once for each key.

    The same key and draft are the same envelope, for ever: run it again as often as you like.
    """
    wish = read_draft(file, draft)
    with Esign.from_config(config) as esign:
        sent = esign.send(
            wish, via=via, key=key, tenant=tenant, wait=wait > 0, patience_seconds=wait
        )
    _show(sent, as_json=as_json)
    if sent.status is EnvelopeStatus.QUEUED and not as_json:
        say(f"{via} is still making it. `esign worker` goes on; or call it again with --wait 60.")


def list_(
    *,
    connection: Annotated[str | None, Parameter(help="Of this connection only.")] = None,
    status: Annotated[EnvelopeStatus | None, Parameter(help="In this status only.")] = None,
    tenant: Annotated[str | None, Parameter(help="Of this tenant only.")] = None,
    limit: Annotated[
        int, Parameter(help="At most so many.", show_default=True, validator=AT_LEAST_ONE)
    ] = 100,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """The envelopes of the journal.

    The newest first. The vendors are not asked.
    """
    with Esign.from_config(config) as esign:
        found = esign.list(tenant=tenant, connection=connection, status=status, limit=limit)
    if as_json:
        show_json([envelope_data(each) for each in found])
        return
    rows = [(e.id, e.connection, e.status, e.created_at, e.title) for e in found]
    show_table(("envelope", "connection", "status", "created", "title"), rows)


def show(
    envelope: EnvelopeId,
    /,
    *,
    fetch: Annotated[bool, Parameter(help="Look at the vendor first.")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Where an envelope stands.

    As the journal knows it; with --fetch, after a look at the vendor.
    """
    with Esign.from_config(config) as esign:
        found = esign.fetch(envelope) if fetch else esign.get(envelope)
    _show(found, as_json=as_json)


def links(
    envelope: EnvelopeId,
    /,
    *,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Where each signer signs.

    Whoever holds a link can sign: treat it as a secret.
    """
    with Esign.from_config(config) as esign:
        found = esign.signing_links(envelope)
    if as_json:
        show_json(
            [
                {"signer_id": link.signer_id, "name": link.name, "role": link.role, "url": link.url}
                for link in found
            ]
        )
        return
    rows = [(link.signer_id, link.name, link.role, link.url) for link in found]
    show_table(("signer", "name", "role", "link"), rows)


def remind(
    envelope: EnvelopeId,
    /,
    *,
    signer: Annotated[str | None, Parameter(help="Our id of one signer, such as s1.")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Write once more to who is open.

    To all signers who have not acted yet, or to one.
    """
    with Esign.from_config(config) as esign:
        esign.remind(envelope, signer=signer)
    if as_json:
        show_json({"envelope_id": envelope, "signer_id": signer, "reminded": True})
    else:
        say(f"{envelope}: reminded.")


def cancel(
    envelope: EnvelopeId,
    /,
    *,
    reason: Annotated[str | None, Parameter(help="Why, for vendors that pass it on.")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Call an envelope off.

    Who has not signed no longer can.
    """
    with Esign.from_config(config) as esign:
        ended = esign.cancel(envelope, reason=reason)
    _show(ended, as_json=as_json)


def download(
    envelope: EnvelopeId,
    /,
    *,
    to: Annotated[Path, Parameter(help="The folder that gets a folder for the envelope.")] = Path(),
    kind: Annotated[tuple[ArtifactKind, ...], Parameter(help="What; may be repeated.")] = (
        ArtifactKind.SIGNED,
    ),
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Bring an envelope's files here.

    Each is there whole or not at all; its SHA-256 is printed.
    """
    with Esign.from_config(config) as esign:
        saved = esign.download(envelope, to=to, kinds=kind)
    if as_json:
        show_json([{"path": str(f.path), "size": f.size, "sha256": f.sha256} for f in saved])
        return
    show_table(("file", "bytes", "sha256"), [(f.path, f.size, f.sha256) for f in saved])


def envelope_data(envelope: Envelope) -> dict[str, Any]:
    """An envelope as JSON data: who its signers are by name, never their addresses."""
    created = envelope.created_at
    return {
        "id": envelope.id,
        "title": envelope.title,
        "status": envelope.status.value,
        "outcome": envelope.outcome.value,
        "connection": envelope.connection,
        "provider": envelope.provider,
        "remote_id": envelope.remote_id,
        "key": envelope.key,
        "tenant": envelope.tenant,
        "created_at": created.isoformat() if created else None,
        "failure": envelope.failure,
        "is_final": envelope.is_final,
        "has_conflict": envelope.has_conflict,
        "is_purged": envelope.is_purged,
        "signers": [
            {
                "id": signer.id,
                "name": signer.name,
                "role": signer.role,
                "order": signer.order,
                "status": signer.status.value,
                "is_undeliverable": signer.is_undeliverable,
            }
            for signer in envelope.signers
        ],
    }


def _show(envelope: Envelope, *, as_json: bool) -> None:
    data = envelope_data(envelope)
    if as_json:
        show_json(data)
        return
    told = ("id", "title", "status", "outcome", "connection", "remote_id", "created_at", "failure")
    show_fields((name.replace("_", " "), data[name]) for name in told)
    rows = [(s.id, s.name, s.role, s.order, s.status) for s in envelope.signers]
    show_table(("signer", "name", "role", "order", "status"), rows)
