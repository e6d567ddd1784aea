"""A delivery as it arrives, and what an adapter reads from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, cast

from esign_core.model.event import Authenticity, EventType
from esign_core.model.making import maker
from esign_core.model.secrecy import NeverPickled
from esign_core.model.status import EnvelopeStatus


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A delivery as it arrived: the raw bytes, before anything is made of them."""

    headers: Mapping[str, str] = field(repr=False)
    """By name; they are kept in lower case. `WebhookRequest.of` takes pairs and repeated names."""
    body: bytes = field(repr=False)
    """Exactly the bytes that were received."""

    def __post_init__(self) -> None:
        lower = {name.lower(): value for name, value in self.headers.items()}
        object.__setattr__(self, "headers", lower)

    @staticmethod
    def of(
        headers: Mapping[str, str] | Iterable[tuple[str | bytes, str | bytes]], body: bytes
    ) -> WebhookRequest:
        """A delivery from any framework's headers. Repeated names are joined by a comma."""
        pairs = cast(
            "Iterable[tuple[str | bytes, str | bytes]]",
            headers.items() if isinstance(headers, Mapping) else headers,
        )
        joined: dict[str, str] = {}
        for name, value in pairs:
            key = (name.decode("latin-1") if isinstance(name, bytes) else name).lower()
            text = value.decode("latin-1") if isinstance(value, bytes) else value
            joined[key] = text if key not in joined else f"{joined[key]}, {text}"
        return _made(joined, bytes(body))

    def header(self, name: str) -> str | None:
        """A header by its name in lower case."""
        return self.headers.get(name)


_made = maker(WebhookRequest)


class SignerNotice(NamedTuple):
    """What a delivery says about one signer."""

    type: EventType
    """What happened."""
    remote_id: str | None = None
    """The vendor's id of them."""
    name: str | None = None
    """As the vendor has it."""
    email: str | None = None
    """As the vendor has it."""
    role: str | None = None
    """As the draft has it."""
    round: str = "1"
    """The vendor's own round."""
    occurred_at: datetime | None = None
    """When; the delivery's own time if not given."""
    reason: str | None = None
    """Why, in their own words."""

    def __repr__(self) -> str:
        return _shown(self, without="email")


class Notice(NamedTuple):
    """What a delivery says, read by the adapter after it was verified."""

    remote_id: str | None
    """The vendor's id of the envelope; None when the delivery is about none."""
    key: str | None = None
    """The vendor's id of the event, the same in every repetition; None where it has none."""
    status: EnvelopeStatus | None = None
    """What it says about the envelope, if its word can be trusted."""
    signers: tuple[SignerNotice, ...] = ()
    """What it says of signers."""
    occurred_at: datetime | None = None
    """The vendor's time; None where it tells none."""
    needs_fetch: bool = False
    """Whether it does not tell the whole story and the vendor must be asked."""
    raw: Any = None
    """The body, decoded, without secrets and signing links."""

    def __repr__(self) -> str:
        return _shown(self, without="raw")


def _shown(notice: SignerNotice | Notice, *, without: str) -> str:
    told = (f"{name}={value!r}" for name, value in notice._asdict().items() if name != without)
    return f"{type(notice).__name__}({', '.join(told)})"


@dataclass(frozen=True, slots=True)
class Subscription(NeverPickled):
    """A place that a vendor sends deliveries to."""

    id: str
    """The vendor's id of it."""
    url: str
    """Where deliveries go."""
    secret: str | None = field(default=None, repr=False)
    """What deliveries are signed with; it may be shown only once: store it now."""
    is_confirmed: bool = True
    """False if the vendor waits for a proof that the address is ours."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What the check of a delivery's signature found."""

    authenticity: Authenticity
    """How far it is proven."""
    is_late: bool = False
    """Good signature, but its time is out of bounds: a hint and no more."""
