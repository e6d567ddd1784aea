"""Envelopes from the shell: the verbs of `Esign`, one command each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from esign_core import Esign, NextStep
from esign_core.cli.output import say, show_fields, show_json, show_table
from esign_core.cli.parameters import (
    AT_LEAST_ONE,
    DEFAULT_CONFIG,
    AsJson,
    ConfigFile,
    EnvelopeId,
)
from esign_core.cli.progress import progress
from esign_core.model import ArtifactKind, Envelope, EnvelopeStatus


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

    The newest first. The vendors are not asked. The outcome tells whether it was sent: `not_done`
    was refused, of `uncertain` nobody knows yet.

    ```sh
    esign list --status in_progress
    esign list --connection acme --limit 10 --json
    ```
    """
    with Esign.from_config(config) as esign:
        found = esign.list(tenant=tenant, connection=connection, status=status, limit=limit)
    if as_json:
        show_json([envelope_data(each) for each in found])
        return
    rows = [(e.id, e.connection, e.status, e.outcome, e.created_at, e.title) for e in found]
    show_table(("envelope", "connection", "status", "outcome", "created", "title"), rows)


def show(
    envelope: EnvelopeId,
    /,
    *,
    fetch: Annotated[bool, Parameter(help="Look at the vendor first.")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Where an envelope stands, and what happens next.

    As the journal knows it; with --fetch, after a look at the vendor.

    ```sh
    esign show env_0192f0 --fetch
    ```
    """
    with Esign.from_config(config) as esign, progress("Looking", as_json=as_json):
        found = esign.fetch(envelope) if fetch else esign.get(envelope)
        following = esign.work.next(found.id)
    data = {**envelope_data(found), "next": _next_data(following)}
    if as_json:
        show_json(data)
        return
    _show_data(found, data)
    if found.is_in_doubt:
        say(what_follows(found))


def links(
    envelope: EnvelopeId,
    /,
    *,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Where each signer signs.

    Whoever holds a link can sign: treat it as a secret.

    ```sh
    esign links env_0192f0
    ```
    """
    with Esign.from_config(config) as esign, progress("Asking the vendor", as_json=as_json):
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

    ```sh
    esign remind env_0192f0
    esign remind env_0192f0 --signer s1
    ```
    """
    with Esign.from_config(config) as esign, progress("Asking the vendor", as_json=as_json):
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

    ```sh
    esign cancel env_0192f0 --reason "The flat is taken."
    ```
    """
    with Esign.from_config(config) as esign, progress("Asking the vendor", as_json=as_json):
        ended = esign.cancel(envelope, reason=reason)
    show_envelope(ended, as_json=as_json)


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

    ```sh
    esign download env_0192f0 --to archive
    esign download env_0192f0 --kind signed --kind certificate
    ```
    """
    with Esign.from_config(config) as esign, progress("Downloading", as_json=as_json):
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
        "is_in_doubt": envelope.is_in_doubt,
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


def show_envelope(envelope: Envelope, *, as_json: bool) -> None:
    """Print where an envelope stands, each of its signers, and what follows if it is in doubt."""
    show_state(envelope, as_json=as_json)
    if envelope.is_in_doubt and not as_json:
        say(what_follows(envelope))


def show_state(envelope: Envelope, *, as_json: bool) -> None:
    """Print where an envelope stands, and each of its signers."""
    data = envelope_data(envelope)
    if as_json:
        show_json(data)
    else:
        _show_data(envelope, data)


def _show_data(envelope: Envelope, data: dict[str, Any]) -> None:
    told = ("id", "title", "status", "outcome", "connection", "remote_id", "created_at", "failure")
    following = (data.get("next") or {}).get("text")
    shown = {**data, "created_at": envelope.created_at}
    show_fields([*((name.replace("_", " "), shown[name]) for name in told), ("next", following)])
    columns = ("id", "name", "role", "order", "status")
    rows = [[signer[name] for name in columns] for signer in data["signers"]]
    show_table(("signer", *columns[1:]), rows)


def _next_data(step: NextStep | None) -> dict[str, Any] | None:
    if step is None:
        return None
    at = step.at.isoformat() if step.at is not None else None
    return {"what": step.what, "at": at, "text": step.text}


def what_follows(envelope: Envelope) -> str:
    """What happens next to an envelope in doubt, and what a person can do."""
    there = envelope.connection
    if envelope.remote_id is not None:
        next_ = f"It is a draft at {there}, and `esign worker` goes on sending it."
    else:
        next_ = (
            f"It may have been sent: `esign worker` looks for it at {there} until the vendor's "
            "longest delay has passed, and nothing is sent again by itself."
        )
    decide = f"`esign resolve {envelope.id}` with --adopt REMOTE, --resend or --abandon."
    return f"{next_} A person can decide: {decide}"
