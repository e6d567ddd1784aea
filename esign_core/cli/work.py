"""`esign work`: what is left to do, and what was given up."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyclopts import Parameter

from esign_core import Esign, WorkItem
from esign_core.cli.failures import Misused, takes_none
from esign_core.cli.output import plain, say, show_json, show_table
from esign_core.cli.parameters import AT_LEAST_ONE, DEFAULT_CONFIG, AsJson, ConfigFile


def work(
    action: Annotated[
        Literal["list", "retry", "drop"],
        Parameter(name="ACTION", help="Show it, have it done now, or have it done never."),
    ],
    numbers: Annotated[
        tuple[int, ...],
        Parameter(name="ID", help="Which, by the numbers that list shows.", validator=AT_LEAST_ONE),
    ] = (),
    /,
    *,
    dead: Annotated[bool, Parameter(help="list: only what was given up.")] = False,
    envelope: Annotated[str | None, Parameter(help="list: about this envelope only.")] = None,
    limit: Annotated[
        int | None,
        Parameter(help="list: at most so many, 100 if not said.", validator=AT_LEAST_ONE),
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """What is left to do.

    list shows it, the soonest first; what failed again and again was given up, and is at the end.
    retry has a worker do it now, as if it had never failed. drop takes it off the list: nobody
    does it any more, until there is news of what it is about.

    ```sh
    esign work list
    esign work list --dead --json
    esign work retry 12 14
    esign work drop 12
    ```
    """
    if (action == "list") is bool(numbers):
        raise Misused("retry and drop need an ID, or several; list takes none.")
    if action != "list":
        takes_none(action, {"--dead": dead, "--envelope": envelope, "--limit": limit})
    with Esign.from_config(config) as esign:
        if action == "list":
            if envelope is not None:
                _ = esign.get(envelope)  # nothing would ever be left to do for a mistyped id
            found = esign.work.list(dead=dead or None, envelope_id=envelope, limit=limit or 100)
        else:
            do = esign.work.retry if action == "retry" else esign.work.drop
            found = tuple(do(number) for number in numbers)
    if as_json:
        show_json([_data(item) for item in found])
    elif action == "list":
        rows = [
            (i.id, i.kind, i.subject, i.connection, _when(i), i.attempts, i.error) for i in found
        ]
        show_table(("id", "what", "about", "connection", "due", "failures", "last error"), rows)
    else:
        told = "is done now, by a running worker" if action == "retry" else "is not done any more"
        for item in found:
            say(f"{item.id}: {item.kind} of {item.subject} {told}.")


def _when(item: WorkItem) -> str:
    if item.dead_at is not None:
        return f"given up {plain(item.dead_at)}"
    return plain(item.due_at)


def _data(item: WorkItem) -> dict[str, Any]:
    dead_at, leased = item.dead_at, item.leased_until
    return {
        "id": item.id,
        "kind": item.kind.value,
        "subject": item.subject,
        "connection": item.connection,
        "due_at": item.due_at.isoformat() if dead_at is None else None,
        "failures": item.attempts,
        "error": item.error,
        "leased_until": leased.isoformat() if leased else None,
        "dead_at": dead_at.isoformat() if dead_at else None,
    }
