"""`esign keys`: the keys that seal secrets in the journal."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from cyclopts import Parameter

from esign_core.cli.failures import Misused
from esign_core.cli.output import say, show_fields, show_json
from esign_core.cli.parameters import DEFAULT_CONFIG, AsJson, ConfigFile
from esign_core.cli.progress import progress


def keys(
    action: Annotated[
        Literal["new", "rotate"],
        Parameter(name="ACTION", help="Make a key, or seal everything under the first one."),
    ],
    /,
    *,
    forget_locked: Annotated[
        bool, Parameter(help="rotate: remove tokens that no key opens; they are asked for anew.")
    ] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> int:
    """Keys that seal the journal's secrets.

    new prints a fresh key, for encryption_keys in the configuration. rotate seals tokens and job
    handles under the first of those keys, those too that are in clear; and makes fingerprints of
    drafts with identity numbers slow to search. It can be stopped and done again, beside processes
    that have every key. The exit code is 1 if something is left that no key opens.

    ```sh
    esign keys new
    esign keys rotate
    ```
    """
    if action == "new":
        if forget_locked:
            raise Misused("--forget-locked goes with rotate.")
        return _new(as_json=as_json)
    return _rotate(config, forget_locked=forget_locked, as_json=as_json)


def _new(*, as_json: bool) -> int:
    from esign_core.journal.vault import new_key

    key = new_key()
    if as_json:
        show_json({"key": key})
    else:
        say(key)
    return 0


def _rotate(config: ConfigFile, *, forget_locked: bool, as_json: bool) -> int:
    from esign_core.service.sealing import rotate_keys

    with progress("Sealing", as_json=as_json):
        found = rotate_keys(config, forget_locked=forget_locked)
    if as_json:
        show_json({"ok": not found.locked, **asdict(found)})
        return 1 if found.locked else 0
    rows = {
        "under the first key already": found.current,
        "were under another key": found.older,
        "were in clear": found.clear,
        "fingerprints slowed down": found.fingerprints,
        "removed": found.forgotten,
        "no key opens": found.locked,
    }
    show_fields((what, count) for what, count in rows.items() if count)
    if not found.locked:
        say("The first key opens everything. The others can be taken out.")
        return 0
    say(
        "Give the key that the rest was sealed under, behind the first one, and do this again. "
        "Where it is lost: --forget-locked removes tokens, which are asked for anew; an envelope "
        "whose job handle is lost is for `esign resolve ENVELOPE --adopt REMOTE`."
    )
    return 1
