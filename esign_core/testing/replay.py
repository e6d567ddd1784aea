"""Testing a flow without HTTP: give it answers, look at what it asked."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from esign_core.errors import EsignError
from esign_core.provider import Flow, Request, Response

T = TypeVar("T")


@dataclass(frozen=True)
class Replayed(Generic[T]):
    """What a flow answered, and what it asked on the way."""

    answer: T
    """What the flow returned."""
    requests: tuple[Request, ...]
    """What it asked for, in order."""


def replay(flow: Flow[T], replies: Iterable[Response | EsignError]) -> Replayed[T]:
    """Run a flow against given replies; an error among them is thrown into the flow.

    Raises:
        AssertionError: The flow asked for more than there are replies, or for less.
    """
    waiting = list(replies)
    asked: list[Request] = []
    reply: Response | EsignError | None = None
    while True:
        try:
            if reply is None:
                request = next(flow)
            elif isinstance(reply, EsignError):
                request = flow.throw(reply)
            else:
                request = flow.send(reply)
        except StopIteration as stop:
            if waiting:
                raise AssertionError(f"{len(waiting)} replies were not asked for") from None
            return Replayed(stop.value, tuple(asked))
        asked.append(request)
        if not waiting:
            raise AssertionError(f"no reply is left for {request.method} {request.path}")
        reply = waiting.pop(0)


def reply(data: Any = None, *, status: int = 200, **headers: str) -> Response:
    """An answer with a JSON body; `_` in a header's name stands for `-`."""
    lower = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    content = b"" if data is None else json.dumps(data).encode()
    return Response(status, {"content-type": "application/json", **lower}, content)
