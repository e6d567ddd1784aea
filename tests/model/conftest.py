"""One envelope, and the ways in which something is learned about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from esign_core.model import (
    Authenticity,
    Envelope,
    EnvelopeStatus,
    EventType,
    Notice,
    Observation,
    Seat,
    SignerAction,
    SignerNotice,
    SignerSnapshot,
    SignerStatus,
    Snapshot,
    Source,
    from_notice,
    from_snapshot,
)

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENVELOPE = Envelope(
    id="env_1",
    connection="acme-eu",
    provider="acme",
    title="Lease 14",
    seats=(
        Seat("s1", "Ann", "ann@example.com", role="tenant", order=1),
        Seat("s2", "Bob", "bob@example.com", role="owner", order=2),
        Seat("s3", "Eve", "eve@example.com", role="agent", action=SignerAction.VIEW),
    ),
)


def at(minute: int) -> datetime:
    """A time of the story."""
    return START + timedelta(minutes=minute)


def webhook(
    minute: int,
    status: str | None = None,
    *signers: tuple[str, str],
    proof: Authenticity = Authenticity.SIGNED,
) -> Observation:
    """A delivery: a status of the envelope, and acts of signers by role."""
    notice = Notice(
        "remote_1",
        status=EnvelopeStatus(status) if status else None,
        signers=tuple(
            SignerNotice(
                EventType(f"signer.{act}"), f"remote_{role}", role=role, occurred_at=at(minute)
            )
            for role, act in signers
        ),
        occurred_at=at(minute),
    )
    return from_notice(ENVELOPE, notice, authenticity=proof, received_at=at(minute + 1))


def poll(minute: int, status: str, *signers: tuple[str, str], **more: Any) -> Observation:
    """A look at the vendor; without signers where its answer has none."""
    seen = tuple(
        SignerSnapshot(f"remote_{role}", None, role=role, status=SignerStatus(word))
        for role, word in signers
    )
    snapshot = Snapshot("remote_1", EnvelopeStatus(status), signers=seen, **more)
    return from_snapshot(ENVELOPE, snapshot, source=Source.POLL, received_at=at(minute))


@pytest.fixture(scope="session", name="lease")
def _lease() -> Envelope:
    """An envelope of two signers in order and somebody who reads; nothing is known of it yet."""
    return ENVELOPE


@pytest.fixture(scope="session", name="at")
def _at() -> Callable[[int], datetime]:
    """The times of the story, by minute."""
    return at


@pytest.fixture(scope="session", name="webhook")
def _webhook() -> Callable[..., Observation]:
    """Makes what a delivery tells."""
    return webhook


@pytest.fixture(scope="session", name="poll")
def _poll() -> Callable[..., Observation]:
    """Makes what a look tells."""
    return poll
