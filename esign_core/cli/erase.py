"""`esign erase`: a person's data, removed on their request."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter

from esign_core import Esign
from esign_core.cli.output import say, show_json
from esign_core.cli.parameters import DEFAULT_CONFIG, AsJson, ConfigFile
from esign_core.cli.progress import progress


def erase(
    email: Annotated[str, Parameter(name="EMAIL", help="Whose data.")],
    /,
    *,
    yes: Annotated[bool, Parameter(help="Do it; without, it is only looked for.")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Remove a person's data from the journal.

    Names, addresses, reasons, drafts, the vendor's own words and raw deliveries go, of every
    envelope that tells of the person; positions, times, ids, keys and hashes stay. It cannot be
    undone. Envelopes have to have ended. What the vendor keeps, and files that were downloaded,
    are not touched.

    ```sh
    esign erase jane@example.com
    esign erase jane@example.com --yes
    ```
    """
    with Esign.from_config(config) as esign:
        with progress("Erasing", as_json=as_json):
            done = esign.erase(email, is_try=not yes)
        if as_json:
            show_json(asdict(done))
        elif done.is_done:
            envelopes, deliveries = len(done.envelope_ids), done.deliveries
            say(f"Erased from {envelopes} envelopes and {deliveries} raw deliveries.")
        else:
            say(f"{len(done.envelope_ids)} envelopes tell of them; nothing was erased yet.")
            say("Say it again with --yes to erase: it cannot be undone.")
