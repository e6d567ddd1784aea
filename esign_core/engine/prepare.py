"""From a provider's request to the one that goes out: address, headers, body."""

from __future__ import annotations

import json
import re
from importlib.metadata import version
from typing import Any
from urllib.parse import urlencode

from esign_core.engine.bodies import BodyStream, json_with_documents, multipart
from esign_core.engine.effects import WireRequest
from esign_core.errors import BrokenProvider
from esign_core.provider import Multipart, Provider, Request, Token

_UNSAFE_PATH = re.compile(r"[\x00-\x20\x7f\\?#]|//|(^|/)\.{1,2}(/|$)")


def prepare(provider: Provider[Any], request: Request, token: Token | None) -> WireRequest:
    """The request as it goes out.

    Raises:
        BrokenProvider: It names an unknown host, or its path is more than a path: an id that
            came from outside must not lead anywhere else.
    """
    if request.auth:
        request = provider.authorize(request, token)
    base = provider.hosts.get(request.host)
    if base is None:
        raise BrokenProvider(f'{provider.name} names no host "{request.host}"')
    if not request.path.startswith("/") or _UNSAFE_PATH.search(request.path):
        raise BrokenProvider(f"{provider.name} asks for an address that is no plain path")
    params = {name: _text(value) for name, value in request.params.items() if value is not None}
    query = f"?{urlencode(params)}" if params else ""
    body, content_type = _body(request)
    headers = {
        "accept": "application/json",
        "accept-encoding": "identity",  # an answer that inflates could fill the memory
        "user-agent": f"esign-core/{version('esign-core')}",
        **{name.lower(): value for name, value in request.headers.items()},
    }
    if content_type:
        headers["content-type"] = content_type
        headers["content-length"] = str(len(body) if isinstance(body, bytes) else body.length)
    return WireRequest(request.method, f"{base.rstrip('/')}{request.path}{query}", headers, body)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _body(request: Request) -> tuple[bytes | BodyStream, str | None]:
    if isinstance(request.body, Multipart):
        stream = multipart(request.body)
        return stream, stream.content_type
    if request.body is not None:
        stream = json_with_documents(request.body)
        return stream, stream.content_type
    if request.json is not None:
        text = json.dumps(request.json, ensure_ascii=False, separators=(",", ":"))
        return text.encode(), "application/json"
    return b"", None
