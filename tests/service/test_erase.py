from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from esign_core.errors import Misconfigured, NotReady
from esign_core.journal import Transaction
from esign_core.model import Document, EnvelopeDraft, Signer
from esign_core.service.erase import erase

if TYPE_CHECKING:
    from tests.service.conftest import World

EMAIL = "Canary.Person@example.com"
NAME = "Canary Ärlig"
CANARIES = ("canary.person", "canary ärlig", "canary \\u00e4rlig", "a canary's reason")


def _draft() -> EnvelopeDraft:
    return EnvelopeDraft(
        title="Lease of Canary Ärlig",
        message="Dear Canary Ärlig",
        documents=[Document.from_bytes(b"%PDF-1.7 a lease", name="lease.pdf")],
        signers=[
            Signer(name=NAME, email=EMAIL),
            Signer(name="Bo Ek", email="bo@example.com"),
        ],
    )


def _everything(world: World) -> str:
    """Every value of every table."""

    def read(tx: Transaction) -> str:
        connection = tx.stream._rows.connection
        told: list[str] = []
        for table in ("envelopes", "inbox", "observations", "events", "work", "cursors"):
            rows = connection.exec_driver_sql(f"SELECT * FROM esign_{table}").all()  # noqa: S608 - names of our own
            told.append(repr([tuple(row) for row in rows]))
        return "\n".join(told).lower()

    return world.workspace.journal.read(read)


def _ended(world: World, key: str = "lease-14") -> str:
    envelope = world.send(key, _draft())
    assert envelope.remote_id is not None
    world.tell(envelope.remote_id, f"{key}-1")
    world.vendor.decline(envelope.remote_id, 0)
    event = world.vendor.event(envelope.remote_id, f"{key}-2", note="a canary's reason")
    world.receive(world.vendor.delivery(event))
    world.work(5)
    assert world.get(envelope.id).is_final
    return envelope.id


@pytest.mark.promise("D11")
def test_person_is_in_no_table_any_more(world: World) -> None:
    """Names, addresses, reasons, drafts and raw deliveries are gone; the other signer stays."""
    envelope_id = _ended(world)
    assert all(canary in _everything(world) for canary in CANARIES[:1])
    done = world.run(erase(world.workspace, EMAIL.lower()))
    assert done.envelope_ids == (envelope_id,)
    assert done.deliveries == 2
    told = _everything(world)
    assert not [canary for canary in CANARIES if canary in told]
    seats = world.get(envelope_id).seats
    assert [(seat.name, seat.email) for seat in seats] == [
        ("erased", None),
        ("Bo Ek", "bo@example.com"),
    ]


@pytest.mark.promise("D11")
def test_positions_hashes_and_what_happened_stay(world: World) -> None:
    """The stream proves afterwards what it proved before."""
    envelope_id = _ended(world)
    before = [(e.seq, e.id, e.type, e.signer_id, e.occurred_at) for e in world.events()]
    hashes = {entry.id: entry.sha256 for entry in world.inbox()}
    status = world.get(envelope_id).status
    world.run(erase(world.workspace, EMAIL))
    assert [(e.seq, e.id, e.type, e.signer_id, e.occurred_at) for e in world.events()] == before
    assert {entry.id: entry.sha256 for entry in world.inbox()} == hashes
    assert world.get(envelope_id).status is status
    again = world.send("lease-14", _draft())
    assert again.id == envelope_id  # its key is still taken
    assert len(world.vendor.envelopes) == 1


@pytest.mark.promise("D11")
def test_person_is_in_no_file_any_more(world: World) -> None:
    """SQLite leaves what was deleted in its file until the room is used: it is overwritten."""
    if "sqlite" not in world.url:
        pytest.skip("a server's files are its own; its tables are looked at above")
    _ended(world)
    world.run(erase(world.workspace, EMAIL))
    world.workspace.journal.close()
    for file in Path(world.folder).iterdir():
        held = file.read_bytes().lower()
        assert not [canary for canary in CANARIES if canary.encode() in held], file.name


def test_deliveries_about_no_envelope_of_ours_are_emptied(world: World) -> None:
    """What came about strangers and names the person goes too; other people's stays."""
    for name, key in (("Canary Ärlig", "a"), ("Somebody", "b")):
        event = {
            "key": key,
            "at": world.clock.now().isoformat(),
            "envelope": {
                "id": f"x{key}",
                "title": "t",
                "mark": None,
                "status": "sent",
                "signers": [
                    {"id": "1", "name": name, "role": None, "status": "viewed", "email": EMAIL}
                    if key == "a"
                    else {"id": "1", "name": name, "role": None, "status": "viewed"}
                ],
            },
        }
        world.receive(world.vendor.delivery(event))
    found = world.run(erase(world.workspace, EMAIL, is_try=True))
    assert (found.envelope_ids, found.deliveries) == ((), 1)
    assert all(entry.request.body for entry in world.inbox())
    done = world.run(erase(world.workspace, EMAIL))
    assert (done.envelope_ids, done.deliveries) == ((), 1)
    assert sorted(bool(entry.request.body) for entry in world.inbox()) == [False, True]


def test_open_envelope_is_not_touched(world: World) -> None:
    """While a vendor may still tell of the signers, they have to be told apart."""
    envelope = world.send("lease-14", _draft())
    with pytest.raises(NotReady, match="Nothing was erased"):
        world.run(erase(world.workspace, EMAIL))
    assert world.get(envelope.id).seats[0].email == EMAIL


def test_looking_changes_nothing(world: World) -> None:
    """Without being told to, nothing is erased."""
    envelope_id = _ended(world)
    before = _everything(world)
    found = world.run(erase(world.workspace, EMAIL, is_try=True))
    assert (found.envelope_ids, found.deliveries, found.is_done) == ((envelope_id,), 2, False)
    assert _everything(world) == before
    done = world.run(erase(world.workspace, EMAIL))
    assert (done.envelope_ids, done.deliveries) == (found.envelope_ids, found.deliveries)


def test_others_are_left_alone(world: World) -> None:
    """Somebody whose address contains the other's is somebody else."""
    _ended(world)
    done = world.run(erase(world.workspace, "person@example.com"))
    assert done.envelope_ids == ()
    assert world.all()[0].seats[0].email == EMAIL


@pytest.mark.parametrize("address", ["", "jane", "a@b@c", " jane@example.com", None])
def test_what_is_no_address_is_refused(world: World, address: str) -> None:
    """A slip of the hand erases nobody."""
    with pytest.raises(Misconfigured, match="erase takes one e-mail address"):
        world.run(erase(world.workspace, address))
