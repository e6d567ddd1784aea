"""What is stored of a wish: the same for ever, and no way to look for the numbers in it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from esign_core.model import (
    Document,
    EnvelopeDraft,
    Identity,
    IdentityMethod,
    Signer,
)
from esign_core.model.fingerprint import fingerprint_to_keep, is_fingerprint_of, is_slow, slow

HERE, THERE = "env_1", "env_2"


def drafted(number: str | None = None, **changes: Any) -> EnvelopeDraft:
    """A draft, of somebody who must prove who they are if there is a number."""
    identity = None
    if number is not None:
        identity = Identity(
            method=IdentityMethod.NATIONAL_ID, country="DK", number=SecretStr(number)
        )
    said: dict[str, Any] = {
        "title": "Lease 14",
        "documents": [Document.from_bytes(b"%PDF-1.7", name="lease.pdf")],
        "signers": [Signer(name="Jane Doe", email="jane@example.com", identity=identity)],
    }
    return EnvelopeDraft(**{**said, **changes}).pinned()


def test_a_draft_knows_whether_it_has_secrets() -> None:
    """A number, not the wish that somebody proves who they are."""
    without = Identity(method=IdentityMethod.NATIONAL_ID, country="DK")
    signer = Signer(name="Jane Doe", email="jane@example.com", identity=without)
    assert not drafted().has_secrets
    assert not drafted(signers=[signer]).has_secrets
    assert drafted("0101700123").has_secrets


def test_without_secrets_the_plain_fingerprint_is_kept() -> None:
    """What journals have stored so far stays what it is."""
    draft = drafted()
    assert fingerprint_to_keep(draft, HERE) == draft.fingerprint()
    assert is_fingerprint_of(draft.fingerprint(), draft, HERE)
    assert not is_fingerprint_of(draft.fingerprint(), drafted(title="Lease 15"), HERE)


@pytest.mark.promise("D1")
def test_a_number_is_kept_in_the_slow_form_only() -> None:
    """Whoever has the journal has all but the number; each try costs them what it costs here."""
    draft = drafted("0101700123")
    kept = fingerprint_to_keep(draft, HERE)
    assert is_slow(kept)
    assert draft.fingerprint() not in kept
    assert kept != fingerprint_to_keep(draft, THERE)  # one table does not serve two envelopes


@pytest.mark.promise("S1")
def test_the_same_wish_is_recognised_in_both_forms() -> None:
    """Also one that an earlier version stored plainly, and one that was slowed down since."""
    draft = drafted("0101700123")
    plain = draft.fingerprint()
    for kept in (plain, slow(plain, HERE), fingerprint_to_keep(draft, HERE)):
        assert is_fingerprint_of(kept, drafted("0101700123"), HERE)
        assert not is_fingerprint_of(kept, drafted("0101700124"), HERE)
        assert not is_fingerprint_of(kept, drafted(), HERE)


def test_the_slow_form_is_the_same_for_ever() -> None:
    """Another cost or salt would make another wish of every old one."""
    known = "scrypt:7a49d5b405dfe28b82ed07b4a365a50a29ac0845761f9a1c9b5a4ea644ca36c1"
    assert slow("8dfb1f2b", HERE) == known
