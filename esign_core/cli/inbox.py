"""`esign inbox`: what was delivered, and reading it again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from esign_core import Esign
from esign_core.cli.failures import Misused, takes_none
from esign_core.cli.output import say, show_fields, show_json, show_table
from esign_core.cli.parameters import AT_LEAST_ONE, DEFAULT_CONFIG, AsJson, ConfigFile
from esign_core.cli.progress import progress
from esign_core.journal import DeliveryState
from esign_core.service.defaults import MOST_DAYS

if TYPE_CHECKING:
    from esign_core.journal import InboxEntry
    from esign_core.service import Receipt


def inbox(
    action: Annotated[
        Literal["list", "show", "replay", "drop"],
        Parameter(name="ACTION", help="What to do."),
    ],
    delivery: Annotated[
        int | None,
        Parameter(name="ID", help="The delivery, as list shows it.", validator=AT_LEAST_ONE),
    ] = None,
    /,
    *,
    connection: Annotated[str | None, Parameter(help="list: of this one only.")] = None,
    envelope: Annotated[str | None, Parameter(help="list: about this envelope only.")] = None,
    state: Annotated[
        DeliveryState | None, Parameter(help="list, replay: of which this was made only.")
    ] = None,
    limit: Annotated[
        int | None,
        Parameter(help="list: at most so many, 100 if not said.", validator=AT_LEAST_ONE),
    ] = None,
    raw: Annotated[
        bool, Parameter(help="show: with headers and body, which tell of people.")
    ] = False,
    older_than_days: Annotated[
        float | None,
        Parameter(help="drop: what came before.", validator=Number(gte=0, lte=MOST_DAYS)),
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """What was delivered, and what was made of it.

    list shows deliveries, the newest first; show tells of one. replay reads one again, or all that
    could not be read when they came (or those of another --state): after an upgrade that
    understands more. It can only add. drop removes headers and bodies of old ones, and leaves
    their hashes.

    ```sh
    esign inbox list --state unreadable
    esign inbox show 17
    esign inbox replay
    esign inbox drop --older-than-days 30
    ```
    """
    _expect(action, delivery, older_than_days)
    of_list = {"--connection": connection, "--envelope": envelope, "--limit": limit}
    takes_none(
        action,
        {
            **({} if action == "list" else of_list),
            **({} if action in {"list", "replay"} else {"--state": state}),
            **({} if action == "show" else {"--raw": raw}),
        },
    )
    if delivery is not None and state is not None:
        raise Misused("replay takes an ID or --state, not both.")
    with Esign.from_config(config) as esign:
        match action:
            case "list":
                if connection is not None:
                    _ = esign.list(connection=connection, limit=1)  # raises if there is none
                if envelope is not None:
                    _ = esign.get(envelope)
                found = esign.inbox.list(
                    connection=connection, state=state, envelope_id=envelope, limit=limit or 100
                )
                _show_all(found, as_json=as_json)
            case "show":
                assert delivery is not None  # noqa: S101 - `_expect` has looked
                _show(esign.inbox.get(delivery), raw=raw, as_json=as_json)
            case "replay":
                with progress("Reading again", as_json=as_json):
                    done = (
                        (esign.inbox.replay(delivery),)
                        if delivery is not None
                        else esign.inbox.replay_all(state or DeliveryState.UNREADABLE)
                    )
                _tell(done, as_json=as_json)
            case "drop":
                assert older_than_days is not None  # noqa: S101 - `_expect` has looked
                with progress("Dropping", as_json=as_json):
                    count = esign.inbox.drop_raw(timedelta(days=older_than_days))
                if as_json:
                    show_json({"dropped": count})
                else:
                    say(f"{count} dropped; their hashes stay.")


def _expect(action: str, delivery: int | None, older_than_days: float | None) -> None:
    if action == "show" and delivery is None:
        raise Misused("show needs the ID of a delivery, as list shows it.")
    if action in {"list", "drop"} and delivery is not None:
        raise Misused(f"{action} takes no ID.")
    if (action == "drop") != (older_than_days is not None):
        raise Misused("--older-than-days goes with drop, and drop needs it.")


def _show_all(found: tuple[InboxEntry, ...], *, as_json: bool) -> None:
    if as_json:
        show_json([entry.to_json() for entry in found])
        return
    rows = [
        (
            str(entry.id),
            entry.received_at,
            entry.connection,
            entry.state.value,
            entry.authenticity.value,
            entry.envelope_id or entry.remote_id or "-",
        )
        for entry in found
    ]
    show_table(("id", "received", "connection", "state", "proof", "about"), rows)


def _show(entry: InboxEntry, *, raw: bool, as_json: bool) -> None:
    told = entry.to_json()
    if raw:
        told["headers"] = dict(entry.request.headers)
        told["body"] = entry.request.body.decode(errors="backslashreplace")
    if as_json:
        show_json(told)
    else:
        times = {"received_at": entry.received_at, "dropped_at": entry.dropped_at}
        show_fields({**told, **times}.items())


def _tell(done: tuple[Receipt, ...], *, as_json: bool) -> None:
    new = sum(receipt.is_new for receipt in done)
    if as_json:
        show_json({"read": len(done), "new": new, "states": [each.state for each in done]})
    else:
        say(f"{len(done)} read again; {new} of them had news.")
