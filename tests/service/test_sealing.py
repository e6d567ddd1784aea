"""Secrets at rest: job handles under keys, identity numbers that nobody can look for."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, select, update

from esign_core.errors import KeyReused
from esign_core.journal import WorkKind
from esign_core.journal.rotation import Rotation, rotate
from esign_core.journal.schema import envelopes
from esign_core.journal.vault import new_key
from esign_core.model import EnvelopeDraft, EnvelopeStatus, Identity, IdentityMethod, Signer
from esign_core.model.fingerprint import is_slow
from esign_core.service.send import preview
from esign_core.testing.fake_provider import FakeProvider

if TYPE_CHECKING:
    from tests.service.conftest import World

OLD, NEW = (SecretStr(new_key()) for _ in range(2))


class Proving(FakeProvider):
    """A vendor whose signers prove who they are."""

    capabilities = dataclasses.replace(FakeProvider.capabilities, identity=True)


@pytest.fixture
def proving(world: World) -> World:
    """A world where the vendor asks for numbers."""
    world.with_provider(Proving)
    return world


def drafted(world: World, number: str = "0101700123") -> EnvelopeDraft:
    """A draft whose signer must prove a number."""
    identity = Identity(method=IdentityMethod.NATIONAL_ID, country="DK", number=SecretStr(number))
    signer = Signer(name="Jane Doe", email="jane@example.com", identity=identity)
    return world.draft(signers=[signer])


def row(world: World) -> dict[str, Any]:
    """The only envelope's row, as whoever reads the database sees it."""
    engine = create_engine(world.url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        found = dict(connection.execute(select(envelopes)).mappings().one())
    engine.dispose()
    return found


def store_plainly(world: World, draft: EnvelopeDraft) -> None:
    """As an earlier version has stored it."""
    plain = draft.pinned().fingerprint()
    world.workspace.journal.write(
        lambda tx: tx.envelopes._rows.connection.execute(
            update(envelopes).values(fingerprint=plain)
        )
    )


# job handles


@pytest.mark.promise("D1", "S3")
def test_a_job_handle_waits_under_the_key(make_world: Callable[..., World]) -> None:
    """The next process polls with it; the database does not tell it."""
    world = make_world("job")
    world.keys = (NEW,)
    world.restart()
    envelope = world.send()
    (handle,) = world.vendor._jobs
    assert handle not in json.dumps(row(world), default=str)
    world.restart()
    world.work(60)
    assert world.get(envelope.id).status is EnvelopeStatus.SENT
    assert row(world)["job"] is None


@pytest.mark.parametrize("keys", [(), (OLD,)], ids=["no key", "another key"])
def test_an_envelope_outlives_a_wrong_key(
    make_world: Callable[..., World], keys: tuple[SecretStr, ...]
) -> None:
    """Work that cannot read the handle says why and keeps it; with the right key it goes on."""
    world = make_world("job")
    world.keys = (NEW,)
    world.restart()
    envelope = world.send()
    sealed = row(world)["job"]
    world.keys = keys
    world.restart()
    world.work(60)
    (item,) = [each for each in world.todo() if each.kind is WorkKind.POLL_JOB]
    assert item.error is not None
    assert item.error.startswith("SecretsLocked")
    assert row(world)["job"] == sealed
    world.keys = (OLD, NEW)
    world.restart()
    world.work(24 * 3600)
    assert world.get(envelope.id).status is EnvelopeStatus.SENT
    assert len(world.vendor.asked("Lease 14")) == 1


# identity numbers


def numbers_found(world: World, stored: str) -> list[str]:
    """Which of a few numbers fit to a plain digest: the attack, at its beginning."""
    guesses = [f"01017001{last:02}" for last in range(100)]
    return [n for n in guesses if drafted(world, n).pinned().fingerprint() == stored]


@pytest.mark.promise("D1")
def test_a_number_cannot_be_looked_for(proving: World) -> None:
    """All but the number is in the journal, so a plain digest would tell it."""
    proving.send(draft=drafted(proving))
    found = row(proving)
    assert is_slow(found["fingerprint"])
    assert numbers_found(proving, found["fingerprint"]) == []
    assert "0101700123" not in json.dumps(found, default=str)
    assert "***" in found["intent"]


@pytest.mark.negative_control("D1")
def test_a_plain_digest_would_tell_the_number(proving: World) -> None:
    """The control: the attack above works on what earlier versions stored."""
    proving.send(draft=drafted(proving))
    store_plainly(proving, drafted(proving))
    assert numbers_found(proving, row(proving)["fingerprint"]) == ["0101700123"]


@pytest.mark.promise("S1")
@pytest.mark.parametrize("is_old", [False, True], ids=["new", "of an earlier version"])
def test_the_same_number_is_the_same_wish(
    proving: World,
    is_old: bool,  # noqa: FBT001 - both of it
) -> None:
    """The same envelope for ever, also after the old form was slowed down; another one is not."""
    envelope = proving.send(draft=drafted(proving))
    if is_old:
        store_plainly(proving, drafted(proving))
    for _ in range(2):
        assert proving.send(draft=drafted(proving)).id == envelope.id
        task = preview(proving.workspace, drafted(proving), via="acme", key="lease-14")
        known = proving.run(task).known
        assert known is not None
        assert known.id == envelope.id
        error = proving.failed(draft=drafted(proving, "0101700124"))
        assert isinstance(error, KeyReused)
        assert "a secret value" in str(error)
        proving.keys = (NEW,)
        proving.restart()
        count = rotate(proving.workspace.journal).fingerprints
        assert count == int(is_old)
        is_old = False
    assert is_slow(row(proving)["fingerprint"])
    assert len(proving.vendor.asked("Lease 14")) == 1


def test_a_draft_without_numbers_is_stored_as_ever(world: World) -> None:
    """Rotation leaves it alone; one that looks as if it had a number is the same wish after it."""
    world.keys = (NEW,)
    world.restart()
    draft, alike = world.draft(message="**"), world.draft(message="***")
    world.send(draft=draft)
    assert row(world)["fingerprint"] == draft.pinned().fingerprint()
    assert rotate(world.workspace.journal) == Rotation()
    envelope = world.send("lease-15", alike)
    assert rotate(world.workspace.journal) == Rotation(fingerprints=1)
    assert world.send("lease-15", alike).id == envelope.id
