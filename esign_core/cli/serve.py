"""`esign serve`: the receiver on a port of its own."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from esign_core import AsyncEsign
from esign_core.cli.interrupts import until_interrupted
from esign_core.cli.output import say, show_json
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
    with until_interrupted():
        esign = AsyncEsign.from_config(config)
        with listening(host, port) as taken:
            url = f"http://{host}:{taken.getsockname()[1]}"

            def tell() -> None:
                if as_json:
                    show_json({"url": url, "connections": esign.connections})
                    return
                names = ", ".join(esign.connections) or "no connection"
                say(f"Listening at {url}/webhooks/ENDPOINT for {names}.")

            is_well = run(create_app(esign, worker=worker, ready=tell), taken)
    return 0 if is_well else 1
