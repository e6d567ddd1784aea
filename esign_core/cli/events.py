"""`esign events`: the stream."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

from cyclopts import Parameter

from esign_core import Esign, Event
from esign_core.cli.failures import Misused
from esign_core.cli.interrupts import until_interrupted
from esign_core.cli.output import plain, say, show_json
from esign_core.cli.parameters import (
    AT_LEAST_ONE,
    AT_LEAST_ZERO,
    DEFAULT_CONFIG,
    AsJson,
    ConfigFile,
)

_PAGE = 500
_LOOK_EVERY_SECONDS = 0.5
"""How often the journal is read while following; other processes write it."""


def events(
    *,
    follow: Annotated[bool, Parameter(help="Go on with new ones as they come.")] = False,
    after: Annotated[
        int, Parameter(help="Only those after this position.", validator=AT_LEAST_ZERO)
    ] = 0,
    limit: Annotated[int | None, Parameter(help="At most so many.", validator=AT_LEAST_ONE)] = None,
    envelope: Annotated[str | None, Parameter(help="Of this envelope only.")] = None,
    consumer: Annotated[
        str | None, Parameter(help="From where this consumer left off; its position is kept.")
    ] = None,
    raw: Annotated[
        bool, Parameter(help="With the vendor's own words, which may name people; needs --json.")
    ] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """The stream: what became known.

    In order and without gaps; with --json a line for each event.

    ```sh
    esign events --envelope env_0192f0
    esign events --consumer billing --follow --json
    ```
    """
    if consumer is not None and (after or envelope):
        raise Misused("--consumer goes on where it left off: leave --after and --envelope out")
    if raw and not as_json:
        raise Misused("--raw needs --json")
    with until_interrupted(), Esign.from_config(config) as esign:
        if envelope is not None:
            _ = esign.get(envelope)  # a mistyped id has no events, and would never have any
        stream = (
            _pages(esign, after, envelope, follow=follow)
            if consumer is None
            else esign.events.follow(consumer, forever=follow)
        )
        for event in islice(stream, limit):
            if as_json:
                show_json(event_data(event, raw=raw))
            else:
                say(event_line(event))


def event_data(event: Event, *, raw: bool = False) -> dict[str, Any]:
    """An event as JSON data; the vendor's own words may name people, and are left out."""
    data = event.to_json()
    return data if raw else {name: value for name, value in data.items() if name != "raw"}


def event_line(event: Event) -> str:
    """An event on one line, its parts separated by tabs."""
    how = f"{event.source}, inferred" if event.inferred else event.source.value
    parts = (
        event.seq,
        event.received_at,
        event.type,
        event.connection,
        event.envelope_id,
        event.signer_id or "-",
        how,
    )
    return "\t".join(map(plain, parts))


def _pages(esign: Esign, after: int, envelope: str | None, *, follow: bool) -> Iterator[Event]:
    while True:
        page = esign.events.read(after=after, limit=_PAGE, envelope_id=envelope)
        yield from page
        if page:
            after = page[-1].seq
        elif follow:
            time.sleep(_LOOK_EVERY_SECONDS)
        else:
            return
