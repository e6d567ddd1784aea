"""`esign serve`: the receiver on a port of its own."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from esign_core import AsyncEsign
from esign_core.cli.interrupts import until_interrupted
from esign_core.cli.output import OutputLost, say, show_json
from esign_core.cli.parameters import DEFAULT_CONFIG, AsJson, ConfigFile


def serve(
    *,
    port: Annotated[
        int,
        Parameter(
            help="0 takes a free one.", show_default=True, validator=Number(gte=0, lte=0xFFFF)
        ),
    ] = 8000,
    host: Annotated[
        str, Parameter(help="The address to listen at.", show_default=True)
    ] = "127.0.0.1",
    worker: Annotated[bool, Parameter(help="Do what is left to do as well.")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> int:
    """Take webhooks in.

    POST /webhooks/ENDPOINT keeps a delivery on disk, then answers; ENDPOINT is the connection's
    name, or the opaque id that its settings give. GET /health answers while it runs, /ready while
    it can take deliveries, /metrics for Prometheus. Prints one line when it listens.

    ```sh
    esign serve --port 8000 --worker
    ```
    """
    from esign_core.cli.web import listening, run
    from esign_core.integrations.serving import create_app

    is_well = True
    lost: list[Exception] = []
    with until_interrupted():
        esign = AsyncEsign.from_config(config)
        with listening(host, port) as taken:
            url = f"http://{host}:{taken.getsockname()[1]}"

            def tell() -> None:
                try:
                    _tell(url, esign.connections, as_json=as_json)
                except (OutputLost, BrokenPipeError) as error:
                    lost.append(error)  # told at the end: from in here, the server would log it
                    signal.raise_signal(signal.SIGINT)

            is_well = run(create_app(esign, worker=worker, ready=tell), taken)
    if lost:
        raise lost[0]
    return 0 if is_well else 1


def _tell(url: str, connections: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        show_json({"url": url, "connections": connections})
        return
    names = ", ".join(connections) or "no connection"
    say(f"Listening at {url}/webhooks/ENDPOINT for {names}.")
