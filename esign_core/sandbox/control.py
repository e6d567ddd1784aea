"""The control API, the same for every simulator: what a test does that no customer can.

| path below `/_control` | |
|---|---|
| `GET POST DELETE /faults` | list, add, clear what goes wrong |
| `GET POST /clock` | the vendor's time; `{"advance_seconds": n}` leaps forward |
| `GET /ledger` | what happened to people, with the signing links they were sent |
| `GET /mail` | the e-mails that people got: a page for a browser, else JSON |
| `POST /sign` | `{"link"}` or `{"envelope", "signer"}`, with `act` and `reason`: as on the page |
| `GET /deliveries` | every webhook and what became of it |
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route

from esign_core.sandbox.faults import Fault
from esign_core.sandbox.mailbox import received, render_mailbox
from esign_core.sandbox.page import PAGE_HEADERS
from esign_core.sandbox.simulation import Simulation
from esign_core.sandbox.vendor import Act, LedgerEntry

_Endpoint = Callable[[Request], Awaitable[Response]]


def control_routes(simulation: Simulation) -> list[Mount]:
    """The control API of a simulation, below `/_control`."""
    control = _Control(simulation)
    routes = [
        Route("/faults", _explained(control.list_faults)),
        Route("/faults", _explained(control.add_fault), methods=["POST"]),
        Route("/faults", _explained(control.clear_faults), methods=["DELETE"]),
        Route("/clock", _explained(control.clock)),
        Route("/clock", _explained(control.advance), methods=["POST"]),
        Route("/ledger", _explained(control.ledger)),
        Route("/mail", _explained(control.mail)),
        Route("/sign", _explained(control.sign), methods=["POST"]),
        Route("/deliveries", _explained(control.deliveries)),
    ]
    return [Mount("/_control", routes=routes)]


class _Control:
    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    async def list_faults(self, _: Request) -> Response:
        return JSONResponse({"faults": [f.to_json() for f in self._simulation.faults.active()]})

    async def add_fault(self, request: Request) -> Response:
        fault = Fault.from_json(await _body(request))
        await run_in_threadpool(self._simulation.add_fault, fault)
        return JSONResponse(fault.to_json(), 201)

    async def clear_faults(self, _: Request) -> Response:
        await run_in_threadpool(self._simulation.clear_faults)
        return Response(status_code=204)

    async def clock(self, _: Request) -> Response:
        clock = self._simulation.clock
        return JSONResponse(
            {"now": clock.now().isoformat(), "offset_seconds": clock.offset.total_seconds()}
        )

    async def advance(self, request: Request) -> Response:
        seconds = (await _fields(request, "advance_seconds")).get("advance_seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise ValueError("advance_seconds must be a number")  # noqa: TRY004
        try:
            by = timedelta(seconds=seconds)
        except OverflowError as error:
            raise ValueError("advance_seconds is further than the calendar goes") from error
        await run_in_threadpool(self._simulation.advance, by)
        return await self.clock(request)

    async def ledger(self, request: Request) -> Response:
        envelope = request.query_params.get("envelope")
        entries = await run_in_threadpool(self._simulation.ledger)
        return JSONResponse(
            {"ledger": [_entry(e) for e in entries if envelope in (None, e.envelope)]}
        )

    async def mail(self, request: Request) -> Response:
        mails = received(await run_in_threadpool(self._simulation.ledger))
        if "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(render_mailbox(mails), headers=PAGE_HEADERS)
        return JSONResponse({"mail": mails})

    async def sign(self, request: Request) -> Response:
        fields = await _fields(request, "link", "envelope", "signer", "act", "reason")
        if not all(isinstance(value, str) for value in fields.values()):
            raise ValueError(f"{', '.join(fields)} must be text")
        try:
            act = Act(fields.get("act", Act.SIGN))
        except ValueError as error:
            raise ValueError(f"act must be one of {', '.join(Act)}") from error
        token = self._token(fields.get("link") or await self._link(fields))
        done = await run_in_threadpool(self._simulation.act, token, act, fields.get("reason", ""))
        if done is None:
            return JSONResponse({"error": "no such signing link"}, 404)
        told = {"done": done[0], "state": done[1].state}
        if done[1].redirect:
            told["redirect"] = done[1].redirect
        return JSONResponse(told, 200 if done[0] else 409)

    async def deliveries(self, _: Request) -> Response:
        outgoing = self._simulation.outbox.log()
        return JSONResponse({"deliveries": [one.to_json() for one in outgoing]})

    async def _link(self, fields: dict[str, Any]) -> str:
        """The newest link that was handed out to this signer of this envelope."""
        envelope, signer = fields.get("envelope"), fields.get("signer")
        if not envelope or not signer:
            raise ValueError("say who signs: link, or envelope and signer (the name)")
        for entry in reversed(await run_in_threadpool(self._simulation.ledger)):
            if entry.link and entry.envelope == envelope and entry.signer == signer:
                return entry.link
        return ""

    def _token(self, link: str) -> str:
        return link.rstrip("/").rpartition("/")[2]


def _explained(endpoint: _Endpoint) -> _Endpoint:
    """The endpoint, with what is wrong with a request told as 400."""

    async def explained(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)

    return explained


async def _body(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise ValueError("the body must be JSON") from error


async def _fields(request: Request, *known: str) -> dict[str, Any]:
    data = await _body(request)
    if not isinstance(data, dict) or not set(data) <= set(known):
        raise ValueError(f"the body must be a JSON object with {', '.join(known)}")
    return data


def _entry(entry: LedgerEntry) -> dict[str, Any]:
    return {**asdict(entry), "at": entry.at.isoformat()}
