"""What is recorded: one scene for each cassette, the same for the recorder and for the replays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

from esign_core import Document, EnvelopeDraft, EsignError, Signer, TemplateRef, WebhookRequest
from esign_core.engine import Session, Task
from esign_core.provider import Flow

T = TypeVar("T")
Given: TypeAlias = Mapping[str, str]


@dataclass(frozen=True)
class Call:
    """One call of an adapter, in a recording or in a replay."""

    session: Session
    given: Given
    folder: Path
    """Where files go."""


class Studio(Protocol):
    """An account to make recordings with, simulated or live. What it does itself is not recorded.

    What only a simulator can do raises `NeedsSimulator` in a live one.
    """

    def ask(self, flow: Flow[T]) -> T:
        """What a flow of the provider answers."""
        ...

    @property
    def session(self) -> Session:
        """The account."""
        ...

    def make(self, draft: EnvelopeDraft) -> str:
        """The vendor's id of an envelope that is out."""
        ...

    def let_pass(self, seconds: float) -> None:
        """Let time pass at the vendor."""
        ...

    def sign(self, remote_id: str, *, at_most: int = 100) -> None:
        """Have signers sign."""
        ...

    def fault(self, kind: str, **fields: Any) -> None:
        """Have something go wrong at the vendor."""
        ...

    @property
    def hook(self) -> str:
        """An address that the vendor can deliver to."""
        ...

    def hear(self, event: str) -> WebhookRequest:
        """The last delivery of an event so far."""
        ...


class NeedsSimulator(Exception):
    """The scene has people or faults in it, and those are the simulator's."""


def _nothing(studio: Studio) -> Given:
    return {}


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One cassette: how it comes to be, and what is asked of the adapter."""

    name: str
    """Of the file, without `.yaml`."""
    operation: str
    """Of the contract: `send`, `webhooks.subscribe`, `explain` for an error."""
    holds: str
    """What is to be seen in it."""
    play: Callable[[Call], Task[Any]] | None = None
    """What is recorded, and replayed; None for a delivery."""
    prepare: Callable[[Studio], Given] = _nothing
    """What must have happened before, and what the caller gives."""
    deliver: Callable[[Studio], WebhookRequest] | None = None
    """For a delivery: how it comes about."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What differs in the settings."""
    simulator: Mapping[str, Any] = field(default_factory=dict)
    """What differs in the simulator."""
    has_token: bool = True
    """Whether the account has a token already, where the vendor has tokens."""
    hears: bool = False
    """Whether the account has somebody who receives deliveries."""
    fails: type[EsignError] | None = None
    """The error that the adapter makes of it."""
    only_simulated: bool = False
    """Whether it makes sense with a simulator's account only."""
    published: bool = False
    """Whether the answers are the vendor's published ones; they are kept when it is recorded."""

    @property
    def needs_simulator(self) -> bool:
        """Whether it cannot be recorded live."""
        return self.only_simulated or self.hears or bool(self.simulator)


def lease(**fields: Any) -> EnvelopeDraft:
    """A draft for Jane and Bo, who sign one after the other; of two documents or as told."""
    draft: dict[str, Any] = {
        "title": "Lease 14",
        "message": "Please sign the lease.",
        "signers": (
            Signer(name="Jane Doe", email="jane@example.com", role="tenant", order=1),
            Signer(name="Bo Ek", email="bo@example.com", role="landlord", order=2),
        ),
        "metadata": {"lease": "14"},
        "expires_in_days": 14,
    }
    mark = fields.pop("mark", "esign:env_lease14")
    if "template" not in fields:
        draft["documents"] = (
            Document.from_bytes(pdf("Lease"), name="lease.pdf", title="Lease"),
            Document.from_bytes(
                pdf("Rules"), name="rules.pdf", title="House rules", signable=False
            ),
        )
    return EnvelopeDraft(**{**draft, **fields}).marked(mark)


def leased(**fields: Any) -> EnvelopeDraft:
    """`lease`, from the template."""
    return lease(template=TemplateRef("lease"), **fields)


def pdf(word: str) -> bytes:
    """A small PDF of one page; the same bytes on every machine."""
    stream = f"BT /F1 24 Tf 72 700 Td ({word}) Tj ET"
    objects = (
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources 6 0 R>>",
        f"<</Length {len(stream)}>>stream\n{stream}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        "<</Font<</F1 5 0 R>>>>",
    )
    body, places = b"%PDF-1.4\n", list[int]()
    for number, each in enumerate(objects, start=1):
        places.append(len(body))
        body += f"{number} 0 obj{each}endobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    return (
        body
        + (
            f"xref\n0 {size}\n0000000000 65535 f \n{table}"
            f"trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{len(body)}\n%%EOF\n"
        ).encode()
    )
