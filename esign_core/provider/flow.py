"""What a provider writes its operations in: flows that yield requests and get answers.

A flow is a generator. It *yields* a `Request`, is sent the `Response`, and *returns* what the
operation answers. It never touches network, clock or database, so it can be read top-down,
replayed in a test without HTTP, and driven by sync and async code alike.
"""

from __future__ import annotations

import math
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self, TypeAlias, TypeVar

from esign_core.errors import UnreadableAnswer
from esign_core.model import Document, printable
from esign_core.model.secrecy import NeverPickled
from esign_core.provider.strict_json import BadJson, read_json

T = TypeVar("T")

_MEDIA_TYPE = re.compile(r"[A-Za-z]{1,20}/[A-Za-z0-9.+-]{1,80}")

ParamValue = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` requests in any window of `seconds`, counted under `name`.

    The name is the vendor's own unit: a constant for a whole account, or with an id in it where
    the vendor counts per id.
    """

    name: str
    count: int
    seconds: float

    def __post_init__(self) -> None:
        if self.count < 1 or not self.seconds >= 0:
            raise ValueError(f'the limit "{self.name}" would never let a request go')


@dataclass(frozen=True, slots=True)
class Part(NeverPickled):
    """One part of a multipart body."""

    name: str
    """The form field."""
    content: bytes | Document = field(repr=False)
    """What it carries."""
    content_type: str
    """IANA media type."""
    file_name: str | None = None
    """For files: what the vendor shall call it."""


@dataclass(frozen=True, slots=True)
class Multipart:
    """A `multipart/form-data` body. Documents are streamed, never held whole."""

    parts: tuple[Part, ...]
    """In the order in which they are sent."""


@dataclass(frozen=True, slots=True)
class JsonWithDocuments(NeverPickled):
    """A JSON body in which every `Document` becomes its bytes in base64, streamed."""

    data: Any = field(repr=False)
    """JSON data, with a `Document` in each place where its bytes go."""


Body: TypeAlias = Multipart | JsonWithDocuments


@dataclass(frozen=True, slots=True)
class Request(NeverPickled):
    """One request to the vendor, before credentials.

    Values in `params` that are None are left out.
    """

    method: str
    """In capitals."""
    path: str
    """After the host's base URL, with a slash first; already escaped."""
    host: str = "api"
    """Which of the provider's `hosts`; no other place is ever contacted."""
    params: Mapping[str, ParamValue] = field(default_factory=dict, repr=False)
    json: Any = field(default=None, repr=False)
    """A body as JSON; or give `body`."""
    body: Body | None = field(default=None, repr=False)
    """A body with documents."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Beside those that every request has."""
    auth: bool = True
    """Whether credentials are added."""
    repeatable: bool | None = None
    """Whether asking twice does no harm. None: true for what only reads, false for all others."""
    reading: bool | None = None
    """Whether it changes nothing. None: true for GET and HEAD, false for all others."""
    limits: tuple[Limit, ...] = ()
    """What it counts against, beside the limits that hold for every request."""
    patience_seconds: float = math.inf
    """How long it may wait for its turn, where it rests on what was seen just before: if it cannot
    leave by then, nothing is sent, and `RateLimited` or `Unavailable` is thrown."""

    @property
    def is_repeatable(self) -> bool:
        """Whether it may be retried."""
        return self.is_reading if self.repeatable is None else self.repeatable

    @property
    def is_reading(self) -> bool:
        """Whether it changes nothing, so that a lost answer leaves no doubt behind."""
        return self.method in {"GET", "HEAD"} if self.reading is None else self.reading

    def with_headers(self, **headers: str) -> Self:
        """The same request with more headers; `_` in a name stands for `-`."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **more})


@dataclass(frozen=True, slots=True)
class Response(NeverPickled):
    """The vendor's answer, whole. Header names are in lower case."""

    status: int
    """The HTTP status."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By name in lower case."""
    content: bytes = field(default=b"", repr=False)
    """The whole body."""

    def json(self) -> Any:
        """The body, decoded.

        Raises:
            UnreadableAnswer: It is no JSON, or JSON of a kind that no honest service sends.
        """
        try:
            return read_json(self.content)
        except BadJson as error:
            kind = _media_type(self.headers.get("content-type"))
            page = " Look at the base URL, and for a proxy in between." if "html" in kind else ""
            raise UnreadableAnswer(
                f"{self.status}, the answer ({kind}{len(self.content)} bytes) {error}.{page}",
                status_code=self.status,
            ) from None

    def text(self, limit: int = 500) -> str:
        """The start of the body as text, for messages; what cannot be shown is replaced."""
        return printable(self.content[: limit * 4].decode("utf-8", "replace")[:limit]).strip()


def _media_type(header: str | None) -> str:
    """What the answer says it is, with a comma; nothing if that is more than a media type."""
    if header is None:
        return "no content type, "
    kind = header.partition(";")[0].strip()
    return f"{kind}, " if _MEDIA_TYPE.fullmatch(kind) else ""


Flow: TypeAlias = Generator[Request, Response, T]
"""What a provider's operation is."""


def answer(value: T) -> Flow[T]:
    """A flow that asks nothing: for operations whose answer is known already."""
    yield from ()
    return value


@dataclass(frozen=True, slots=True)
class Token(NeverPickled):
    """A credential that a vendor handed out for a while."""

    value: str = field(repr=False)
    """The credential."""
    expires_at: datetime | None = None
    """When it is no good any more; None if nobody says."""


@dataclass(frozen=True, slots=True)
class HttpDownload:
    """The bytes are the body of the vendor's answer to this request."""

    request: Request


@dataclass(frozen=True, slots=True)
class ObjectDownload(NeverPickled):
    """The bytes are an object in the customer's own bucket."""

    bucket_url: str
    """`s3://bucket`, `gs://`, `az://`, `file:///folder` or `memory://`."""
    key: str
    """The object's name in the bucket."""
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the storage client needs: credentials, endpoint, region."""


Download: TypeAlias = HttpDownload | ObjectDownload
