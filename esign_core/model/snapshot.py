"""What one look at a vendor shows: the translation of its answer, nothing remembered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from esign_core.model.secrecy import NeverPickled
from esign_core.model.status import EnvelopeStatus, SignerStatus


class ArtifactKind(StrEnum):
    """What a file of an envelope is."""

    SIGNED = "signed"
    """A signed document."""
    ORIGINAL = "original"
    """A document as it was sent."""
    CERTIFICATE = "certificate"
    """The vendor's record of who signed when."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file that can be downloaded."""

    kind: ArtifactKind
    """What it is."""
    name: str
    """A file name to save it under; comes from outside and is made safe before use."""
    key: str = field(repr=False)
    """What the adapter needs to find it: a document id, a storage key."""


@dataclass(frozen=True, slots=True)
class SigningLink(NeverPickled):
    """Where one signer signs. Whoever holds the address can sign: treat it as a secret."""

    signer_id: str | None
    """Our id of the signer; None while it is not matched."""
    name: str
    """The signer's name, as the vendor has it."""
    url: str = field(repr=False)
    """The address."""
    role: str | None = None
    """The signer's role, as the vendor has it."""
    remote_id: str | None = None
    """The vendor's id of the signer."""


@dataclass(frozen=True, slots=True)
class SignerSnapshot:
    """One signer, as the vendor shows them."""

    remote_id: str | None
    """The vendor's id of them."""
    name: str | None
    """As the vendor has it."""
    email: str | None = field(default=None, repr=False)
    """As the vendor has it."""
    role: str | None = None
    """As the draft has it."""
    order: int | None = None
    """When it is their turn, from 1."""
    status: SignerStatus = SignerStatus.UNKNOWN
    """Where they stand."""
    round: str = "1"
    """The vendor's own round."""
    notified_at: datetime | None = None
    """When they were written to."""
    viewed_at: datetime | None = None
    """When they looked at it."""
    signed_at: datetime | None = None
    """When they signed."""
    declined_at: datetime | None = None
    """When they declined."""
    decline_reason: str | None = None
    """Why, in their own words."""
    is_undeliverable: bool = False
    """Whether the vendor could not reach them."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An envelope, as the vendor shows it now.

    A vendor that works in two steps answers `send` with a snapshot whose status is `draft`;
    the core then calls `dispatch`.
    """

    remote_id: str
    """The vendor's id."""
    status: EnvelopeStatus
    """Where it stands; `completed` only when the signed documents can be downloaded."""
    title: str | None = None
    """What it is called there."""
    signers: tuple[SignerSnapshot, ...] = ()
    """Everybody, or nobody where this answer does not say."""
    artifacts: tuple[Artifact, ...] = ()
    """The files that there are."""
    links: tuple[SigningLink, ...] = field(default=(), repr=False)
    """Signing links, where this answer has them."""
    created_at: datetime | None = None
    """When it was made."""
    sent_at: datetime | None = None
    """When it went out."""
    ended_at: datetime | None = None
    """When it reached the end it is in, if it is in one and the vendor says."""
    expires_at: datetime | None = None
    """When it ends by itself."""
    is_purged: bool = False
    """The vendor no longer keeps it."""
    mark: str | None = None
    """Our mark, if the vendor shows it."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Your own words, without our mark."""
    raw: Any = field(default=None, repr=False)
    """The vendor's answer, decoded, without secrets and signing links."""


@dataclass(frozen=True, slots=True)
class Job(NeverPickled):
    """An envelope that a vendor has accepted and not made yet.

    Whoever holds the handle can ask for the result, signing links and all: it is a secret.
    """

    handle: Mapping[str, str] = field(repr=False)
    """What `poll` needs to ask again; JSON data."""
    poll_after_seconds: float = 1.0
    """When asking makes sense."""
    raw: Any = field(default=None, repr=False)
    """The vendor's answer, decoded, without secrets."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which envelopes to list. What is None does not narrow."""

    status: EnvelopeStatus | None = None
    """In this status only."""
    since: datetime | None = None
    """Created at or after."""
    cursor: str | None = None
    """Where the page before ended."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of envelopes. Pages may overlap and may come in any order."""

    snapshots: tuple[Snapshot, ...]
    """The envelopes of this page."""
    next_cursor: str | None
    """Where to go on; None at the end."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the vendor's own record of an envelope."""

    what: str
    """The vendor's word."""
    occurred_at: datetime | None
    """The vendor's time; None where it tells none."""
    signer_remote_id: str | None = None
    """Who it was about, by the vendor's id."""
    raw: Any = field(default=None, repr=False)
    """The vendor's words, without secrets."""
