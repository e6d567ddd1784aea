"""`esign worker`: what is left to do, done."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from esign_core import Esign
from esign_core.cli.interrupts import sleep_until_interrupted, until_interrupted
from esign_core.cli.output import say, show_json
from esign_core.cli.parameters import DEFAULT_CONFIG, AsJson, ConfigFile
from esign_core.service.arguments import MOST_THREADS


def worker(
    *,
    threads: Annotated[
        int,
        Parameter(
            help=f"How much is done at a time, up to {MOST_THREADS}; from 2 on, no account takes "
            "all.",
            show_default=True,
            validator=Number(gte=1, lte=MOST_THREADS),
        ),
    ] = 2,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Do what is left to do.

    Waits for vendors' queues, looks for what is uncertain, polls what is open, tells plugins;
    drops what is older than keep_raw_days; until it is interrupted. Prints one line when it has
    begun.

    ```sh
    esign worker --threads 4
    ```
    """
    with until_interrupted(), Esign.from_config(config) as esign, esign.worker(threads=threads):
        names = ", ".join(esign.connections) or "no connection"
        if as_json:
            show_json({"connections": esign.connections})
        else:
            say(f"Working for {names}. Ctrl-C ends it.")
        sleep_until_interrupted()
