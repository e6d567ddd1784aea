"""From a provider's request to the one that goes out: address, headers, body."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote, urlencode

from esign_core.engine.bodies import BodyStream, json_with_documents, multipart
from esign_core.engine.effects import WireRequest
from esign_core.errors import BrokenProvider
from esign_core.provider import Multipart, Provider, Request, Token

_METHOD = re.compile(r"[A-Z]+")
_UNSAFE_PATH = re.compile(r"[\x00-\x20\x7f\\?#\ud800-\udfff]|//")
_LEADS_AWAY = re.compile(r"[\x00-\x1f\x7f\\]|(^|/)\.{1,2}(/|$)")
"""In a path as a server reads it, with `%2e` and `%2f` decoded."""
_HEADER_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")
_OURS = {"accept-encoding", "connection", "content-length", "host", "transfer-encoding"}


def prepare(provider: Provider[Any], request: Request, token: Token | None) -> WireRequest:
    """The request as it goes out.

    Raises:
        BrokenProvider: It names an unknown host, its path is more than a path (an id that came
            from outside must not lead anywhere else), or it breaks out of its headers.
    """
    if request.auth:
        request = provider.authorize(request, token)
    base = provider.hosts.get(request.host)
    if base is None:
        raise BrokenProvider(f'{provider.name} names no host "{request.host}"')
    if not _METHOD.fullmatch(request.method) or not _is_plain(request.path):
        raise BrokenProvider(f"{provider.name} asks for an address that is no plain path")
    params = {name: _text(value) for name, value in request.params.items() if value is not None}
    query = f"?{urlencode(params)}" if params else ""
    body, content_type = _body(request)
    headers = {"accept": "application/json", "content-type": content_type}
    headers |= _own_headers(provider, request)
    if isinstance(body, BodyStream):  # its content type has the boundary; its length is known
        headers |= {"content-type": content_type, "content-length": str(body.length)}
    headers["accept-encoding"] = "identity"  # an answer that inflates could fill the memory
    headers = {name: value for name, value in headers.items() if value}
    return WireRequest(request.method, f"{base.rstrip('/')}{request.path}{query}", headers, body)


def _is_plain(path: str) -> bool:
    return (
        path.startswith("/")
        and _UNSAFE_PATH.search(path) is None
        and _LEADS_AWAY.search(unquote(path)) is None
    )


def _own_headers(provider: Provider[Any], request: Request) -> dict[str, str]:
    headers = {name.lower(): value for name, value in request.headers.items()}
    for name, value in headers.items():
        if (
            name in _OURS
            or not _HEADER_NAME.fullmatch(name)
            or not _HEADER_VALUE.fullmatch(value)  # which may be a secret, and is not quoted
        ):
            raise BrokenProvider(f"{provider.name} sets the header {name!r} as it may not be set")
    return headers


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _body(request: Request) -> tuple[bytes | BodyStream, str]:
    if request.json is not None and request.body is not None:
        raise BrokenProvider("a request has json or a body, not both")
    if isinstance(request.body, Multipart):
        stream = multipart(request.body)
        return stream, stream.content_type
    if request.body is not None:
        stream = json_with_documents(request.body)
        return stream, stream.content_type
    if request.json is not None:
        text = json.dumps(request.json, allow_nan=False, separators=(",", ":"))
        return text.encode(), "application/json"
    return b"", ""
