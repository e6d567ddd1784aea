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
            return
    envelopes = _count(len(done.envelope_ids), "envelope", "envelopes")
    deliveries = _count(done.deliveries, "raw delivery", "raw deliveries")
    if not done.envelope_ids and not done.deliveries:
        say("Nothing here tells of them; there is nothing to erase.")
    elif done.is_done:
        say(f"Erased from {envelopes} and {deliveries}.")
    else:
        say(f"To be erased from {envelopes} and {deliveries}; nothing was erased yet.")
        say("Say it again with --yes to erase: it cannot be undone.")


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
