"""What goes over the line to a vendor and comes back, on record and without secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from esign_core.engine import Line, SavedFile, WireRequest
from esign_core.errors import EsignError
from esign_core.provider import BadJson, Response, read_json
from esign_core.testing.neutral import digest, shape

_SHOWN_HEADERS = {"accept", "accept-encoding", "content-type", "x-paginate"}
_SECRET = re.compile(
    r"secret|token|password|digest|nonce|hash|social|ssn|api_?key|^key$", re.IGNORECASE
)
_HIDDEN = "***"


@dataclass(frozen=True)
class Exchanged:
    """One request and what came of it."""

    method: str
    """In capitals."""
    url: str
    """With the query."""
    headers: Mapping[str, str]
    """All names; values of a few that hold no secret, the others as `***`."""
    body: Any
    """JSON with secrets hidden; a form as its parts; documents by length and digest."""
    is_repeatable: bool
    """Whether it may be retried."""
    status: int | None
    """None where no answer came."""
    answer: Any
    """The shape of the JSON that came back, `<file>`, or the name of what went wrong."""

    @property
    def path(self) -> str:
        """Method, path and no query, such as fault matching wants it: `POST /things`."""
        address = re.sub(r"^\w+://[^/]+", "", self.url)
        return f"{self.method} {address.partition('?')[0]}"


@dataclass
class RecordingLine:
    """A line that writes down every exchange and passes it on.

    ```python
    line = RecordingLine(Transport())
    with Connection("acme", line=line, **settings) as connection:
        connection.fetch("17")
    assert [each.method for each in line.exchanges] == ["GET"]
    ```
    """

    line: Line
    exchanges: list[Exchanged] = field(default_factory=list)
    """Oldest first, in the order in which they ended."""

    def exchange(self, request: WireRequest, *, is_reading: bool, is_repeatable: bool) -> Response:
        """Send a request and read the whole answer."""
        try:
            answer = self.line.exchange(request, is_reading=is_reading, is_repeatable=is_repeatable)
        except EsignError as error:
            self._note(request, error, is_repeatable=is_repeatable)
            raise
        self._note(request, answer, is_repeatable=is_repeatable)
        return answer

    async def exchange_async(
        self, request: WireRequest, *, is_reading: bool, is_repeatable: bool
    ) -> Response:
        """`exchange`, awaited."""
        try:
            answer = await self.line.exchange_async(
                request, is_reading=is_reading, is_repeatable=is_repeatable
            )
        except EsignError as error:
            self._note(request, error, is_repeatable=is_repeatable)
            raise
        self._note(request, answer, is_repeatable=is_repeatable)
        return answer

    def save(self, request: WireRequest, to: Path) -> SavedFile | Response:
        """Stream the body of a good answer into a file."""
        try:
            answer = self.line.save(request, to)
        except EsignError as error:
            self._note(request, error, is_repeatable=True)
            raise
        self._note(request, answer, is_repeatable=True)
        return answer

    def close(self) -> None:
        """Close what is open for blocking calls."""
        self.line.close()

    async def aclose(self) -> None:
        """Close everything."""
        await self.line.aclose()

    def _note(
        self,
        request: WireRequest,
        came: Response | SavedFile | EsignError,
        *,
        is_repeatable: bool,
    ) -> None:
        status: int | None = None
        match came:
            case Response():
                status, answer = came.status, _shape(came)
            case SavedFile():
                status, answer = 200, "<file>"  # signed ones never have the same length twice
            case _:
                answer = type(came).__name__
        self.exchanges.append(
            Exchanged(
                method=request.method,
                url=request.url,
                headers={
                    name: value if name in _SHOWN_HEADERS else _HIDDEN
                    for name, value in sorted(request.headers.items())
                },
                body=_described(request),
                is_repeatable=is_repeatable,
                status=status,
                answer=answer,
            )
        )


def _described(request: WireRequest) -> Any:
    content = request.body if isinstance(request.body, bytes) else b"".join(request.body)
    kind = request.headers.get("content-type", "")
    if kind.startswith("multipart/"):
        form = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + content)
        return [
            {
                "disposition": part["content-disposition"],
                "content-type": part["content-type"],
                "content": _readable(part.get_payload(decode=True)),
            }
            for part in form.walk()
            if not part.is_multipart()
        ]
    return _readable(content)


def _readable(content: Any) -> Any:
    """JSON with secrets hidden, anything else by its digest; nothing for nothing."""
    if not content:
        return None
    try:
        return _without_secrets(read_json(content))
    except BadJson:
        return digest(content)


def _without_secrets(data: Any) -> Any:
    if isinstance(data, dict):
        return {
            name: _HIDDEN if _SECRET.search(name) else _without_secrets(each)
            for name, each in data.items()
        }
    if isinstance(data, list):
        return [_without_secrets(each) for each in data]
    return data


def _shape(answer: Response) -> Any:
    if not answer.content:
        return None
    try:
        return shape(read_json(answer.content))
    except BadJson:
        return f"<{answer.headers.get('content-type', 'no content type')}>"
