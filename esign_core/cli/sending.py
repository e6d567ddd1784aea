"""Drafts from the shell: checked, shown as they would be sent, and sent."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from esign_core import Esign, Uncertain
from esign_core.cli.draft import DraftFile, DraftFlags, read_draft
from esign_core.cli.envelopes import show_state, what_follows
from esign_core.cli.gaps import check_data, show_gaps
from esign_core.cli.output import say, show_json
from esign_core.cli.parameters import DEFAULT_CONFIG, AsJson, ConfigFile, Via
from esign_core.cli.preview import show_preview
from esign_core.cli.progress import progress
from esign_core.model import Envelope, EnvelopeStatus

_MOST_SECONDS = 86_400
"""For how long somebody waits at a terminal; a worker waits longer."""


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
        show_json(check_data(found))
    elif found.ok:
        say(f'{via} can send "{wish.title}".')
    else:
        show_gaps(found)
    return 0 if found.ok else 1


def send(
    file: DraftFile = None,
    /,
    *,
    via: Via,
    key: Annotated[
        str,
        Parameter(
            help="A word of yours that is the same on every try; it is never erased, so name "
            "nobody in it."
        ),
    ],
    draft: DraftFlags | None = None,
    tenant: Annotated[str, Parameter(help="Keys are unique in here.")] = "",
    wait: Annotated[
        float,
        Parameter(
            help="Seconds to wait for a vendor's queue.",
            validator=Number(gte=0, lte=_MOST_SECONDS),
        ),
    ] = 0.0,
    dry_run: Annotated[bool, Parameter(help="Show what would be sent, and send nothing.")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> int:
    r"""Ask for signatures, once for each key.

    The same key and draft are the same envelope, for ever: run it again as often as you like.
    The exit code is 1 as long as it is not known whether it was sent.
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
            show_preview(found, key, as_json=as_json)
            return 0 if found.check.ok else 1
        with progress(f"Sending to {via}", as_json=as_json):
            sent = esign.send(
                wish, via=via, key=key, tenant=tenant, wait=wait > 0, patience_seconds=wait
            )
    show_state(sent, as_json=as_json)
    if sent.is_in_doubt:
        raise _in_doubt(sent)
    if sent.status is EnvelopeStatus.QUEUED and not as_json:
        say(f"{via} is still making it. `esign worker` goes on; or call it again with --wait 60.")
    return 0


def _in_doubt(envelope: Envelope) -> Uncertain:
    return Uncertain(
        f"it is not known whether {envelope.id} was sent. {what_follows(envelope)}",
        provider=envelope.provider,
        connection=envelope.connection,
        envelope_id=envelope.id,
    )
