"""What a simulated vendor is: a pure core that a shell, or a test with virtual time, drives.

A vendor never looks at a clock, opens a socket or waits. It is told the time with every call and
hands back what it would send. So the same vendor runs behind real HTTP and in a simulated world.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar


@dataclass(frozen=True)
class VendorRequest:
    """A request as it arrives: `path` without query, header names in lower case."""

    method: str
    """In capitals."""
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """By name in lower case."""
    body: bytes = b""
    """The whole body."""


@dataclass(frozen=True)
class VendorResponse:
    """An answer, complete."""

    status: int
    """The HTTP status."""
    body: bytes = b""
    """The whole body."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Beside those that every answer has."""

    @classmethod
    def json(
        cls, status: int, data: Any, headers: Mapping[str, str] | None = None
    ) -> VendorResponse:
        """An answer with a JSON body and its content type."""
        body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
        return cls(status, body, {"content-type": "application/json", **(headers or {})})


@dataclass(frozen=True)
class Delivery:
    """A webhook on its way out, headers signed and all: every attempt sends the same bytes."""

    url: str
    """Where it goes."""
    headers: Mapping[str, str]
    body: bytes
    """The bytes that were signed."""
    event: str
    """The vendor's own word for the event, for the ledger and for faults that match on it."""
    subject: str
    """The vendor's id of the envelope it tells about."""


class Act(StrEnum):
    """What a signer can do on the signing page."""

    OPEN = "open"
    SIGN = "sign"
    DECLINE = "decline"


class Channel(StrEnum):
    """How a signer got to know of the envelope."""

    EMAIL = "email"
    LINK = "link"


@dataclass(frozen=True)
class Mail:
    """What somebody was written, in the words that were asked for or the vendor's own."""

    subject: str
    """Its subject."""
    text: str
    """What it says."""
    is_html: bool = False
    """Whether the text is HTML."""
    language: str = ""
    """A language tag; empty for the vendor's own."""
    sender: str = ""
    """Whose name stands in front; empty where it is the vendor's own."""
    attachments: Sequence[str] = ()
    """Titles of the documents that came with it."""
    to: str = ""
    """The address; empty where the simulator does not tell."""


@dataclass(frozen=True)
class LedgerEntry:
    """One thing that happened to people: the truth that tests compare a journal with.

    `what` is one of `asked reminded opened signed declined completed cancelled expired failed`,
    or `informed` for who is written to about the end. `asked` is the one that must never happen
    twice for one wish: somebody was asked to sign.
    """

    at: datetime
    """By the vendor's clock."""
    what: str
    envelope: str
    """The vendor's id of the envelope."""
    mark: str = ""
    """What the caller wrote into the vendor's reference or metadata, as text."""
    signer: str = ""
    """The signer's name; empty where the entry is about the whole envelope."""
    channel: Channel | None = None
    """How they got to know of it."""
    link: str = ""
    """The signing link that was handed out, for `asked` and `reminded`."""
    mail: Mail | None = None
    """What they were written, if they were."""


@dataclass(frozen=True)
class SigningPage:
    """What a signer sees behind a signing link."""

    title: str
    """What is to be signed."""
    signer: str
    message: str
    """What the sender wrote."""
    documents: Sequence[str]
    """Names of the documents, in order; the shell serves them beside the page."""
    state: str
    """`waiting` (not this signer's turn), `open` (can sign), `signed`, `declined` or `closed`."""
    language: str = "en"
    """A language tag."""
    notes: Sequence[str] = ()
    """What else the page says: how one signs, for whom, what is checked before."""
    redirect: str = ""
    """Where the browser goes from here, once the signer has acted."""


class Vendor(ABC):
    """One simulated vendor account. Not thread-safe: the shell holds a lock around every call."""

    name: ClassVar[str]
    signing_path: ClassVar[str]
    """Where signing links point to below the base URL, such as `/sign`."""
    retry_seconds: ClassVar[Sequence[float]] = (0.2, 0.5, 1, 2, 5)
    """Pauses between the attempts to deliver a webhook; after the last one it is given up."""

    def __init__(self) -> None:
        self.base_url = "http://vendor.invalid"
        """Set by the shell before the first request, so that links lead back to it."""
        self.ledger: list[LedgerEntry] = []

    @abstractmethod
    def handle(
        self, request: VendorRequest, now: datetime
    ) -> tuple[VendorResponse, list[Delivery]]:
        """Answer one API request; also what webhooks it sets off."""

    @abstractmethod
    def advance(self, now: datetime) -> list[Delivery]:
        """Do what time has made due: finish jobs, generate documents, let envelopes expire."""

    @abstractmethod
    def page(self, token: str) -> SigningPage | None:
        """The page behind the signing link `{base_url}{signing_path}/{token}`; None if unknown."""

    @abstractmethod
    def document(self, token: str, index: int) -> bytes | None:
        """The PDF that the signer reads, by its place in `SigningPage.documents`."""

    @abstractmethod
    def act(self, token: str, act: Act, now: datetime, reason: str = "") -> list[Delivery]:
        """What the signer did on the page. Acts that are not open to the signer change nothing."""

    def refusal(self, status: int, now: datetime) -> VendorResponse:  # noqa: ARG002
        """An answer of this status in the vendor's own words, for faults: 429 and 5xx."""
        return VendorResponse.json(status, {"message": f"fault on demand: {status}"})

    def fault(self, kind: str, times: int | None) -> None:
        """Let something inside the vendor go wrong the next `times` times (None: from now on).

        0 ends it. `kind` is `stuck_job`: work that the vendor accepted is never done.

        Raises:
            ValueError: This vendor has no such thing; the message says so.
        """
        if times != 0:
            raise ValueError(f"{self.name} has nothing that a {kind} fault could stop")
