from __future__ import annotations

from datetime import UTC, datetime

import pytest

from esign_core.model import EnvelopeStatus, EventType, SignerStatus
from esign_penvio.statuses import ENVELOPE, EVENT, WORD, envelope_status, signer_status

AT = datetime(2024, 1, 25, tzinfo=UTC)


def test_every_documented_word_is_known() -> None:
    """The tables have the words of "Status Values" and "Events", and no envelope word besides."""
    words = "DRAFT SENT IN_PROGRESS COMPLETED CANCELLED EXPIRED DECLINED"
    assert set(ENVELOPE) == set(words.split())
    events = "sent viewed signed completed declined expired cancelled"
    assert set(EVENT) == {f"envelope.{event}" for event in events.split()}


def test_what_is_asked_for_comes_back() -> None:
    """Asking for a status and reading the answer are each other's inverse."""
    for status, word in WORD.items():
        has_file = status is EnvelopeStatus.COMPLETED
        assert envelope_status(word, has_signed_file=has_file) is status


def test_only_a_look_can_tell_that_it_is_completed() -> None:
    """No event says that the signed file is there."""
    assert all(each.status is not EnvelopeStatus.COMPLETED for each in EVENT.values())
    assert EVENT["envelope.completed"].needs_fetch
    assert EVENT["envelope.viewed"].act is EventType.SIGNER_VIEWED


@pytest.mark.parametrize(
    ("word", "signed_at", "declined_at", "status"),
    [
        ("PENDING", None, None, SignerStatus.WAITING),
        ("SENT", None, None, SignerStatus.NOTIFIED),
        ("VIEWED", None, None, SignerStatus.VIEWED),
        ("SIGNED", None, None, SignerStatus.SIGNED),
        ("DECLINED", None, None, SignerStatus.DECLINED),
        ("EXPIRED", None, None, SignerStatus.EXPIRED),
        ("FORWARDED", None, None, SignerStatus.UNKNOWN),
        ("", None, None, SignerStatus.UNKNOWN),
        ("FORWARDED", AT, None, SignerStatus.SIGNED),
        ("SENT", AT, None, SignerStatus.SIGNED),
        ("SENT", None, AT, SignerStatus.DECLINED),
    ],
)
def test_times_tell_before_words(
    word: str, signed_at: datetime | None, declined_at: datetime | None, status: SignerStatus
) -> None:
    """The times of a signer are documented; most of the words are inferred."""
    assert signer_status(word, signed_at=signed_at, declined_at=declined_at) is status
