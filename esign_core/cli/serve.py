"""`esign serve`: the receiver on a port of its own."""

from __future__ import annotations

import socket
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from esign_core import AsyncEsign, Misconfigured
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
    import uvicorn

    from esign_core.integrations.serving import create_app

    is_well = True
    with until_interrupted():
        esign = AsyncEsign.from_config(config)
        with _listening(host, port) as listening:
            url = f"http://{host}:{listening.getsockname()[1]}"

            def tell() -> None:
                if as_json:
                    show_json({"url": url, "connections": esign.connections})
                    return
                names = ", ".join(esign.connections) or "no connection"
                say(f"Listening at {url}/webhooks/ENDPOINT for {names}.")

            app = create_app(esign, worker=worker, ready=tell)
            # log_config: what uvicorn logs is warnings only, on stderr; stdout has our line
            settings = uvicorn.Config(app, log_config=None, access_log=False, server_header=False)
            server = uvicorn.Server(settings)
            server.run(sockets=[listening])
            is_well = server.started  # if it did not come up, its log says why
    return 0 if is_well else 1


def _listening(host: str, port: int) -> socket.socket:
    """A socket that takes connections already; they wait until the server is up."""
    try:
        return socket.create_server((host, port), backlog=2048)
    except OSError as error:
        raise Misconfigured(f"cannot listen at {host}:{port}: {error.strerror}") from None
